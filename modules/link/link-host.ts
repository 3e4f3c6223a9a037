/** What the link is given by its owner and what it tells back: candidates, permission, patience, failures as data. */
import { LIMITS } from "../base/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { System } from "../platform/system.ts";
import type { Tls } from "../platform/tls.ts";
import type { WsBytes } from "../platform/websocket.ts";
import type { LinkFailureReason, LinkStage } from "./link-failure.ts";
import type { LinkRelay } from "./link-relay.ts";
import type { LinkSettings } from "./link-state.ts";
import { WS_SETTINGS } from "./ws-settings.ts";
import type { WsSettings } from "./ws-state.ts";

export interface LinkPatience extends LinkSettings {
	/** Look-up, connecting and the TLS handshake together. */
	readonly handshakeMs: number;
	readonly ws: WsSettings;
}

export const LINK_PATIENCE: LinkPatience = Object.freeze({
	backoff: Object.freeze({ firstMs: LIMITS.linkBackoffFirstMs, maxMs: LIMITS.linkBackoffMaxMs }),
	stableMs: LIMITS.linkStableMs,
	handshakeMs: LIMITS.tlsHandshakeMs,
	ws: WS_SETTINGS,
});

/** One attempt that failed, or one connection that ended without our wish. */
export interface LinkFailure {
	readonly stage: LinkStage;
	readonly reason: LinkFailureReason;
	/** The candidate as the provider gave it, and its place in that list. */
	readonly relay: LinkRelay;
	readonly index: number;
	readonly nowMs: number;
}

export interface LinkHost {
	readonly clock: Clock;
	readonly tls: Tls;
	readonly system: Pick<System, "log">;
	/** The CSPRNG. */
	readonly random: (bytes: number) => Uint8Array;
	readonly wsBytes?: WsBytes;
	/**
	 * The candidates in order of preference; none while the board has none. Asked before each attempt: one that follows
	 * a failure sees what `onFailure` made of it.
	 */
	readonly relays: () => readonly LinkRelay[];
	/** False while no connection may begin; `poke` follows when that changes. */
	readonly mayConnect: () => boolean;
	/** Called once for each failure, when the link waits already; it may call any method of the link. */
	readonly onFailure?: (failure: LinkFailure) => void;
	/** Somebody must be reached soon: no wait is longer than LIMITS.linkBackoffTrialMs meanwhile. */
	readonly isUrgent?: () => boolean;
	/** A test may be less patient than a board. */
	readonly patience?: LinkPatience;
}

/** Envelopes that were dropped since the start. */
export interface LinkDrops {
	/** The queue to the relay was full. */
	readonly unsent: number;
	/** No envelope, or one of a kind that nobody handles. */
	readonly unreadable: number;
}
