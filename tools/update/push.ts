/**
 * Brings a release to one lock and sees its update through (docs/UPDATE.md 5 to 8): offers it, sends what the lock asks for from where it
 * asks for it, so that whatever came before stays, waits for restart and trial, and says how it ended. Installed is what the lock
 * attests by the image's digest, not by a number. It shows no text of a lock's raw, and every wait has an end, whatever a lock says.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { plainText } from "../cli/plain-text.ts";
import type { Wanted } from "../phone/phone-update.ts";
import { type UpdateWay, WayRefusal } from "./push-way.ts";
import type { Release } from "./release.ts";
import { isRevert, resultText } from "./result-text.ts";
import { UpdateFault } from "./update-fault.ts";

export interface PushOptions {
	readonly release: Release;
	readonly bundles: readonly Uint8Array[];
	/** A way to the lock; rejects while nobody is there. */
	readonly open: () => Promise<UpdateWay>;
	readonly onProgress: (name: string, done: number, total: number) => void;
	readonly say: (line: string) => void;
	/** False: ends when the lock has everything. */
	readonly wait: boolean;
	/** How long restart and trial may take. */
	readonly trialMs: number;
	/** The clock, in other hands for tests. */
	readonly nowMs?: () => number;
	readonly pause?: (ms: number) => Promise<void>;
}

export type PushEnd =
	| "installed"
	| "present" // the lock ran it before
	| "delivered"; // it is not waited for

const LOOK_MS = 500;
/** A lock that has everything restarts only when nobody asks anything of it for a while (UPDATE 6). */
const QUIET_LOOK_MS = LIMITS.updateQuietMs + 3000;
const REOPEN_MS = 1000;
/** A lock attests four times a minute. */
const ATTEST_LOOK_MS = 5000;
/** So long no chunk may become good while the lock has something to do; pieces that it asks for again are no progress. */
const STILL_MS = 180_000;
/** So often it is asked how much is good, while it asks for pieces. */
const PROGRESS_LOOK_MS = 20_000;
/** No download takes longer, whatever the lock says of its progress. */
const DELIVER_MS = 6 * 3_600_000;
const OPEN_MS = 60_000;

interface PushObject {
	readonly name: string;
	readonly digest: Uint8Array;
	readonly bytes: Uint8Array;
}

export class Push {
	readonly #options: PushOptions;
	readonly #objects: readonly PushObject[];
	readonly #nowMs: () => number;
	readonly #pause: (ms: number) => Promise<void>;
	#way: UpdateWay | undefined;
	/** The fewest that the lock has told since the offer: one more is a revert of this release. */
	#reverts = Number.POSITIVE_INFINITY;

	constructor(options: PushOptions) {
		const { image, deltas, file } = options.release;
		this.#options = options;
		this.#nowMs = options.nowMs ?? (() => performance.now());
		this.#pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
		this.#objects = [
			{ name: "image", digest: file.manifest.image.digest, bytes: image },
			...file.manifest.deltas.map(({ object }, index) => ({
				name: `delta-${index + 1}`,
				digest: object.digest,
				bytes: deltas[index]!,
			})),
		];
	}

	/** Rejects with UpdateFault when the lock refused or reverted it, and with the way's own fault when it cannot be reached. */
	async run(): Promise<PushEnd> {
		try {
			const way = await this.#open(OPEN_MS);
			for (const bundle of this.#options.bundles)
				this.#options.say(`trust\tversion ${await way.trust(bundle)}`);
			const { report } = await way.status();
			if (report.sequence === this.#sequence && report.state !== "trial")
				return await this.#seeEnd("present");
			await this.#offer(way);
			await this.#deliver();
			if (!this.#options.wait) return "delivered";
			return await this.#seeEnd("installed");
		} finally {
			this.#close();
		}
	}

	get #sequence(): number {
		return this.#options.release.file.manifest.sequence;
	}

	async #offer(way: UpdateWay): Promise<void> {
		const { message, statement } = this.#options.release;
		try {
			await way.offer({ manifest: message, freshness: statement });
		} catch (error) {
			if (!(error instanceof WayRefusal)) throw error;
			const { report } = await way.status();
			const why = report.result === "none" ? error.message : resultText(report.result);
			throw new UpdateFault(`the lock refuses release ${this.#sequence}: ${why}`);
		}
	}

	/** Until the lock has all of it, whoever brought it. */
	async #deliver(): Promise<void> {
		const startedMs = this.#nowMs();
		const most = new Map<string, number>();
		let movedMs = startedMs;
		let lookedMs = Number.NEGATIVE_INFINITY;
		let next: Wanted | undefined;
		for (;;) {
			try {
				const way = this.#way ?? (await this.#open(OPEN_MS));
				if (next === undefined || this.#nowMs() - lookedMs > PROGRESS_LOOK_MS) {
					const { report, wanted } = await way.status();
					if (this.#isComplete(report)) return;
					next = wanted;
					lookedMs = this.#nowMs();
					const stage = `${report.state} ${report.viaDelta}`;
					if (report.goodBytes > (most.get(stage) ?? -1)) movedMs = lookedMs;
					most.set(stage, Math.max(report.goodBytes, most.get(stage) ?? 0));
				}
				if (next !== undefined) next = await this.#send(way, next);
			} catch (error) {
				if (error instanceof UpdateFault || this.#way === undefined) throw error;
				// Cut, or told to come again: what is good at the lock stays, and it says where to go on.
				if (!(error instanceof WayRefusal)) this.#close();
				else if (!error.later) throw new UpdateFault(`the lock refuses a piece: ${error.message}`);
				next = undefined;
				await this.#pause(LOOK_MS);
				if (this.#nowMs() - movedMs > STILL_MS) throw error;
				continue;
			}
			const nowMs = this.#nowMs();
			if (nowMs - movedMs > STILL_MS || nowMs - startedMs > DELIVER_MS)
				throw new UpdateFault("the lock does not go on with it");
			if (next === undefined) await this.#pause(LOOK_MS);
		}
	}

	/** What the lock wants after it. */
	async #send(way: UpdateWay, wanted: Wanted): Promise<Wanted | undefined> {
		const object = this.#objects.find(({ digest }) => bytesEqual(digest, wanted.digest));
		if (object === undefined || wanted.offset >= object.bytes.length)
			throw new UpdateFault(
				"the lock asks for what this release does not have: another one was offered to it",
			);
		const toChunkEnd = LIMITS.chunkBytes - (wanted.offset % LIMITS.chunkBytes);
		const bytes = object.bytes.subarray(wanted.offset, wanted.offset + Math.min(way.pieceBytes, toChunkEnd));
		const next = await way.piece({ digest: object.digest, offset: wanted.offset, bytes });
		this.#options.onProgress(object.name, wanted.offset + bytes.length, object.bytes.length);
		return next;
	}

	#isComplete(report: UpdateReport): boolean {
		this.#refuseRevert(report);
		if (report.state === "waiting" || report.sequence === this.#sequence) return true;
		if (report.state !== "idle" && report.state !== "parked") return false;
		throw new UpdateFault(`the lock gave release ${this.#sequence} up: ${resultText(report.result)}`);
	}

	/** A lock that tries again what it reverted once says so for as long as it downloads: only one revert more is news. */
	#refuseRevert({ resultSequence, result, reverts, state, version }: UpdateReport): void {
		const isNew = reverts > this.#reverts || state === "idle" || state === "parked";
		this.#reverts = Math.min(this.#reverts, reverts);
		if (resultSequence !== this.#sequence || !isRevert(result) || !isNew) return;
		const again = state === "parked" ? "it is parked" : "the lock tries it again later";
		throw new UpdateFault(
			`the lock reverted release ${this.#sequence} and runs ${plainText(version)}: ${resultText(result)}; ${again}`,
		);
	}

	async #seeEnd(end: PushEnd): Promise<PushEnd> {
		const { say, trialMs } = this.#options;
		const deadlineMs = this.#nowMs() + trialMs;
		let told = "";
		for (;;) {
			const look = await this.#look(Math.max(OPEN_MS, deadlineMs - this.#nowMs()));
			if (look === "installed") return end;
			if (this.#nowMs() > deadlineMs)
				throw new UpdateFault(
					`the lock did not say in time how release ${this.#sequence} ended: ${look.text}`,
				);
			if (look.text !== told) say(look.text);
			told = look.text;
			// Whoever asks keeps a complete lock from restarting; one on trial is shown that it can be reached.
			if (look.quiet) this.#close();
			await this.#pause(look.quiet ? QUIET_LOOK_MS : (look.pauseMs ?? LOOK_MS));
		}
	}

	async #look(openMs: number): Promise<TrialLook> {
		try {
			const way = this.#way ?? (await this.#open(openMs));
			const { report } = await way.status();
			if (report.sequence !== this.#sequence || report.state === "trial") return this.#judge(report);
			return await this.#lookAtImage(way);
		} catch (error) {
			if (error instanceof UpdateFault || this.#way === undefined) throw error;
			// The way broke while it was asked: the lock restarts.
			this.#close();
			return { text: "the lock restarts", quiet: false };
		}
	}

	/** It says that it runs the number: which image that is, it attests. */
	async #lookAtImage(way: UpdateWay): Promise<TrialLook> {
		const waits = (text: string): TrialLook => ({ text, quiet: false, pauseMs: ATTEST_LOOK_MS });
		try {
			const { runningDigest, runningState } = await way.attest();
			if (runningDigest === undefined) return waits("the lock reads the image that it runs");
			if (!bytesEqual(runningDigest, this.#options.release.file.manifest.image.digest))
				throw new UpdateFault(`the lock runs another image under the number ${this.#sequence}`);
			return runningState === "valid" || runningState === "unset"
				? "installed"
				: waits(`the image is ${runningState} still`);
		} catch (error) {
			if (!(error instanceof WayRefusal) || !error.later) throw error;
			return waits("the lock attests nothing for a moment");
		}
	}

	#judge(report: UpdateReport): TrialLook {
		if (report.sequence === this.#sequence)
			return { text: `version ${plainText(report.version)} is on trial`, quiet: false };
		this.#refuseRevert(report);
		if (report.state === "waiting")
			return { text: "complete; the lock restarts when nobody wants anything of it", quiet: true };
		if (report.state === "idle" || report.state === "parked")
			throw new UpdateFault(`the lock gave release ${this.#sequence} up: ${resultText(report.result)}`);
		return { text: `the lock is ${report.state}`, quiet: true };
	}

	async #open(patienceMs: number): Promise<UpdateWay> {
		this.#close();
		const deadlineMs = this.#nowMs() + patienceMs;
		for (;;) {
			try {
				this.#way = await this.#options.open();
				return this.#way;
			} catch (error) {
				if (this.#nowMs() > deadlineMs) throw error;
				await this.#pause(REOPEN_MS);
			}
		}
	}

	#close(): void {
		this.#way?.close();
		this.#way = undefined;
	}
}

type TrialLook = "installed" | { readonly text: string; readonly quiet: boolean; readonly pauseMs?: number };
