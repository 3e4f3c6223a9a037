/**
 * The local radio as a door (docs/BLE.md 2, 3): frames in fragments on GATT connections. A packet is one event, so that nothing
 * here loops over what others send. A fragment that does not fit, and who does not take what is sent, ends a carrier.
 */
import { LIMITS } from "../base/limits.ts";
import type { Radio, RadioConnection } from "../platform/radio.ts";
import { Fragmenter, FragmentReader } from "../wire/ble-fragment.ts";
import type { CarrierEnd, CarrierHandlers, Door, FrameCarrier } from "./frame-carrier.ts";

export class BleDoor implements Door {
	readonly #radio: Radio;

	constructor(radio: Radio) {
		this.#radio = radio;
	}

	onConnection(callback: () => void): void {
		this.#radio.onConnection(callback);
	}

	accept(handlers: CarrierHandlers): FrameCarrier | undefined {
		const carrier = new BleCarrier(this.#radio, handlers);
		return carrier.isMade ? carrier : undefined;
	}

	close(): void {
		this.#radio.close();
	}
}

class BleCarrier implements FrameCarrier {
	readonly #handlers: CarrierHandlers;
	readonly #reader = new FragmentReader();
	readonly #fragmenter = new Fragmenter();
	readonly #connection: RadioConnection | undefined;
	#ended = false;

	constructor(radio: Radio, handlers: CarrierHandlers) {
		this.#handlers = handlers;
		this.#connection = radio.accept({
			onPacket: (packet) => this.#receive(packet),
			onRoom: () => this.#drain(),
			onClosed: () => this.#end("closed"),
		});
	}

	/** False: nobody was waiting, and this is none. */
	get isMade(): boolean {
		return this.#connection !== undefined;
	}

	send(frame: Uint8Array): void {
		if (this.#ended) return;
		if (this.#fragmenter.queuedBytes + frame.length > LIMITS.localQueueBytes) return this.#end("queue");
		this.#fragmenter.add(frame);
		this.#drain();
	}

	close(): void {
		this.#ended = true;
		this.#connection?.close();
	}

	#end(reason: CarrierEnd): void {
		if (this.#ended) return;
		this.close();
		this.#handlers.onEnded(reason);
	}

	#receive(packet: Uint8Array): void {
		if (this.#ended) return;
		const frame = this.#reader.push(packet);
		if (!frame.ok) return this.#end("frame");
		if (frame.value !== undefined) this.#handlers.onFrame(frame.value);
	}

	#drain(): void {
		const connection = this.#connection;
		while (!this.#ended && connection !== undefined) {
			const packet = this.#fragmenter.next(connection.packetBytes);
			if (packet === undefined || !connection.send(packet)) return;
			this.#fragmenter.taken(packet);
		}
	}
}
