/**
 * Sec-WebSocket-Accept (RFC 6455 4.2.2 5.4): base64(SHA-1(key || GUID)). SHA-1 (RFC 3174) stands here for this one
 * use, where it proves that the peer read the request and nothing else; no secret and no signature ever meets it.
 */
import { assert } from "../base/assert.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
	let text = "";
	for (let index = 0; index < bytes.length; index += 3) {
		const left = bytes.length - index;
		const triple =
			(bytes[index]! << 16) | ((left > 1 ? bytes[index + 1]! : 0) << 8) | (left > 2 ? bytes[index + 2]! : 0);
		text += BASE64[triple >> 18]! + BASE64[(triple >> 12) & 63]!;
		text += left > 1 ? BASE64[(triple >> 6) & 63]! : "=";
		text += left > 2 ? BASE64[triple & 63]! : "=";
	}
	return text;
}

function rotate(word: number, bits: number): number {
	return (word << bits) | (word >>> (32 - bits));
}

/** RFC 3174 6.1, of at most 2^16 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
	assert(message.length <= 65_536, "sha1: one small message");
	// RFC 3174 4: a one bit, zeros, the length in bits.
	const padded = new Uint8Array((((message.length + 8) >> 6) << 6) + 64);
	padded.set(message);
	padded[message.length] = 0x80;
	const view = new DataView(padded.buffer);
	view.setUint32(padded.length - 4, message.length * 8);

	let [h0, h1, h2, h3, h4] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
	const words = new Int32Array(80);
	for (let block = 0; block < padded.length; block += 64) {
		for (let t = 0; t < 16; t++) words[t] = view.getInt32(block + 4 * t);
		for (let t = 16; t < 80; t++) {
			words[t] = rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
		}
		let [a, b, c, d, e] = [h0, h1, h2, h3, h4];
		for (let t = 0; t < 80; t++) {
			const [mixed, constant] =
				t < 20
					? [(b & c) | (~b & d), 0x5a827999]
					: t < 40
						? [b ^ c ^ d, 0x6ed9eba1]
						: t < 60
							? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
							: [b ^ c ^ d, 0xca62c1d6];
			const next = (rotate(a, 5) + mixed + e + words[t]! + constant) | 0;
			e = d;
			d = c;
			c = rotate(b, 30);
			b = a;
			a = next;
		}
		h0 = (h0 + a) | 0;
		h1 = (h1 + b) | 0;
		h2 = (h2 + c) | 0;
		h3 = (h3 + d) | 0;
		h4 = (h4 + e) | 0;
	}
	const digest = new Uint8Array(20);
	const out = new DataView(digest.buffer);
	[h0, h1, h2, h3, h4].forEach((word, index) => {
		out.setInt32(4 * index, word);
	});
	return digest;
}

/** What the server must answer to Sec-WebSocket-Key `key`: 28 characters. */
export function acceptFor(key: string): string {
	const text = key + GUID;
	const bytes = new Uint8Array(text.length);
	for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
	return toBase64(sha1(bytes));
}
