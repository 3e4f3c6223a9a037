/**
 * One connection of somebody who has come to the lock itself (PROTOCOL 13), over the local network or the radio: which channels
 * its phone has opened, and how long it may be silent. It decides nothing; what it cannot read ends it.
 */
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { type ChannelEnvelope, decodeChannelEnvelope, encodeEnvelope } from "../wire/envelope.ts";
import type { CarrierEnd, Door, FrameCarrier } from "./frame-carrier.ts";

export interface LocalConnectionHandlers {
	/** Of the channels that are open, or with an open envelope of one more. */
	onEnvelope(envelope: ChannelEnvelope): void;
	/** Once, whoever ended it; its channels are still in `channels`. */
	onEnded(reason: LocalEnd): void;
}

export type LocalEnd =
	| CarrierEnd
	| "done" // the lock closed its last channel
	| "envelope" // what came is no envelope of a channel
	| "channels" // more than LIMITS.localChannels
	| "idle" // nothing came for LIMITS.localIdleMs
	| "replaced" // a stranger's place was given to the next
	| "shut"; // the door is shut

export class LocalConnection {
	readonly acceptedAtMs: number;
	readonly #clock: Clock;
	readonly #handlers: LocalConnectionHandlers;
	readonly #channels = new Set<number>();
	readonly #carrier: FrameCarrier | undefined;
	#idle: Timer;
	#ended = false;

	constructor(door: Door, clock: Clock, handlers: LocalConnectionHandlers) {
		this.#clock = clock;
		this.#handlers = handlers;
		this.acceptedAtMs = clock.monotonicMs();
		this.#idle = this.#countIdle();
		this.#carrier = door.accept({
			onFrame: (frame) => this.#receive(frame),
			onEnded: (reason) => this.end(reason),
		});
		if (this.#carrier === undefined) this.#idle.cancel();
	}

	/** False: nobody was waiting, and this is none. */
	get isMade(): boolean {
		return this.#carrier !== undefined;
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
		this.#idle.cancel();
		this.#carrier?.close();
		this.#handlers.onEnded(reason);
		this.#channels.clear();
	}

	#countIdle(): Timer {
		return this.#clock.after(LIMITS.localIdleMs, () => this.end("idle"));
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
		if (!this.#ended) this.#carrier?.send(frame);
	}
}
