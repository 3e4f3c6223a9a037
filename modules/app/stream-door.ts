/**
 * The local network as a door (PROTOCOL 13): frames on streams. It reads a bounded number of pieces in one turn of the event
 * loop; what it cannot read, and who does not take what is sent, ends a carrier.
 */
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Listener } from "../platform/listener.ts";
import type { ByteStream } from "../platform/stream.ts";
import { encodeStreamFrame, StreamDeframer } from "../wire/stream-frame.ts";
import type { CarrierEnd, CarrierHandlers, Door, FrameCarrier } from "./frame-carrier.ts";

export class StreamDoor implements Door {
	readonly #listener: Listener;
	readonly #clock: Clock;

	constructor(listener: Listener, clock: Clock) {
		this.#listener = listener;
		this.#clock = clock;
	}

	onConnection(callback: () => void): void {
		this.#listener.onConnection(callback);
	}

	accept(handlers: CarrierHandlers): FrameCarrier | undefined {
		const carrier = new StreamCarrier(this.#listener, this.#clock, handlers);
		return carrier.isMade ? carrier : undefined;
	}

	close(): void {
		this.#listener.close();
	}
}

class StreamCarrier implements FrameCarrier {
	readonly #clock: Clock;
	readonly #handlers: CarrierHandlers;
	readonly #deframer = new StreamDeframer();
	readonly #stream: ByteStream | undefined;
	#queue: Uint8Array = new Uint8Array(0);
	#turn: Timer | undefined;
	#ended = false;

	constructor(listener: Listener, clock: Clock, handlers: CarrierHandlers) {
		this.#clock = clock;
		this.#handlers = handlers;
		this.#stream = listener.accept({
			onReadable: () => this.#drainIn(),
			onWritable: () => this.#drainOut(),
			onClosed: () => this.#end("closed"),
		});
	}

	/** False: nobody was waiting, and this is none. */
	get isMade(): boolean {
		return this.#stream !== undefined;
	}

	send(frame: Uint8Array): void {
		if (this.#ended) return;
		const bytes = encodeStreamFrame(frame);
		if (this.#queue.length + bytes.length > LIMITS.localQueueBytes) return this.#end("queue");
		this.#queue = concatBytes(this.#queue, bytes);
		this.#drainOut();
	}

	close(): void {
		this.#ended = true;
		this.#turn?.cancel();
		this.#queue = new Uint8Array(0);
		this.#stream?.close();
	}

	#end(reason: CarrierEnd): void {
		if (this.#ended) return;
		this.close();
		this.#handlers.onEnded(reason);
	}

	#drainIn(): void {
		this.#turn?.cancel();
		this.#turn = undefined;
		for (let reads = 0; reads < LIMITS.localReadsPerTurn; reads++) {
			const bytes = this.#ended ? undefined : this.#stream?.read(LIMITS.localReadBytes);
			if (bytes === undefined) return;
			if (!this.#deframer.push(bytes, (frame) => this.#receive(frame))) return this.#end("frame");
		}
		this.#turn = this.#clock.after(0, () => this.#drainIn());
	}

	#receive(frame: Uint8Array): void {
		if (!this.#ended) this.#handlers.onFrame(frame);
	}

	#drainOut(): void {
		while (!this.#ended && this.#queue.length > 0) {
			const taken = this.#stream?.write(this.#queue) ?? 0;
			if (taken === 0) return;
			assert(taken <= this.#queue.length, "a stream took more than there was");
			this.#queue = this.#queue.slice(taken);
		}
	}
}
