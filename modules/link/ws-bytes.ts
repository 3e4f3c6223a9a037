/**
 * The byte loops of a WebSocket in plain TypeScript: what a host without native ones gets, and what native ones are
 * held equal to. Masking works on words: byte by byte it would cost XS some 1,800 instructions an octet.
 */
import type { WsBytes } from "../platform/websocket.ts";
import { stepUtf8 } from "./ws-utf8.ts";

function mask(bytes: Uint8Array, from: number, key: Uint8Array): void {
	const end = bytes.length;
	let index = from;
	// The octets before the first aligned word.
	for (; index < end && ((bytes.byteOffset + index) & 3) !== 0; index++) {
		bytes[index] = bytes[index]! ^ key[(index - from) & 3]!;
	}
	const words = (end - index) >> 2;
	if (words > 0) {
		// The key turned to where the words begin; read through the same byte order as the data.
		const turned = new Uint8Array(4);
		for (let octet = 0; octet < 4; octet++) turned[octet] = key[(index - from + octet) & 3]!;
		const keyWord = new Uint32Array(turned.buffer)[0]!;
		const view = new Uint32Array(bytes.buffer, bytes.byteOffset + index, words);
		for (let word = 0; word < words; word++) view[word] = view[word]! ^ keyWord;
		index += words << 2;
	}
	for (; index < end; index++) bytes[index] = bytes[index]! ^ key[(index - from) & 3]!;
}

export const PLAIN_WS_BYTES: WsBytes = Object.freeze({ mask, utf8: stepUtf8 });
