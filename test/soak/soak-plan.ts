/** What happens in a soak, and when: everything by the house's own time, from its beginning. Pure. */

export type SoakEvent =
	| { readonly kind: "visit" }
	| { readonly kind: "cut"; readonly how: "break" | "silence" }
	| { readonly kind: "publish" }
	| { readonly kind: "sample"; readonly label: string };

export interface Timed {
	readonly atMs: number;
	readonly event: SoakEvent;
}

export interface SoakPlan {
	readonly fromMs: number;
	readonly untilMs: number;
	/** Each an unlock, and a while later a lock. */
	readonly visits: number;
	/**
	 * even: somebody comes more often than every 10 s (LIMITS.updateQuietMs), so that an update that is complete waits, until the next
	 * one takes its place. rushes: those of each minute come in its first part, and then nobody: it restarts the lock.
	 */
	readonly rhythm: "even" | "rushes";
	readonly cuts: number;
	/** When releases are published. */
	readonly publishesMs: readonly number[];
	readonly samples: readonly { readonly atMs: number; readonly label: string }[];
}

const MINUTE_MS = 60_000;
const RUSH_MS = 5_000;
/** Every such cut is a silence, after which the link ends by its own patience. */
const SILENCE_EVERY = 4;

/** In order. */
export function eventsOf(plan: SoakPlan): readonly Timed[] {
	const lengthMs = plan.untilMs - plan.fromMs;
	const events: Timed[] = visitTimes(plan, lengthMs).map((atMs) => ({ atMs, event: { kind: "visit" } }));
	for (let cut = 0; cut < plan.cuts; cut++) {
		const atMs = plan.fromMs + ((cut + 0.5) * lengthMs) / plan.cuts;
		const how = cut % SILENCE_EVERY === SILENCE_EVERY - 1 ? "silence" : "break";
		events.push({ atMs, event: { kind: "cut", how } });
	}
	for (const atMs of plan.publishesMs) events.push({ atMs, event: { kind: "publish" } });
	for (const { atMs, label } of plan.samples) events.push({ atMs, event: { kind: "sample", label } });
	return events.sort((a, b) => a.atMs - b.atMs);
}

function visitTimes({ fromMs, visits, rhythm }: SoakPlan, lengthMs: number): readonly number[] {
	const periodMs = lengthMs / visits;
	return Array.from({ length: visits }, (_, index) => {
		const evenMs = index * periodMs;
		if (rhythm === "even") return fromMs + evenMs;
		const minute = Math.floor(evenMs / MINUTE_MS);
		const first = Math.ceil((minute * MINUTE_MS) / periodMs);
		return fromMs + minute * MINUTE_MS + (index - first) * RUSH_MS;
	});
}
