/**
 * What a factory line does with one board over its serial line (PROTOCOL 6, docs/FACTORY.md): the board makes its keys and
 * a request, the line signs it, delivers the trust bundle, installs the certificate, gets the label, records serial and
 * public key, seals. It may be cut anywhere and run again: every step finds what the former run left. Of many boards:
 * line/line.ts.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { Issuer } from "../pki/issuer.ts";
import type { Registry } from "../relay/registry.ts";
import { type BundleFile, standingAlone } from "../trust/bundle-file.ts";
import { deliverBundle } from "../trust/line-delivery.ts";
import { begin, certify, identify, install, ProvisionFault, requestLabel, seal } from "./board-steps.ts";
import { issuerFor } from "./certificates.ts";
import { readIntermediate } from "./pki.ts";
import type { VerbLine } from "./verbs.ts";

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

/** Whose the serials are that boards get one by one. */
const HOLDER = "provision";
const SERIAL_RANDOM_CHARACTERS = 10;
/** Without 0, O, 1, I: serials are read aloud. */
const SERIAL_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

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

	const { request, noisePublicKey } = await begin(options.line, serial, options.hardwareClass, device.point);
	done("begin");
	const issuer = options.issuer ?? issuerFor(await readIntermediate(options.pkiDir, "device"));
	const { pkiDir, registry } = options;
	const certificate = await certify({ pkiDir, issuer, registry, serial, request });
	done("sign");
	await deliverBundle(options.line, standingAlone(options.trust));
	done("trust");
	await install(
		options.line,
		[certificate, ...issuer.certificates].map((each) => new Uint8Array(each.rawData)),
	);
	done("install");
	const enrolled = await registry.enrol(serial, toHex(request.point), HOLDER);
	if (!enrolled.ok) throw new ProvisionFault(`the registry refuses ${serial}: ${enrolled.reason}`);
	done("record");
	await options.onLabel(await requestLabel(options.line, serial, noisePublicKey), serial);
	done("label");
	await seal(options.line);
	done("seal");
	return { kind: "sealed", serial };
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
	if (row === undefined) {
		if (!(await registry.reserve(serial, HOLDER)).ok)
			throw new ProvisionFault(`${serial} is a serial number that a factory line has given`);
		return;
	}
	if (point === undefined || row.public_key !== toHex(point))
		throw new ProvisionFault(`${serial} is another board's serial number`);
}
