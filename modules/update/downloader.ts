/**
 * Carries out what the download machine (download-state.ts) says, over the slot that does not run: reads, hashes, erases and
 * writes, one slice a turn (docs/UPDATE.md 6). It decides nothing about who may send or when work may go on; its caller calls
 * `turn` while there is work and nobody else wants the machine.
 *
 * Nothing of the running slot is ever written. No byte that was sent counts before its chunk's digest is right.
 */
import { assert, unreachable } from "../base/assert.ts";
import { DeviceError } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto, Hash } from "../platform/crypto.ts";
import type { Inflate } from "../platform/inflate.ts";
import { SECTOR_BYTES, type Slots } from "../platform/slots.ts";
import type { ObjectPiece, ObjectWant } from "../wire/update-offer.ts";
import type { UpdateResult } from "../wire/update-report.ts";
import type { ChunkRun } from "./chunk-run.ts";
import { chunkBytes, goodBytes, openOf, wantOf } from "./download-chunks.ts";
import { stepDownload } from "./download-state.ts";
import {
	DOWNLOAD_IDLE,
	type DownloadEffect,
	type DownloadEvent,
	type DownloadState,
	type Sender,
	type SenderWay,
	type Via,
} from "./download-step.ts";
import { type DownloadTask, eraseTask, failedTask, hashTask } from "./download-task.ts";
import { FlashDigest } from "./flash-digest.ts";
import { chunkDigest, type Manifest, type UpdateDelta, type UpdateObject } from "./manifest.ts";
import { PatchTask } from "./patch-task.ts";
import type { SlotHead } from "./slot-head.ts";
import { deltaStart, inSectors, writeBytes } from "./slot-writer.ts";

/** A look into LIMITS goes through all of it on the engine. */
const CHUNK_BYTES = LIMITS.chunkBytes;
const WINDOW_BYTES = LIMITS.objectWindowBytes;
const STALL_MS = LIMITS.updateStallMs;
const CHUNK_MS = LIMITS.updateChunkMs;
const TAKEN: Result<void, "unwanted"> = Object.freeze(accept(undefined));
const UNWANTED: Result<void, "unwanted"> = Object.freeze(refuse("unwanted"));

export interface DownloaderOptions {
	readonly crypto: Pick<Crypto, "openHash" | "equal">;
	readonly slots: Slots;
	readonly head: SlotHead;
	readonly inflate: Inflate;
	readonly nowMs: () => number;
	/** Whether there is an allowance of chunks that are written again, and takes one from it; false when there is none. */
	readonly hasRetry: () => boolean;
	readonly takeRetry: () => boolean;
	/** A chunk's digest was wrong. */
	readonly onBadChunk: () => void;
	readonly onDeltaFailed: (result: UpdateResult) => void;
	/** The state is another one. */
	readonly onChanged: (state: DownloadState["kind"]) => void;
}

export interface DownloadProgress {
	readonly goodBytes: number;
	readonly totalBytes: number;
	readonly viaDelta: boolean;
}

interface Release {
	readonly manifest: Manifest;
	readonly delta: UpdateDelta | undefined;
}

export class Downloader {
	/** First: private fields are looked for one by one on the engine. */
	#run: ChunkRun | undefined;
	readonly #options: DownloaderOptions;
	#state: DownloadState = DOWNLOAD_IDLE;
	#release: Release | undefined;
	#task: DownloadTask | undefined;
	#patch: PatchTask | undefined;
	/** Of chunks that are begun, by their number. */
	readonly #hashes = new Map<number, Hash>();

	constructor(options: DownloaderOptions) {
		this.#options = options;
	}

	get state(): DownloadState {
		this.#tell();
		return this.#state;
	}

	/** `turn` has something to do. */
	get isWorking(): boolean {
		return this.#task !== undefined;
	}

	get progress(): DownloadProgress {
		const state = this.#state;
		switch (state.kind) {
			case "idle":
				return { goodBytes: 0, totalBytes: 0, viaDelta: false };
			case "surveying":
			case "fetching": {
				const viaDelta = state.via === "delta";
				const totalBytes = viaDelta ? (state.job.deltaBytes ?? 0) : state.job.imageBytes;
				const good = state.kind === "fetching" ? state.good : viaDelta ? state.delta : state.image;
				return { goodBytes: goodBytes(totalBytes, good), totalBytes, viaDelta };
			}
			case "checking":
				return { goodBytes: 0, totalBytes: state.job.imageBytes, viaDelta: true };
			case "patching":
				return { goodBytes: this.#patch?.made ?? 0, totalBytes: state.job.imageBytes, viaDelta: true };
			case "verifying":
			case "complete": {
				const { imageBytes, deltaBytes } = state.job;
				return { goodBytes: imageBytes, totalBytes: imageBytes, viaDelta: deltaBytes !== undefined };
			}
			case "failed":
				return { goodBytes: 0, totalBytes: state.job.imageBytes, viaDelta: false };
			default:
				return unreachable(state);
		}
	}

	/** `delta`: usable, by the manifest's acceptance. What the slot holds of the release already stays. */
	begin(manifest: Manifest, delta: UpdateDelta | undefined): void {
		this.#release = { manifest, delta };
		this.#options.head.begin();
		const job = { imageBytes: manifest.image.bytes, deltaBytes: delta?.object.bytes };
		this.#dispatch({ kind: "begin", job });
	}

	drop(): void {
		this.#dispatch({ kind: "drop" });
		this.#release = undefined;
	}

	/** One slice of hashing or patching. */
	turn(): void {
		let event: DownloadEvent | undefined;
		try {
			event = this.#task?.step();
		} catch (error) {
			this.#broke(error);
		}
		if (event === undefined) return;
		this.#task?.close();
		this.#task = undefined;
		this.#dispatch(event);
	}

	/** What this sender is to send next; it has that chunk for itself then. Undefined: nothing now. */
	ask(sender: Sender): ObjectWant | undefined {
		const next = this.#nextOf(sender);
		if (next !== undefined) return next;
		this.#dispatch({ kind: "ask", sender, mayRetry: this.#options.hasRetry() });
		return this.#wantOf(this.#state, sender);
	}

	/** What `ask` would answer; nobody gets a chunk by looking. */
	peek(sender: Sender): ObjectWant | undefined {
		const next = this.#nextOf(sender);
		if (next !== undefined) return next;
		this.#tell();
		const { hasRetry, nowMs } = this.#options;
		const asked = stepDownload(this.#state, { kind: "ask", sender, mayRetry: hasRetry() }, nowMs());
		return this.#wantOf(asked.state, sender);
	}

	/** In the window that `peek` answers; nothing else is worth keeping until its turn comes. */
	isWanted(sender: Sender, { digest, offset, bytes }: ObjectPiece): boolean {
		const want = this.peek(sender);
		if (want === undefined || !this.#options.crypto.equal(want.digest, digest)) return false;
		return offset >= want.offset && offset + bytes.length <= want.offset + want.bytes;
	}

	/** Of the chunk that it goes on with; undefined: the machine is to be asked. */
	#nextOf(sender: Sender): ObjectWant | undefined {
		const run = this.#run;
		if (run === undefined || run.sender !== sender) return undefined;
		const { at, end, digest, heardAtMs, openedAtMs } = run;
		const nowMs = this.#options.nowMs();
		// Who is late would lose the chunk now.
		if (nowMs - heardAtMs >= STALL_MS || nowMs - openedAtMs >= CHUNK_MS) return undefined;
		return { digest, offset: at, bytes: end - at < WINDOW_BYTES ? end - at : WINDOW_BYTES };
	}

	#wantOf(state: DownloadState, sender: Sender): ObjectWant | undefined {
		const want = wantOf(state, sender);
		if (want === undefined) return undefined;
		const bytes = Math.min(want.bytes, WINDOW_BYTES);
		return { digest: this.#object(want.via).digest, offset: want.offset, bytes };
	}

	/** Refused: it is not what was asked for, or flash is broken; nothing of it is in flash. */
	put(sender: Sender, piece: ObjectPiece): Result<void, "unwanted"> {
		const run = this.#run;
		if (run === undefined || run.sender !== sender) return this.#putNext(sender, piece) ? TAKEN : UNWANTED;
		const { bytes, offset } = piece;
		if (offset !== run.at || offset >= run.wholeEnd || bytes.length !== SECTOR_BYTES)
			return this.#putNext(sender, piece) ? TAKEN : UNWANTED;
		const { crypto, slots, nowMs } = this.#options;
		const next = offset + SECTOR_BYTES;
		// By one native call, where a loop over 32 bytes would be a third of the work.
		if (!crypto.equal(run.digest, piece.digest)) return UNWANTED;
		try {
			slots.append(run.start + offset, bytes, run.hash);
		} catch (error) {
			this.#broke(error);
			return UNWANTED;
		}
		run.at = next;
		run.heardAtMs = nowMs();
		if (next === run.end) this.#endChunk(run);
		return TAKEN;
	}

	/** A piece that the machine is to judge. */
	#putNext(sender: Sender, { digest, offset, bytes }: ObjectPiece): boolean {
		this.#tell();
		const state = this.#state;
		if (state.kind !== "fetching") return false;
		const { via } = state;
		if (!this.#options.crypto.equal(this.#object(via).digest, digest)) return false;
		if (openOf(state, sender) === undefined) {
			// Who begins a chunk that is free has it.
			if (this.peek(sender)?.offset !== offset) return false;
			this.ask(sender);
		}
		let isWritten = false;
		this.#dispatch({ kind: "piece", sender, via, offset, count: bytes.length }, (effect) => {
			isWritten = effect.kind === "write" && this.#write(effect, bytes);
		});
		return isWritten;
	}

	/** A piece of this sender waits for its turn. */
	heard(sender: Sender): void {
		const run = this.#run;
		if (run?.sender === sender) {
			run.heardAtMs = this.#options.nowMs();
			return;
		}
		this.#dispatch({ kind: "heard", sender });
	}

	lost(sender: Sender): void {
		this.#dispatch({ kind: "lost", sender });
	}

	/** Nobody sends this way any more. */
	removed(way: SenderWay): void {
		this.#dispatch({ kind: "removed", way });
	}

	/** The slot was complete, and could not be chosen. */
	fail(): void {
		this.#dispatch({ kind: "broken" });
	}

	/** Time has passed: the silent lose their chunks. */
	tick(): void {
		this.#dispatch({ kind: "tick" });
	}

	/** The machine hears of what went to flash without it. */
	#tell(): void {
		const run = this.#run;
		if (run === undefined || (run.at === run.toldAt && run.heardAtMs === run.toldHeardAtMs)) return;
		const event = { kind: "filled", sender: run.sender, count: run.at - run.toldAt } as const;
		this.#state = stepDownload(this.#state, event, run.heardAtMs).state;
		run.toldAt = run.at;
		run.toldHeardAtMs = run.heardAtMs;
	}

	/** Whatever happens, the machine may think otherwise of the chunk that is gone on with. */
	#dispatch(event: DownloadEvent, onPiece?: (effect: DownloadEffect) => void): void {
		this.#tell();
		this.#run = undefined;
		const before = this.#state.kind;
		const { state, effects } = stepDownload(this.#state, event, this.#options.nowMs());
		this.#state = state;
		for (let index = 0; index < effects.length; index++) {
			const effect = effects[index]!;
			if (effect.kind === "write" || effect.kind === "refuse") onPiece?.(effect);
			else this.#guard(() => this.#do(effect));
		}
		if (this.#state === state && state.kind !== before) this.#options.onChanged(state.kind);
	}

	#do(effect: Exclude<DownloadEffect, { kind: "write" | "refuse" }>): void {
		const { crypto, slots, head } = this.#options;
		switch (effect.kind) {
			case "hash-chunk": {
				const { via, chunk } = effect;
				const object = this.#object(via);
				const start = this.#start(via) + chunk * CHUNK_BYTES;
				const withheld = start === 0 ? head.forDigest() : undefined;
				const bytes = chunkBytes(object.bytes, chunk);
				const digest = new FlashDigest(crypto, slots, slots.target, start, bytes, withheld);
				this.#task = hashTask(digest, chunkDigest(object, chunk), { kind: "hashed", isGood: false });
				return;
			}
			case "hash":
				this.#task = this.#hashWhole(effect.what);
				return;
			case "patch":
				this.#task = this.#patchTask(effect.image);
				return;
			case "erase": {
				const at = this.#start(effect.via) + effect.chunk * CHUNK_BYTES;
				const bytes = inSectors(chunkBytes(this.#object(effect.via).bytes, effect.chunk));
				this.#task = eraseTask(slots, at, bytes);
				return;
			}
			case "cease":
				this.#hashes.get(effect.chunk)?.close();
				this.#hashes.delete(effect.chunk);
				return;
			case "halt":
				this.#halt();
				return;
			case "delta-failed":
				return this.#options.onDeltaFailed(effect.result);
			default:
				return unreachable(effect);
		}
	}

	/** The first piece of a chunk, or of what is left of one; the next ones need not ask. False: it is not in flash. */
	#write(effect: Extract<DownloadEffect, { kind: "write" }>, bytes: Uint8Array): boolean {
		const { sender, via, chunk, offset, begins, again, openedAtMs } = effect;
		const { crypto, slots, head, takeRetry, nowMs } = this.#options;
		if (again && !takeRetry()) {
			this.#dispatch({ kind: "unpaid", sender });
			return false;
		}
		if (again) this.#dispatch({ kind: "paid", chunk });
		const object = this.#object(via);
		const start = this.#start(via);
		let hash: Hash | undefined;
		try {
			if (begins) this.#hashes.set(chunk, crypto.openHash("sha256"));
			hash = this.#hashes.get(chunk);
			hash?.update(bytes);
			if (begins) head.write(start + offset, bytes, this.#hasStart);
			else writeBytes(slots, start + offset, bytes);
		} catch (error) {
			this.#broke(error);
			return false;
		}
		if (hash === undefined) return false;
		const at = offset + bytes.length;
		const end = chunk * CHUNK_BYTES + chunkBytes(object.bytes, chunk);
		const heardAtMs = nowMs();
		const run = {
			at,
			wholeEnd: at % SECTOR_BYTES === 0 ? end - (end % SECTOR_BYTES) : at,
			sender,
			heardAtMs,
			start,
			hash,
			digest: object.digest,
			end,
			openedAtMs,
			chunk,
			object,
			toldAt: at,
			toldHeardAtMs: heardAtMs,
		};
		if (at === end) this.#endChunk(run);
		else this.#run = run;
		return true;
	}

	#endChunk({ sender, chunk, hash, object }: ChunkRun): void {
		const { crypto, head, takeRetry, onBadChunk } = this.#options;
		this.#hashes.delete(chunk);
		// Whatever the machine does not know of it yet is of no use any more.
		this.#run = undefined;
		const isGood = crypto.equal(hash.digest(), chunkDigest(object, chunk));
		if (isGood && chunk === 0 && object === this.#released().manifest.image) head.keep();
		const mayRetry = isGood || takeRetry();
		this.#dispatch({ kind: "chunk", sender, isGood, mayRetry });
		if (!isGood) onBadChunk();
	}

	#hashWhole(what: "delta" | "source" | "image"): DownloadTask {
		const { crypto, slots, head } = this.#options;
		const { manifest, delta } = this.#released();
		if (what === "image") {
			const { bytes } = manifest.image;
			const digest = new FlashDigest(crypto, slots, slots.target, 0, bytes, head.forDigest());
			return hashTask(digest, manifest.image.digest, { kind: "broken" });
		}
		const { running } = slots;
		if (delta === undefined || running === undefined) return failedTask({ kind: "hashed", isGood: false });
		if (what === "source") {
			const digest = new FlashDigest(crypto, slots, running, 0, delta.sourceBytes);
			return hashTask(digest, delta.sourceDigest, { kind: "hashed", isGood: false });
		}
		const digest = new FlashDigest(crypto, slots, slots.target, this.#start("delta"), delta.object.bytes);
		return hashTask(digest, delta.object.digest, { kind: "hashed", isGood: false });
	}

	#patchTask(image: readonly boolean[]): DownloadTask {
		const { crypto, slots, head, inflate } = this.#options;
		const { manifest, delta } = this.#released();
		const { running } = slots;
		if (delta === undefined || running === undefined) return failedTask({ kind: "patched", isGood: false });
		let task: PatchTask;
		try {
			task = new PatchTask({ crypto, slots, head, inflate, running, manifest, delta, image });
		} catch (error) {
			if (!(error instanceof DeviceError)) throw error;
			return failedTask({ kind: "patched", isGood: false });
		}
		this.#patch = task;
		return {
			step: () => {
				const progress = task.step();
				return progress === "more" ? undefined : { kind: "patched", isGood: progress === "made" };
			},
			close: () => {
				task.close();
				this.#patch = undefined;
			},
		};
	}

	#halt(): void {
		this.#task?.close();
		this.#task = undefined;
		for (const hash of this.#hashes.values()) hash.close();
		this.#hashes.clear();
	}

	/** Flash that does not do what it is told, or no memory for a hash, ends the download; anything else thrown goes on. */
	#guard<Value>(act: () => Value): Value | undefined {
		try {
			return act();
		} catch (error) {
			this.#broke(error);
			return undefined;
		}
	}

	#broke(error: unknown): void {
		if (!(error instanceof DeviceError)) throw error;
		this.#dispatch({ kind: "broken" });
	}

	/** The image's first chunk was found good in flash. */
	get #hasStart(): boolean {
		return this.#state.kind === "fetching" && this.#state.image[0] === true;
	}

	/** Where an object begins in the slot. */
	#start(via: Via): number {
		return via === "image" ? 0 : deltaStart(this.#options.slots.slotBytes, this.#object("delta").bytes);
	}

	#object(via: Via): UpdateObject {
		const { manifest, delta } = this.#released();
		return via === "delta" && delta !== undefined ? delta.object : manifest.image;
	}

	#released(): Release {
		assert(this.#release !== undefined, "a download without a release");
		return this.#release;
	}
}
