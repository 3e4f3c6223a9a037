/** Keys, secrets, entropy and drive as they are on the engine; what a normal build must not have; bounds that agree. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { countInMemory, writableRanges } from "../scenario/memory.ts";
import { binaryOf, type FixtureCall, newFolder, runFixture } from "./boards.ts";
import type { BindingTest } from "./run.ts";

async function said(call: FixtureCall): Promise<Map<string, string>> {
	const end = await runFixture(call);
	assert.equal(end.status, 0, `${end.signal} ${end.lines.join("\n")}\n${end.stderr}`);
	return new Map(end.lines.map((line) => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)]));
}

async function lines(call: FixtureCall): Promise<readonly string[]> {
	const end = await runFixture(call);
	assert.equal(end.status, 0, `${end.signal} ${end.lines.join("\n")}\n${end.stderr}`);
	return end.lines;
}

const KEYS_SAID = [
	"kinds p256 x25519 secret undefined",
	"lengths 65 32",
	"verifies true",
	"deterministic true",
	"absent key/absent key/absent key/absent",
	"kind key/kind key/kind key/kind key/kind",
	"name RangeError RangeError RangeError",
	"agrees true",
	"closed TypeError",
	"replaced true",
	"same none",
	"newer record/newer-format record/newer-format",
	"corrupt key/corrupt key/corrupt key/corrupt key/corrupt key/corrupt",
	"deleted undefined",
];

const SECRETS_SAID = [
	"exhausted memory/exhausted true",
	"exhausted memory/exhausted true",
	"again true",
	"collected none none",
	"as bytes TypeError TypeError",
	"no secret SyntaxError SyntaxError",
	"no length RangeError RangeError RangeError",
	"counter RangeError RangeError RangeError RangeError",
	"closed TypeError TypeError",
	"pair closed TypeError",
	"low order 32 true",
];

const DRIVE_SAID = [
	"pin pin/invalid",
	"twice Error",
	"times pin/invalid pin/invalid pin/invalid pin/invalid pin/invalid",
	"one none",
	"opposed pin/invalid",
	"brake none",
	"after cut none",
	"opposed pin/invalid",
	"after deadline none",
];

/** What the fixture's secrets are, and what HKDF makes of them (RFC 5869, Noise 4.3). */
function knownSecrets(): readonly Buffer[] {
	const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => (167 * index + 41) & 255));
	const privateKey = Buffer.from(Array.from({ length: 32 }, (_, index) => (91 * index + 77) & 255));
	const other = Buffer.alloc(32, 3);
	const hash = Buffer.alloc(32);
	const mac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
		createHmac("sha256", key).update(Buffer.concat(parts)).digest();
	const chained = (key: Buffer, input: Buffer): Buffer[] => {
		const extracted = mac(key, input);
		const first = mac(extracted, Buffer.from([1]));
		const second = mac(extracted, first, Buffer.from([2]));
		return [extracted, first, second, mac(extracted, second, Buffer.from([3]))];
	};
	const derived = mac(mac(hash, secret), hash, Buffer.from([1]));
	return [secret, privateKey, ...chained(secret, other), ...chained(other, secret).slice(0, 3), derived];
}

async function hostileArguments(): Promise<void> {
	const given = process.env.LATCHKEY_SEED;
	const seed = given === undefined ? Math.floor(Math.random() * 4294967296) : Number(given) >>> 0;
	process.stdout.write(`# hostile arguments: seed ${seed}\n`);
	const settings = { seed, rounds: 6000 };
	assert.deepEqual(await lines({ name: "hostile", variant: "sanitize-testkeys", settings }), [
		"hostile true true",
	]);
}

async function secretsLeaveNothing(): Promise<void> {
	const needles = knownSecrets();
	const counts = new Map<string, readonly number[]>();
	await said({
		name: "secrets",
		settings: { scan: 1 },
		onLine: (line, processId) =>
			counts.set(line, countInMemory(processId, writableRanges(processId), needles)),
	});
	const open = counts.get("open")!;
	assert.ok(open[0]! >= 1 && open[1]! >= 1, `a planted copy is found: ${open}`);
	// The extracted key lives inside the library only; the outputs lie in the table.
	for (const index of [3, 4, 5, 7, 8, 9]) assert.ok(open[index]! >= 1, `output ${index}: ${open}`);
	assert.deepEqual(
		[...counts.get("closed")!],
		needles.map(() => 0),
	);
}

function symbolsOf(variant: string): string {
	return execFileSync("nm", ["--defined-only", binaryOf(variant)], {
		encoding: "utf8",
		maxBuffer: 1 << 26,
	});
}

function constantOf(file: string, name: string): number {
	const text = readFileSync(join(PATHS.root, "hosts/bindings", file), "utf8");
	const match = new RegExp(`\\b${name} = (\\d+)`).exec(text);
	assert.ok(match, `${file} has no ${name}`);
	return Number(match[1]);
}

export const boardTests: readonly BindingTest[] = [
	{
		name: "keys are made, used and replaced by name, and each fault has its code",
		run: async () => assert.deepEqual(await lines({ name: "keys" }), KEYS_SAID),
	},
	{
		name: "the same under a collection at every allocation",
		run: async () => assert.deepEqual(await lines({ name: "keys", words: ["--stress"] }), KEYS_SAID),
	},
	{
		name: "secrets are bounded, collected, and no use of a wrong one passes (I1, I8)",
		run: async () => assert.deepEqual(await lines({ name: "secrets" }), SECRETS_SAID),
	},
	{
		name: "keys and secrets meet no memory error",
		run: async () => {
			assert.deepEqual(await lines({ name: "keys", variant: "sanitize-testkeys" }), KEYS_SAID);
			assert.deepEqual(await lines({ name: "secrets", variant: "sanitize-testkeys" }), SECRETS_SAID);
		},
	},
	{
		name: "no arguments of any kind make a native touch what is not its own (I9, T15)",
		run: hostileArguments,
	},
	{
		name: "closed secrets are nowhere in the process, nor what was derived from them (I1)",
		run: secretsLeaveNothing,
	},
	{
		name: "a normal build has no way to put a key in or to take sealing away (I1)",
		run: () => {
			assert.match(symbolsOf("testkeys"), /xs_lk_test_import_secret/);
			assert.doesNotMatch(symbolsOf("plain"), /lk_test|test_identity/);
		},
	},
	{
		name: "the seed is replaced at every boot, and two boots draw differently",
		run: async () => {
			const state = newFolder();
			const first = await said({ name: "entropy", state });
			const second = await said({ name: "entropy", state });
			for (const boot of [first, second]) assert.match(boot.get("seed")!, /^[0-9a-f]{128}$/);
			assert.notEqual(first.get("seed"), second.get("seed"));
			assert.notEqual(first.get("random"), second.get("random"));
		},
	},
	{
		name: "nothing draws before the seed is replaced; hashing works, and drawing when there is space again",
		run: async () => {
			const boot = await said({ name: "entropy", settings: { full: 1 }, variant: "recorder-testkeys" });
			const refused = "entropy/unavailable";
			assert.equal(boot.get("full"), `${refused} ${refused} ${refused}`);
			assert.equal(boot.get("hash"), "32");
			assert.equal(boot.get("later"), "none");
			assert.match(boot.get("seed")!, /^[0-9a-f]{128}$/);
		},
	},
	{
		name: "opposed outputs, odd times and odd pins are refused (T19)",
		run: async () => assert.deepEqual(await lines({ name: "drive" }), DRIVE_SAID),
	},
	{
		name: "the bounds in C are those of LIMITS (I8)",
		run: () => {
			assert.equal(constantOf("secrets.h", "LK_SECRETS_MAX"), LIMITS.secretHandles);
			assert.equal(constantOf("secrets.h", "LK_SECRET_BYTES_MAX"), LIMITS.secretBytes);
			assert.equal(constantOf("hash.c", "HASHES_MAX"), LIMITS.hashHandles);
			assert.equal(2 ** constantOf("inflate.c", "WINDOW_BITS"), LIMITS.inflateWindowBytes);
			assert.equal(constantOf("inflate.c", "PIECE_BYTES"), LIMITS.inflatePieceBytes);
			assert.equal(constantOf("inflate.c", "STREAM_BYTES_MAX"), LIMITS.inflateBytes);
			assert.equal(constantOf("inflate.c", "STREAMS_MAX"), LIMITS.inflateStreams);
			assert.equal(constantOf("chain.h", "CHAIN_CERTIFICATES_MAX"), LIMITS.tlsChainCertificates);
			assert.equal(constantOf("chain.h", "CHAIN_BYTES_MAX"), LIMITS.tlsChainBytes);
			assert.equal(constantOf("chain.h", "CHAIN_ROOTS_MAX"), LIMITS.tlsRoots);
			assert.equal(constantOf("chain.h", "CHAIN_PINS_MAX"), LIMITS.tlsPins);
			assert.equal(constantOf("tls-session.c", "SESSIONS_MAX"), LIMITS.tlsSessions);
			assert.equal(constantOf("tls.h", "TLS_CONNECTIONS_MAX"), LIMITS.tlsConnections);
			assert.equal(constantOf("tls.h", "TLS_QUEUE_BYTES_MAX"), LIMITS.tlsWriteQueueBytes);
		},
	},
	{
		name: "what differs between versions of Mbed TLS lies in one file of at most 200 lines",
		run: () => {
			const folder = join(PATHS.root, "hosts/bindings");
			const asking = readdirSync(folder).filter((name) =>
				/MBEDTLS_VERSION|MBEDTLS_PRIVATE/.test(readFileSync(join(folder, name), "utf8")),
			);
			assert.deepEqual(asking, ["mbedtls_compat.h"]);
			const text = readFileSync(join(folder, "mbedtls_compat.h"), "utf8");
			assert.ok(text.trimEnd().split("\n").length <= 200);
		},
	},
	{
		name: "the reasons in C are those of TlsReason",
		run: () => {
			const inC = readFileSync(join(PATHS.root, "hosts/bindings/tls-reason.h"), "utf8");
			const inTypeScript = readFileSync(join(PATHS.root, "modules/platform/tls.ts"), "utf8");
			const union = /export type TlsReason =([^;]+);/.exec(inTypeScript)![1]!;
			const list = (text: string, pattern: RegExp): string[] =>
				[...text.matchAll(pattern)].map((each) => each[1]!).sort();
			assert.deepEqual(list(inC, /each\(\w+, "([a-z-]+)"\)/g), list(union, /\| "([a-z-]+)"/g));
		},
	},
];
