/** A phone's connection to a simulated lock's local network: frames and channels of a PhoneRig over one SimLocalPeer. */
import { assert } from "../../modules/base/assert.ts";
import { type ChannelEnvelope, decodeToApp, encodeEnvelope } from "../../modules/wire/envelope.ts";
import { encodeStreamFrame, StreamDeframer } from "../../modules/wire/stream-frame.ts";
import type { SimBoard } from "./board.ts";
import type { SimLocalPeer } from "./local.ts";
import type { RigChannel } from "./lock-rig.ts";
import type { PhoneWire } from "./phone-rig.ts";

export class LocalWire implements PhoneWire {
	readonly board: SimBoard;
	readonly peer: SimLocalPeer;
	readonly #channels = new Map<number, RigChannel>();
	readonly #deframer = new StreamDeframer();
	#nextChannel = 1;

	constructor(board: SimBoard) {
		this.board = board;
		this.peer = board.local.dial();
		this.peer.onData = (bytes) => {
			assert(
				this.#deframer.push(bytes, (frame) => this.#receive(frame)),
				"the lock wrote what is no frame",
			);
		};
		this.peer.onClosed = () => {
			for (const channel of this.#channels.values()) channel.onClosed();
			this.#channels.clear();
		};
		board.time.settle();
	}

	newChannel(channel: RigChannel): number {
		this.#channels.set(this.#nextChannel, channel);
		return this.#nextChannel++;
	}

	send(envelope: ChannelEnvelope): void {
		this.write(encodeEnvelope(envelope));
	}

	/** Whatever it is, as one frame. */
	write(frame: Uint8Array): void {
		this.peer.write(encodeStreamFrame(frame));
		this.board.time.settle();
	}

	#receive(frame: Uint8Array): void {
		const envelope = decodeToApp(frame);
		assert(envelope.ok && envelope.value.kind !== "notice", "the lock wrote what is no channel's");
		const channel = this.#channels.get(envelope.value.channel);
		if (envelope.value.kind === "data") return channel?.onFrame(envelope.value.frame);
		this.#channels.delete(envelope.value.channel);
		channel?.onClosed();
	}
}
