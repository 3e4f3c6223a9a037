/**
 * Makes the image out of the running one and a delta that lies at the end of the target slot (docs/UPDATE.md 6, docs/DELTA.md), a
 * sector a turn. Whoever calls it has found the digests of delta and source right before. Every chunk is compared with the
 * manifest's digest before the next one begins; chunks that flash has already are made and compared, but not written.
 */
import { bytesEqual } from "../base/bytes.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Crypto, Hash } from "../platform/crypto.ts";
import type { Inflate } from "../platform/inflate.ts";
import type { SlotNumber, Slots } from "../platform/slots.ts";
import { chunkDigest, type Manifest, type UpdateDelta } from "./manifest.ts";
import { PatchDecoder } from "./patch.ts";
import type { SlotHead } from "./slot-head.ts";
import { deltaStart } from "./slot-writer.ts";

export interface PatchTaskOptions {
	readonly crypto: Pick<Crypto, "openHash">;
	readonly slots: Slots;
	readonly head: SlotHead;
	readonly inflate: Inflate;
	readonly running: SlotNumber;
	readonly manifest: Manifest;
	readonly delta: UpdateDelta;
	/** Chunks of the image that flash has. */
	readonly image: readonly boolean[];
}

/** wrong: the delta does not give this image. */
export type PatchProgress = "more" | "made" | "wrong";

export class PatchTask {
	readonly #options: PatchTaskOptions;
	readonly #decoder: PatchDecoder;
	#hash: Hash | undefined;
	#at = 0;

	/** Throws DeviceError memory/exhausted. */
	constructor(options: PatchTaskOptions) {
		const { slots, inflate, running, manifest, delta } = options;
		const start = deltaStart(slots.slotBytes, delta.object.bytes);
		this.#options = options;
		this.#decoder = new PatchDecoder(
			{
				sourceBytes: delta.sourceBytes,
				resultBytes: manifest.image.bytes,
				patchBytes: delta.object.bytes,
				readSource: (offset, count) => slots.read(running, offset, count),
				readPatch: (offset, count) => slots.read(slots.target, start + offset, count),
			},
			inflate,
		);
	}

	/** Bytes of the image that are made. */
	get made(): number {
		return this.#at;
	}

	/** Throws DeviceError slot/io where the target cannot be written; what cannot be read is a delta of no use. */
	step(): PatchProgress {
		const decoded = attempt(() => this.#decoder.next());
		if (!decoded.ok || !decoded.value.ok) return "wrong";
		const next = decoded.value;
		if (next.value === undefined) return this.#at === this.#options.manifest.image.bytes ? "made" : "wrong";
		return next.value.length === 0 ? "more" : this.#take(next.value);
	}

	/** Idempotent. */
	close(): void {
		this.#decoder.close();
		this.#hash?.close();
		this.#hash = undefined;
	}

	/** A piece of the image: sectors, which do not cross the end of a chunk. */
	#take(bytes: Uint8Array): PatchProgress {
		const { crypto, head, manifest, image } = this.#options;
		const chunk = Math.floor(this.#at / LIMITS.chunkBytes);
		this.#hash ??= crypto.openHash("sha256");
		this.#hash.update(bytes);
		if (!image[chunk]) head.write(this.#at, bytes, image[0] === true);
		this.#at += bytes.length;
		if (this.#at % LIMITS.chunkBytes !== 0 && this.#at !== manifest.image.bytes) return "more";
		const digest = this.#hash.digest();
		this.#hash = undefined;
		if (!bytesEqual(digest, chunkDigest(manifest.image, chunk))) return "wrong";
		if (chunk === 0 && !image[0]) head.keep();
		return "more";
	}
}
