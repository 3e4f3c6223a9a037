/** `latchkey probe tls` as it is typed: one line of JSON and 0 or 1, or one line on standard error and 2. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:tls";
import { PATHS } from "../../tools/setup/paths.ts";
import { newFolder } from "./boards.ts";
import type { ChainPair } from "./chain-case.ts";
import { chainPairs } from "./chain-cases.ts";
import { chainServer } from "./chain-server.ts";
import {
	intermediateOf,
	issue,
	keyPem,
	keysOf,
	leafExtensions,
	leafOf,
	OID,
	purposes,
	rootOf,
} from "./issue.ts";
import { hasTls13 } from "./library.ts";
import type { BindingTest } from "./run.ts";

const ROOT = rootOf({ from: "2020-01-01T00:00:00Z" });
const CA = intermediateOf(ROOT, { from: "2020-01-01T00:00:00Z" });
const LEAF = leafOf(CA, {
	extensions: leafExtensions("localhost", "127.0.0.1"),
	from: "2020-01-01T00:00:00Z",
});
const DEVICE_ROOT = rootOf({ subject: "device root", from: "2020-01-01T00:00:00Z" });
const DEVICE_CA = intermediateOf(DEVICE_ROOT, { from: "2020-01-01T00:00:00Z" });
const DEVICE = issue({
	subject: "dev",
	signer: DEVICE_CA,
	from: "2020-01-01T00:00:00Z",
	extensions: [purposes(OID.clientAuth)],
});

interface CommandEnd {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

function command(...words: readonly (string | number)[]): Promise<CommandEnd> {
	return new Promise((resolve, reject) => {
		const program = join(PATHS.javascript, "tools/cli/latchkey.js");
		const child = spawn(process.execPath, [program, "probe", "tls", ...words.map(String)], {
			stdio: ["ignore", "pipe", "pipe"],
			timeout: 30_000,
		});
		let stdout = "";
		let stderr = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, stdout, stderr }));
	});
}

const folder = newFolder();

function file(name: string, content: string | Uint8Array): string {
	writeFileSync(join(folder, name), content);
	return join(folder, name);
}

const ca = file("ca.pem", `# a comment\n${DEVICE_ROOT.pem}\n${ROOT.pem}`);
const key = file("key.pem", `# a comment\n${keyPem(DEVICE)}`);
const cert = file("cert.pem", DEVICE.pem + DEVICE_CA.pem);
const otherKey = file(
	"other.pem",
	keysOf("p256", 900).privateKey.export({ type: "sec1", format: "pem" }) as string,
);
const noise = file("noise", "nothing of the kind\n");

async function withServer(run: (port: number) => Promise<void>): Promise<void> {
	const server = createServer(
		{
			key: keyPem(LEAF),
			cert: LEAF.pem + CA.pem,
			requestCert: true,
			rejectUnauthorized: false,
			ca: DEVICE_ROOT.pem,
		},
		(socket) => {
			socket.on("error", () => undefined);
			socket.on("data", () => socket.end(socket.authorized ? "known" : "unknown"));
		},
	);
	server.on("tlsClientError", () => undefined);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		await run((server.address() as { port: number }).port);
	} finally {
		server.close();
	}
}

function says(end: CommandEnd, status: number, expected: Readonly<Record<string, unknown>>): void {
	assert.equal(end.status, status, end.stdout + end.stderr);
	assert.match(end.stdout, /^[^\n]+\n$/);
	const line = JSON.parse(end.stdout) as Record<string, unknown>;
	for (const [name, value] of Object.entries(expected)) assert.deepEqual(line[name], value, end.stdout);
	assert.equal(end.stderr, "");
}

function pemOf(der: Uint8Array): string {
	return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

async function commandOnPair({ twin, hostile, reason }: ChainPair): Promise<void> {
	const server = await chainServer(
		new Map([
			["twin", twin],
			["hostile", hostile],
		]),
	);
	const words = [
		"--host",
		"127.0.0.1",
		"--port",
		server.port,
		"--name",
		"relay.test",
		"--time",
		"2026-06-01",
	];
	try {
		for (const [alpn, each] of [["twin", twin] as const, ["hostile", hostile] as const]) {
			const roots = file(`${alpn}.pem`, each.roots.map(pemOf).join(""));
			const end = await command(...words, "--ca", roots, "--alpn", alpn);
			says(end, alpn === "twin" ? 0 : 1, alpn === "twin" ? { ok: true, alpn } : { ok: false, reason });
		}
	} finally {
		await server.close();
	}
}

const GOOD = ["--host", "127.0.0.1", "--port", 1, "--name", "localhost", "--ca", ca] as const;

const refusedWords: readonly (readonly [string, readonly (string | number)[]])[] = [
	["nothing", []],
	["no host", GOOD.slice(2)],
	["no certificate to trust", GOOD.slice(0, 6)],
	["a port of nothing", [...GOOD, "--port", 0]],
	["a port too large", [...GOOD, "--port", 65_536]],
	["a port in words", [...GOOD, "--port", "https"]],
	["a name that is none", [...GOOD, "--name", "a..b"]],
	["a name with a space", [...GOOD, "--name", "a b"]],
	["a file that is not there", [...GOOD, "--ca", join(folder, "missing")]],
	["a folder for a file", [...GOOD, "--ca", folder]],
	["a file without a certificate", [...GOOD, "--ca", noise]],
	["a certificate without its key", [...GOOD, "--cert", cert]],
	["a key without its certificate", [...GOOD, "--key", key]],
	["another certificate's key", [...GOOD, "--cert", cert, "--key", otherKey]],
	["a key that is none", [...GOOD, "--cert", cert, "--key", noise]],
	["a certificate that is none", [...GOOD, "--cert", noise, "--key", key]],
	["a time that is none", [...GOOD, "--time", "tomorrow"]],
	["a day that is none", [...GOOD, "--time", "2026-02-30T00:00:00Z"]],
	["a pin that is no digest", [...GOOD, "--pin", "ab".repeat(31)]],
	["a pin too many", [...GOOD, ...Array.from({ length: 5 }, () => ["--pin", "ab".repeat(32)]).flat()]],
	["an option that is none", [...GOOD, "--insecure"]],
	["a word too many", [...GOOD, "now"]],
];

export const commandTests: readonly BindingTest[] = [
	{
		name: "the probe reads PEM files with several certificates and prints one line",
		run: () =>
			withServer(async (port) => {
				const words = ["--host", "localhost", "--port", port, "--name", "localhost", "--ca", ca];
				says(await command(...words), 0, { ok: true, version: hasTls13() ? "1.3" : "1.2", peer: "data" });
				says(await command(...words, "--cert", cert, "--key", key), 0, { ok: true });
				says(await command(...words, "--name", "127.0.0.1"), 0, { ok: true });
				says(await command(...words, "--name", "other.test"), 1, { ok: false, reason: "name-mismatch" });
			}),
	},
	{
		name: "the probe reads DER files",
		run: () =>
			withServer(async (port) => {
				const derRoot = file("ca.der", ROOT.der);
				const derKey = file("key.der", DEVICE.keys.privateKey.export({ type: "sec1", format: "der" }));
				const words = ["--host", "localhost", "--port", port, "--name", "localhost", "--ca", derRoot];
				says(await command(...words, "--cert", file("cert.der", DEVICE.der), "--key", derKey), 0, {
					ok: true,
				});
			}),
	},
	{
		name: "the probe accepts a server by any of its pins, and refuses one without (T4)",
		run: () =>
			withServer(async (port) => {
				const words = ["--host", "localhost", "--port", port, "--name", "localhost", "--ca", ca];
				const other = ["--pin", "00".repeat(32)];
				const spki = LEAF.keys.publicKey.export({ type: "spki", format: "der" });
				const pin = ["--pin", createHash("sha256").update(spki).digest("hex").toUpperCase()];
				says(await command(...words, ...other, ...pin), 0, { ok: true });
				says(await command(...words, ...other), 1, { ok: false, reason: "pin-mismatch" });
			}),
	},
	...[
		"a leaf with a forged signature is refused (T4)",
		"name constraints are refused",
		"another name is refused (T4)",
	].map(
		(name): BindingTest => ({
			name: `${name}: so the command says, and accepts the twin`,
			run: () => commandOnPair(chainPairs.find((each) => each.name === name)!),
		}),
	),
	{
		name: "the probe takes the time in every usual form",
		run: () =>
			withServer(async (port) => {
				const words = ["--host", "localhost", "--port", port, "--name", "localhost", "--ca", ca, "--time"];
				for (const time of [
					"2030-06-01",
					"2030-06-01T12:00Z",
					"2030-06-01T12:00:00Z",
					"2030-06-01T12:00:00.123456+02:00",
					"2030-06-01t12:00:00-0530",
				])
					says(await command(...words, time), 0, { ok: true });
				says(await command(...words, "2046-01-01T00:00:00Z"), 1, { ok: false, reason: "expired" });
				says(await command(...words, "2019-01-01"), 1, { ok: false, reason: "not-yet-valid" });
			}),
	},
	...refusedWords.map(
		([what, words]): BindingTest => ({
			name: `the probe refuses ${what} with one line and status 2`,
			run: async () => {
				const end = await command(...words);
				assert.equal(end.status, 2, end.stdout + end.stderr);
				assert.equal(end.stdout, "");
				assert.match(end.stderr, /^[^\n]+\n$/);
			},
		}),
	),
];
