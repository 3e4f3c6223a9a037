/**
 * The service serial line (PROTOCOL 6): frames in and out, channels to the sessions of this transport, verbs to the
 * factory's. Whatever the line carries, it holds one frame in and a bounded number of bytes out, and reads a bounded
 * number of pieces in one turn of the event loop: a flood does not keep timers and pins waiting.
 */

import { concatBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { SerialPort } from "../platform/serial.ts";
import { decodeCborMap } from "../wire/cbor-decode.ts";
import { Deframer, encodeFrame } from "../wire/cobs.ts";
import {
	type ChannelEnvelope,
	decodeChannelEnvelope,
	encodeEnvelope,
	type FromLock,
} from "../wire/envelope.ts";
import { decodeLineRequest, isLineFrame, type LineRequest } from "../wire/line-verb.ts";

export interface SerialLineHandlers {
	onEnvelope(envelope: ChannelEnvelope): void;
	/** The encoded answer. */
	onVerb(request: LineRequest): Uint8Array;
	onDropped(reason: string): void;
}

export class SerialLine {
	readonly #port: SerialPort;
	readonly #clock: Clock;
	readonly #handlers: SerialLineHandlers;
	readonly #deframer = new Deframer();
	#queue: Uint8Array = new Uint8Array(0);
	#turn: Timer | undefined;

	constructor(port: SerialPort, clock: Clock, handlers: SerialLineHandlers) {
		this.#port = port;
		this.#clock = clock;
		this.#handlers = handlers;
		port.onReadable(() => this.#drainIn());
		port.onWritable(() => this.#drainOut());
	}

	send(envelope: FromLock): void {
		this.#write(encodeEnvelope(envelope));
	}

	#drainIn(): void {
		this.#turn?.cancel();
		this.#turn = undefined;
		for (let reads = 0; reads < LIMITS.serialReadsPerTurn; reads++) {
			const bytes = this.#port.read();
			if (bytes === undefined) return;
			const dropped = this.#deframer.counts.dropped;
			this.#deframer.push(bytes, (frame) => this.#receive(frame));
			if (this.#deframer.counts.dropped > dropped) this.#handlers.onDropped("frame");
		}
		this.#turn = this.#clock.after(0, () => this.#drainIn());
	}

	#receive(frame: Uint8Array): void {
		const map = decodeCborMap(frame);
		if (!map.ok) return this.#handlers.onDropped(`cbor-${map.reason}`);
		if (isLineFrame(map.value)) {
			const request = decodeLineRequest(map.value);
			if (!request.ok) return this.#handlers.onDropped("verb");
			return this.#write(this.#handlers.onVerb(request.value));
		}
		const envelope = decodeChannelEnvelope(frame);
		if (!envelope.ok) return this.#handlers.onDropped(`envelope-${envelope.reason}`);
		this.#handlers.onEnvelope(envelope.value);
	}

	#write(frame: Uint8Array): void {
		const bytes = encodeFrame(frame);
		if (this.#queue.length + bytes.length > LIMITS.serialQueueBytes) {
			return this.#handlers.onDropped("queue");
		}
		this.#queue = concatBytes(this.#queue, bytes);
		this.#drainOut();
	}

	#drainOut(): void {
		while (this.#queue.length > 0) {
			const taken = this.#port.write(this.#queue);
			if (taken === 0) return;
			this.#queue = this.#queue.slice(taken);
		}
	}
}
