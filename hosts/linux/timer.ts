/** Timers under the name and with the shape that the Moddable SDK gives them: `import Timer from "timer"`. */

type TimerCallback = (timer: Timer) => void;

const start =
	native<(this: Timer, callback: TimerCallback, delayMs: number, repeatMs?: number) => void>(
		"xs_timer_start",
	);
const stop = native<(this: Timer) => void>("xs_timer_stop");

export default class Timer extends Native("xs_timer_destructor") {
	private constructor() {
		super();
	}

	/** Once after intervalMs (0 .. 2^31-1), or again and again every repeatMs. From the event loop only. */
	static set(callback: TimerCallback, intervalMs = 0, repeatMs?: number): Timer {
		const timer = new Timer();
		start.call(timer, callback, intervalMs, repeatMs);
		return timer;
	}

	static repeat(callback: TimerCallback, intervalMs: number): Timer {
		return Timer.set(callback, intervalMs, intervalMs);
	}

	/** Idempotent; the callback does not run after it. */
	static clear(timer: Timer | undefined | null): void {
		if (timer) stop.call(timer);
	}
}
