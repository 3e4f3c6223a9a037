/**
 * What carries frames between a phone and one channel of a lock: the relay's WebSocket, a serial line, in tests
 * a pair in memory. It keeps frames whole and in order and knows nothing of their content.
 */
export interface ChannelHandlers {
	onFrame(frame: Uint8Array): void;
	/** Once; the other side, or the way to it, is gone. Never after `close`. */
	onClosed(): void;
}

export interface Channel {
	send(frame: Uint8Array): void;
	/** Idempotent. */
	close(): void;
}

export interface Transport {
	readonly name: string;
	/** True once it can open no channel any more. */
	readonly closed: boolean;
	openChannel(serial: string, handlers: ChannelHandlers): Channel;
	/** Closes every channel. Idempotent. */
	close(): void;
}

export type TransportReason = "unreachable" | "refused";

export class TransportFault extends Error {
	readonly reason: TransportReason;

	constructor(reason: TransportReason, detail: string) {
		super(`${reason}: ${detail}`);
		this.name = "TransportFault";
		this.reason = reason;
	}
}
