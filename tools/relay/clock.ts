/** What a relay goes by in time, so that tests hold it in their hands. */
export interface RelayClock {
	/** Since 1970. It jumps when somebody sets it. */
	unixMs(): number;
	/** From any beginning; it jumps never. */
	monotonicMs(): number;
}

export const SYSTEM_CLOCK: RelayClock = Object.freeze({
	unixMs: () => Date.now(),
	monotonicMs: () => performance.now(),
});
