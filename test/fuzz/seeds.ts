/**
 * First inputs of the C targets, made from the project's own chains and messages; `npm run fuzz` merges them into the kept
 * corpus. They need not be many: what they reach counts, and the fuzzer goes on from there.
 */
import { createHash, X509Certificate } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { chainPairs, refusedCases } from "../bindings/chain-cases.ts";
import { legalCases } from "../bindings/chain-legal.ts";
import * as der from "../bindings/der.ts";
import { alert, certificates, serverHello, serverHelloDone } from "../bindings/fake-server.ts";
import { names } from "../bindings/issue.ts";

type Seeds = readonly Uint8Array[];

const CASES = [...legalCases, ...chainPairs.flatMap(({ twin, hostile }) => [twin, hostile]), ...refusedCases];

function u16(value: number): Buffer {
	return Buffer.from([value >> 8, value & 255]);
}

function u32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

function littleEndian(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

/** Inputs that are longer than a whole case serves. */
const CHAIN_SEED_BYTES_MAX = 8000;

const EVERY_ROOT = 128;
const CHAIN_PINS = 4;

/** Of chains with pins only, whose certificates can all be read. */
function pinOf(der: Uint8Array): string {
	const keyInfo = new X509Certificate(der).publicKey.export({ type: "spki", format: "der" });
	return createHash("sha256").update(keyInfo).digest("hex");
}

/** As chain.c reads them: a root, and whose key is pinned. */
function chainPins(
	pins: readonly string[],
	chain: readonly Uint8Array[],
	roots: readonly Uint8Array[],
): readonly number[] {
	const keys = pins.map((pin) => {
		const sent = chain.findIndex((der) => pinOf(der) === pin);
		const root = roots.findIndex((der) => pinOf(der) === pin);
		return sent >= 0 ? 1 + sent : root >= 0 ? 9 + root : 255;
	});
	return Array.from({ length: CHAIN_PINS }, (_, index) => [EVERY_ROOT, keys[index] ?? 0]).flat();
}

function chainSeeds(): Seeds {
	return CASES.flatMap(
		({ chain, roots, server = "relay.test", at = "2026-06-01T00:00:00Z", kind, pins = [] }) => {
			const name = server === "relay.test" ? Buffer.alloc(0) : Buffer.from(server);
			if (roots.length > 16 || chain.length > 8) return [];
			const list = [...roots, ...chain].flatMap((each) => [u16(each.length), each]);
			const flags = kind === "floor" ? 1 : 0;
			const seconds = Math.floor(Date.parse(at) / 1000);
			const seed = Buffer.concat([
				Buffer.from([flags]),
				u32(seconds),
				Buffer.from([name.length, ...chainPins(pins, chain, roots), roots.length, chain.length]),
				name,
				...list,
			]);
			return seed.length > CHAIN_SEED_BYTES_MAX ? [] : [seed];
		},
	);
}

function named(text: string, ...entries: readonly (string | Buffer)[]): Buffer {
	const content = names(...entries).value;
	const header = content[1]! < 0x80 ? 2 : 2 + (content[1]! & 0x7f);
	return Buffer.concat([u16(text.length), Buffer.from(text), content.subarray(header)]);
}

function nameSeeds(): Seeds {
	const of = (tag: number, text: string): Buffer =>
		der.setOf(der.sequence(der.oid("2.5.4.3"), der.tlv(tag, Buffer.from(text))));
	const pair = (a: Buffer, b: Buffer): Buffer => Buffer.concat([u16(a.length), a, b]);
	return [
		pair(of(0x13, "relay  Root "), of(0x0c, "Relay root")),
		pair(of(0x16, "a"), of(0x16, "A")),
		pair(Buffer.concat([of(12, "a"), of(19, "b")]), of(12, "a")),
		pair(of(0x1e, "ab"), of(0x1e, "ab")),
	];
}

function tlsMessageSeeds(): Seeds {
	const chain = legalCases[0]!.chain;
	const bodies = [
		certificates(chain),
		certificates([]),
		serverHello(),
		serverHello({ alpn: "latchkey" }),
		serverHello({ suite: 0x2f }),
		serverHello({ version: [3, 1] }),
	];
	return [
		...bodies.flatMap((body) => [1, 2, 9, 10, 17].map((how) => Buffer.concat([Buffer.from([how, 1]), body]))),
		...[40, 42, 70, 71, 120].map((description) => Buffer.from([0, 2, 2, description])),
		...[40, 42, 70].map((description) => Buffer.from([64, 0xf2, 2, description])),
	];
}

function tlsClientSeeds(): Seeds {
	const chain = legalCases[0]!.chain;
	const record = (body: Uint8Array): Buffer =>
		Buffer.concat([Buffer.from([22, 3, 3]), u16(body.length), body]);
	const hello = record(serverHello({ suite: 0xc02b }));
	const scripts = [
		[0, 10, 2, 50, 1, 9, 0, 255, 2, 255, 4, 0],
		[1, 255, 1, 255, 0, 3, 2, 1, 2, 255, 5, 0],
		[0, 40, 3, 4, 23, 3, 3, 0, 2, 200],
		[6, 0, 0, 1],
		[6, 1, 1, 200],
		[7, 255, 7, 255],
		[8, 40, 0, 1],
		[8, 101],
	];
	const edits = [
		[1, 0, 4, 0, 1],
		[1, 0, 60, 1, 3],
		[2, 0, 90, 2, 20, 0, 95, 0, 128],
		[1, 3, 0, 0, 1],
	];
	return [
		...[0, 0xc0, 0xc2, 2, 4, 8, 32, 0xd0, 0xd8].flatMap((flags) =>
			scripts.map((script) => Buffer.from([flags, 0, 0, ...script])),
		),
		...[2, 4, 8, 16, 32, 64].flatMap((closesAt) =>
			[0, 0xc8, 0xe0].map((flags) => Buffer.from([flags, closesAt, 0, ...scripts[0]!])),
		),
		...[0, 0xc0].flatMap((flags) =>
			edits.map((edit) => Buffer.concat([Buffer.from([flags, 0]), Buffer.from(edit)])),
		),
		...[1, 3].flatMap((flags) =>
			[
				hello,
				Buffer.concat([hello, record(certificates(chain)), record(serverHelloDone())]),
				alert(40),
				Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
			].map((bytes) => Buffer.concat([Buffer.from([flags, 0, 0]), bytes])),
		),
	];
}

/** Each block kind of RFC 1951, a copy over the window, one from beyond it; after how they are cut into pieces. */
function inflateSeeds(): Seeds {
	const text = Buffer.from("a patch of sparse changes, a patch of few changes, a patch ".repeat(6));
	const far = Buffer.concat([createHash("sha256").update("far").digest(), Buffer.alloc(5000, 7)]);
	const streams = [
		deflateRawSync(text, { level: 9, windowBits: 12 }),
		deflateRawSync(text, { level: 9, strategy: constants.Z_FIXED }),
		deflateRawSync(text, { level: 0 }),
		deflateRawSync(Buffer.concat([far.subarray(0, 4000), far.subarray(0, 32)]), { level: 9, windowBits: 12 }),
		deflateRawSync(Buffer.concat([far, far.subarray(0, 32)]), { level: 9 }),
		deflateRawSync(Buffer.alloc(20_000), { level: 9 }),
	];
	return streams.flatMap((stream) => [
		Buffer.concat([Buffer.from([0]), stream]),
		Buffer.concat([Buffer.from([4, 0, 3, 200, 1]), stream, Buffer.from([1, 2, 3])]),
	]);
}

function keyRecord(kind: number, secret: number, open: number): Buffer {
	return Buffer.concat([Buffer.from([0, 1, kind, secret]), Buffer.alloc(secret, 3), Buffer.alloc(open, 4)]);
}

function imageSeed(): Buffer {
	const module = (name: string): Buffer => {
		const parts = Buffer.concat([
			Buffer.from(`${name}\0`),
			Buffer.from([0, 0]),
			Buffer.from([1, 2, 3, 4, 5]),
		]);
		const bytes = 20 + Math.ceil(parts.length / 4) * 4;
		const head = [bytes, 1, name.length + 1, 2, 5].map(littleEndian);
		return Buffer.concat([...head, parts, Buffer.alloc(bytes - 20 - parts.length)]);
	};
	const engine = (13 << 16) | (3 << 8);
	const head = [2, engine, 2, 0, 0, 0, 2, 0, 1, 0].map(littleEndian);
	const texts = ["1.0.0".padEnd(32, "\0"), "linux".padEnd(24, "\0")].map((text) => Buffer.from(text));
	return Buffer.concat([
		Buffer.from([3]),
		Buffer.from("LKIMAGE\n"),
		...head,
		...texts,
		module("main"),
		module("b"),
	]);
}

/** By target. */
export function seedsOf(target: string): Seeds {
	switch (target) {
		case "der":
			return [
				...legalCases[0]!.chain,
				der.time(new Date("2026-02-28T12:00:00Z")),
				der.time(new Date("2051-02-28T12:00:00Z")),
				der.integer(128),
				der.integer(0x7fffffff),
			];
		case "certificate":
			return CASES.flatMap(({ chain, roots }) => [...chain, ...roots]);
		case "distinguished-name":
			return nameSeeds();
		case "server-name":
			return [
				named("relay.test", "*.test", "relay.test"),
				named("10.0.0.1", Buffer.from([10, 0, 0, 1])),
				named("::1", Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
				named("a-b.c", "A-B.c"),
				named("a-.c", "a-.c"),
			];
		case "chain":
			return chainSeeds();
		case "tls-message":
			return tlsMessageSeeds();
		case "tls-client":
			return tlsClientSeeds();
		case "websocket":
			return [
				"plain text that is long enough",
				"\u00e9\u20ac\ud800\udc00\u{10ffff}\u{10000}\ud7ff\ue000",
			].map((text) => Buffer.concat([Buffer.from([1, 2, 3, 1]), Buffer.from(text)]));
		case "inflate":
			return inflateSeeds();
		case "byte-queue":
			return [Buffer.from([8, 0, 1, 0, 9, 0, 0, 4, 1, 4, 0, 0, 0, 2, 1, 7, 0])];
		case "key-record":
			return [keyRecord(1, 32, 65), keyRecord(2, 32, 32), keyRecord(3, 16, 0), keyRecord(3, 32, 0)];
		case "entropy":
			return [0, 1, 2, 4, 8, 16].map((how) => Buffer.concat([Buffer.from([how]), Buffer.alloc(64, 7)]));
		case "natives":
			return Array.from({ length: 32 }, (_, native) =>
				Buffer.from([9, 0, 0, 0, 18, 0, 1, 0, native, 0, 0, 0, 0, 0, 0, 0, native, 0, 3, 1, 4, 1, 5, 9]),
			);
		case "records":
			return [0, 1, 40].map((bytes) =>
				Buffer.concat([
					Buffer.from([3, 0, 64]),
					Buffer.from("LKRC"),
					Buffer.from([1, 0, 0, 0]),
					Buffer.alloc(8),
					Buffer.alloc(bytes, 5),
				]),
			);
		case "image":
			return [imageSeed()];
		default:
			throw new Error(`no seeds for ${target}`);
	}
}
