/**
 * A phone's way to a lock that it is connected to itself (PROTOCOL 6, 13): channels over frames that somebody else carries. There
 * is one lock at the other end, whichever it is: the session says whether it is the right one.
 */
import { decodeToApp, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { ChannelTable } from "./channel-table.ts";
import type { Channel, ChannelHandlers, Transport } from "./transport.ts";

/** What carries frames, whole and in order. */
export interface FrameCarrier {
	send(frame: Uint8Array): void;
	close(): void;
}

export class DirectTransport implements Transport {
	readonly name: string;
	readonly #carrier: FrameCarrier;
	readonly #channels: ChannelTable;

	/** The owner of the carrier passes each frame to `receive` and its end to `ended`. */
	constructor(name: string, carrier: FrameCarrier, firstChannel = 1) {
		this.name = name;
		this.#carrier = carrier;
		this.#channels = new ChannelTable((envelope) => carrier.send(encodeEnvelope(envelope)), firstChannel);
	}

	get closed(): boolean {
		return this.#channels.closed;
	}

	openChannel(_serial: string, handlers: ChannelHandlers): Channel {
		return this.#channels.open(undefined, handlers);
	}

	/** What makes no sense is dropped: the sessions inside notice what is missing. */
	receive(frame: Uint8Array): void {
		const envelope = decodeToApp(frame);
		if (envelope.ok && envelope.value.kind !== "notice") this.#channels.receive(envelope.value);
	}

	/** The way to the lock is gone. Idempotent. */
	ended(): void {
		this.#channels.ended();
	}

	close(): void {
		if (this.#channels.close()) this.#carrier.close();
	}
}
