/**
 * Brings a release to one lock and sees its update through (docs/UPDATE.md 5 to 8): offers it, sends what the lock asks for from where it
 * asks for it, so that whatever came before stays, waits for restart and trial, and says how it ended. It trusts no lock's word
 * with more than a text, and every wait has an end.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import type { UpdateStanding, Wanted } from "../phone/phone-update.ts";
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
	| "delivered" // it is not waited for
	| "booted"; // it runs, and nobody here may ask whether it was confirmed

const LOOK_MS = 500;
/** A lock that has everything restarts only when nobody asks anything of it for a while (UPDATE 6). */
const QUIET_LOOK_MS = LIMITS.updateQuietMs + 3000;
const REOPEN_MS = 1000;
/** So long nothing may move while the lock has something to do. */
const STILL_MS = 180_000;
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
			const before = await way.status();
			if (before?.report.sequence === this.#sequence && before.report.state !== "trial") return "present";
			await this.#offer(way);
			await this.#deliver();
			if (!this.#options.wait) return "delivered";
			return await this.#seeTrial();
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
			const report = (await way.status())?.report;
			const why =
				report === undefined || report.result === "none" ? error.message : resultText(report.result);
			throw new UpdateFault(`the lock refuses release ${this.#sequence}: ${why}`);
		}
	}

	/** Until the lock has all of it, whoever brought it. */
	async #deliver(): Promise<void> {
		let movedMs = this.#nowMs();
		let seen = "";
		let next: Wanted | undefined;
		for (;;) {
			let standing: UpdateStanding | undefined;
			try {
				const way = this.#way ?? (await this.#open(OPEN_MS));
				if (next === undefined) {
					standing = await way.status();
					next = standing?.wanted;
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
			if (standing !== undefined && this.#isComplete(standing.report)) return;
			const now = next === undefined ? standingText(standing) : `${next.offset}`;
			if (now !== seen) movedMs = this.#nowMs();
			seen = now;
			if (this.#nowMs() - movedMs > STILL_MS) throw new UpdateFault("the lock does not go on with it");
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
		if (report.state === "waiting" || report.sequence === this.#sequence) return true;
		// A trial that was reverted before anybody looked.
		if (report.resultSequence === this.#sequence && isRevert(report.result)) return true;
		if (report.state !== "idle" && report.state !== "parked") return false;
		throw new UpdateFault(`the lock gave release ${this.#sequence} up: ${resultText(report.result)}`);
	}

	async #seeTrial(): Promise<PushEnd> {
		const { say, trialMs } = this.#options;
		const deadlineMs = this.#nowMs() + trialMs;
		let told = "";
		for (;;) {
			const look = await this.#look(Math.max(OPEN_MS, deadlineMs - this.#nowMs()));
			if (look.kind === "end") return look.end;
			if (this.#nowMs() > deadlineMs)
				throw new UpdateFault(
					`the lock did not say in time how release ${this.#sequence} ended: ${look.text}`,
				);
			if (look.text !== told) say(look.text);
			told = look.text;
			// Whoever asks keeps a complete lock from restarting; one on trial is shown that it can be reached.
			if (look.quiet) this.#close();
			await this.#pause(look.quiet ? QUIET_LOOK_MS : LOOK_MS);
		}
	}

	async #look(openMs: number): Promise<TrialLook> {
		try {
			const way = this.#way ?? (await this.#open(openMs));
			const standing = await way.status();
			if (standing === undefined) return this.#lookAtVersion(await way.version());
			return this.#judge(standing.report);
		} catch (error) {
			if (error instanceof UpdateFault || this.#way === undefined) throw error;
			// The way broke while it was asked: the lock restarts.
			this.#close();
			return { kind: "wait", text: "the lock restarts", quiet: false };
		}
	}

	#judge(report: UpdateReport): TrialLook {
		if (report.sequence === this.#sequence) {
			if (report.state !== "trial") return { kind: "end", end: "installed" };
			return { kind: "wait", text: `version ${report.version} is on trial`, quiet: false };
		}
		if (report.resultSequence === this.#sequence && isRevert(report.result)) {
			const again = report.state === "parked" ? "it is parked" : "the lock tries it again later";
			throw new UpdateFault(
				`the lock reverted release ${this.#sequence} and runs ${report.version}: ${resultText(report.result)}; ${again}`,
			);
		}
		if (report.state === "waiting")
			return {
				kind: "wait",
				text: "complete; the lock restarts when nobody wants anything of it",
				quiet: true,
			};
		if (report.state === "idle" || report.state === "parked")
			throw new UpdateFault(`the lock gave release ${this.#sequence} up: ${resultText(report.result)}`);
		return { kind: "wait", text: `the lock is ${report.state}`, quiet: true };
	}

	#lookAtVersion(version: string): TrialLook {
		if (version === this.#options.release.file.manifest.version) return { kind: "end", end: "booted" };
		return { kind: "wait", text: `the lock runs ${version}`, quiet: true };
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

type TrialLook =
	| { readonly kind: "end"; readonly end: PushEnd }
	| { readonly kind: "wait"; readonly text: string; readonly quiet: boolean };

function standingText(standing: UpdateStanding | undefined): string {
	return `${standing?.report.state} ${standing?.report.goodBytes}`;
}
