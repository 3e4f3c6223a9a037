/** The server's side of RFC 6455 for tests: builds frames, also wrong ones, and reads a client's frames. */
import { concatBytes } from "../../../modules/base/bytes.ts";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameOptions {
	readonly final?: boolean;
	/** 0 .. 7: RSV1 is 4. */
	readonly reserved?: number;
	readonly masked?: boolean;
	/** How many octets say the length: 0, 2 or 8 besides the second one. */
	readonly lengthBytes?: 0 | 2 | 8;
	/** What the header says, when it lies. */
	readonly length?: number;
}

export function frame(
	opcode: number,
	payload: Uint8Array = new Uint8Array(0),
	options: FrameOptions = {},
): Uint8Array {
	const length = options.length ?? payload.length;
	const lengthBytes = options.lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8);
	const header = new Uint8Array(2 + lengthBytes + (options.masked === true ? 4 : 0));
	header[0] = (options.final === false ? 0 : 0x80) | ((options.reserved ?? 0) << 4) | opcode;
	header[1] =
		(options.masked === true ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
	let left = length;
	for (let index = lengthBytes; index > 0; index--) {
		header[1 + index] = left % 256;
		left = Math.floor(left / 256);
	}
	return concatBytes(header, payload);
}

export function ascii(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length);
	for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
	return bytes;
}

export function closeBody(code: number, reason: Uint8Array = new Uint8Array(0)): Uint8Array {
	return concatBytes(Uint8Array.of(code >> 8, code & 0xff), reason);
}

export interface ClientFrame {
	readonly opcode: number;
	readonly final: boolean;
	readonly payload: Uint8Array;
}

/** The first of a client's frames in bytes, unmasked, and how long it was; undefined when it is not whole. */
export function readClientFrame(
	bytes: Uint8Array,
): { readonly frame: ClientFrame; readonly bytes: number } | undefined {
	if (bytes.length < 2) return undefined;
	if ((bytes[0]! & 0x70) !== 0) throw new Error("a client's frame has reserved bits");
	if ((bytes[1]! & 0x80) === 0) throw new Error("a client's frame is not masked");
	let at = 2;
	let length = bytes[1]! & 0x7f;
	if (length >= 126) {
		const count = length === 126 ? 2 : 8;
		if (bytes.length < 2 + count) return undefined;
		length = 0;
		for (; at < 2 + count; at++) length = length * 256 + bytes[at]!;
		if (length < (count === 2 ? 126 : 65536)) throw new Error("a client's length is not minimal");
	}
	if (bytes.length < at + 4 + length) return undefined;
	const key = bytes.subarray(at, at + 4);
	const payload = bytes.slice(at + 4, at + 4 + length);
	for (let index = 0; index < length; index++) payload[index] = payload[index]! ^ key[index & 3]!;
	return { frame: { opcode: bytes[0]! & 15, final: bytes[0]! >= 0x80, payload }, bytes: at + 4 + length };
}
