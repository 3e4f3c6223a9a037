/**
 * `latchkey probe tls`: makes one connection with the product's own TLS client, on the engine, and prints what came of
 * it as one line of JSON. The reasons of a refusal are TlsReason (modules/platform/tls.ts, docs/TLS.md).
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { existingFile, hostName, port } from "../cli/arguments.ts";
import { CliFault } from "../cli/fault.ts";
import { runProbe } from "./board.ts";
import { prepareCertificates } from "./certificates.ts";

interface TlsArguments {
	readonly host: string;
	readonly port: number;
	readonly name: string;
	readonly ca: string;
	readonly pin?: readonly string[];
	readonly cert?: string;
	readonly key?: string;
	readonly time?: number;
	readonly send: string;
	readonly alpn?: string;
}

const HEAP_KB = 1_024;
const SEND_BYTES_MAX = 16_384;
/** ISO 8601: a date, or a date and a time; without a zone it is UTC. */
const ISO_TIME =
	/^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,]\d+)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const ALPN = /^[!-+\--~]{1,32}(,[!-+\--~]{1,32}){0,3}$/;

/** Date.parse takes the thirtieth of February for the second of March. */
function isDay(date: string | undefined): boolean {
	const day = new Date(`${date}T00:00:00Z`);
	return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(`${date}T`);
}

function isoTime(text: string): number {
	const parts = ISO_TIME.exec(text);
	const [, date, minutes = "00:00", seconds = "00", zone = "Z"] = parts ?? [];
	const offset = zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, hours, rest) => `${hours}:${rest ?? "00"}`);
	const milliseconds = Date.parse(`${date}T${minutes}:${seconds}${offset.toUpperCase()}`);
	if (parts === null || !isDay(date) || Number.isNaN(milliseconds) || milliseconds < 0)
		throw new InvalidArgumentError("It must be a time such as 2026-07-01T12:00:00Z.");
	return milliseconds;
}

/** One more `--pin`; what it may be is the firmware's bound (modules/platform/tls.ts). */
function anotherPin(text: string, former: readonly string[] = []): readonly string[] {
	if (!/^[0-9a-f]{64}$/i.test(text))
		throw new InvalidArgumentError("It must be a SHA-256 digest, 64 hexadecimal digits.");
	if (former.length === LIMITS.tlsPins)
		throw new InvalidArgumentError(`There may be at most ${LIMITS.tlsPins}.`);
	return [...former, text.toLowerCase()];
}

function sendText(text: string): string {
	if (Buffer.byteLength(text) > SEND_BYTES_MAX)
		throw new InvalidArgumentError(`It must be at most ${SEND_BYTES_MAX} bytes.`);
	return text;
}

function alpnNames(text: string): string {
	if (!ALPN.test(text))
		throw new InvalidArgumentError("It must be 1 to 4 names of at most 32 bytes with commas between.");
	return text;
}

/** The key in the one form that the engine is given; it is the certificate's, or the command line is wrong. */
function readClientKey(certPath: string, keyPath: string): Buffer {
	let key: KeyObject;
	let certificate: X509Certificate;
	try {
		key = privateKeyOf(readFileSync(keyPath));
	} catch {
		throw new CliFault(`${keyPath}: no private key that can be read`, 2);
	}
	try {
		certificate = new X509Certificate(readFileSync(certPath));
	} catch {
		throw new CliFault(`${certPath}: no certificate`, 2);
	}
	if (!certificate.checkPrivateKey(key)) throw new CliFault(`${keyPath} is not the key of ${certPath}`, 2);
	return key.export({ type: "pkcs8", format: "der" });
}

function privateKeyOf(bytes: Buffer): KeyObject {
	if (bytes.includes("-----BEGIN")) return createPrivateKey(bytes);
	for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
		try {
			return createPrivateKey({ key: bytes, format: "der", type });
		} catch {
			// Another form, then.
		}
	}
	throw new TypeError("no private key");
}

export function registerTlsProbe(program: Command): void {
	const probe =
		program.commands.find((command) => command.name() === "probe") ??
		program.command("probe").description("Try the product's own TLS and WebSocket clients against a server");
	probe
		.command("tls")
		.description("Make one connection with the product's TLS client and print what came of it")
		.requiredOption("--host <host>", "host name or address to connect to", hostName)
		.requiredOption("--port <port>", "TCP port", port)
		.requiredOption("--name <name>", "host name or address that the certificate must carry", hostName)
		.requiredOption("--ca <file>", "certificates to trust, PEM or DER", existingFile)
		.option(
			"--pin <sha256>",
			"digest of a public key (SubjectPublicKeyInfo) that must stand below the roots; may be repeated",
			anotherPin,
		)
		.option("--cert <file>", "client certificate chain, leaf first, PEM or DER", existingFile)
		.option("--key <file>", "its private key, PEM or DER", existingFile)
		.option("--time <time>", "ISO 8601 time to check certificates at (default: now)", isoTime)
		.option("--send <text>", "text to send when the connection is up", sendText, "x")
		.option("--alpn <names>", "protocols to offer, with commas between", alpnNames)
		.action(runTlsProbe);
}

async function runTlsProbe(options: TlsArguments): Promise<void> {
	const { ca, cert, key } = options;
	if ((cert === undefined) !== (key === undefined)) throw new CliFault("--cert and --key go together", 2);
	const ownKey = cert !== undefined && key !== undefined ? readClientKey(cert, key) : undefined;
	process.exitCode = await runProbe({
		name: "probe-tls",
		heapKb: HEAP_KB,
		settings: {
			host: options.host,
			port: String(options.port),
			name: options.name,
			now: String(options.time ?? Date.now()),
			send: options.send,
			alpn: options.alpn,
			pins: options.pin?.join(","),
		},
		prepare: (folder) => {
			const settings = prepareCertificates(folder, {
				ca,
				...(cert === undefined ? {} : { cert }),
				...(key === undefined ? {} : { key }),
			});
			if (ownKey !== undefined) writeFileSync(join(folder, "key"), ownKey);
			return settings;
		},
	});
}
