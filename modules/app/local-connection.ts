/**
 * One connection of the local network (PROTOCOL 13): frames in and out, and which channels its phone has opened. It decides
 * nothing; what it cannot read, and who does not take what is sent, ends it. It reads a bounded number of pieces in
 * one turn of the event loop.
 */
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Listener } from "../platform/listener.ts";
import type { ByteStream } from "../platform/stream.ts";
import { type ChannelEnvelope, decodeChannelEnvelope, encodeEnvelope } from "../wire/envelope.ts";
import { encodeStreamFrame, StreamDeframer } from "../wire/stream-frame.ts";

export interface LocalConnectionHandlers {
	/** Of the channels that are open, or with an open envelope of one more. */
	onEnvelope(envelope: ChannelEnvelope): void;
	/** Once, whoever ended it; its channels are still in `channels`. */
	onEnded(reason: LocalEnd): void;
}

export type LocalEnd =
	| "closed" // by the other side
	| "done" // the lock closed its last channel
	| "frame" // what came is no frame
	| "envelope" // what came is no envelope of a channel
	| "channels" // more than LIMITS.localChannels
	| "queue" // the other side does not take what is sent
	| "idle" // nothing came for LIMITS.localIdleMs
	| "replaced" // a stranger's place was given to the next
	| "shut"; // the local network is over

export class LocalConnection {
	readonly acceptedAtMs: number;
	readonly #clock: Clock;
	readonly #handlers: LocalConnectionHandlers;
	readonly #deframer = new StreamDeframer();
	readonly #channels = new Set<number>();
	readonly #stream: ByteStream | undefined;
	#queue: Uint8Array = new Uint8Array(0);
	#turn: Timer | undefined;
	#idle: Timer;
	#ended = false;

	constructor(listener: Listener, clock: Clock, handlers: LocalConnectionHandlers) {
		this.#clock = clock;
		this.#handlers = handlers;
		this.acceptedAtMs = clock.monotonicMs();
		this.#idle = this.#countIdle();
		this.#stream = listener.accept({
			onReadable: () => this.#drainIn(),
			onWritable: () => this.#drainOut(),
			onClosed: () => this.end("closed"),
		});
		if (this.#stream === undefined) this.#idle.cancel();
	}

	/** False: nobody was waiting, and this is none. */
	get isMade(): boolean {
		return this.#stream !== undefined;
	}

	/** Numbers of the phone's choice, at most LIMITS.localChannels. */
	get channels(): ReadonlySet<number> {
		return this.#channels;
	}

	send(channel: number, frame: Uint8Array): void {
		if (this.#channels.has(channel)) this.#write(encodeEnvelope({ kind: "data", channel, frame }));
	}

	/** The lock is done with a channel. When it was the last one, who is left has no business here and gives up the place. */
	close(channel: number): void {
		if (!this.#channels.delete(channel)) return;
		this.#write(encodeEnvelope({ kind: "close", channel }));
		if (this.#channels.size === 0) this.end("done");
	}

	/** Idempotent. */
	end(reason: LocalEnd): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#turn?.cancel();
		this.#idle.cancel();
		this.#queue = new Uint8Array(0);
		this.#stream?.close();
		this.#handlers.onEnded(reason);
		this.#channels.clear();
	}

	#countIdle(): Timer {
		return this.#clock.after(LIMITS.localIdleMs, () => this.end("idle"));
	}

	#drainIn(): void {
		this.#turn?.cancel();
		this.#turn = undefined;
		for (let reads = 0; reads < LIMITS.localReadsPerTurn; reads++) {
			const bytes = this.#ended ? undefined : this.#stream?.read(LIMITS.localReadBytes);
			if (bytes === undefined) return;
			if (!this.#deframer.push(bytes, (frame) => this.#receive(frame))) return this.end("frame");
		}
		this.#turn = this.#clock.after(0, () => this.#drainIn());
	}

	#receive(frame: Uint8Array): void {
		if (this.#ended) return;
		const envelope = decodeChannelEnvelope(frame);
		// There is no noise on this line: who sends what cannot be read is none of ours, or broken.
		if (!envelope.ok) return this.end("envelope");
		const { kind, channel } = envelope.value;
		if (kind === "open" && !this.#channels.has(channel)) {
			if (this.#channels.size >= LIMITS.localChannels) return this.end("channels");
			this.#channels.add(channel);
		}
		if (!this.#channels.has(channel)) return;
		this.#idle.cancel();
		this.#idle = this.#countIdle();
		if (kind === "close") this.#channels.delete(channel);
		this.#handlers.onEnvelope(envelope.value);
	}

	#write(frame: Uint8Array): void {
		if (this.#ended) return;
		const bytes = encodeStreamFrame(frame);
		if (this.#queue.length + bytes.length > LIMITS.localQueueBytes) return this.end("queue");
		this.#queue = concatBytes(this.#queue, bytes);
		this.#drainOut();
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
