/**
 * The time of this process, which jumps. As long as it is installed, timers, `performance.now` and `Date` run as the machine's do until
 * it is let `stand`, and then go on by what `jump` adds; timers that are due then run one after the other, as ever. So everything in this process, of whatever
 * library, goes by one time: relay, phones, door, supervisor, time role.
 *
 * Intervals hold no jump up, and one that was passed over runs once behind it: they only look whether something has changed.
 * What Node itself times inside (handshakes, sockets) and what OpenSSL thinks of certificates stays the machine's time: therefore
 * `startUnixMs` lies so far back that the day ends before now, and no certificate is ever of the future.
 */
const real = Object.freeze({
	setTimeout: globalThis.setTimeout,
	clearTimeout: globalThis.clearTimeout,
	setInterval: globalThis.setInterval,
	clearInterval: globalThis.clearInterval,
	setImmediate: globalThis.setImmediate,
	date: globalThis.Date,
	now: performance.now.bind(performance),
});

/** By the machine's time, whatever is installed. */
export function realPause(ms: number): Promise<void> {
	return new Promise((resolve) => void real.setTimeout(resolve, ms));
}

export function realNowMs(): number {
	return real.now();
}

/** What Node's own timers can do, as far as anything here asks. */
class ProcessTimer {
	readonly #clock: ProcessClock;
	readonly #delayMs: number;
	readonly run: () => void;
	readonly isRepeated: boolean;
	dueMs: number;

	constructor(clock: ProcessClock, run: () => void, delayMs: number, isRepeated: boolean) {
		this.#clock = clock;
		this.run = run;
		this.isRepeated = isRepeated;
		// As Node has it: what is no delay is one millisecond.
		this.#delayMs = delayMs >= 1 ? delayMs : 1;
		this.dueMs = clock.nowMs + this.#delayMs;
	}

	again(): void {
		this.dueMs = this.#clock.nowMs + this.#delayMs;
	}

	refresh(): this {
		this.again();
		this.#clock.add(this);
		return this;
	}

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}

	hasRef(): boolean {
		return true;
	}

	close(): this {
		this.#clock.remove(this);
		return this;
	}
}

export class ProcessClock {
	readonly #timers = new Set<ProcessTimer>();
	readonly #startUnixMs: number;
	readonly #startRealMs = real.now();
	#addedMs = 0;
	/** The machine's time when it began to stand. */
	#stoodMs: number | undefined;
	/** What wakes this process for the first of its timers. */
	#armed: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
	#isRunning = false;

	private constructor(startUnixMs: number) {
		this.#startUnixMs = startUnixMs;
	}

	/** One at a time; `uninstall` it. */
	static install(startUnixMs: number): ProcessClock {
		const clock = new ProcessClock(startUnixMs);
		type Callback = (...values: unknown[]) => void;
		const start =
			(isRepeated: boolean) =>
			(callback: Callback, delayMs = 0, ...values: unknown[]): ProcessTimer => {
				const timer = new ProcessTimer(clock, () => callback(...values), Number(delayMs), isRepeated);
				clock.add(timer);
				return timer;
			};
		const stop = (timer: unknown): void => {
			if (timer instanceof ProcessTimer) timer.close();
			else real.clearTimeout(timer as NodeJS.Timeout);
		};
		class JumpingDate extends real.date {
			constructor(...values: readonly unknown[]) {
				if (values.length === 0) super(clock.unixMs);
				else super(...(values as [number]));
			}

			static override now(): number {
				return Math.floor(clock.unixMs);
			}

			/** Those that were made before are dates too. */
			static override [Symbol.hasInstance](value: unknown): boolean {
				return value instanceof real.date;
			}
		}
		Object.assign(globalThis, {
			setTimeout: start(false),
			setInterval: start(true),
			clearTimeout: stop,
			clearInterval: stop,
			Date: JumpingDate,
		});
		Object.defineProperty(performance, "now", { configurable: true, value: () => clock.nowMs });
		return clock;
	}

	uninstall(): void {
		const { setTimeout, clearTimeout, setInterval, clearInterval, date } = real;
		Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval, Date: date });
		Reflect.deleteProperty(performance, "now");
		this.#timers.clear();
		if (this.#armed !== undefined) real.clearTimeout(this.#armed.timer);
	}

	get nowMs(): number {
		return (this.#stoodMs ?? real.now()) + this.#addedMs;
	}

	/** Since it was installed. */
	get elapsedMs(): number {
		return this.nowMs - this.#startRealMs;
	}

	get addedMs(): number {
		return this.#addedMs;
	}

	get unixMs(): number {
		return this.#startUnixMs + this.elapsedMs;
	}

	/** Until the first timer that holds a jump up; Infinity: there is none. */
	get leftMs(): number {
		let firstMs = Number.POSITIVE_INFINITY;
		for (const timer of this.#timers) if (!timer.isRepeated) firstMs = Math.min(firstMs, timer.dueMs);
		return firstMs - this.nowMs;
	}

	/** From now on it jumps and does not run. */
	stand(): void {
		this.#stoodMs = real.now();
	}

	jump(ms: number): void {
		this.#addedMs += ms;
		this.#arm();
	}

	add(timer: ProcessTimer): void {
		this.#timers.add(timer);
		if (this.#armed === undefined || timer.dueMs < this.#armed.atMs) this.#arm();
	}

	remove(timer: ProcessTimer): void {
		this.#timers.delete(timer);
	}

	#first(): ProcessTimer | undefined {
		let first: ProcessTimer | undefined;
		for (const timer of this.#timers) if (first === undefined || timer.dueMs < first.dueMs) first = timer;
		return first;
	}

	#arm(): void {
		if (this.#isRunning) return;
		if (this.#armed !== undefined) real.clearTimeout(this.#armed.timer);
		this.#armed = undefined;
		const first = this.#first();
		if (first === undefined) return;
		const leftMs = first.dueMs - this.nowMs;
		if (leftMs <= 0) {
			// One a turn: promises that one settles come before the next.
			this.#isRunning = true;
			real.setImmediate(() => this.#runFirst());
			return;
		}
		// A jump arms anew.
		if (this.#stoodMs !== undefined) return;
		this.#armed = { atMs: first.dueMs, timer: real.setTimeout(() => this.#wake(), Math.ceil(leftMs)) };
	}

	#wake(): void {
		this.#armed = undefined;
		this.#arm();
	}

	#runFirst(): void {
		this.#isRunning = false;
		const first = this.#first();
		if (first !== undefined && first.dueMs <= this.nowMs) {
			if (first.isRepeated) first.again();
			else this.#timers.delete(first);
			try {
				first.run();
			} finally {
				this.#arm();
			}
			return;
		}
		this.#arm();
	}

	/** Timers that are due and have not run. */
	get isBehind(): boolean {
		return this.#isRunning;
	}
}
