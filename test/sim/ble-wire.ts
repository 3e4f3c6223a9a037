/** A phone's connection to a simulated lock's radio: frames and channels of a PhoneRig over one SimCentral. */
import { assert } from "../../modules/base/assert.ts";
import { Fragmenter, FragmentReader } from "../../modules/wire/ble-fragment.ts";
import { type ChannelEnvelope, encodeEnvelope } from "../../modules/wire/envelope.ts";
import type { SimBoard } from "./board.ts";
import type { RigChannel } from "./lock-rig.ts";
import type { PhoneWire } from "./phone-rig.ts";
import type { SimCentral } from "./radio.ts";
import { WireChannels } from "./wire-channels.ts";

export class BleWire implements PhoneWire {
	readonly board: SimBoard;
	readonly central: SimCentral;
	/** Bytes of a packet that this side writes. */
	packetBytes: number;
	/** What leaves, in the test's hand. */
	onWrite: ((packet: Uint8Array) => void) | undefined;
	readonly #channels = new WireChannels();
	readonly #fragmenter = new Fragmenter();
	readonly #reader = new FragmentReader();

	constructor(board: SimBoard, packetBytes = 20) {
		this.board = board;
		this.packetBytes = packetBytes;
		this.central = board.radio.dial();
		this.central.setPacketBytes(packetBytes);
		this.central.onPacket = (packet) => {
			const frame = this.#reader.push(packet);
			assert(frame.ok, "the lock wrote what is no fragment");
			if (frame.value !== undefined) this.#channels.receive(frame.value);
		};
		this.central.onClosed = () => this.#channels.closeAll();
		board.time.settle();
	}

	newChannel(channel: RigChannel): number {
		return this.#channels.open(channel);
	}

	send(envelope: ChannelEnvelope): void {
		this.write(encodeEnvelope(envelope));
	}

	/** Whatever it is, as one frame. */
	write(frame: Uint8Array): void {
		for (const packet of this.fragments(frame)) {
			if (this.onWrite !== undefined) this.onWrite(packet);
			else this.central.write(packet);
		}
		this.board.time.settle();
	}

	/** The packets of this frame, the next ones of this connection. */
	fragments(frame: Uint8Array): Uint8Array[] {
		const packets: Uint8Array[] = [];
		this.#fragmenter.add(frame);
		for (;;) {
			const packet = this.#fragmenter.next(this.packetBytes);
			if (packet === undefined) return packets;
			this.#fragmenter.taken(packet);
			packets.push(packet);
		}
	}
}
