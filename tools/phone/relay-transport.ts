/**
 * A phone's way to its locks through a relay (PROTOCOL 3): channels over one WebSocket that the caller opened. The
 * browser's WebSocket and Node's `ws` both fit AppSocket. The relay is trusted with nothing but delivery.
 */
import { decodeToApp, encodeEnvelope, type FromApp } from "../../modules/wire/envelope.ts";
import type { Channel, ChannelHandlers, Transport } from "./transport.ts";

/** An open WebSocket, binary messages only. */
export interface AppSocket {
	send(message: Uint8Array): void;
	close(): void;
}

export class RelayTransport implements Transport {
	readonly name = "relay";
	onNotice: ((address: Uint8Array, sealed: Uint8Array) => void) | undefined;
	readonly #socket: AppSocket;
	readonly #channels = new Map<number, ChannelHandlers>();
	#nextChannel = 1;
	#closed = false;

	/** The owner of the socket passes each message to `receive` and its end to `ended`. */
	constructor(socket: AppSocket) {
		this.#socket = socket;
	}

	get closed(): boolean {
		return this.#closed;
	}

	openChannel(serial: string, handlers: ChannelHandlers): Channel {
		const channel = this.#nextChannel++;
		if (this.#closed) queueMicrotask(() => handlers.onClosed());
		else {
			this.#channels.set(channel, handlers);
			this.#send({ kind: "open", channel, serial });
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

	/** One binary message from the relay. What makes no sense is dropped: the sessions inside notice what is missing. */
	receive(message: Uint8Array): void {
		const decoded = decodeToApp(message);
		if (!decoded.ok) return;
		const envelope = decoded.value;
		if (envelope.kind === "notice") return this.onNotice?.(envelope.address, envelope.sealed);
		const handlers = this.#channels.get(envelope.channel);
		if (envelope.kind === "data") return handlers?.onFrame(envelope.frame);
		this.#channels.delete(envelope.channel);
		handlers?.onClosed();
	}

	/** Asks for the sealed notices at these addresses (PROTOCOL 3); replaces the former list. */
	listen(addresses: readonly Uint8Array[]): void {
		this.#send({ kind: "listen", addresses });
	}

	/** The WebSocket is gone. Idempotent. */
	ended(): void {
		this.#closed = true;
		const open = [...this.#channels.values()];
		this.#channels.clear();
		for (const handlers of open) handlers.onClosed();
	}

	close(): void {
		this.#channels.clear();
		if (!this.#closed) this.#socket.close();
		this.#closed = true;
	}

	#send(envelope: FromApp): void {
		this.#socket.send(encodeEnvelope(envelope));
	}
}
