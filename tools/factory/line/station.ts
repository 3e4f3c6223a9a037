/**
 * One station: finds the board that is in it, asks what it needs next, does that, and again. The rules are station-state.ts and
 * resume.ts; here they meet the port. It owns the port: the firmware's line or the driver has it, never both.
 *
 * A chip that was asked stays in its loader, closed or not: whatever is not worked on is started again before the station
 * waits, so that nobody takes out a board that seems dead.
 */
import { unreachable } from "../../../modules/base/assert.ts";
import { toHex } from "../../../modules/base/bytes.ts";
import { type Identification, identify, ProvisionFault } from "../board-steps.ts";
import { SerialFault } from "../serial-port.ts";
import { VerbLine } from "../verbs.ts";
import { BoardWork } from "./board-work.ts";
import { StepFault } from "./cause.ts";
import { type ChipDriver, ChipFault, type ChipIdentity } from "./chip-driver.ts";
import { burnedFuse } from "./fuses.ts";
import { LeaseFault } from "./journal.ts";
import { type BoardRow, type Lease, standingFrom } from "./journal-rows.ts";
import type { LineParts } from "./line-parts.ts";
import { PortLock } from "./port-lock.ts";
import { judgeBegun, judgeBlank, type Told, type Verdict } from "./resume.ts";
import { retire } from "./scrap.ts";
import { INITIAL, type StationEffect, type StationEvent, step } from "./station-state.ts";

/** What a station tells, for the operator and the report. */
export type StationNews =
	| Extract<StationEffect, { readonly kind: "stepped" | "stumbled" | "take-out" | "trouble" }>
	| { readonly kind: "begun"; readonly board: number; readonly anew: boolean }
	| { readonly kind: "warning"; readonly board: number; readonly text: string }
	| { readonly kind: "port-in-use" };

export interface StationOptions {
	readonly name: string;
	readonly port: string;
	readonly parts: LineParts;
	readonly driver: ChipDriver;
	readonly run: number;
	/** Who this is, in the journal's rows. */
	readonly holder: string;
	readonly burn: boolean;
	/** Whether no new board is to be begun. */
	readonly isStopping: () => boolean;
	readonly onNews: (news: StationNews) => void;
	/** Default: the serial device of that path. Throws SerialFault open. */
	readonly openLine?: (path: string, answerMs: number) => VerbLine;
}

/** How long a board's firmware, if there is any, has to answer when nobody knows whether there is. */
const PROBE_MS = 1_500;
const ANSWER_MS = 5_000;
const RETRY_MS = 50;

export class Station {
	readonly #options: StationOptions;
	readonly #work: BoardWork;
	#line: VerbLine | undefined;
	#lock: PortLock | undefined;
	#toldOfPort = false;
	#toldTrouble: string | undefined;
	/** The board that is worked on. */
	#lease: Lease | undefined;
	/** The chip was asked, and is in its loader. */
	#inLoader = false;
	/** What is in the station, for as long as it is held. */
	#held: { readonly serial?: string; readonly mac?: string } = {};

	constructor(options: StationOptions) {
		this.#options = options;
		this.#work = new BoardWork({
			parts: options.parts,
			driver: options.driver,
			burn: options.burn,
			line: (withinMs) => this.#openLine(withinMs ?? options.parts.config.startMs),
			letGo: () => this.#letGo(),
			warn: (board, text) => options.onNews({ kind: "warning", board: board.id, text }),
		});
	}

	/** Until it is told to stop. Rejects only with what concerns the whole line. */
	async work(): Promise<void> {
		let { state, effects } = INITIAL;
		try {
			while (state.kind !== "ended") {
				let event: StationEvent = { kind: "stopped" };
				for (const effect of effects) event = (await this.#perform(effect)) ?? event;
				({ state, effects } = step(state, event, performance.now(), this.#options.isStopping()));
			}
		} finally {
			this.#letGo();
			this.#lock?.release();
		}
	}

	/** The event that an effect ends with, where it ends with one. */
	async #perform(effect: StationEffect): Promise<StationEvent | undefined> {
		const { parts, run, name, onNews } = this.#options;
		switch (effect.kind) {
			case "look":
				if (effect.afterPause) await this.#pause();
				return await this.#catching(() => this.#lookAndLeave());
			case "run":
				return await this.#catching(async () => {
					const lease = this.#lease;
					if (lease?.board !== effect.board) throw new Error("a step of a board that is not here");
					await this.#work.run(lease, effect.step);
					return { kind: "done" };
				});
			case "watch":
				await this.#pause();
				return (await this.#isHere()) ? { kind: "here" } : { kind: "gone" };
			case "stepped":
			case "stumbled": {
				const { board, step, elapsedMs } = effect;
				const failure = effect.kind === "stumbled" ? effect.failure : undefined;
				parts.journal.note({ board, run, station: name, step, failure, elapsedMs });
				onNews(effect);
				return undefined;
			}
			case "take-out": {
				const row = effect.board === undefined ? undefined : parts.journal.find(effect.board);
				if (row !== undefined) this.#held = { mac: row.mac, ...(row.serial ? { serial: row.serial } : {}) };
				this.#work.forget();
				onNews(effect);
				return undefined;
			}
			case "trouble": {
				const text = `${effect.failure} ${effect.detail ?? ""}`;
				if (text !== this.#toldTrouble) onNews(effect);
				this.#toldTrouble = text;
				return undefined;
			}
			default:
				return unreachable(effect);
		}
	}

	async #catching(work: () => Promise<StationEvent>): Promise<StationEvent> {
		try {
			return await work();
		} catch (error) {
			this.#letGo();
			const failed = failureOf(error);
			if (failed === undefined) throw error;
			return failed;
		}
	}

	// ---- which board this is ----

	async #lookAndLeave(): Promise<StationEvent> {
		this.#lease = undefined;
		const event = await this.#look();
		const { parts, holder } = this.#options;
		if (event.kind === "recognised") this.#lease = parts.journal.take(event.board, holder);
		else await this.#leaveLoader();
		return event;
	}

	/** Whatever becomes of it: a chip that went away needs nothing. */
	async #leaveLoader(): Promise<void> {
		if (!this.#inLoader) return;
		this.#inLoader = false;
		await this.#options.driver.run().catch((error: unknown) => {
			if (!(error instanceof ChipFault)) throw error;
		});
	}

	async #look(): Promise<StationEvent> {
		if (!this.#ownPort()) return { kind: "nothing" };
		this.#work.forget();
		this.#held = {};
		return await this.#lookWithin(PROBE_MS, false);
	}

	/** `woken`: it was started for this. */
	async #lookWithin(withinMs: number, woken: boolean): Promise<StationEvent> {
		const said = await this.#askFirmware(withinMs);
		const told: Told =
			said === undefined
				? { stage: "none" }
				: {
						stage: said.stage,
						serial: said.serial,
						publicKeyHex: said.point === undefined ? undefined : toHex(said.point),
					};
		if (told.stage !== "none" && told.stage !== "blank") {
			this.#held = told.serial === undefined ? {} : { serial: told.serial };
			return this.#follow(this.#judgeBegun(told), undefined);
		}
		return await this.#lookAtChip(told, woken);
	}

	#judgeBegun(told: Extract<Told, { serial: string | undefined }>): Verdict {
		const { journal, images } = this.#options.parts;
		const row = told.serial === undefined ? undefined : journal.findSerial(told.serial);
		const standing = row === undefined ? undefined : standingFrom(row, images.digest);
		return judgeBegun(told, standing, this.#options.burn);
	}

	async #lookAtChip(told: Told, woken: boolean): Promise<StationEvent> {
		const { parts, driver } = this.#options;
		this.#letGo();
		this.#inLoader = true;
		const answer = await driver.look();
		if (answer.kind === "silent") {
			this.#inLoader = false;
			return { kind: "nothing" };
		}
		// It does not say which it is; its firmware does, if it has any.
		if (answer.kind === "secured")
			return woken
				? { kind: "refused", failure: "silent", detail: "its chip is closed" }
				: await this.#wake();
		const chip = answer.identity;
		this.#held = { mac: chip.mac };
		const wanted = parts.config.chip;
		if (chip.chip !== wanted.kind || chip.flashBytes !== wanted.flashBytes) {
			const detail = `${chip.chip} with ${chip.flashBytes} bytes`;
			return { kind: "refused", failure: "chip-other", detail };
		}
		const row = parts.journal.findChip(chip.mac);
		const standing = row === undefined ? undefined : standingFrom(row, parts.images.digest);
		const isUnknown = standing === undefined && told.stage === "none";
		const verdict = judgeBlank(told, standing, {
			woken,
			blank: isUnknown && (await driver.isBlank()),
			confirmed: parts.config.newChips === "any" || parts.journal.isConfirmed(chip.mac),
			burn: this.#options.burn,
		});
		if (verdict.kind === "wake") return await this.#wake();
		if (verdict.kind !== "begin-anew")
			return await this.#follow(verdict, row, verdict.kind === "refuse" ? chip.mac : undefined);
		const burned = burnedFuse(chip.chip, answer.fuses);
		// What somebody burned cannot be begun.
		if (burned !== undefined)
			return { kind: "refused", failure: "fuse-burned", detail: `${burned} of ${chip.mac}` };
		return await this.#begin(chip, verdict.retire, row !== undefined);
	}

	/** Somebody may have left it in its loader, or it is slow: nothing is concluded before it had its time. */
	async #wake(): Promise<StationEvent> {
		const { driver, parts } = this.#options;
		await driver.run();
		this.#inLoader = false;
		return await this.#lookWithin(parts.config.startMs, true);
	}

	async #begin(chip: ChipIdentity, retired: number | undefined, anew: boolean): Promise<StationEvent> {
		const { parts, onNews } = this.#options;
		if (retired !== undefined) await retire(parts, retired, "its flash was erased", true);
		const board = parts.journal.admit(chip);
		// Another tool was faster: it is looked at again.
		if (board === undefined) return { kind: "nothing" };
		onNews({ kind: "begun", board: board.id, anew });
		return { kind: "recognised", board: board.id, step: "write" };
	}

	async #follow(verdict: Verdict, row: BoardRow | undefined, detail?: string): Promise<StationEvent> {
		switch (verdict.kind) {
			case "continue":
				return { kind: "recognised", board: verdict.board, step: verdict.step };
			case "complete":
				return { kind: "complete", board: verdict.board };
			case "refuse":
				return {
					kind: "refused",
					failure: verdict.failure,
					...(verdict.board === undefined ? {} : { board: verdict.board }),
					...(verdict.board === undefined && detail !== undefined ? { detail } : {}),
				};
			case "begin-anew":
				// A scrapped board with its firmware: its chip says which it is.
				return row === undefined ? await this.#lookAtChip({ stage: "none" }, true) : { kind: "nothing" };
			case "wake":
				return await this.#wake();
			default:
				return unreachable(verdict);
		}
	}

	/** Still the board that was held. Nothing is reset for the asking where firmware answers. */
	async #isHere(): Promise<boolean> {
		const { driver } = this.#options;
		const said = await this.#askFirmware(PROBE_MS).catch(() => undefined);
		if (said?.serial !== undefined) return said.serial === this.#held.serial;
		this.#letGo();
		if (this.#held.mac === undefined) return false;
		this.#inLoader = true;
		const answer = await driver.look().catch((error: unknown) => {
			if (error instanceof ChipFault) return undefined;
			throw error;
		});
		await this.#leaveLoader();
		// A closed one does not say which it is: it is still here until nothing answers any more.
		if (answer?.kind === "secured") return true;
		return answer?.kind === "open" && answer.identity.mac === this.#held.mac;
	}

	// ---- the port ----

	/** Undefined: no firmware answers. */
	async #askFirmware(withinMs: number): Promise<Identification | undefined> {
		if (this.#options.driver.serialLine() === undefined && withinMs <= PROBE_MS) {
			this.#letGo();
			return undefined;
		}
		try {
			return await identify(await this.#openLine(withinMs));
		} catch (error) {
			this.#letGo();
			if (error instanceof SerialFault || error instanceof ProvisionFault) return undefined;
			throw error;
		}
	}

	/** The line of a firmware that answers. Rejects with SerialFault. */
	async #openLine(withinMs: number): Promise<VerbLine> {
		if (this.#line !== undefined) return this.#line;
		const deadline = performance.now() + withinMs;
		for (;;) {
			const path = this.#options.driver.serialLine();
			try {
				if (path === undefined) throw new SerialFault("open", "there is no device");
				// It is asked patiently once it has answered, and impatiently until then.
				const open = this.#options.openLine ?? VerbLine.onPort;
				const probe = open(path, Math.min(ANSWER_MS, Math.max(RETRY_MS, withinMs / 3)));
				this.#line = probe;
				await identify(probe);
				probe.answerMs = ANSWER_MS;
				return probe;
			} catch (error) {
				this.#letGo();
				if (!(error instanceof SerialFault) || performance.now() > deadline) throw error;
			}
			await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
		}
	}

	#letGo(): void {
		this.#line?.close();
		this.#line = undefined;
	}

	#ownPort(): boolean {
		if (this.#lock?.isOf(this.#options.port) === true) return true;
		this.#lock?.release();
		this.#lock = undefined;
		const taken = PortLock.take(this.#options.port);
		if (taken === "held" && !this.#toldOfPort) this.#options.onNews({ kind: "port-in-use" });
		this.#toldOfPort = taken === "held";
		if (typeof taken === "string") return false;
		this.#lock = taken;
		return true;
	}

	async #pause(): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, this.#options.parts.config.lookMs));
	}
}

/** Undefined for what is nobody's board's fault. */
function failureOf(error: unknown): Extract<StationEvent, { kind: "failed" }> | undefined {
	if (error instanceof StepFault)
		return { kind: "failed", failure: error.failure, transient: error.transient, detail: error.message };
	if (error instanceof LeaseFault)
		return { kind: "failed", failure: "taken", transient: true, detail: error.message };
	if (error instanceof SerialFault) {
		const failure = error.code === "closed" || error.code === "io" ? "line-lost" : "no-answer";
		return { kind: "failed", failure, transient: true, detail: error.message };
	}
	if (error instanceof ProvisionFault)
		return { kind: "failed", failure: "board-refuses", transient: false, detail: error.message };
	if (error instanceof ChipFault) {
		const transient = error.code === "lost" || error.code === "late";
		return {
			kind: "failed",
			failure: transient ? "chip-lost" : "chip-failed",
			transient: transient || error.code === "failed",
			detail: error.message,
		};
	}
	return undefined;
}
