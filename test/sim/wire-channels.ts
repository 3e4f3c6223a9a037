/** The channels of a phone's own connection to a simulated lock, whatever carries its frames. */
import { assert } from "../../modules/base/assert.ts";
import { decodeToApp } from "../../modules/wire/envelope.ts";
import type { RigChannel } from "./lock-rig.ts";

export class WireChannels {
	readonly #channels = new Map<number, RigChannel>();
	#next = 1;

	open(channel: RigChannel): number {
		this.#channels.set(this.#next, channel);
		return this.#next++;
	}

	/** A frame that the lock sent. */
	receive(frame: Uint8Array): void {
		const envelope = decodeToApp(frame);
		assert(envelope.ok && envelope.value.kind !== "notice", "the lock wrote what is no channel's");
		const channel = this.#channels.get(envelope.value.channel);
		if (envelope.value.kind === "data") return channel?.onFrame(envelope.value.frame);
		this.#channels.delete(envelope.value.channel);
		channel?.onClosed();
	}

	/** The connection is gone, and they with it. */
	closeAll(): void {
		for (const channel of this.#channels.values()) channel.onClosed();
		this.#channels.clear();
	}
}
