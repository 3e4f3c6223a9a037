/** Rows for modules/link: the WebSocket's handshake and frames. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { acceptFor } from "../../../modules/link/ws-accept.ts";
import { PLAIN_WS_BYTES } from "../../../modules/link/ws-bytes.ts";
import { decodeClose, encodeClose } from "../../../modules/link/ws-close.ts";
import { WsDecoder } from "../../../modules/link/ws-frame.ts";
import { WsHandshakeReader } from "../../../modules/link/ws-handshake.ts";
import { WsReader } from "../../../modules/link/ws-reader.ts";
import { HttpHeadReader } from "../../../modules/link/ws-response.ts";
import type { Random } from "../../harness/random.ts";
import { ascii, frame } from "../../unit/link/server-frames.ts";
import { again, type Decoder, decoder, describing } from "./decoder.ts";

const MESSAGE_MAX = 300;
const HEAD_MAX = 400;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const STEPS_MAX = 20000;

function response(random: Random): Uint8Array {
	const more = random.boolean() ? "" : `X-${random.below(100)}: ${"v".repeat(random.below(60))}\r\n`;
	return ascii(
		`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${more}Sec-WebSocket-Accept: ${acceptFor(KEY)}\r\n\r\n`,
	);
}

function frames(random: Random): Uint8Array {
	const text = encodeUtf8(random.text(30));
	const cut = random.below(text.length + 1);
	return concatBytes(
		frame(1, text.subarray(0, cut), { final: false }),
		frame(9, random.bytes(random.below(126))),
		frame(0, text.subarray(cut)),
		frame(2, random.bytes(random.below(MESSAGE_MAX))),
	);
}

/** Every part that a reader hands out until its input is used up; undefined once one is a fault. */
function partsOf<Part>(
	bytes: Uint8Array,
	next: (input: { readonly bytes: Uint8Array; offset: number }) => Part | undefined,
	isFault: (part: Part) => boolean,
): readonly Part[] | undefined {
	const input = { bytes, offset: 0 };
	const parts: Part[] = [];
	for (let part = next(input); part !== undefined; part = next(input)) {
		if (isFault(part)) return undefined;
		parts.push(part);
		if (parts.length > STEPS_MAX) throw new Error("a reader that does not end");
	}
	return parts;
}

export const LINK_ROWS: readonly Decoder[] = Object.freeze([
	decoder("link/ws-close.ts", "decodeClose", {
		valid: (random) => encodeClose(random.pick([1000, 1001, 1008, 3000, 4999]), random.text(20)),
		decode(bytes) {
			const body = decodeClose(bytes);
			return typeof body === "string" ? undefined : () => encodeClose(body.code, decodeUtf8(body.reason));
		},
		views: "the reason is a view of the payload, which nobody else keeps",
	}),
	decoder("link/ws-frame.ts", "WsDecoder", {
		valid: frames,
		decode(bytes) {
			const reader = new WsDecoder(MESSAGE_MAX, MESSAGE_MAX);
			return again(
				partsOf(
					bytes,
					(input) => reader.next(input),
					(part) => part.kind === "violation",
				),
				describing,
			);
		},
		describes: true,
		views: "payloads are handed on as views into the input",
	}),
	decoder("link/ws-reader.ts", "WsReader", {
		valid: frames,
		decode(bytes) {
			const reader = new WsReader({
				maxFrameBytes: MESSAGE_MAX,
				maxMessageBytes: MESSAGE_MAX,
				textAllowed: true,
				bytes: PLAIN_WS_BYTES,
			});
			const parts = partsOf(
				bytes,
				(input) => reader.next(input),
				(part) => part.kind === "violation",
			);
			for (const part of parts ?? []) {
				if (part.kind === "message" && part.bytes.length > MESSAGE_MAX)
					throw new Error("a message above the bound");
			}
			return again(parts, describing);
		},
		describes: true,
	}),
	decoder("link/ws-response.ts", "HttpHeadReader", {
		valid: response,
		decode(bytes) {
			const reader = new HttpHeadReader(HEAD_MAX);
			return again(
				partsOf(
					bytes,
					(input) => reader.next(input),
					(part) => part.kind === "fault",
				),
				describing,
			);
		},
		describes: true,
	}),
	decoder("link/ws-handshake.ts", "WsHandshakeReader", {
		valid: response,
		decode(bytes) {
			const request = { host: "h", resource: "/", subprotocols: [], subprotocolRequired: false, key: KEY };
			const answer = new WsHandshakeReader(request, HEAD_MAX).next({ bytes, offset: 0 });
			return answer?.kind === "accepted" ? () => describing(answer) : undefined;
		},
		describes: true,
	}),
]);
