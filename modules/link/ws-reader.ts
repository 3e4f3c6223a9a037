/**
 * What a server sends, as whole messages and control frames: puts fragments together (RFC 6455 5.4) and checks text
 * as it comes (RFC 6455 8.1). Room is made only for what the decoder let pass, at most the message bound; a message
 * in one frame gets exactly its size, a fragmented one grows by doubling.
 */
import { assert } from "../base/assert.ts";
import type { WsBytes } from "../platform/websocket.ts";
import {
	type WsControlOpcode,
	WsDecoder,
	type WsFrameFault,
	type WsInput,
	type WsPart,
	type WsType,
} from "./ws-frame.ts";
import { UTF8_INVALID, UTF8_START } from "./ws-utf8.ts";

const FIRST_ROOM_BYTES = 256;

export type WsReadFault = WsFrameFault | "utf8" | "text";

export type WsRead =
	| { readonly kind: "message"; readonly type: WsType; readonly bytes: Uint8Array }
	| { readonly kind: "control"; readonly opcode: WsControlOpcode; readonly payload: Uint8Array }
	| { readonly kind: "violation"; readonly fault: WsReadFault };

export interface WsReaderOptions {
	/** Of one frame, and of all fragments of a message together. */
	readonly maxFrameBytes: number;
	readonly maxMessageBytes: number;
	/** False refuses text messages at their first frame (RFC 6455 7.4.1, 1003). */
	readonly textAllowed: boolean;
	readonly bytes: WsBytes;
}

export class WsReader {
	readonly #options: WsReaderOptions;
	readonly #decoder: WsDecoder;
	#room = new Uint8Array(0);
	#filled = 0;
	#utf8 = UTF8_START;
	#discarding = false;

	constructor(options: WsReaderOptions) {
		this.#options = options;
		this.#decoder = new WsDecoder(options.maxFrameBytes, options.maxMessageBytes);
	}

	/** From now on messages are checked but neither kept nor handed out: our Close frame has been sent. */
	discard(): void {
		this.#discarding = true;
		this.#room = new Uint8Array(0);
	}

	/** Undefined when the input is used up. */
	next(input: WsInput): WsRead | undefined {
		for (;;) {
			const part = this.#decoder.next(input);
			if (part === undefined || part.kind !== "data") return part;
			const read = this.#takeData(part);
			if (read !== undefined) return read;
		}
	}

	#takeData(part: WsPart & { kind: "data" }): WsRead | undefined {
		const text = part.type === "text";
		if (part.begins) {
			if (text && !this.#options.textAllowed) return { kind: "violation", fault: "text" };
			this.#filled = 0;
			this.#utf8 = UTF8_START;
		}
		if (text) {
			this.#utf8 = this.#options.bytes.utf8(this.#utf8, part.bytes);
			const cut = part.ends && this.#utf8 !== UTF8_START;
			if (cut || this.#utf8 === UTF8_INVALID) return { kind: "violation", fault: "utf8" };
		}
		if (this.#discarding) return undefined;
		if (part.frameBegins) this.#makeRoom(this.#filled + part.frameBytes, part.begins && part.final);
		this.#room.set(part.bytes, this.#filled);
		this.#filled += part.bytes.length;
		if (!part.ends) return undefined;
		const bytes = this.#room.subarray(0, this.#filled);
		this.#room = new Uint8Array(0);
		return { kind: "message", type: part.type, bytes };
	}

	#makeRoom(needed: number, exactly: boolean): void {
		const { maxMessageBytes } = this.#options;
		assert(needed <= maxMessageBytes, "the decoder bounds a message");
		if (needed <= this.#room.length) return;
		let size = Math.max(FIRST_ROOM_BYTES, this.#room.length);
		while (size < needed) size *= 2;
		const grown = new Uint8Array(exactly ? needed : Math.min(size, maxMessageBytes));
		grown.set(this.#room.subarray(0, this.#filled));
		this.#room = grown;
	}
}
