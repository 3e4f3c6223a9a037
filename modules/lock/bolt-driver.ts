/**
 * Binds the bolt machine to pins, drive and clock. It decides nothing: what an effect says is done, in order. Its
 * callers ask it only after a verdict of `access` (DESIGN 3).
 */
import { assert, unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Drive, InputRole, Pins } from "../platform/pins.ts";
import { initial, step } from "./bolt.ts";
import { assertBoltConfig, type BoltConfig, type Motion } from "./bolt-config.ts";
import {
	type BoltCause,
	type BoltEffect,
	type BoltEvent,
	type BoltFault,
	type BoltInputs,
	type BoltOutcome,
	type BoltReport,
	type BoltState,
	isDriving,
	reportOf,
	wakeAtMs,
} from "./bolt-state.ts";

export interface BoltHandlers {
	/** The bolt is now called `bolt`, because of `cause`. */
	onChanged(bolt: BoltReport, cause: BoltCause): void;
	onFault(fault: BoltFault): void;
	/** A motion ended: what waited for `driving` to be false may start. */
	onIdle(): void;
}

export interface BoltPorts {
	readonly clock: Clock;
	readonly pins: Pins;
	readonly drive: Drive;
	/** While true somebody else tries the outputs (a self-test in its jig): no motion begins on command or button. */
	readonly isTaken?: () => boolean;
}

const WATCHED: readonly InputRole[] = Object.freeze(["thrown", "retracted", "door", "inhibit"]);

export class BoltDriver {
	readonly #clock: Clock;
	readonly #pins: Pins;
	readonly #drive: Drive;
	readonly #handlers: BoltHandlers;
	readonly #isTaken: () => boolean;
	#config: BoltConfig;
	#state: BoltState;
	#timer: Timer | undefined;
	#settling: Timer | undefined;
	/** Commands without an outcome, by ticket: the one that moves the bolt, and those not looked at yet. */
	readonly #waiting = new Map<number, (outcome: BoltOutcome) => void>();
	#tickets = 0;
	#stepping = false;
	readonly #events: BoltEvent[] = [];

	/** Reads where the bolt is; moves nothing. Calls back from the event loop only, but for `request`. */
	constructor(ports: BoltPorts, config: BoltConfig, handlers: BoltHandlers) {
		assertBoltConfig(config);
		this.#clock = ports.clock;
		this.#pins = ports.pins;
		this.#drive = ports.drive;
		this.#handlers = handlers;
		this.#isTaken = ports.isTaken ?? (() => false);
		this.#config = config;
		const first = initial(this.#inputs(), this.#clock.monotonicMs(), config);
		this.#state = first.state;
		for (const role of WATCHED) this.#pins.watch(role, () => this.#onPin());
		this.#clock.after(0, () => {
			for (const effect of first.effects) this.#perform(effect);
		});
		this.#arm();
	}

	get bolt(): BoltReport {
		return reportOf(this.#state);
	}

	/** While true no handshake, TLS connect or flash erase starts (DESIGN 10). */
	get driving(): boolean {
		return isDriving(this.#state);
	}

	/** Undefined where no contact is fitted. */
	get doorClosed(): boolean | undefined {
		return this.#config.doorContact ? this.#pins.read("door") : undefined;
	}

	get inhibited(): boolean {
		return this.#pins.read("inhibit");
	}

	/** What `request` would be refused as, made now; undefined when it would be done or begun. Moves nothing. */
	refusal(motion: Motion): Exclude<BoltOutcome, "done"> | undefined {
		if (this.#isTaken()) return "busy";
		// Tickets begin at 1: the answer to this one is nobody else's.
		const asked = { kind: "command", inputs: this.#inputs(), motion, ticket: 0 } as const;
		const { effects } = step(this.#state, asked, this.#clock.monotonicMs(), this.#config);
		for (const effect of effects) {
			if (effect.kind === "answer" && effect.ticket === 0 && effect.outcome !== "done") return effect.outcome;
		}
		return undefined;
	}

	/** Answers once: from inside this call when there is nothing to wait for, else when the motion has ended. */
	request(motion: Motion, onOutcome: (outcome: BoltOutcome) => void): void {
		if (this.#isTaken()) return onOutcome("busy");
		const ticket = ++this.#tickets;
		this.#waiting.set(ticket, onOutcome);
		this.#dispatch({ kind: "command", inputs: this.#inputs(), motion, ticket });
	}

	/** The exit button was pressed. */
	pressExit(): void {
		if (this.#isTaken()) return;
		this.#dispatch({ kind: "exit", inputs: this.#inputs() });
	}

	/** A new relock time, from now on; 0 turns the relock off. */
	setRelockMs(relockMs: number): void {
		const config = { ...this.#config, relockMs };
		assertBoltConfig(config);
		this.#config = config;
		this.#dispatch({ kind: "inputs", inputs: this.#inputs() });
	}

	#inputs(): BoltInputs {
		return {
			thrown: this.#pins.read("thrown"),
			retracted: this.#pins.read("retracted"),
			doorClosed: this.#pins.read("door"),
			inhibited: this.#pins.read("inhibit"),
		};
	}

	/** At once while the bolt travels; at rest contacts may bounce first. */
	#onPin(): void {
		if (this.driving) this.#look();
		else this.#settling ??= this.#clock.after(LIMITS.contactBounceMs, () => this.#look());
	}

	#look(): void {
		this.#dispatch({ kind: "inputs", inputs: this.#inputs() });
	}

	/** Callers may call back into this class: what they ask for is then done after this event's effects. */
	#dispatch(event: BoltEvent): void {
		assert(this.#events.length < LIMITS.boltEvents, "bolt events pile up");
		this.#events.push(event);
		if (this.#stepping) return;
		this.#stepping = true;
		for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
		this.#stepping = false;
	}

	#step(event: BoltEvent): void {
		const wasDriving = this.driving;
		const { state, effects } = step(this.#state, event, this.#clock.monotonicMs(), this.#config);
		this.#state = state;
		this.#settling?.cancel();
		this.#settling = undefined;
		this.#arm();
		for (const effect of effects) this.#perform(effect);
		if (wasDriving && !this.driving) this.#handlers.onIdle();
	}

	#arm(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
		const atMs = wakeAtMs(this.#state);
		if (atMs === undefined) return;
		const delayMs = Math.max(0, Math.ceil(atMs - this.#clock.monotonicMs()));
		this.#timer = this.#clock.after(delayMs, () => this.#look());
	}

	#perform(effect: BoltEffect): void {
		switch (effect.kind) {
			case "energise":
				this.#drive.energise(effect.role, effect.maximumMs);
				return;
			case "cut":
				this.#drive.cut(effect.role);
				return;
			case "changed":
				this.#handlers.onChanged(effect.bolt, effect.cause);
				return;
			case "fault":
				this.#handlers.onFault(effect.fault);
				return;
			case "answer": {
				const onOutcome = this.#waiting.get(effect.ticket);
				assert(onOutcome !== undefined, "a command is answered once");
				this.#waiting.delete(effect.ticket);
				onOutcome(effect.outcome);
				return;
			}
			default:
				unreachable(effect);
		}
	}
}
