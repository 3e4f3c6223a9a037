/**
 * The steps that a line takes with one board over its serial line (PROTOCOL 6): each asks, checks and may be repeated until the seal.
 * What comes in which order, and what is on record, is for provision.ts and line/ to say.
 *
 * The setup secret is seen for as long as it takes to print the label. It is recorded nowhere.
 */
import "reflect-metadata";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
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
import { issueDevice } from "./certificates.ts";
import { readCertificate } from "./pki.ts";
import { checkRequest, type DeviceRequest } from "./request.ts";
import { VERB_REFUSALS, type VerbLine, type VerbRefusal } from "./verbs.ts";

/** A board that cannot be provisioned as asked; the message is for the person at the line. */
export class ProvisionFault extends Error {
	/** What the board refused with, or that its certificate request was refused. */
	readonly reason: VerbRefusal | "request" | undefined;

	constructor(message: string, reason?: VerbRefusal | "request") {
		super(message);
		this.name = "ProvisionFault";
		this.reason = reason;
	}
}

const POINT_BYTES = 65;
const FIRMWARE_BYTES_MAX = 64;
const REQUEST_BYTES_MAX = 2_048;
const LABEL_MESSAGE_BYTES_MAX = 256;

export interface Identification {
	readonly stage: LineStage;
	readonly serial: string | undefined;
	readonly point: Uint8Array | undefined;
	readonly firmware: string | undefined;
}

export interface Begun {
	readonly request: DeviceRequest;
	/** Of the label; nobody keeps it. */
	readonly noisePublicKey: Uint8Array;
}

/** The answer's result. Rejects with ProvisionFault when the board refuses. */
export async function call(
	line: VerbLine,
	verb: LineVerbName,
	fields?: Parameters<VerbLine["call"]>[1],
): Promise<CborMap> {
	const answer = await line.call(verb, fields);
	if (!answer.ok) throw new ProvisionFault(`${verb}: ${VERB_REFUSALS[answer.reason]}`, answer.reason);
	return answer.value;
}

/** A board whose first answer was lost says that it is sealed, which is what was asked for. */
export async function seal(line: VerbLine): Promise<void> {
	const answer = await line.call("seal");
	if (!answer.ok && answer.reason !== "sealed")
		throw new ProvisionFault(`seal: ${VERB_REFUSALS[answer.reason]}`);
	const after = await identify(line);
	if (after.stage !== "sealed") throw new ProvisionFault("the board said that it is sealed, and is not");
}

export async function identify(line: VerbLine): Promise<Identification> {
	const result = await call(line, "identify");
	const version = result.uint(0);
	const stage = LINE_STAGES[result.uint(1) ?? -1];
	if (version !== PROTOCOL_VERSION || stage === undefined)
		throw new ProvisionFault("the board speaks another protocol");
	return {
		stage,
		serial: asSerial(result.get(2)),
		firmware: result.text(3, FIRMWARE_BYTES_MAX),
		point: result.bytes(4, POINT_BYTES),
	};
}

/** Makes the board's keys, or finds them, and binds the serial. `toldPoint`: the key that the board named before. */
export async function begin(
	line: VerbLine,
	serial: string,
	hardwareClass: string,
	toldPoint: Uint8Array | undefined,
): Promise<Begun> {
	const result = await call(line, "begin", { 0: serial, 1: hardwareClass });
	const der = asBytes(result.get(0), { min: 1, max: REQUEST_BYTES_MAX });
	const noisePublicKey = result.bytes(1, NOISE_KEY_BYTES);
	if (der === undefined || noisePublicKey === undefined)
		throw new ProvisionFault("begin: the board's answer is malformed");
	// A blank board tells its key once it has one.
	const point = toldPoint ?? (await identify(line)).point;
	const request = checkRequest(der, serial, point);
	if (!request.ok)
		throw new ProvisionFault(`the board's certificate request is refused: ${request.reason}`, "request");
	return { request: request.value, noisePublicKey };
}

export interface Certification {
	readonly pkiDir: string;
	readonly issuer: Issuer;
	readonly registry: Pick<Registry, "isRetired">;
	readonly serial: string;
	readonly request: DeviceRequest;
}

/**
 * The certificate that an interrupted run issued, or a new one; each is in PKI/issued, durably, before anybody gets it. A serial
 * whose certificate there is of another key gets none, unless a repair retired that key: two boards would be one.
 */
export async function certify(what: Certification): Promise<X509Certificate> {
	const { pkiDir, issuer, registry, serial, request } = what;
	const issued = join(pkiDir, "issued");
	const spki = new Uint8Array(request.publicKey.export({ format: "der", type: "spki" }));
	const path = join(issued, `${serial}.pem`);
	if (existsSync(path)) {
		const former = readCertificate(path);
		const formerSpki = new Uint8Array(former.publicKey.rawData);
		if (!bytesEqual(formerSpki, spki)) {
			if (!(await registry.isRetired(toHex(formerSpki.subarray(-POINT_BYTES)))))
				throw new ProvisionFault(`${path} is a certificate of another key: ${serial} is another board's`);
		} else if (await former.verify({ publicKey: issuer.certificates[0], signatureOnly: true })) return former;
	}
	const certificate = await issueDevice(issuer, serial, new PublicKey(spki));
	mkdirSync(issued, { recursive: true });
	replaceFile(path, `${certificate.toString("pem")}\n`);
	syncFolder(issued);
	return certificate;
}

function replaceFile(path: string, text: string): void {
	const file = openSync(`${path}.new`, "w");
	try {
		writeSync(file, text);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	renameSync(`${path}.new`, path);
}

function syncFolder(path: string): void {
	const folder = openSync(path, "r");
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}

/** DER, leaf first. */
export async function install(line: VerbLine, chain: readonly Uint8Array[]): Promise<void> {
	await call(line, "install", { 0: chain });
}

/** PROTOCOL 6 `label`: the secret comes sealed to a key that lives for this one exchange. */
export async function requestLabel(
	line: VerbLine,
	serial: string,
	noisePublicKey: Uint8Array,
): Promise<string> {
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
