/**
 * A phone's way to its locks through a relay (PROTOCOL 3): channels over one WebSocket that the caller opened. The
 * browser's WebSocket and Node's `ws` both fit AppSocket. The relay is trusted with nothing but delivery.
 */
import { decodeToApp, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { ChannelTable } from "./channel-table.ts";
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
	readonly #channels: ChannelTable;

	/** The owner of the socket passes each message to `receive` and its end to `ended`. */
	constructor(socket: AppSocket) {
		this.#socket = socket;
		this.#channels = new ChannelTable((envelope) => socket.send(encodeEnvelope(envelope)));
	}

	get closed(): boolean {
		return this.#channels.closed;
	}

	openChannel(serial: string, handlers: ChannelHandlers): Channel {
		return this.#channels.open(serial, handlers);
	}

	/** One binary message from the relay. What makes no sense is dropped: the sessions inside notice what is missing. */
	receive(message: Uint8Array): void {
		const decoded = decodeToApp(message);
		if (!decoded.ok) return;
		const envelope = decoded.value;
		if (envelope.kind === "notice") this.onNotice?.(envelope.address, envelope.sealed);
		else this.#channels.receive(envelope);
	}

	/** Asks for the sealed notices at these addresses (PROTOCOL 3); replaces the former list. */
	listen(addresses: readonly Uint8Array[]): void {
		this.#socket.send(encodeEnvelope({ kind: "listen", addresses }));
	}

	/** The WebSocket is gone. Idempotent. */
	ended(): void {
		this.#channels.ended();
	}

	close(): void {
		if (this.#channels.close()) this.#socket.close();
	}
}
