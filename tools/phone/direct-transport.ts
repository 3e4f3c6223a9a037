/**
 * A phone's way to a lock that it is connected to itself (PROTOCOL 6, 13): channels over frames that somebody else carries. There
 * is one lock at the other end, whichever it is: the session says whether it is the right one.
 */
import { type ChannelEnvelope, decodeToApp, encodeEnvelope } from "../../modules/wire/envelope.ts";
import type { Channel, ChannelHandlers, Transport } from "./transport.ts";

/** What carries frames, whole and in order. */
export interface FrameCarrier {
	send(frame: Uint8Array): void;
	close(): void;
}

export class DirectTransport implements Transport {
	readonly name: string;
	readonly #carrier: FrameCarrier;
	readonly #channels = new Map<number, ChannelHandlers>();
	#nextChannel: number;
	#closed = false;

	/** The owner of the carrier passes each frame to `receive` and its end to `ended`. */
	constructor(name: string, carrier: FrameCarrier, firstChannel = 1) {
		this.name = name;
		this.#carrier = carrier;
		this.#nextChannel = firstChannel;
	}

	get closed(): boolean {
		return this.#closed;
	}

	openChannel(_serial: string, handlers: ChannelHandlers): Channel {
		const channel = this.#nextChannel++;
		if (this.#closed) queueMicrotask(() => handlers.onClosed());
		else {
			this.#channels.set(channel, handlers);
			this.#send({ kind: "open", channel });
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

	/** What makes no sense is dropped: the sessions inside notice what is missing. */
	receive(frame: Uint8Array): void {
		const envelope = decodeToApp(frame);
		if (!envelope.ok || envelope.value.kind === "notice") return;
		const handlers = this.#channels.get(envelope.value.channel);
		if (envelope.value.kind === "data") return handlers?.onFrame(envelope.value.frame);
		this.#channels.delete(envelope.value.channel);
		handlers?.onClosed();
	}

	/** The way to the lock is gone. Idempotent. */
	ended(): void {
		this.#closed = true;
		const open = [...this.#channels.values()];
		this.#channels.clear();
		for (const handlers of open) handlers.onClosed();
	}

	close(): void {
		if (this.#closed) return;
		for (const channel of [...this.#channels.keys()]) this.#send({ kind: "close", channel });
		this.#channels.clear();
		this.#closed = true;
		this.#carrier.close();
	}

	#send(envelope: ChannelEnvelope): void {
		if (!this.#closed) this.#carrier.send(encodeEnvelope(envelope));
	}
}
