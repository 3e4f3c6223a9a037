/** A scenario: written once, run by every driver that has what it needs. The stage is what it acts on; a step has a name and a time. */
import { DEFAULT_BOLT } from "../../modules/lock/bolt-config.ts";
import type { Mechanism } from "../board/mechanism.ts";
import type { Ability, Driver } from "./driver.ts";
import { HilFault } from "./hil-fault.ts";
import type { LockBench } from "./lock-bench.ts";
import type { PulseBook, PulseKind } from "./pulses.ts";
import { type Edge, everTogether, type Pulse, pulsesOf } from "./trace.ts";

export interface Scenario {
	readonly name: string;
	/** What it shows when it passes, one sentence, by whatever driver. */
	readonly shows: string;
	/** What it shows besides by a driver that can do more, and looks at there alone. */
	readonly alsoShows?: readonly { readonly needs: readonly Ability[]; readonly text: string }[];
	readonly needs: readonly Ability[];
	readonly run: (stage: Stage) => Promise<void>;
}

export interface StepTime {
	readonly text: string;
	readonly ms: number;
}

/** The lock is not as it must be. */
export class ScenarioFailure extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ScenarioFailure";
	}
}

/** What the scenario needs before it begins is not so; nothing was shown either way. */
export class ScenarioSkip extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ScenarioSkip";
	}
}

/** What a scenario shows by a driver that can do this, and no more than that. */
export function shownBy({ shows, alsoShows = [] }: Scenario, abilities: ReadonlySet<Ability>): string {
	const also = alsoShows.filter(({ needs }) => needs.every((need) => abilities.has(need)));
	return [shows, ...also.map(({ text }) => text)].join("; ");
}

/** A Wi-Fi of the bench. */
export interface BenchWifi {
	readonly ssid: Uint8Array;
	readonly passphrase: string;
}

export interface StageOptions {
	readonly driver: Driver;
	readonly bench: LockBench;
	readonly pulses: PulseBook;
	/** A signed release that is newer than what the lock runs, as a folder; made where none is given and it can be. */
	readonly release?: string;
	/** What the access point is really called; undefined: a simulated lock takes any name. */
	readonly wifi?: BenchWifi;
	readonly say: (line: string) => void;
}

const SHORT_PRESS_MS = 300;
const RESET_HOLD_MS = 10_600;
const WINDOW_MS = 5_000;
const PRESSES = 3;
const REST_MS = 20_000;
const SETTLE_BRAKES = 2;
const DRIVES = Object.freeze(["drive-throw", "drive-retract"] as const);
/** Outputs that move or brake a bolt. */
const ENERGISED = Object.freeze([...DRIVES, "brake"] as const);
/** A motion that was under way is over by then. */
const CALM_MS = DEFAULT_BOLT.travelMs + DEFAULT_BOLT.brakeMs + 1_000;
const LOOK_MS = 50;
const AFTER_RESET_MS = 4_000;

export class Stage {
	readonly driver: Driver;
	readonly bench: LockBench;
	readonly release: string | undefined;
	readonly wifi: BenchWifi | undefined;
	readonly steps: StepTime[] = [];
	readonly #pulses: PulseBook;
	readonly #say: (line: string) => void;

	constructor({ driver, bench, pulses, release, wifi, say }: StageOptions) {
		this.driver = driver;
		this.bench = bench;
		this.release = release;
		this.wifi = wifi;
		this.#pulses = pulses;
		this.#say = say;
	}

	/** Of a driver that has hands, eyes or a bolt by wire. */
	get door(): Mechanism {
		if (this.driver.mechanism === undefined) throw new HilFault("this driver has no door hardware");
		return this.driver.mechanism;
	}

	get edges(): readonly Edge[] {
		return this.driver.trace.edges;
	}

	can(ability: Ability): boolean {
		return this.driver.abilities.has(ability);
	}

	async step<Value>(text: string, work: () => Promise<Value>): Promise<Value> {
		const startedMs = performance.now();
		try {
			return await work();
		} finally {
			const ms = performance.now() - startedMs;
			this.steps.push({ text, ms });
			this.#say(`  ${ms.toFixed(0).padStart(6)} ms  ${text}`);
		}
	}

	check(condition: boolean, message: string): asserts condition {
		if (!condition) throw new ScenarioFailure(message);
	}

	async pause(ms: number): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, ms));
	}

	/** It rejects with an error whose text fits; anything else fails. */
	async refused(what: string, pattern: RegExp, work: () => Promise<unknown>): Promise<void> {
		let text: string | undefined;
		try {
			await work();
		} catch (error) {
			text = (error as Error).message;
		}
		this.check(text !== undefined, `${what}: was not refused`);
		this.check(pattern.test(text), `${what}: ended otherwise: ${text}`);
	}

	/**
	 * What somebody without a right tried is refused, and by a lock that lives: it answers afterwards and did not start over, since a
	 * dead lock refuses everybody. Nobody may have the service line open.
	 */
	async turnedAway(what: string, pattern: RegExp, work: () => Promise<unknown>): Promise<void> {
		const boots = await this.#boots(`before ${what}`);
		await this.refused(what, pattern, work);
		const now = await this.#boots(`after ${what}`);
		this.check(now === boots, `${what}: the lock started over`);
	}

	/** The owner's phone is served still. */
	async ownerIsServed(what: string): Promise<void> {
		try {
			await this.bench.withPhone((phone) => phone.status());
		} catch (error) {
			this.check(false, `after ${what} the owner's phone is not served: ${(error as Error).message}`);
		}
	}

	async #boots(when: string): Promise<number> {
		try {
			return await this.bench.boots();
		} catch (error) {
			throw new ScenarioFailure(`${when} the lock does not say how it is: ${(error as Error).message}`);
		}
	}

	/** The edges from here on are those of what comes next. Whoever moved the bolt before has settled. */
	mark(): number {
		return this.edges.length;
	}

	since(mark: number): readonly Edge[] {
		return this.edges.slice(mark);
	}

	/** The bolt was moved by nobody since then. */
	notDriven(mark: number, when: string): void {
		const before = this.driver.trace.highAt(mark);
		const edges = this.since(mark);
		const moved = DRIVES.find(
			(drive) => before.has(drive) || edges.some(({ role, level }) => level && role === drive),
		);
		this.check(moved === undefined, `${moved} was energised ${when}`);
	}

	/** Each pulse of an output is as it must be, and at least one is there; they go into the report's table. */
	judge(kind: PulseKind, pulses: readonly Pulse[]): void {
		this.check(pulses.length > 0, `${kind.name}: there was no pulse`);
		for (const { fromUs, toUs } of pulses) {
			this.check(toUs !== undefined, `${kind.name}: the output stayed energised`);
			const right = this.#pulses.add(kind, toUs - fromUs);
			const width = ((toUs - fromUs) / 1_000).toFixed(1);
			this.check(right, `${kind.name}: ${width} ms, and it must be ${kind.rule} ${kind.expectedMs} ms`);
		}
	}

	pulses(role: Edge["role"], mark: number): readonly Pulse[] {
		return pulsesOf(this.since(mark), role);
	}

	/** Brakes are over and every edge is in the trace: before pulses are judged. */
	async settled(): Promise<void> {
		await this.pause(SETTLE_BRAKES * DEFAULT_BOLT.brakeMs);
		await this.driver.settled();
	}

	/** Nothing is energised before anybody asks; a motion that was under way may end. For a driver with eyes. */
	async calm(): Promise<void> {
		const deadline = performance.now() + CALM_MS;
		for (;;) {
			await this.driver.settled();
			const [energised] = this.#energised();
			if (energised === undefined) return;
			this.check(performance.now() < deadline, `${energised} is energised, and nobody asked for anything`);
			await this.pause(LOOK_MS);
		}
	}

	#energised(): readonly Edge["role"][] {
		return ENERGISED.filter((role) => this.driver.trace.level(role));
	}

	/** What holds of any lock at any time: checked after every scenario of a driver with eyes. */
	async judgeAlways(): Promise<void> {
		await this.settled();
		const { travelMs, brakeMs } = DEFAULT_BOLT;
		const { trace } = this.driver;
		this.check(!trace.isCut, "there were more edges than are kept: what came after them nobody looked at");
		this.check(
			!everTogether(this.edges, "drive-throw", "drive-retract", trace.highAtStart),
			"both directions were energised at once",
		);
		const [energised] = this.#energised();
		this.check(energised === undefined, `${energised} is energised at the end`);
		for (const [role, name, expectedMs] of [
			["drive-throw", "any throw", travelMs],
			["drive-retract", "any retraction", travelMs],
			["brake", "any brake", brakeMs],
		] as const) {
			const ended = pulsesOf(this.edges, role);
			if (ended.length > 0) this.judge({ name, rule: "at most", expectedMs }, ended);
		}
	}

	/** The hardware around the lock is as in a house at rest, the lock is on, and its firmware answers. */
	async atRest(): Promise<void> {
		const { driver, bench } = this;
		await driver.untrip();
		if (this.can("access-point")) await driver.setAccessPoint(true);
		if (driver.mechanism !== undefined) {
			driver.mechanism.setFault({ kind: "none" });
			driver.mechanism.setLies({});
			for (const role of ["button", "exit", "tamper", "inhibit"] as const) driver.mechanism.set(role, false);
			driver.mechanism.set("door", true);
		}
		if (this.can("power")) await bench.setPower(true);
		await bench.awaitBoard();
		if (this.can("sense")) await this.calm();
	}

	/** The owner's phone has a grant; claims the lock where it has none. */
	async paired(): Promise<void> {
		if (await this.bench.isPaired()) return;
		if (!this.can("hands")) throw new ScenarioSkip("the lock is not paired, and nobody can press its button");
		await this.openWindow();
		try {
			await this.bench.pair("owner");
		} catch (error) {
			throw new ScenarioSkip(`the lock cannot be paired: ${(error as Error).message}`);
		}
	}

	/** Presses again where nothing came of it: a board that was off the processor meanwhile saw a bounce. */
	async openWindow(): Promise<void> {
		for (let presses = 1; ; presses++) {
			await this.driver.press("button", SHORT_PRESS_MS);
			if (!this.can("sense")) return await this.pause(SHORT_PRESS_MS);
			if (await this.door.waitFor((door) => door.output("indicator"), WINDOW_MS)) return;
			this.check(presses < PRESSES, "the button opens no pairing window");
		}
	}

	isRetracted(): boolean {
		return this.door.position === 0;
	}

	isThrown(): boolean {
		return this.door.position === 1;
	}

	/** The bolt is thrown, by a phone's word. */
	async thrown(): Promise<void> {
		await this.bench.withPhone(async (phone) => {
			const bolt = async (): Promise<string> => (await phone.status()).bolt;
			const rests = async (): Promise<boolean> => !/ing$/.test(await bolt());
			this.check(await this.bench.until(rests, REST_MS), "the bolt does not come to rest");
			if ((await bolt()) !== "thrown") await phone.lock();
		});
		const isThrown = await this.door.waitFor((door) => door.position === 1, REST_MS);
		this.check(isThrown, "the bolt cannot be thrown");
		await this.settled();
	}

	/** Ten seconds at the button; the lock starts over and answers again. */
	async resetByHand(): Promise<void> {
		this.bench.endSession();
		await this.driver.press("button", RESET_HOLD_MS);
		await this.pause(AFTER_RESET_MS);
		await this.bench.awaitBoard();
	}
}
