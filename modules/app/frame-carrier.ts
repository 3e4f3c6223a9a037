/**
 * What carries the frames of somebody who has come to the lock itself, whole and in order, and the door that they come
 * through: the local network's streams, or the packets of the radio. Neither knows what a frame means.
 */
export type CarrierEnd =
	| "closed" // by the other side
	| "frame" // what came is no frame
	| "queue"; // the other side does not take what is sent

export interface CarrierHandlers {
	onFrame(frame: Uint8Array): void;
	/** At most once, and not after `close`. */
	onEnded(end: CarrierEnd): void;
}

export interface FrameCarrier {
	/** 1 .. LIMITS.localFrameBytes bytes; LIMITS.localQueueBytes may wait to leave. */
	send(frame: Uint8Array): void;
	/** Idempotent. No handler runs after it. */
	close(): void;
}

export interface Door {
	/** Calls back from the event loop when somebody waits; again only after `accept` found none. One callback. */
	onConnection(callback: () => void): void;
	/** Who has waited longest; undefined: nobody. No handler runs from inside the call. */
	accept(handlers: CarrierHandlers): FrameCarrier | undefined;
	/** Takes nobody any more. Idempotent. */
	close(): void;
}
