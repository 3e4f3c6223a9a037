/** Servers that break RFC 6455 5 to 8 after a good handshake: each sees the right close code, once, and no more. */
import { concatBytes } from "../../modules/base/bytes.ts";
import {
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
import { against, type Case, clean, expect, failed, same } from "./cases.ts";
import type { RawPeer } from "./raw-server.ts";

interface Violation {
	readonly what: string;
	readonly reason: string;
	readonly code: number;
	readonly bytes: Uint8Array;
}

const text = (value: string): Uint8Array => Buffer.from(value);

function violation(what: string, reason: string, code: number, ...bytes: Uint8Array[]): Violation {
	return { what, reason, code, bytes: concatBytes(...bytes) };
}

const part: FrameOptions = { final: false };

const VIOLATIONS: readonly Violation[] = [
	...[1, 2, 4, 7].map((reserved) =>
		violation(`reserved bits ${reserved}`, "reserved-bits", 1002, frame(TEXT, text("x"), { reserved })),
	),
	...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
		violation(`opcode ${opcode}`, "opcode", 1002, frame(opcode, text("x"))),
	),
	violation("a masked message", "masked", 1002, frame(TEXT, text("x"), { masked: true })),
	violation("a masked ping", "masked", 1002, frame(PING, text("x"), { masked: true })),
	violation(
		"a 16-bit length of 125",
		"length-form",
		1002,
		frame(BINARY, new Uint8Array(125), { lengthBytes: 2 }),
	),
	violation(
		"a 64-bit length of 126",
		"length-form",
		1002,
		frame(BINARY, new Uint8Array(126), { lengthBytes: 8 }),
	),
	violation(
		"a 64-bit length of 65535",
		"length-form",
		1002,
		frame(BINARY, text(""), { length: 65535, lengthBytes: 8 }),
	),
	violation(
		"a negative 64-bit length",
		"length-range",
		1002,
		Uint8Array.of(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1),
	),
	violation("a ping of 126 bytes", "control-length", 1002, frame(PING, new Uint8Array(126))),
	violation(
		"a fragmented ping",
		"control-fragmented",
		1002,
		frame(PING, text("x"), part),
		frame(CONTINUATION),
	),
	violation("a fragmented Close", "control-fragmented", 1002, frame(CLOSE, closeBody(1000), part)),
	violation("a continuation of nothing", "continuation", 1002, frame(CONTINUATION, text("x"))),
	violation(
		"a message inside a message",
		"interleaved",
		1002,
		frame(TEXT, text("x"), part),
		frame(TEXT, text("y")),
	),
	violation(
		"binary inside text",
		"interleaved",
		1002,
		frame(TEXT, text("x"), part),
		frame(BINARY, text("y")),
	),
	violation("text that is not UTF-8", "utf8", 1007, frame(TEXT, Uint8Array.of(0x61, 0xff))),
	violation("text that ends inside a character", "utf8", 1007, frame(TEXT, Uint8Array.of(0xe2, 0x82))),
	violation("a surrogate", "utf8", 1007, frame(TEXT, Uint8Array.of(0xed, 0xa0, 0x80))),
	violation(
		"a character cut by a fragment and never finished",
		"utf8",
		1007,
		frame(TEXT, Uint8Array.of(0xe2), part),
		frame(CONTINUATION, text("x")),
	),
	violation("a message of 65537 bytes", "too-big", 1009, frame(BINARY, new Uint8Array(65_537))),
	violation("the claim of 2^62 bytes", "too-big", 1009, Uint8Array.of(0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0)),
	violation(
		"the claim of 2^63 - 1 bytes",
		"too-big",
		1009,
		Uint8Array.of(0x81, 127, 0x7f, ...Array(7).fill(0xff)),
	),
	violation(
		"fragments of 65537 bytes in all",
		"too-big",
		1009,
		frame(BINARY, new Uint8Array(65_000), part),
		frame(CONTINUATION, new Uint8Array(537)),
	),
	violation("a Close with one byte", "close-length", 1002, frame(CLOSE, text("x"))),
	...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) =>
		violation(`a Close with code ${code}`, "close-code", 1002, frame(CLOSE, closeBody(code))),
	),
	violation(
		"a Close whose reason is not UTF-8",
		"close-utf8",
		1007,
		frame(CLOSE, closeBody(1000, Uint8Array.of(0xc0))),
	),
	violation(
		"a Close of 126 bytes",
		"control-length",
		1002,
		frame(CLOSE, closeBody(1000, new Uint8Array(124))),
	),
];

/** Exactly one Close with this code, then the end, and nothing more of the client's. */
async function seesClose(peer: RawPeer, code: number): Promise<void> {
	const answer = await peer.frame();
	same(answer?.opcode, CLOSE, "the client's frame");
	same(
		Buffer.from(answer!.payload).toString("hex"),
		Buffer.from(closeBody(code)).toString("hex"),
		"its body",
	);
	// The connection has failed: not even this is answered (RFC 6455 7.1.7).
	peer.write(frame(PING, text("still there?")), frame(CLOSE, closeBody(1000)));
	peer.socket.end();
	same(await peer.end(), 0, "bytes after its Close");
}

function violationCase({ what, reason, code, bytes }: Violation): Case {
	return {
		name: `${what} is answered with Close ${code} (${reason}), after what came before was served`,
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(concatBytes(frame(TEXT, text("before")), bytes, frame(TEXT, text("after"))));
				const echo = await peer.frame();
				same(Buffer.from(echo?.payload ?? "").toString(), "before", "echo");
				await seesClose(peer, code);
			});
			failed(end, reason, code);
			same(end.messages, 1, "messages");
		},
	};
}

const DRIPPED = new Set([
	"reserved bits 4",
	"opcode 3",
	"a masked message",
	"a surrogate",
	"a Close with one byte",
]);

export const FRAMING_CASES: readonly Case[] = [
	...VIOLATIONS.map(violationCase),
	...VIOLATIONS.filter(({ what }) => DRIPPED.has(what)).map(({ what, reason, code, bytes }) => ({
		name: `${what} in single octets is answered with Close ${code}`,
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				await peer.drip(bytes, 1);
				await seesClose(peer, code);
			});
			failed(end, reason, code);
		},
	})),
	{
		name: "text is refused at its first wrong octet, before its frame and its message are whole (RFC 6455 8.1)",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				// κόσμε, then a code point above U+10FFFF: wrong with the second octet of it.
				peer.write(frame(TEXT, Buffer.from("κόσμε"), part));
				peer.write(frame(CONTINUATION, Uint8Array.of(0xf4), { length: 1_000, final: false }));
				await new Promise((resolve) => setTimeout(resolve, 200));
				expect(!peer.ended, "refused too early");
				peer.write(Uint8Array.of(0x90));
				await seesClose(peer, 1007);
			});
			failed(end, "utf8", 1007);
		},
	},
	{
		name: "a violation is answered at the first octet that shows it, not at the end of its frame",
		run: async () => {
			for (const bytes of [Uint8Array.of(0xc1), Uint8Array.of(0x83), Uint8Array.of(0x81, 0x81)]) {
				const end = await against(async (peer) => {
					await peer.upgrade();
					peer.write(bytes);
					await seesClose(peer, 1002);
				});
				same(end.status, 1, "status");
			}
		},
	},
	{
		name: "a server that goes on sending after our Close is left within seconds",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(3));
				const flood = new Uint8Array(65_536);
				while (!peer.ended && !peer.socket.destroyed) {
					peer.write(flood);
					await new Promise((resolve) => setTimeout(resolve, 5));
				}
			});
			failed(end, "opcode", 1002);
			expect(end.ms < 4_000, `${end.ms} ms`);
		},
	},
	{
		name: "pings are answered each with its payload, also between fragments, and pongs are ignored",
		run: async () => {
			const payload = Uint8Array.from({ length: 125 }, (_, index) => index);
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(
					frame(PONG, text("unasked")),
					frame(PING),
					frame(TEXT, text("ab"), part),
					frame(PING, payload),
				);
				peer.write(frame(CONTINUATION, text(""), part), frame(CONTINUATION, text("cd")));
				same((await peer.frame())?.payload.length, 0, "first pong");
				const second = await peer.frame();
				same(second?.opcode, PONG, "second frame");
				same(Buffer.from(second!.payload).equals(Buffer.from(payload)), true, "its payload");
				const echo = await peer.frame();
				same(`${echo?.opcode} ${Buffer.from(echo?.payload ?? "").toString()}`, `${TEXT} abcd`, "echo");
				peer.write(frame(CLOSE, closeBody(1000)));
				await peer.frame();
				peer.socket.end();
			});
			clean(end, 1000);
			same(end.messages, 1, "messages");
		},
	},
];
