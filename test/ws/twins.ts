/**
 * The legal twins of the hostile servers: each does what looks like a fault and is none. Every one must be accepted,
 * every message echoed, every ping answered, the end clean.
 */
import { concatBytes, toHex } from "../../modules/base/bytes.ts";
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
import { against, type Case, clean, same } from "./cases.ts";
import { acceptOf, goodHead, type RawPeer } from "./raw-server.ts";

/** Opcode and payload of a frame that the client must send. */
type Answer = readonly [number, Uint8Array];

export interface Twin {
	readonly what: string;
	/** The answer to the upgrade; a good one when it is absent. */
	readonly head?: (request: string) => string;
	readonly subprotocol?: string;
	readonly agreed?: string;
	readonly max?: number;
	/** What the server sends, and what must come of it. */
	readonly bytes?: Uint8Array;
	readonly answers?: readonly Answer[];
	readonly messages?: number;
	/** How the bytes leave: at once behind the head, or octet by octet. */
	readonly drip?: true;
	/** Ends instead of a Close with code 1000. */
	readonly end?: (peer: RawPeer) => Promise<void>;
	readonly code?: number;
}

const part: FrameOptions = { final: false };
const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

function head(what: string, say: (request: string) => string, more: Partial<Twin> = {}): Twin {
	return { what, head: say, ...more };
}

function instead(what: string, from: RegExp, to: string): Twin {
	return head(what, (request) => {
		const good = goodHead(request);
		const other = good.replace(from, to.replace("ACCEPT", acceptOf(request)));
		if (other === good) throw new Error(`${what}: nothing replaced`);
		return other;
	});
}

function adds(what: string, ...lines: readonly string[]): Twin {
	return head(what, (request) => goodHead(request, ...lines));
}

/** Frames, and the echo of the one message that they are. */
function message(what: string, opcode: number, payload: Uint8Array, ...frames: Uint8Array[]): Twin {
	const bytes = frames.length === 0 ? frame(opcode, payload) : concatBytes(...frames);
	return { what, bytes, answers: [[opcode, payload]], messages: 1 };
}

function text(what: string, value: string): Twin {
	return message(what, TEXT, utf8(value));
}

/** One character cut between two fragments at every place. */
function cutCharacters(): Twin[] {
	return ["é", "€", "𐍈", "🔑"].flatMap((character) => {
		const bytes = utf8(character);
		return Array.from({ length: bytes.length - 1 }, (_unused, index) =>
			message(
				`${character} cut between fragments behind ${index + 1} octets`,
				TEXT,
				bytes,
				frame(TEXT, bytes.subarray(0, index + 1), part),
				frame(CONTINUATION, bytes.subarray(index + 1)),
			),
		);
	});
}

const octets = Uint8Array.from({ length: 256 }, (_unused, index) => index);
const answerClose = async (peer: RawPeer, body: Uint8Array): Promise<void> => {
	peer.write(frame(CLOSE, body));
	const answer = await peer.frame();
	same(answer?.opcode, CLOSE, "opcode of the answer");
	same(toHex(answer!.payload), toHex(body.subarray(0, 2)), "its code");
};

export const TWINS: readonly Twin[] = [
	instead("an empty reason phrase", /101 Switching Protocols/, "101 "),
	instead("a reason phrase of another kind", /Switching Protocols/, "<html>302 HTTP/1.1"),
	head("an interim response", (request) => `HTTP/1.1 100 Continue\r\n\r\n${goodHead(request)}`),
	head(
		"two interim responses with headers",
		(request) =>
			`HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${goodHead(request)}`,
	),
	head("header names in upper case", (request) =>
		goodHead(request).replace(/^[\w-]+(?=:)/gm, (name) => name.toUpperCase()),
	),
	head("header names in lower case", (request) =>
		goodHead(request).replace(/^[\w-]+(?=:)/gm, (name) => name.toLowerCase()),
	),
	instead("an Upgrade in mixed case", /Upgrade: websocket/, "Upgrade: WebSocket"),
	instead("a Connection in mixed case", /Connection: Upgrade/, "Connection: uPGRADE"),
	instead("a Connection that lists more", /Connection: Upgrade/, "Connection: keep-alive, Upgrade"),
	instead("a Connection given twice", /Connection: Upgrade/, "Connection: close\r\nConnection: Upgrade"),
	instead("a Connection with empty elements", /Connection: Upgrade/, "Connection: , ,Upgrade,"),
	instead("no space behind a colon", /Upgrade: websocket/, "Upgrade:websocket"),
	instead("tabs and spaces around a value", /Accept: .*(?=\r)/, "Accept:\t  ACCEPT \t"),
	head("the headers in another order", (request) => {
		const [first, ...lines] = goodHead(request).trimEnd().split("\r\n");
		return `${[first, ...lines.reverse()].join("\r\n")}\r\n\r\n`;
	}),
	adds("a header without a value", "X-Empty:"),
	adds("octets above 127 in a header", "X-Text: \xe4\xf6\xff"),
	adds("colons, commas and quotes in a header", 'X-Text: a:b, "c;d"'),
	adds("a header twice that is not ours", "Set-Cookie: a", "Set-Cookie: b"),
	adds("a version in the answer", "Sec-WebSocket-Version: 13"),
	adds("a header whose name only contains ours", "X-Sec-WebSocket-Extensions: x", "X-Upgrade: h2c"),
	adds("fifty headers", ...Array.from({ length: 50 }, (_unused, index) => `X-${index}: ${index}`)),
	head("a head of exactly 4,096 bytes", (request) => {
		const room = 4_096 - goodHead(request, "X: ").length;
		return goodHead(request, `X: ${"x".repeat(room)}`);
	}),
	head("the subprotocol that was offered", (request) => goodHead(request, "Sec-WebSocket-Protocol: a"), {
		subprotocol: "a",
		agreed: "a",
	}),
	head("no subprotocol where one was offered", (request) => goodHead(request), { subprotocol: "a" }),
	{ what: "a head octet by octet", head: (request) => goodHead(request), drip: true },
	{ ...message("frames octet by octet", TEXT, utf8("grün")), drip: true },
	message("an empty text", TEXT, utf8("")),
	message("an empty binary message", BINARY, utf8("")),
	message("text of 125 octets", TEXT, utf8("x".repeat(125))),
	message("text of 126 octets", TEXT, utf8("x".repeat(126))),
	message("binary of 65,535 octets", BINARY, new Uint8Array(65_535).fill(0xee)),
	message("binary of 65,536 octets", BINARY, new Uint8Array(65_536).fill(0xdd)),
	message("binary of every octet", BINARY, octets),
	message("binary that is no text", BINARY, Uint8Array.of(0xff, 0xfe, 0xc0)),
	message(
		"an empty first fragment",
		TEXT,
		utf8("ab"),
		frame(TEXT, utf8(""), part),
		frame(CONTINUATION, utf8("ab")),
	),
	message("an empty last fragment", TEXT, utf8("ab"), frame(TEXT, utf8("ab"), part), frame(CONTINUATION)),
	message(
		"an empty fragment in the middle",
		BINARY,
		utf8("ab"),
		frame(BINARY, utf8("a"), part),
		frame(CONTINUATION, utf8(""), part),
		frame(CONTINUATION, utf8("b")),
	),
	message(
		"a message in fragments of one octet",
		BINARY,
		octets,
		...[...octets].map((octet, index) =>
			frame(index === 0 ? BINARY : CONTINUATION, Uint8Array.of(octet), { final: index === 255 }),
		),
	),
	...cutCharacters(),
	text("the last code point", "\u{10ffff}"),
	text("the last one before the surrogates and the first behind them", "\ud7ff\ue000"),
	text("code points that are no characters", "\uffff\ufffe\ufdd0"),
	text("a byte order mark", "\ufeffx"),
	text("a NUL and other control characters", "\0\x01\x7f"),
	{
		what: "two messages in one segment",
		bytes: concatBytes(frame(TEXT, utf8("a")), frame(BINARY, utf8("b"))),
		answers: [
			[TEXT, utf8("a")],
			[BINARY, utf8("b")],
		],
		messages: 2,
	},
	{ what: "a ping without payload", bytes: frame(PING), answers: [[PONG, utf8("")]] },
	{
		what: "a ping of 125 octets",
		bytes: frame(PING, octets.subarray(0, 125)),
		answers: [[PONG, octets.subarray(0, 125)]],
	},
	{
		what: "a ping between fragments",
		bytes: concatBytes(frame(TEXT, utf8("a"), part), frame(PING, utf8("p")), frame(CONTINUATION, utf8("b"))),
		answers: [
			[PONG, utf8("p")],
			[TEXT, utf8("ab")],
		],
		messages: 1,
	},
	{
		what: "a ping inside a character",
		bytes: concatBytes(
			frame(TEXT, Uint8Array.of(0xe2, 0x82), part),
			frame(PING, utf8("p")),
			frame(CONTINUATION, Uint8Array.of(0xac)),
		),
		answers: [
			[PONG, utf8("p")],
			[TEXT, utf8("€")],
		],
		messages: 1,
	},
	{ what: "a pong that nobody asked for", bytes: frame(PONG, octets.subarray(0, 125)) },
	{
		what: "a pong between fragments",
		bytes: concatBytes(frame(TEXT, utf8("a"), part), frame(PONG), frame(CONTINUATION, utf8("b"))),
		answers: [[TEXT, utf8("ab")]],
		messages: 1,
	},
	{
		what: "a thousand pongs that nobody asked for",
		bytes: concatBytes(...Array.from({ length: 1_000 }, () => frame(PONG, utf8("x")))),
	},
	{
		...message("a message of exactly the bound", BINARY, new Uint8Array(1_000).fill(7)),
		max: 1_000,
	},
	{
		...message(
			"fragments of exactly the bound",
			BINARY,
			new Uint8Array(1_000).fill(7),
			frame(BINARY, new Uint8Array(999).fill(7), part),
			frame(CONTINUATION, new Uint8Array(1).fill(7)),
		),
		max: 1_000,
	},
	...[1000, 1001, 1007, 1011, 1012, 3000, 4999].map((code) => ({
		what: `a Close of code ${code} with a reason`,
		end: (peer: RawPeer) => answerClose(peer, closeBody(code, utf8("Grund"))),
		code,
	})),
	{
		what: "a Close with the longest reason",
		end: (peer) => answerClose(peer, closeBody(1000, utf8("x".repeat(123)))),
	},
	{
		what: "a Close whose reason has all lengths of characters",
		end: (peer) => answerClose(peer, closeBody(1000, utf8("xé€🔑"))),
	},
	{ what: "a Close without a body", end: (peer) => answerClose(peer, utf8("")), code: 1005 },
	{
		what: "a Close inside a message",
		bytes: frame(TEXT, utf8("never whole"), part),
		end: (peer) => answerClose(peer, closeBody(1000)),
	},
	{
		what: "a Close octet by octet",
		end: async (peer) => {
			await peer.drip(frame(CLOSE, closeBody(1000, utf8("ö"))), 1);
			same((await peer.frame())?.opcode, CLOSE, "answer");
		},
	},
	{
		what: "a Close together with the end of its half",
		end: async (peer) => {
			peer.socket.end(frame(CLOSE, closeBody(1000)));
			same((await peer.frame())?.opcode, CLOSE, "answer");
		},
	},
	{
		what: "a reset behind both Closes",
		end: async (peer) => {
			await answerClose(peer, closeBody(1000));
			peer.socket.resetAndDestroy();
		},
	},
	{
		what: "a server that takes a second to end",
		end: async (peer) => {
			await answerClose(peer, closeBody(1000));
			await new Promise((resolve) => setTimeout(resolve, 1_000));
		},
	},
];

export const TWIN_CASES: readonly Case[] = TWINS.map((twin) => ({
	name: `legal twin: ${twin.what}`,
	run: async () => {
		const { subprotocol, max } = twin;
		const end = await against(
			async (peer) => {
				const request = await peer.request();
				const said = Buffer.concat([
					Buffer.from((twin.head ?? goodHead)(request), "latin1"),
					twin.bytes ?? new Uint8Array(0),
				]);
				if (twin.drip === true) await peer.drip(said);
				else peer.write(said);
				for (const [opcode, payload] of twin.answers ?? []) {
					const answer = await peer.frame();
					same(answer?.opcode, opcode, "opcode of the answer");
					same(toHex(answer!.payload), toHex(payload), "its payload");
				}
				if (twin.end === undefined) await answerClose(peer, closeBody(1000));
				else await twin.end(peer);
				peer.socket.end();
				same(await peer.end(), 0, "bytes after the Close");
			},
			{
				...(subprotocol === undefined ? {} : { subprotocol }),
				...(max === undefined ? {} : { max }),
			},
		);
		clean(end, twin.code ?? 1000);
		same(end.messages, twin.messages ?? 0, "messages");
		same(end.subprotocol, twin.agreed, "subprotocol");
	},
}));
