/**
 * The update of a lock, whoever brings it (docs/UPDATE.md 3, 6, 7): judges offers under the newest trust, keeps the plan, downloads by
 * it, and restarts the machine into the new image. It trusts nobody who carries; a refusal changes nothing but the local log and
 * the way's allowance (I7). While the running image is on trial nothing begins: the other slot is what it goes back to (I4).
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Sender } from "../update/download-step.ts";
import { Downloader } from "../update/downloader.ts";
import {
	type ManifestVerdict,
	type OfferReason,
	payloadDigestOf,
	usableDelta,
} from "../update/manifest-acceptance.ts";
import type { RunningDigest } from "../update/running-digest.ts";
import type { ObjectPiece, ObjectWant, UpdateOffer } from "../wire/update-offer.ts";
import type { UpdateReport, UpdateResult } from "../wire/update-report.ts";
import { type Asker, AskerAllowance } from "./asker-allowance.ts";
import type { UpdateRecords } from "./update-host.ts";
import { claimedManifest, UpdateJudge } from "./update-judge.ts";
import { type PieceDone, type PieceRefusal, UpdatePace } from "./update-pace.ts";
import { updateReport } from "./update-reporter.ts";
import { UpdateRestart, type UpdateRestartHost } from "./update-restart.ts";

export type OfferRefusal =
	| OfferReason
	| "busy" // the bolt drives, or this image is on trial
	| "too-often"; // whoever asks brought too many that were refused, or the day's allowance of flash is used up

export interface UpdateKeeperOptions extends UpdateRestartHost {
	readonly records: UpdateRecords;
	readonly running: RunningDigest;
	readonly isOnTrial: () => boolean;
	/** False: the last trial's revert is not counted, and flash takes no count now. */
	readonly settleTrial: () => boolean;
	/** The report is another one, or only its figures are. */
	readonly onChanged: () => void;
	/** A look while there is a plan: who sends may have to be asked again. */
	readonly onLook: () => void;
}

export class UpdateKeeper {
	readonly #options: UpdateKeeperOptions;
	readonly #judge: UpdateJudge;
	readonly #restart: UpdateRestart;
	readonly #refusals = new AskerAllowance(LIMITS.offerRefusalsBurst, LIMITS.offerRefusalsPerMinute);
	readonly #downloader: Downloader;
	readonly #pace: UpdatePace;
	/** What is being installed, judged under the newest trust. */
	#verdict: ManifestVerdict | undefined;
	/** The plan waits for the running image's digest before it begins. */
	#waitsForDigest = false;
	#completeAtMs = 0;
	/** When a download that failed is begun again. */
	#againAtMs: number | undefined;
	#looking = false;
	#keeping = false;

	constructor(options: UpdateKeeperOptions) {
		const { clock, crypto, slots, inflate, records, mayWork } = options;
		const { head } = records;
		this.#options = options;
		this.#judge = new UpdateJudge(options, records);
		this.#restart = new UpdateRestart(options, records, head);
		const nowMs = (): number => clock.monotonicMs();
		this.#downloader = new Downloader({
			crypto,
			slots,
			head,
			inflate,
			nowMs,
			hasRetry: () => records.history.hasChunkRetry(nowMs()),
			takeRetry: () => records.history.takeChunkRetry(nowMs()).ok,
			onBadChunk: () => this.#ended("chunk-digest"),
			onDeltaFailed: (result) => {
				records.plan.markDeltaFailed();
				this.#ended(result);
			},
			onChanged: () => this.#downloadChanged(),
		});
		this.#pace = new UpdatePace({
			clock,
			mayWork,
			isWorking: () => options.running.isMeasuring || this.#downloader.isWorking,
			turn: () => this.#turn(),
			isWanted: (sender, piece) => this.#downloader.isWanted(sender, piece),
			put: (sender, piece) => this.#downloader.put(sender, piece).ok,
		});
	}

	/** Once the trial's keeper has looked at this boot: the plan is judged again, and goes on where flash stands. */
	start(): void {
		this.revise();
		this.#pace.wake();
		this.#keepAllowance();
	}

	/** The factory line named the board, trust or freshness is another one: who stands for the plan is looked at again. */
	revise(): void {
		const { records, isOnTrial, onChanged } = this.#options;
		this.#judge.revise();
		const plan = records.plan.current;
		if (plan === undefined || isOnTrial()) return onChanged();
		// Of the statement that flash has, where a newer one was not written yet.
		if (records.freshness.statement === undefined && plan.freshness !== undefined) {
			this.#judge.statement(plan.freshness);
		}
		const judged = this.#judge.manifest(plan.manifest);
		if (judged.ok) this.#begin(judged.value);
		else if (judged.reason === "parked" || judged.reason === "storage") this.#pause();
		else this.#drop(plan.manifest, judged.reason);
		onChanged();
	}

	/** Refused: nothing changed, but for the asker's allowance. */
	offer(asker: Asker, offer: UpdateOffer): Result<void, OfferRefusal> {
		const taken = this.#take(asker, offer);
		if (!taken.ok) this.#options.system.log(`update: offer over ${wayOf(asker)} refused, ${taken.reason}`);
		return taken;
	}

	/** What this sender may send next; nobody gets a chunk by looking. */
	peek(sender: Sender): ObjectWant | undefined {
		return this.#downloader.peek(sender);
	}

	/** The same, and this sender has that chunk for itself from now on. */
	ask(sender: Sender): ObjectWant | undefined {
		return this.#downloader.ask(sender);
	}

	/** Accepted: `done` says, in a while, whether it was taken. */
	put(sender: Sender, piece: ObjectPiece, done: PieceDone): Result<void, PieceRefusal> {
		const added = this.#pace.add(sender, piece, done);
		if (added.ok) this.#downloader.heard(sender);
		return added;
	}

	/** For a way that waits for no turn. Undefined: later. */
	putNow(sender: Sender, piece: ObjectPiece): boolean | undefined {
		if (this.#pace.mustWait) return undefined;
		const { ok } = this.#downloader.put(sender, piece);
		// After the last piece comes work that nobody brings.
		this.#pace.wake();
		return ok;
	}

	lost(sender: Sender): void {
		this.#pace.forget(sender);
		this.#downloader.lost(sender);
	}

	/** A grant is gone: nothing of what it sent is remembered. */
	removed(grantId: number): void {
		this.#downloader.removed(grantId);
	}

	/** A phone wants something of the lock. */
	standBack(): void {
		this.#pace.standBack();
	}

	/** The bolt rests: what waited goes on. */
	wake(): void {
		this.#pace.wake();
	}

	/** An owner's word: what was parked is tried again. */
	retry(): Result<void, "storage"> {
		const { clock, records, append } = this.#options;
		const sequence = records.history.parkedSequence;
		if (sequence === undefined) return accept(undefined);
		const retried = records.history.retried(clock.monotonicMs());
		if (!retried.ok) return retried;
		append({ kind: "update", sequence, step: "retried" });
		this.revise();
		return retried;
	}

	report(): UpdateReport {
		return updateReport(this.#options, this.#options.records, {
			onTrial: this.#options.isOnTrial(),
			download: this.#downloader.state.kind,
			progress: this.#downloader.progress,
			offered: this.#verdict?.manifest.sequence,
		});
	}

	/** What costs nothing goes first; what changes nothing costs as a refusal does (T16). */
	#take(asker: Asker, { manifest, freshness }: UpdateOffer): Result<void, OfferRefusal> {
		const { clock, slots, mayWork, isOnTrial } = this.#options;
		const nowMs = clock.monotonicMs();
		if (slots.slotBytes === 0) return refuse("no-slots");
		if (!mayWork() || isOnTrial()) return refuse("busy");
		if (!this.#refusals.has(asker, nowMs)) return refuse("too-often");
		let isFresher = false;
		if (freshness !== undefined) {
			const taken = this.#judge.statement(freshness);
			isFresher = taken.ok && taken.value.changed;
			if (!taken.ok) {
				this.#options.system.log(`update: statement over ${wayOf(asker)} refused, ${taken.reason}`);
				if (manifest === undefined) {
					this.#refusals.take(asker, nowMs);
					return refuse("not-fresh");
				}
			}
		}
		const accepted = manifest === undefined ? accept(isFresher) : this.#takeManifest(manifest);
		// A newer statement may name another release than the plan's. A plan that was replaced just now is not judged twice.
		if (isFresher && (manifest === undefined || !accepted.ok || !accepted.value)) this.revise();
		if (!accepted.ok || !accepted.value) this.#refusals.take(asker, nowMs);
		return accepted.ok ? accept(undefined) : accepted;
	}

	/** True: something changed. */
	#takeManifest(message: Uint8Array): Result<boolean, OfferRefusal> {
		const { clock, crypto, records, append, onChanged } = this.#options;
		const nowMs = clock.monotonicMs();
		const present = this.#verdict;
		const name = present && payloadDigestOf(crypto, message);
		const isPlan = present !== undefined && name !== undefined && bytesEqual(present.payloadDigest, name);
		if (isPlan && this.#downloader.state.kind !== "failed") return accept(false);
		const judged = this.#judge.manifest(message);
		if (!judged.ok) {
			records.history.refused(judged.reason, claimedManifest(message)?.sequence);
			onChanged();
			return judged;
		}
		const { manifest } = judged.value;
		const began = records.history.begun(manifest.sequence, nowMs);
		if (!began.ok) return began;
		const planned = records.plan.begin(message, records.freshness.statement);
		if (!planned.ok) return planned;
		if (present !== undefined && !isPlan) {
			append({ kind: "update", sequence: present.manifest.sequence, step: "dropped" });
		}
		append({ kind: "update", sequence: manifest.sequence, step: "began" });
		this.#pause();
		this.#begin(judged.value);
		onChanged();
		return accept(true);
	}

	/** Nothing when it is under way already. */
	#begin(verdict: ManifestVerdict): void {
		const present = this.#verdict;
		this.#verdict = verdict;
		const isSame = present !== undefined && bytesEqual(present.payloadDigest, verdict.payloadDigest);
		if (isSame && (this.#waitsForDigest || this.#downloader.state.kind !== "idle")) return;
		const { running, records } = this.#options;
		const wantsDelta = verdict.manifest.deltas.length > 0 && records.plan.current?.deltaFailed === false;
		this.#waitsForDigest = wantsDelta && running.isMeasuring;
		if (this.#waitsForDigest) this.#pace.wake();
		else this.#download(verdict);
	}

	#download({ manifest }: ManifestVerdict): void {
		const { running, records, slots } = this.#options;
		const mayPatch = records.plan.current?.deltaFailed === false;
		const delta = mayPatch ? usableDelta(manifest, running.value, running.bytes, slots.slotBytes) : undefined;
		this.#againAtMs = undefined;
		this.#downloader.begin(manifest, delta);
		this.#pace.wake();
		this.#look();
	}

	/** The plan stays, and nothing is done for it. */
	#pause(): void {
		this.#waitsForDigest = false;
		this.#againAtMs = undefined;
		this.#verdict = undefined;
		this.#downloader.drop();
	}

	/** Nobody stands for the plan any more; or it is what runs. */
	#drop(message: Uint8Array, reason: OfferReason): void {
		const { firmware, records, system, append } = this.#options;
		const sequence = claimedManifest(message)?.sequence;
		this.#pause();
		records.plan.drop();
		if (sequence === undefined || sequence === firmware.sequence) return;
		system.log(`update: the plan for sequence ${sequence} is dropped, ${reason}`);
		append({ kind: "update", sequence, step: "dropped" });
	}

	#turn(): void {
		const { running } = this.#options;
		if (!running.isMeasuring) return this.#downloader.turn();
		running.step();
		if (running.isMeasuring || !this.#waitsForDigest || this.#verdict === undefined) return;
		this.#waitsForDigest = false;
		this.#download(this.#verdict);
	}

	#downloadChanged(): void {
		const { clock, onChanged } = this.#options;
		const { state } = this.#downloader;
		if (state.kind === "failed") {
			this.#againAtMs = clock.monotonicMs() + LIMITS.revertPauseMs;
			this.#ended(state.result);
		}
		if (state.kind === "complete") this.#completeAtMs = clock.monotonicMs();
		this.#pace.wake();
		onChanged();
	}

	#ended(result: UpdateResult): void {
		const { clock, records, system } = this.#options;
		const sequence = this.#verdict?.manifest.sequence;
		system.log(`update: ${result} in sequence ${sequence ?? "unknown"}`);
		records.history.ended(result, sequence, clock.monotonicMs());
	}

	/** What flash's allowance filled up with is written down each hour. */
	#keepAllowance(): void {
		if (this.#keeping) return;
		this.#keeping = true;
		const { clock, records } = this.#options;
		clock.after(LIMITS.allowanceWriteMs, () => {
			this.#keeping = false;
			records.history.keepAllowance(clock.monotonicMs());
			this.#keepAllowance();
		});
	}

	/** Looks on while there is a plan: at senders that fell silent, at a failure that is over, at a quiet moment. */
	#look(): void {
		if (this.#looking) return;
		this.#looking = true;
		this.#options.clock.after(LIMITS.updateLookMs, () => {
			this.#looking = false;
			const verdict = this.#verdict;
			if (verdict === undefined) return;
			this.#look();
			// Who waits for us is not silent.
			for (const sender of this.#pace.waiting) this.#downloader.heard(sender);
			this.#downloader.tick();
			this.#options.onLook();
			const { kind } = this.#downloader.state;
			if (kind === "failed") this.#maybeAgain(verdict);
			else if (kind === "complete") this.#maybeRestart(verdict);
		});
	}

	#maybeAgain(verdict: ManifestVerdict): void {
		const nowMs = this.#options.clock.monotonicMs();
		if (this.#againAtMs === undefined || nowMs < this.#againAtMs) return;
		this.#againAtMs = nowMs + LIMITS.revertPauseMs;
		if (this.#options.records.history.begun(verdict.manifest.sequence, nowMs).ok) this.#download(verdict);
	}

	#maybeRestart({ manifest }: ManifestVerdict): void {
		if (this.#againAtMs !== undefined && this.#options.clock.monotonicMs() < this.#againAtMs) return;
		const isTime = (): boolean =>
			this.#restart.isTime(manifest.sequence, this.#pace.wantedAtMs, this.#completeAtMs);
		if (!isTime()) return;
		if (!this.#options.settleTrial()) return this.#restartLater("storage");
		// Time has passed since it was judged: trust, or the statement, may be over, and what was counted just now is a pause, or parks.
		this.revise();
		if (this.#downloader.state.kind !== "complete" || !isTime()) return;
		const failed = this.#restart.into(manifest);
		if (failed === "slot-io") return this.#downloader.fail();
		this.#restartLater(failed);
	}

	#restartLater(reason: UpdateResult): void {
		this.#ended(reason);
		this.#againAtMs = this.#options.clock.monotonicMs() + LIMITS.revertPauseMs;
	}
}

/** For the local log. */
function wayOf(asker: Asker): string {
	return typeof asker === "number" ? `the session of grant ${asker}` : asker;
}
