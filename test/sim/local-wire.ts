/** A phone's connection to a simulated lock's local network: frames and channels of a PhoneRig over one SimLocalPeer. */
import { assert } from "../../modules/base/assert.ts";
import { type ChannelEnvelope, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { encodeStreamFrame, StreamDeframer } from "../../modules/wire/stream-frame.ts";
import type { SimBoard } from "./board.ts";
import type { SimLocalPeer } from "./local.ts";
import type { RigChannel } from "./lock-rig.ts";
import type { PhoneWire } from "./phone-rig.ts";
import { WireChannels } from "./wire-channels.ts";

export class LocalWire implements PhoneWire {
	readonly board: SimBoard;
	readonly peer: SimLocalPeer;
	readonly #channels = new WireChannels();
	readonly #deframer = new StreamDeframer();

	constructor(board: SimBoard) {
		this.board = board;
		this.peer = board.local.dial();
		this.peer.onData = (bytes) => {
			assert(
				this.#deframer.push(bytes, (frame) => this.#channels.receive(frame)),
				"the lock wrote what is no frame",
			);
		};
		this.peer.onClosed = () => this.#channels.closeAll();
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
		this.peer.write(encodeStreamFrame(frame));
		this.board.time.settle();
	}
}
