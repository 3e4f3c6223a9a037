/**
 * The pairing window (DESIGN 8.1): a short press of the inside button opens it on an unclaimed lock for
 * LIMITS.windowMs; another press starts its time anew; it closes when its time is over or the lock is claimed. Pure: time
 * is an argument.
 */
import { LIMITS } from "../base/limits.ts";

export type PairingWindow = { readonly kind: "closed" } | { readonly kind: "open"; readonly untilMs: number };

export const WINDOW_CLOSED: PairingWindow = Object.freeze({ kind: "closed" });

export function openWindow(nowMs: number): PairingWindow {
	return { kind: "open", untilMs: nowMs + LIMITS.windowMs };
}

/** The state alone is not asked: a timer that is late keeps nothing open. */
export function isWindowOpen(window: PairingWindow, nowMs: number): boolean {
	return window.kind === "open" && nowMs < window.untilMs;
}
