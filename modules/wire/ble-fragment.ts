/**
 * Frames in packets of a radio connection (docs/BLE.md 2), both ways:
 *
 *    0 1 2 3 4 5 6 7
 *   +-+-+-+-+-+-+-+-+-------------------------------+---------------+
 *   |F|L| sequence  | total, 2 bytes, when F is set | payload, 1..  |
 *   +-+-+-+-+-+-+-+-+-------------------------------+---------------+
 *
 * A connection's packets count from 0, modulo 64, in each direction: one that is missing, doubled or out of place breaks the
 * connection, as does everything else that does not fit. The reader never throws and holds one frame at most.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";

const FIRST = 0x80;
const LAST = 0x40;
const SEQUENCE = 0x3f;
const HEADER_BYTES = 1;
const TOTAL_BYTES = 2;

/** Cuts frames into packets, each as large as the connection takes at that moment. */
export class Fragmenter {
	readonly #frames: Uint8Array[] = [];
	#queuedBytes = 0;
	/** Of the first frame. */
	#at = 0;
	#sequence = 0;

	/** Bytes that have yet to leave. */
	get queuedBytes(): number {
		return this.#queuedBytes - this.#at;
	}

	add(frame: Uint8Array): void {
		const { length } = frame;
		assert(length > 0 && length <= LIMITS.localFrameBytes, "a frame of the radio beyond the limit");
		this.#frames.push(frame);
		this.#queuedBytes += length;
	}

	/** The packet that leaves next; undefined: none. It stays the next one until `taken`. */
	next(maximumBytes: number): Uint8Array | undefined {
		assert(maximumBytes >= LIMITS.radioPacketMinBytes, "a packet too small for a fragment");
		const frame = this.#frames[0];
		if (frame === undefined) return undefined;
		const isFirst = this.#at === 0;
		const start = isFirst ? HEADER_BYTES + TOTAL_BYTES : HEADER_BYTES;
		const count = Math.min(frame.length - this.#at, maximumBytes - start);
		const packet = new Uint8Array(start + count);
		const isLast = this.#at + count === frame.length;
		packet[0] = (isFirst ? FIRST : 0) | (isLast ? LAST : 0) | this.#sequence;
		if (isFirst) {
			packet[1] = frame.length >>> 8;
			packet[2] = frame.length & 0xff;
		}
		packet.set(frame.subarray(this.#at, this.#at + count), start);
		return packet;
	}

	/** That packet has left. */
	taken(packet: Uint8Array): void {
		const header = packet[0]!;
		const isFirst = (header & FIRST) !== 0;
		this.#at += packet.length - HEADER_BYTES - (isFirst ? TOTAL_BYTES : 0);
		this.#sequence = (this.#sequence + 1) & SEQUENCE;
		if ((header & LAST) === 0) return;
		this.#queuedBytes -= this.#frames.shift()!.length;
		this.#at = 0;
	}
}

export type FragmentReason =
	| "length" // nothing in it, or more than a packet holds
	| "sequence" // not the next one
	| "first" // a frame begins inside another, or none has begun
	| "total" // of no bytes, or beyond the limit
	| "last" // the bytes and the end do not meet
	| "broken"; // an earlier one was refused

export class FragmentReader {
	#sequence = 0;
	#frame: Uint8Array | undefined;
	#at = 0;
	#broken = false;

	/** The frame that this packet completes, the caller's to keep; undefined: there is more of it. Refused: for good. */
	push(packet: Uint8Array): Result<Uint8Array | undefined, FragmentReason> {
		if (this.#broken) return refuse("broken");
		const reason = this.#refusal(packet);
		if (reason !== undefined) {
			this.#broken = true;
			this.#frame = undefined;
			return refuse(reason);
		}
		return accept(this.#take(packet));
	}

	#refusal(packet: Uint8Array): FragmentReason | undefined {
		const header = packet[0];
		if (header === undefined || packet.length > LIMITS.radioPacketBytes) return "length";
		if ((header & SEQUENCE) !== this.#sequence) return "sequence";
		const isFirst = (header & FIRST) !== 0;
		if (isFirst !== (this.#frame === undefined)) return "first";
		const payloadBytes = packet.length - HEADER_BYTES - (isFirst ? TOTAL_BYTES : 0);
		if (payloadBytes < 1) return "length";
		const total = isFirst ? (packet[1]! << 8) | packet[2]! : this.#frame!.length;
		if (total === 0 || total > LIMITS.localFrameBytes) return "total";
		const left = total - (isFirst ? 0 : this.#at) - payloadBytes;
		const isLast = (header & LAST) !== 0;
		return left < 0 || isLast !== (left === 0) ? "last" : undefined;
	}

	#take(packet: Uint8Array): Uint8Array | undefined {
		const isFirst = (packet[0]! & FIRST) !== 0;
		const payload = packet.subarray(HEADER_BYTES + (isFirst ? TOTAL_BYTES : 0));
		const frame = this.#frame ?? new Uint8Array((packet[1]! << 8) | packet[2]!);
		frame.set(payload, this.#at);
		this.#sequence = (this.#sequence + 1) & SEQUENCE;
		const isWhole = this.#at + payload.length === frame.length;
		this.#frame = isWhole ? undefined : frame;
		this.#at = isWhole ? 0 : this.#at + payload.length;
		return isWhole ? frame : undefined;
	}
}
