/**
 * When the lock advertises, and under which identifier (docs/BLE.md 4). Pure; the driver is advertiser.ts.
 *
 *              mode                           mode, renew, look after untilMs
 *   silent ----------------> advertising(epoch) -----------------------------> advertising(epoch + 1)
 *      ^                          |
 *      +------ mode silent -------+
 *
 * No identifier is advertised for longer than LIMITS.advertiseMs, and none again after it: an epoch is given once in a boot.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { AdvertisingKind } from "../wire/advertisement.ts";

export type AdvertiserMode = AdvertisingKind | "silent";

export type AdvertiserState =
	| { readonly kind: "silent"; readonly epoch: number }
	| {
			readonly kind: "advertising";
			readonly mode: AdvertisingKind;
			readonly epoch: number;
			readonly untilMs: number;
	  };

export type AdvertiserEvent =
	/** What the lock should be now. */
	| { readonly kind: "mode"; readonly mode: AdvertiserMode }
	/** The key is another one, or the stack has stopped. */
	| { readonly kind: "renew" }
	/** Time has passed. */
	| { readonly kind: "look" };

export type AdvertiserEffect =
	/** Under a new identifier, in place of what there was. */
	| { readonly kind: "advertise"; readonly mode: AdvertisingKind; readonly epoch: number }
	| { readonly kind: "stop" }
	/** In place of the look that was asked for before. */
	| { readonly kind: "look"; readonly afterMs: number };

export interface AdvertiserStep {
	readonly state: AdvertiserState;
	readonly effects: readonly AdvertiserEffect[];
}

export const ADVERTISER_START: AdvertiserState = Object.freeze({ kind: "silent", epoch: 0 });

export function step(state: AdvertiserState, event: AdvertiserEvent, nowMs: number): AdvertiserStep {
	switch (event.kind) {
		case "mode":
			if (event.mode === modeOf(state)) return { state, effects: [] };
			if (event.mode === "silent") {
				return { state: { kind: "silent", epoch: state.epoch }, effects: [{ kind: "stop" }] };
			}
			return begin(event.mode, state.epoch, nowMs);
		case "renew":
			return state.kind === "silent" ? { state, effects: [] } : begin(state.mode, state.epoch, nowMs);
		case "look":
			if (state.kind === "silent") return { state, effects: [] };
			if (nowMs < state.untilMs) {
				return { state, effects: [{ kind: "look", afterMs: Math.ceil(state.untilMs - nowMs) }] };
			}
			return begin(state.mode, state.epoch, nowMs);
		default:
			return unreachable(event);
	}
}

function modeOf(state: AdvertiserState): AdvertiserMode {
	return state.kind === "silent" ? "silent" : state.mode;
}

function begin(mode: AdvertisingKind, lastEpoch: number, nowMs: number): AdvertiserStep {
	const epoch = lastEpoch + 1;
	return {
		state: { kind: "advertising", mode, epoch, untilMs: nowMs + LIMITS.advertiseMs },
		effects: [
			{ kind: "advertise", mode, epoch },
			{ kind: "look", afterMs: LIMITS.advertiseMs },
		],
	};
}
