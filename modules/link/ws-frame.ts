/**
 * Frames of RFC 6455 5.2: their numbers, the client's encoder and the decoder of what a server sends.
 *
 * The decoder takes bytes in any pieces and hands payloads on as they come, as views into its input: it allocates
 * nothing for data frames, so a size is judged before anyone makes room for it. It refuses at the first octet that is
 * wrong: reserved bits and opcodes, masked frames, lengths not in their shortest form, long or fragmented control
 * frames, fragments out of order, messages above the bound. After a violation it is not used again.
 */
import { assert } from "../base/assert.ts";
import type { WsBytes } from "../platform/websocket.ts";

export const OPCODE_CONTINUATION = 0;
export const OPCODE_TEXT = 1;
export const OPCODE_BINARY = 2;
export const OPCODE_CLOSE = 8;
export const OPCODE_PING = 9;
export const OPCODE_PONG = 10;

/** RFC 6455 5.5. */
export const CONTROL_BYTES_MAX = 125;

export type WsType = "text" | "binary";
export type WsControlOpcode = typeof OPCODE_CLOSE | typeof OPCODE_PING | typeof OPCODE_PONG;

export type WsFrameFault =
	| "reserved-bits" // 5.2: RSV1 to RSV3 without an extension
	| "opcode" // 5.2: 3 to 7 and B to F
	| "control-fragmented" // 5.5
	| "control-length" // 5.5
	| "masked" // 5.1: a server never masks
	| "length-form" // 5.2: not the minimal number of bytes
	| "length-range" // 5.2: the most significant bit of 64 is set
	| "continuation" // 5.4: nothing to continue
	| "interleaved" // 5.4: a new message inside another
	| "frame-size" // one frame is above our bound (10.4)
	| "too-big"; // the message is above our bound (10.4)

/** A place in the input that the decoder moves on. */
export interface WsInput {
	readonly bytes: Uint8Array;
	offset: number;
}

export type WsPart =
	| {
			readonly kind: "data";
			readonly type: WsType;
			/** A view into the input; empty for an empty frame. */
			readonly bytes: Uint8Array;
			/** First of a message; first of a frame, with that frame's length; last of the message. */
			readonly begins: boolean;
			readonly frameBegins: boolean;
			readonly frameBytes: number;
			readonly final: boolean;
			readonly ends: boolean;
	  }
	| { readonly kind: "control"; readonly opcode: WsControlOpcode; readonly payload: Uint8Array }
	| { readonly kind: "violation"; readonly fault: WsFrameFault };

export class WsDecoder {
	readonly #maxMessageBytes: number;
	/** The header as far as it has come: 2, 4 or 10 octets in all. */
	readonly #header = new Uint8Array(10);
	#headerBytes = 0;
	#headerNeeded = 2;

	/** The frame whose payload is coming. */
	#inPayload = false;
	#final = false;
	#opcode = 0;
	#frameBytes = 0;
	#frameLeft = 0;
	#frameBegins = false;
	#control: Uint8Array | undefined;

	/** The message whose fragments are coming. */
	#type: WsType | undefined;
	#begins = false;
	#messageBytes = 0;

	constructor(maxMessageBytes: number) {
		this.#maxMessageBytes = maxMessageBytes;
	}

	/** Undefined when the input is used up. */
	next(input: WsInput): WsPart | undefined {
		while (!this.#inPayload) {
			const octet = input.bytes[input.offset];
			if (octet === undefined) return undefined;
			input.offset++;
			const fault = this.#takeHeader(octet);
			if (fault !== undefined) return { kind: "violation", fault };
		}
		return this.#control === undefined ? this.#takeData(input) : this.#takeControl(input, this.#control);
	}

	#takeHeader(octet: number): WsFrameFault | undefined {
		this.#header[this.#headerBytes++] = octet;
		if (this.#headerBytes === 1) return this.#judgeFirst(octet);
		if (this.#headerBytes === 2) {
			if ((octet & 0x80) !== 0) return "masked";
			if (this.#opcode >= OPCODE_CLOSE && octet > CONTROL_BYTES_MAX) return "control-length";
			this.#headerNeeded = octet < 126 ? 2 : octet === 126 ? 4 : 10;
		}
		if (this.#headerBytes === 3 && this.#headerNeeded === 10 && (octet & 0x80) !== 0) return "length-range";
		if (this.#headerBytes < this.#headerNeeded) return undefined;
		return this.#beginPayload();
	}

	#judgeFirst(octet: number): WsFrameFault | undefined {
		this.#final = (octet & 0x80) !== 0;
		this.#opcode = octet & 0x0f;
		if ((octet & 0x70) !== 0) return "reserved-bits";
		if (this.#opcode > OPCODE_PONG || (this.#opcode > OPCODE_BINARY && this.#opcode < OPCODE_CLOSE))
			return "opcode";
		if (this.#opcode >= OPCODE_CLOSE) return this.#final ? undefined : "control-fragmented";
		if (this.#opcode === OPCODE_CONTINUATION) return this.#type === undefined ? "continuation" : undefined;
		return this.#type === undefined ? undefined : "interleaved";
	}

	#beginPayload(): WsFrameFault | undefined {
		const header = this.#header;
		let length = header[1]!;
		if (this.#headerNeeded === 4) {
			length = (header[2]! << 8) | header[3]!;
			if (length < 126) return "length-form";
		} else if (this.#headerNeeded === 10) {
			length = 0;
			for (let index = 2; index < 10; index++) length = length * 256 + header[index]!;
			if (length < 65_536) return "length-form";
		}
		if (this.#opcode >= OPCODE_CLOSE) {
			this.#control = new Uint8Array(length);
		} else {
			if (this.#opcode !== OPCODE_CONTINUATION) {
				this.#type = this.#opcode === OPCODE_TEXT ? "text" : "binary";
				this.#begins = true;
				this.#messageBytes = 0;
			}
			// Beyond 2^53 the sum loses its last digits, never its size.
			this.#messageBytes += length;
			if (this.#messageBytes > this.#maxMessageBytes) return "too-big";
		}
		this.#frameBytes = length;
		this.#frameLeft = length;
		this.#frameBegins = true;
		this.#inPayload = true;
		this.#headerBytes = 0;
		this.#headerNeeded = 2;
		return undefined;
	}

	/** As much of the payload as has come; undefined when some is due and none is there. */
	#take(input: WsInput): Uint8Array | undefined {
		const there = input.bytes.length - input.offset;
		if (this.#frameLeft > 0 && there === 0) return undefined;
		const taken = input.bytes.subarray(input.offset, input.offset + Math.min(there, this.#frameLeft));
		input.offset += taken.length;
		this.#frameLeft -= taken.length;
		if (this.#frameLeft === 0) this.#inPayload = false;
		return taken;
	}

	#takeControl(input: WsInput, payload: Uint8Array): WsPart | undefined {
		const at = payload.length - this.#frameLeft;
		const bytes = this.#take(input);
		if (bytes === undefined) return undefined;
		payload.set(bytes, at);
		if (this.#inPayload) return undefined;
		this.#control = undefined;
		return { kind: "control", opcode: this.#opcode as WsControlOpcode, payload };
	}

	#takeData(input: WsInput): WsPart | undefined {
		const bytes = this.#take(input);
		if (bytes === undefined) return undefined;
		const type = this.#type;
		assert(type !== undefined, "a data frame belongs to a message");
		const ends = this.#final && !this.#inPayload;
		const part: WsPart = {
			kind: "data",
			type,
			bytes,
			begins: this.#begins,
			frameBegins: this.#frameBegins,
			frameBytes: this.#frameBytes,
			final: this.#final,
			ends,
		};
		this.#begins = false;
		this.#frameBegins = false;
		if (ends) this.#type = undefined;
		return part;
	}
}

/** Space in front of a payload: the longest client header is 14 octets, two more keep the payload aligned. */
const HEADER_SPACE = 16;

/** One whole masked frame (RFC 6455 5.3); key is 4 fresh octets of the CSPRNG. */
export function encodeFrame(
	opcode: number,
	payload: Uint8Array,
	key: Uint8Array,
	bytes: WsBytes,
): Uint8Array {
	assert(key.length === 4, "a masking key has four octets");
	const length = payload.length;
	const frame = new Uint8Array(HEADER_SPACE + length);
	frame.set(payload, HEADER_SPACE);
	frame.set(key, HEADER_SPACE - 4);
	bytes.mask(frame, HEADER_SPACE, key);
	let start = HEADER_SPACE - 6;
	if (length < 126) {
		frame[start + 1] = 0x80 | length;
	} else if (length < 65_536) {
		start -= 2;
		frame[start + 1] = 0x80 | 126;
		frame[start + 2] = length >> 8;
		frame[start + 3] = length & 0xff;
	} else {
		start -= 8;
		frame[start + 1] = 0x80 | 127;
		new DataView(frame.buffer).setUint32(start + 6, length);
	}
	frame[start] = 0x80 | opcode;
	return frame.subarray(start);
}
