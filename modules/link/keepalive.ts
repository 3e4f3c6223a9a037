/**
 * Keepalive as a pure rule: a peer that is silent for `pingMs` is pinged, again after each further `pingMs`; one that
 * is silent for `deadMs` is gone. Any byte counts as a sign of life. With 20 s and 50 s a half-open connection is
 * found within 60 s.
 */
export interface Keepalive {
	readonly pingMs: number;
	readonly deadMs: number;
}

export type Pulse =
	| { readonly kind: "dead" }
	| { readonly kind: "ping"; readonly nextMs: number }
	| { readonly kind: "quiet"; readonly nextMs: number };

/** heardMs: when the peer's last byte came; pingedMs: when it was last pinged, at most nowMs. */
export function pulse(keepalive: Keepalive, heardMs: number, pingedMs: number, nowMs: number): Pulse {
	const deadAtMs = heardMs + keepalive.deadMs;
	if (nowMs >= deadAtMs) return { kind: "dead" };
	const pingAtMs = Math.max(heardMs, pingedMs) + keepalive.pingMs;
	if (nowMs < pingAtMs) return { kind: "quiet", nextMs: Math.min(pingAtMs, deadAtMs) };
	return { kind: "ping", nextMs: Math.min(nowMs + keepalive.pingMs, deadAtMs) };
}
