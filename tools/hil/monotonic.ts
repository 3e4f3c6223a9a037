/** The clock that simulated boards stamp their pins with (CLOCK_MONOTONIC), from this process. */
export function monotonicUs(): number {
	return Number(process.hrtime.bigint() / 1_000n);
}
