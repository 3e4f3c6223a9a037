/**
 * Sends locks the pieces that they ask for (docs/UPDATE.md 6), and never a byte more. Locks take turns, a piece each; a lock for
 * which something waits already gets none before that has left, so that phones' frames never stand behind an image. What one
 * lock, and what all together, may have is bounded.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { ObjectWant } from "../../modules/wire/update-offer.ts";
import type { ConnectedDevice } from "./device-service.ts";
import type { RelayLimits } from "./limits.ts";
import type { RelayLog } from "./log.ts";
import type { ObjectStore } from "./object-store.ts";
import { SerialRates } from "./serial-rates.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What is left of what a lock asked for last. */
interface Serving {
	readonly device: ConnectedDevice;
	readonly digest: Uint8Array;
	readonly end: number;
	offset: number;
}

export class PieceServer {
	readonly #store: ObjectStore;
	readonly #sizeOf: (digest: string) => number | undefined;
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #rates: SerialRates;
	readonly #all: TokenBucket;
	/** One of each lock that waits for anything. */
	readonly #servings = new Map<ConnectedDevice, Serving>();
	/** Whose turn it is, in this order; and who sits out until the rest is over. */
	readonly #ready = new Set<Serving>();
	readonly #resting = new Set<Serving>();
	#reading = 0;
	#rest: NodeJS.Timeout | undefined;
	#closed = false;

	/** `sizeOf`: the bytes of a published object, by its digest in hexadecimal. */
	constructor(
		store: ObjectStore,
		sizeOf: (digest: string) => number | undefined,
		limits: RelayLimits,
		log: RelayLog,
	) {
		const { pieceBytesBurst, pieceBytesPerMinute, allPieceBytesBurst, allPieceBytesPerMinute } = limits;
		this.#store = store;
		this.#sizeOf = sizeOf;
		this.#limits = limits;
		this.#log = log;
		this.#rates = new SerialRates(pieceBytesBurst, pieceBytesPerMinute);
		this.#all = new TokenBucket(allPieceBytesBurst, allPieceBytesPerMinute, performance.now());
	}

	/** Locks that wait for pieces. */
	get waiting(): number {
		return this.#servings.size;
	}

	/** What a lock asks for now takes the place of what was left of its last question. */
	want(device: ConnectedDevice, { digest, offset, bytes }: ObjectWant): void {
		const size = this.#sizeOf(toHex(digest));
		if (size === undefined) return this.#refuse(device, "unknown");
		if (offset >= size) return this.#refuse(device, "beyond");
		this.forget(device);
		const serving = { device, digest, offset, end: Math.min(size, offset + bytes) };
		this.#servings.set(device, serving);
		this.#ready.add(serving);
		this.#pump();
	}

	forget(device: ConnectedDevice): void {
		const serving = this.#servings.get(device);
		if (serving === undefined) return;
		this.#servings.delete(device);
		this.#ready.delete(serving);
		this.#resting.delete(serving);
	}

	/** Idempotent. The store stays the caller's. */
	close(): void {
		this.#closed = true;
		clearTimeout(this.#rest);
		this.#servings.clear();
		this.#ready.clear();
		this.#resting.clear();
	}

	#refuse({ serial }: ConnectedDevice, reason: string): void {
		this.#log.write("warning", "update-want-refused", { serial, reason });
	}

	#pump(): void {
		const nowMs = performance.now();
		while (this.#reading < this.#limits.pieceReads) {
			const [serving] = this.#ready;
			if (serving === undefined) return;
			const { device } = serving;
			this.#ready.delete(serving);
			if (device.waitingBytes > this.#limits.pieceBehindBytes) {
				this.#restWith(serving);
			} else if (!this.#rates.take(device.serial, nowMs, LIMITS.objectPieceBytes)) {
				this.#restWith(serving);
			} else if (!this.#all.take(LIMITS.objectPieceBytes, nowMs)) {
				// There is nothing for anybody: everyone keeps his turn.
				const others = [...this.#ready];
				this.#ready.clear();
				for (const each of [serving, ...others]) this.#restWith(each);
				return;
			} else {
				void this.#send(serving);
			}
		}
	}

	async #send(serving: Serving): Promise<void> {
		const { device, digest, offset, end } = serving;
		const toEndOfChunk = LIMITS.chunkBytes - (offset % LIMITS.chunkBytes);
		const count = Math.min(LIMITS.objectPieceBytes, end - offset, toEndOfChunk);
		this.#reading++;
		let bytes: Uint8Array | undefined;
		try {
			bytes = await this.#store.read(toHex(digest), offset, count);
		} catch (error) {
			if (!this.#closed) this.#log.write("error", "update-object", { reason: (error as Error).message });
		}
		this.#reading--;
		if (this.#closed) return;
		// It may have gone meanwhile, or asked for something else.
		if (this.#servings.get(device) === serving) {
			if (bytes === undefined) this.forget(device);
			else this.#sent(serving, bytes);
		}
		this.#pump();
	}

	#sent(serving: Serving, bytes: Uint8Array): void {
		const { device, digest, offset } = serving;
		if (!device.send({ kind: "object-piece", piece: { digest, offset, bytes } })) {
			this.#restWith(serving);
			return;
		}
		serving.offset += bytes.length;
		if (serving.offset >= serving.end) this.forget(device);
		else this.#ready.add(serving);
	}

	#restWith(serving: Serving): void {
		this.#resting.add(serving);
		this.#rest ??= setTimeout(() => {
			this.#rest = undefined;
			for (const each of this.#resting) this.#ready.add(each);
			this.#resting.clear();
			this.#pump();
		}, this.#limits.pieceRestMs);
	}
}
