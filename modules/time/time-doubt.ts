/**
 * When an estimate of the time is given up (DESIGN 7: one wrong clock can strand nothing; T13, T4). Pure.
 *
 *   trusted(n) --failed for dates, under the estimate--> trusted(n + 1), at the limit: drop, trusted(0)
 *   trusted(n) --accepted, corrected--> trusted(0)
 *   trusted(n) --any other failure--> trusted(n)
 *
 * A relay's certificate that is out of date under an estimate means that one of the two is wrong. So many of them, and no
 * certificate that holds in between, end the estimate: certificates are then judged at the floor again, as at every boot.
 * Failures of another kind say nothing about the time, in either direction: if they ended a row, one dead relay in the
 * list would keep a wrong estimate alive. docs/THREATS.md T4 says what a thief gains by feeding this machine.
 */
import { unreachable } from "../base/assert.ts";
import type { TlsTime } from "../platform/tls.ts";

export interface DoubtState {
	/** Attempts that failed for dates alone since a certificate held or the estimate was set. */
	readonly failures: number;
}

export type DoubtEvent =
	/** An attempt at a relay came to nothing. dates: for nothing but its certificate's dates, under this time. */
	| { readonly kind: "failed"; readonly dates: boolean; readonly judgedAt: TlsTime["kind"] }
	/** A relay's certificate held. */
	| { readonly kind: "accepted" }
	/** The estimate was set. */
	| { readonly kind: "corrected" };

export interface DoubtStep {
	readonly state: DoubtState;
	/** Whether the estimate ends here. */
	readonly drop: boolean;
}

export const NO_DOUBT: DoubtState = Object.freeze({ failures: 0 });

export function stepDoubt(state: DoubtState, event: DoubtEvent, failuresMax: number): DoubtStep {
	switch (event.kind) {
		case "failed": {
			if (!event.dates || event.judgedAt === "floor") return { state, drop: false };
			const failures = state.failures + 1;
			return failures < failuresMax ? { state: { failures }, drop: false } : { state: NO_DOUBT, drop: true };
		}
		case "accepted":
		case "corrected":
			return { state: NO_DOUBT, drop: false };
		default:
			return unreachable(event);
	}
}
