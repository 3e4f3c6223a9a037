/**
 * The channels of one transport (PROTOCOL 3, 6), whatever carries its envelopes: numbers are given once, what comes for a channel goes
 * to its handlers, and when the way is gone each handler hears so once. What makes no sense is dropped: the sessions
 * inside notice what is missing.
 */
import type { ChannelEnvelope, FromApp, ToApp } from "../../modules/wire/envelope.ts";
import type { Channel, ChannelHandlers } from "./transport.ts";

export class ChannelTable {
	readonly #send: (envelope: ChannelEnvelope | FromApp) => void;
	readonly #channels = new Map<number, ChannelHandlers>();
	#nextChannel: number;
	#closed = false;

	constructor(send: (envelope: ChannelEnvelope | FromApp) => void, firstChannel = 1) {
		this.#send = send;
		this.#nextChannel = firstChannel;
	}

	/** True once no channel can be opened any more. */
	get closed(): boolean {
		return this.#closed;
	}

	/** `serial`: where there are several locks at the other end. */
	open(serial: string | undefined, handlers: ChannelHandlers): Channel {
		const channel = this.#nextChannel++;
		if (this.#closed) queueMicrotask(() => handlers.onClosed());
		else {
			this.#channels.set(channel, handlers);
			this.#send(serial === undefined ? { kind: "open", channel } : { kind: "open", channel, serial });
		}
		return {
			send: (frame) => {
				if (this.#channels.has(channel)) this.#send({ kind: "data", channel, frame });
			},
			close: () => {
				if (this.#channels.delete(channel)) this.#send({ kind: "close", channel });
			},
		};
	}

	receive(envelope: Exclude<ToApp, { kind: "notice" }>): void {
		const handlers = this.#channels.get(envelope.channel);
		if (envelope.kind === "data") return handlers?.onFrame(envelope.frame);
		this.#channels.delete(envelope.channel);
		handlers?.onClosed();
	}

	/** The way to the other end is gone. Idempotent. */
	ended(): void {
		this.#closed = true;
		const open = [...this.#channels.values()];
		this.#channels.clear();
		for (const handlers of open) handlers.onClosed();
	}

	/** Closes every channel without a word to its handlers. True the first time: the way is to be closed too. */
	close(): boolean {
		if (this.#closed) return false;
		for (const channel of this.#channels.keys()) this.#send({ kind: "close", channel });
		this.#channels.clear();
		this.#closed = true;
		return true;
	}
}
