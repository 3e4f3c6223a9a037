/**
 * Frames on a stream that loses nothing (PROTOCOL 13): two bytes of length, most significant first, and so many bytes. What
 * has no length, or one beyond the limit, cannot be read on from: the stream is over.
 *
 * It takes bytes as they come, in pieces of any size; it never throws and holds one frame at most.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";

const LENGTH_BYTES = 2;

export function encodeStreamFrame(frame: Uint8Array): Uint8Array {
	const { length } = frame;
	assert(length > 0 && length <= LIMITS.localFrameBytes, "a frame of the local network beyond the limit");
	const bytes = new Uint8Array(LENGTH_BYTES + length);
	bytes[0] = length >>> 8;
	bytes[1] = length & 0xff;
	bytes.set(frame, LENGTH_BYTES);
	return bytes;
}

export class StreamDeframer {
	#length = 0;
	#lengthBytes = 0;
	#frame: Uint8Array | undefined;
	#at = 0;
	#broken = false;

	/**
	 * Calls deliver, in order, with each whole frame that bytes complete; the frame is deliver's to keep. False: the stream is
	 * broken, for good.
	 */
	push(bytes: Uint8Array, deliver: (frame: Uint8Array) => void): boolean {
		let index = 0;
		while (index < bytes.length && !this.#broken) {
			if (this.#frame === undefined) this.#readLength(bytes[index++]!);
			else index += this.#fill(this.#frame, bytes, index, deliver);
		}
		return !this.#broken;
	}

	#readLength(byte: number): void {
		this.#length = (this.#length << 8) | byte;
		if (++this.#lengthBytes < LENGTH_BYTES) return;
		if (this.#length === 0 || this.#length > LIMITS.localFrameBytes) this.#broken = true;
		else this.#frame = new Uint8Array(this.#length);
		this.#length = 0;
		this.#lengthBytes = 0;
	}

	#fill(frame: Uint8Array, bytes: Uint8Array, index: number, deliver: (frame: Uint8Array) => void): number {
		const taken = Math.min(frame.length - this.#at, bytes.length - index);
		frame.set(bytes.subarray(index, index + taken), this.#at);
		this.#at += taken;
		if (this.#at === frame.length) {
			this.#frame = undefined;
			this.#at = 0;
			deliver(frame);
		}
		return taken;
	}
}
