/**
 * A table of hostile servers beyond those of handshake.ts and framing.ts: what each does and how the client must end.
 * twins.ts holds servers that do nearly the same and are in their right.
 */
import { concatBytes } from "../../modules/base/bytes.ts";
import {
	ascii,
	BINARY,
	CLOSE,
	CONTINUATION,
	closeBody,
	type FrameOptions,
	frame,
	PING,
	PONG,
	TEXT,
} from "../unit/link/server-frames.ts";
import { against, type Case, expect, failed, same } from "./cases.ts";
import { acceptOf, goodHead, type RawPeer } from "./raw-server.ts";

export interface Hostile {
	readonly what: string;
	/** Any of these; a peer that resets may take its last words back. */
	readonly reasons: readonly string[];
	readonly code: number;
	readonly subprotocol?: string;
	readonly run: (peer: RawPeer) => Promise<void>;
}

const part: FrameOptions = { final: false };

/** A server that answers the upgrade so, whatever comes then. */
function answer(
	what: string,
	reason: string,
	say: (request: string) => string,
	subprotocol?: string,
): Hostile {
	return {
		what,
		reasons: [reason],
		code: 1006,
		...(subprotocol === undefined ? {} : { subprotocol }),
		run: async (peer) => {
			peer.write(say(await peer.request()), frame(TEXT, ascii("hello")));
			same(await peer.end(), 0, "bytes after the request");
		},
	};
}

function instead(what: string, reason: string, from: string | RegExp, to: string): Hostile {
	return answer(what, reason, (request) => {
		const good = goodHead(request);
		const bad = good.replace(from, to.replace("ACCEPT", acceptOf(request)));
		if (bad === good) throw new Error(`${what}: nothing replaced`);
		return bad;
	});
}

function status(line: string, reason: string): Hostile {
	return instead(`the status line ${JSON.stringify(line)}`, reason, /^.*(?=\r\n)/, line);
}

/** After a good handshake these frames, then the client's Close with this code and nothing more. */
function frames(what: string, reason: string, code: number, ...bytes: Uint8Array[]): Hostile {
	return {
		what,
		reasons: [reason],
		code,
		run: async (peer) => {
			await peer.upgrade();
			peer.write(concatBytes(...bytes));
			const close = await peer.frame();
			same(close?.opcode, CLOSE, "opcode of the client's frame");
			same((close!.payload[0]! << 8) | close!.payload[1]!, code, "code");
			peer.write(frame(TEXT, ascii("more")), frame(CLOSE, closeBody(1000)));
			peer.socket.end();
			same(await peer.end(), 0, "bytes after its Close");
		},
	};
}

const BAD_TEXTS: readonly (readonly [string, readonly number[]])[] = [
	["an overlong slash", [0xc0, 0xaf]],
	["an overlong euro sign", [0xf0, 0x82, 0x82, 0xac]],
	["a high surrogate", [0xed, 0xa0, 0x80]],
	["a code point above the last", [0xf4, 0x90, 0x80, 0x80]],
	["a lone continuation", [0x41, 0x80]],
	["a lead octet that is never one", [0x41, 0xfe]],
	["a character broken by ASCII", [0xe2, 0x82, 0x41]],
];

/** Wrong text whole, cut into two fragments at every place, and cut off by the end of its message. */
function badTexts(): Hostile[] {
	return BAD_TEXTS.flatMap(([what, octets]) => {
		const bytes = Uint8Array.from(octets);
		const splits = octets
			.slice(1)
			.map((_octet, index) =>
				frames(
					`${what}, in fragments of ${index + 1} and ${octets.length - index - 1} octets`,
					"utf8",
					1007,
					frame(TEXT, bytes.subarray(0, index + 1), part),
					frame(CONTINUATION, bytes.subarray(index + 1)),
				),
			);
		return [frames(`${what} in one frame`, "utf8", 1007, frame(TEXT, bytes)), ...splits];
	});
}

/** Where a server may go away, and what it has said until then. */
const POINTS: readonly (readonly [string, (peer: RawPeer) => Promise<void>])[] = [
	["behind the request", async (peer) => void (await peer.request())],
	[
		"inside the head",
		async (peer) => {
			const request = await peer.request();
			peer.write(goodHead(request).slice(0, 40));
		},
	],
	["behind the head", (peer) => peer.upgrade()],
	[
		"inside a frame's header",
		async (peer) => {
			await peer.upgrade();
			peer.write(Uint8Array.of(0x82, 126, 1));
		},
	],
	[
		"inside a payload",
		async (peer) => {
			await peer.upgrade();
			peer.write(frame(BINARY, ascii("x"), { length: 1_000 }));
		},
	],
	[
		"between fragments",
		async (peer) => {
			await peer.upgrade();
			peer.write(frame(TEXT, ascii("x"), part));
		},
	],
	[
		"inside a ping",
		async (peer) => {
			await peer.upgrade();
			peer.write(frame(PING, ascii("x"), { length: 9 }));
		},
	],
	[
		"inside its Close",
		async (peer) => {
			await peer.upgrade();
			peer.write(frame(CLOSE, Uint8Array.of(3), { length: 2 }));
		},
	],
];

function leaves(how: "ends" | "resets"): Hostile[] {
	return POINTS.map(([where, talk]) => ({
		what: `a server that ${how} ${where}`,
		reasons: how === "ends" ? ["ended"] : ["reset", "ended"],
		code: 1006,
		run: async (peer: RawPeer) => {
			await talk(peer);
			await new Promise((resolve) => setTimeout(resolve, 30));
			if (how === "ends") peer.socket.end();
			else peer.socket.resetAndDestroy();
			await peer.end();
		},
	}));
}

export const HOSTILE: readonly Hostile[] = [
	status("HTTP/1.1 101", "http"),
	status("HTTP/1.2 101 x", "http"),
	status("HTTP/2 101 x", "http"),
	status("HTTP/1.1 1010 x", "http"),
	status("HTTP/1.1\t101 x", "http"),
	status("HTTP/1.1  101 x", "http"),
	status("\r\nHTTP/1.1 101 x", "http"),
	status("PRI * HTTP/2.0", "http"),
	status("HTTP/1.1 204 No Content", "status"),
	status("HTTP/1.1 404 Not Found", "status"),
	status("HTTP/1.1 503 Busy", "status"),
	status("HTTP/1.1 511 Network Authentication Required", "status"),
	status("HTTP/1.1 307 x", "redirect"),
	status("HTTP/1.1 407 x", "unauthorised"),
	instead("two Upgrades", "upgrade", /Upgrade: websocket/, "Upgrade: websocket\r\nUpgrade: websocket"),
	instead("an Upgrade with a version", "upgrade", /Upgrade: websocket/, "Upgrade: websocket/13"),
	instead("an Upgrade that lists more", "upgrade", /Upgrade: websocket/, "Upgrade: h2c, websocket"),
	instead(
		"a Connection token that only begins so",
		"connection",
		/Connection: Upgrade/,
		"Connection: Upgraded",
	),
	instead("an empty accept value", "accept", /Accept: .*/, "Accept:"),
	instead("an accept value with more behind it", "accept", /Accept: .*/, "Accept: ACCEPT,x"),
	instead("an accept value in quotes", "accept", /Accept: .*/, 'Accept: "ACCEPT"'),
	instead("an empty list of extensions", "extension", /\r\n\r\n/, "\r\nSec-WebSocket-Extensions:\r\n\r\n"),
	answer(
		"two subprotocols",
		"subprotocol",
		(request) => goodHead(request, "Sec-WebSocket-Protocol: a, b"),
		"a",
	),
	answer(
		"the subprotocol twice",
		"subprotocol",
		(request) => goodHead(request, "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"),
		"a",
	),
	answer(
		"the subprotocol in another case",
		"subprotocol",
		(request) => goodHead(request, "Sec-WebSocket-Protocol: A"),
		"a",
	),
	instead("a header without a colon", "http", /\r\n\r\n/, "\r\nno colon\r\n\r\n"),
	instead("a header without a name", "http", /\r\n\r\n/, "\r\n: x\r\n\r\n"),
	instead("a CR inside a header", "http", /\r\n\r\n/, "\r\nX: a\rb\r\n\r\n"),
	instead("an escape character in a header", "http", /\r\n\r\n/, "\r\nX: \x1b[2J\r\n\r\n"),
	answer("a frame instead of a head", "http", () => "\x81\x02hi"),
	{
		what: "an endless reason phrase",
		reasons: ["header-size"],
		code: 1006,
		run: async (peer) => {
			await peer.request();
			peer.write("HTTP/1.1 101 ");
			for (let more = 0; more < 1_000 && !peer.ended; more++) {
				peer.write("x".repeat(1_000));
				await new Promise((resolve) => setImmediate(resolve));
			}
		},
	},
	{
		what: "endless interim responses",
		reasons: ["header-size"],
		code: 1006,
		run: async (peer) => {
			await peer.request();
			for (let more = 0; more < 10_000 && !peer.ended; more++) {
				peer.write("HTTP/1.1 100 Continue\r\n\r\n");
				if (more % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
			}
		},
	},
	...[TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG].map((opcode) =>
		frames(
			`the bit of a compressed message on opcode ${opcode}`,
			"reserved-bits",
			1002,
			...(opcode === CONTINUATION ? [frame(TEXT, ascii("x"), part)] : []),
			frame(opcode, ascii("xx"), { reserved: 4 }),
		),
	),
	...[BINARY, CLOSE, PONG].map((opcode) =>
		frames(
			`a masked frame of opcode ${opcode}`,
			"masked",
			1002,
			frame(opcode, ascii("xx"), { masked: true }),
		),
	),
	frames(
		"a masked continuation",
		"masked",
		1002,
		frame(TEXT, ascii("x"), part),
		frame(CONTINUATION, ascii("y"), { masked: true }),
	),
	frames(
		"a ping with a 16-bit length",
		"control-length",
		1002,
		frame(PING, new Uint8Array(5), { lengthBytes: 2 }),
	),
	frames(
		"a pong with a 64-bit length",
		"control-length",
		1002,
		frame(PONG, new Uint8Array(5), { lengthBytes: 8 }),
	),
	...[2 ** 17, 2 ** 31, 2 ** 32, 2 ** 53].map((length) =>
		frames(`the claim of ${length} bytes`, "too-big", 1009, frame(BINARY, new Uint8Array(4), { length })),
	),
	frames(
		"a length of 64 bits set",
		"length-range",
		1002,
		Uint8Array.of(0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255),
	),
	frames(
		"a continuation behind a whole message that is one",
		"continuation",
		1002,
		frame(PONG),
		frame(CONTINUATION, ascii("x")),
	),
	frames(
		"a fragment inside a fragment",
		"interleaved",
		1002,
		frame(BINARY, ascii("x"), part),
		frame(BINARY, ascii("y"), part),
	),
	frames(
		"a Close of one byte inside a message",
		"close-length",
		1002,
		frame(TEXT, ascii("x"), part),
		frame(CLOSE, ascii("x")),
	),
	frames(
		"a Close whose reason ends inside a character",
		"close-utf8",
		1007,
		frame(CLOSE, closeBody(1000, Uint8Array.of(0xe2, 0x82))),
	),
	frames(
		"text that its last fragment cuts off",
		"utf8",
		1007,
		frame(TEXT, Uint8Array.of(0xf0, 0x9f), part),
		frame(CONTINUATION, Uint8Array.of(0x94)),
	),
	frames(
		"bad text behind an empty fragment",
		"utf8",
		1007,
		frame(TEXT, ascii(""), part),
		frame(CONTINUATION, Uint8Array.of(0xff)),
	),
	...badTexts(),
	...leaves("ends"),
	...leaves("resets"),
	{
		what: "a server that drips a message and breaks it at its last octet",
		reasons: ["utf8"],
		code: 1007,
		run: async (peer) => {
			await peer.upgrade();
			await peer.drip(concatBytes(frame(TEXT, concatBytes(ascii("x".repeat(60)), Uint8Array.of(0xc3)))), 2);
			same((await peer.frame())?.opcode, CLOSE, "opcode");
			peer.socket.end();
		},
	},
	{
		what: "a server that floods Close frames of a bad code",
		reasons: ["close-code"],
		code: 1002,
		run: async (peer) => {
			await peer.upgrade();
			const closes = concatBytes(...Array.from({ length: 1_000 }, () => frame(CLOSE, closeBody(1005))));
			for (let round = 0; round < 20 && !peer.ended; round++) peer.write(closes);
			same((await peer.frame())?.opcode, CLOSE, "opcode");
			peer.socket.end();
			same(await peer.end(), 0, "bytes after its Close");
		},
	},
	{
		what: "a server that sends empty fragments without end, and is reset at last",
		reasons: ["reset", "ended"],
		code: 1006,
		run: async (peer) => {
			await peer.upgrade();
			peer.write(frame(TEXT, undefined, part));
			const empty = concatBytes(...Array.from({ length: 2_000 }, () => frame(CONTINUATION, undefined, part)));
			for (let round = 0; round < 100; round++) {
				peer.write(empty);
				await new Promise((resolve) => setTimeout(resolve, 5));
			}
			expect(!peer.ended, "the client left");
			peer.socket.resetAndDestroy();
		},
	},
];

export const HOSTILE_CASES: readonly Case[] = HOSTILE.map(({ what, reasons, code, subprotocol, run }) => ({
	name: `hostile: ${what} (${reasons[0]})`,
	run: async () => {
		const end = await against(run, subprotocol === undefined ? {} : { subprotocol });
		failed(end, reasons.includes(end.reason) ? end.reason : reasons[0]!, code);
	},
}));
