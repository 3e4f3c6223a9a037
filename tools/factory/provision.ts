/**
 * What a factory line does with one board over its serial line (PROTOCOL 6, docs/FACTORY.md): the board makes its keys and
 * a request, the line signs it, delivers the trust bundle, installs the certificate, gets the label, records serial and
 * public key, seals. It may be cut anywhere and run again: every step finds what the former run left.
 *
 * The setup secret is seen for as long as it takes to print the label. It is recorded nowhere.
 */
import "reflect-metadata";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PublicKey, type X509Certificate } from "@peculiar/x509";
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";
import { openN } from "../../modules/noise/one-way.ts";
import { asBytes, type CborMap } from "../../modules/wire/cbor-map.ts";
import { PROTOCOL_VERSION } from "../../modules/wire/hello.ts";
import { encodeLabel, labelPrologue, NOISE_KEY_BYTES, SETUP_SECRET_BYTES } from "../../modules/wire/label.ts";
import { LINE_STAGES, type LineStage, type LineVerbName } from "../../modules/wire/line-verb.ts";
import { asSerial } from "../../modules/wire/names.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { Issuer } from "../pki/issuer.ts";
import type { Registry } from "../relay/registry.ts";
import { type BundleFile, standingAlone } from "../trust/bundle-file.ts";
import { deliverBundle } from "../trust/line-delivery.ts";
import { issueDevice, issuerFor } from "./certificates.ts";
import { readCertificate, readIntermediate } from "./pki.ts";
import { checkRequest, type DeviceRequest } from "./request.ts";
import { VERB_REFUSALS, type VerbLine } from "./verbs.ts";

export interface ProvisionOptions {
	readonly line: VerbLine;
	readonly pkiDir: string;
	/** Whose word a device's certificate is; default: the device intermediate in the PKI's folder. */
	readonly issuer?: Issuer;
	readonly registry: Registry;
	/** The signed bundle that the board starts from. */
	readonly trust: BundleFile;
	readonly hardwareClass: string;
	/** Without one a board keeps the serial that it has, or gets a random one. */
	readonly serial?: string;
	/** Must have printed the label when it resolves: the next step is one-way. */
	readonly onLabel: (label: string, serial: string) => void | Promise<void>;
	readonly onStep?: (step: ProvisionStep, elapsedMs: number) => void;
}

export type ProvisionStep = "identify" | "begin" | "sign" | "trust" | "install" | "record" | "label" | "seal";

export type ProvisionOutcome =
	| { readonly kind: "sealed"; readonly serial: string }
	/** An earlier run ended in full; there is nothing to do and no label to be had. */
	| { readonly kind: "already-sealed"; readonly serial: string | undefined };

/** A board that cannot be provisioned as asked; the message is for the person at the line. */
export class ProvisionFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ProvisionFault";
	}
}

const POINT_BYTES = 65;
const REQUEST_BYTES_MAX = 2_048;
const LABEL_MESSAGE_BYTES_MAX = 256;
const SERIAL_RANDOM_CHARACTERS = 10;
/** Without 0, O, 1, I: serials are read aloud. */
const SERIAL_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

interface Identification {
	readonly stage: LineStage;
	readonly serial: string | undefined;
	readonly point: Uint8Array | undefined;
}

/** Runs one board through the line. Rejects with ProvisionFault or SerialFault; then it may simply be run again. */
export async function provision(options: ProvisionOptions): Promise<ProvisionOutcome> {
	let startedMs = performance.now();
	const done = (step: ProvisionStep): void => {
		const nowMs = performance.now();
		options.onStep?.(step, nowMs - startedMs);
		startedMs = nowMs;
	};
	const device = await identify(options.line);
	done("identify");
	const isOther =
		options.serial !== undefined && device.serial !== undefined && device.serial !== options.serial;
	if (isOther) throw new ProvisionFault(`the board is ${device.serial}, not ${options.serial}`);
	if (device.stage === "sealed") return { kind: "already-sealed", serial: device.serial };
	const serial = device.serial ?? options.serial ?? (await unusedSerial(options.registry));
	await assertFree(options.registry, serial, device.point);

	const { request, noisePublicKey } = await begin(options, serial, device.point);
	done("begin");
	const issuer = options.issuer ?? issuerFor(await readIntermediate(options.pkiDir, "device"));
	const certificate = await certify(options.pkiDir, issuer, serial, request);
	done("sign");
	await deliverBundle(options.line, standingAlone(options.trust));
	done("trust");
	await install(options, [certificate, ...issuer.certificates]);
	done("install");
	const enrolled = await options.registry.enrol(serial, toHex(request.point));
	if (!enrolled.ok) throw new ProvisionFault(`the registry refuses ${serial}: ${enrolled.reason}`);
	done("record");
	await options.onLabel(await requestLabel(options.line, serial, noisePublicKey), serial);
	done("label");
	await seal(options.line);
	const after = await identify(options.line);
	if (after.stage !== "sealed") throw new ProvisionFault("the board said that it is sealed, and is not");
	done("seal");
	return { kind: "sealed", serial };
}

async function call(
	line: VerbLine,
	verb: LineVerbName,
	fields?: Parameters<VerbLine["call"]>[1],
): Promise<CborMap> {
	const answer = await line.call(verb, fields);
	if (!answer.ok) throw new ProvisionFault(`${verb}: ${VERB_REFUSALS[answer.reason]}`);
	return answer.value;
}

/** A board whose first answer was lost says that it is sealed, which is what was asked for. */
async function seal(line: VerbLine): Promise<void> {
	const answer = await line.call("seal");
	if (!answer.ok && answer.reason !== "sealed")
		throw new ProvisionFault(`seal: ${VERB_REFUSALS[answer.reason]}`);
}

async function identify(line: VerbLine): Promise<Identification> {
	const result = await call(line, "identify");
	const version = result.uint(0);
	const stage = LINE_STAGES[result.uint(1) ?? -1];
	if (version !== PROTOCOL_VERSION || stage === undefined)
		throw new ProvisionFault("the board speaks another protocol");
	return { stage, serial: asSerial(result.get(2)), point: result.bytes(4, POINT_BYTES) };
}

async function unusedSerial(registry: Registry): Promise<string> {
	for (;;) {
		const bytes = new NobleCrypto().random(SERIAL_RANDOM_CHARACTERS);
		const serial = `LK-${Array.from(bytes, (byte) => SERIAL_ALPHABET[byte % SERIAL_ALPHABET.length]).join("")}`;
		if ((await registry.find(serial)) === undefined) return serial;
	}
}

/** Before the board binds a serial for good: nobody else may have it. */
async function assertFree(registry: Registry, serial: string, point: Uint8Array | undefined): Promise<void> {
	const row = await registry.find(serial);
	if (row === undefined) return;
	if (point === undefined || row.public_key !== toHex(point))
		throw new ProvisionFault(`${serial} is another board's serial number`);
}

async function begin(
	options: ProvisionOptions,
	serial: string,
	toldPoint: Uint8Array | undefined,
): Promise<{ readonly request: DeviceRequest; readonly noisePublicKey: Uint8Array }> {
	const result = await call(options.line, "begin", { 0: serial, 1: options.hardwareClass });
	const der = asBytes(result.get(0), { min: 1, max: REQUEST_BYTES_MAX });
	const noisePublicKey = result.bytes(1, NOISE_KEY_BYTES);
	if (der === undefined || noisePublicKey === undefined)
		throw new ProvisionFault("begin: the board's answer is malformed");
	// A blank board tells its key once it has one.
	const point = toldPoint ?? (await identify(options.line)).point;
	const request = checkRequest(der, serial, point);
	if (!request.ok) throw new ProvisionFault(`the board's certificate request is refused: ${request.reason}`);
	return { request: request.value, noisePublicKey };
}

/** The certificate that an interrupted run issued, or a new one; each is kept in PKI/issued. */
async function certify(
	pkiDir: string,
	issuer: Issuer,
	serial: string,
	request: DeviceRequest,
): Promise<X509Certificate> {
	const issued = join(pkiDir, "issued");
	const spki = new Uint8Array(request.publicKey.export({ format: "der", type: "spki" }));
	const path = join(issued, `${serial}.pem`);
	if (existsSync(path)) {
		const former = readCertificate(path);
		const isOurs = await former.verify({ publicKey: issuer.certificates[0], signatureOnly: true });
		if (isOurs && bytesEqual(new Uint8Array(former.publicKey.rawData), spki)) return former;
	}
	const certificate = await issueDevice(issuer, serial, new PublicKey(spki));
	mkdirSync(issued, { recursive: true });
	writeFileSync(`${path}.new`, `${certificate.toString("pem")}\n`);
	renameSync(`${path}.new`, path);
	return certificate;
}

async function install(options: ProvisionOptions, chain: readonly X509Certificate[]): Promise<void> {
	await call(options.line, "install", {
		0: chain.map((each) => new Uint8Array(each.rawData)),
	});
}

/** PROTOCOL 6 `label`: the secret comes sealed to a key that lives for this one exchange. */
async function requestLabel(line: VerbLine, serial: string, noisePublicKey: Uint8Array): Promise<string> {
	const crypto = new NobleCrypto();
	const lineKey = crypto.generateEphemeral();
	const result = await call(line, "label", { 0: lineKey.publicKey });
	const message = asBytes(result.get(0), { min: 1, max: LABEL_MESSAGE_BYTES_MAX });
	const opened = message === undefined ? undefined : openN(crypto, labelPrologue(serial), lineKey, message);
	if (!opened?.ok || opened.value.length !== SETUP_SECRET_BYTES)
		throw new ProvisionFault("label: the board's answer does not open");
	const label = encodeLabel({ serial, noisePublicKey, setupSecret: opened.value });
	opened.value.fill(0);
	return label;
}
