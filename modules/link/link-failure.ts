/**
 * Why an attempt or a connection of the link ended, as one reason of a closed list, and in which stage. What counts
 * failures (a health record) counts them by the numbers here: a number never changes its meaning and is never used
 * again. docs/WEBSOCKET.md has the same table.
 *
 * A captive portal is a network that answers in the relay's place until somebody logs in. `isPortalSign` names what
 * such a network does. It is a hint for people; nothing is ever accepted or given up because of it (T4).
 */
import { unreachable } from "../base/assert.ts";
import type { TlsReason } from "../platform/tls.ts";
import type { WsOutcome } from "./ws-state.ts";

/** Where an attempt was when it failed: the states of link-state.ts in which there is a connection. */
export type LinkStage = "resolving" | "connecting" | "handshaking" | "upgrading" | "ready";

export const LINK_FAILURES = Object.freeze({
	/** Of TLS, under the names that it has there (docs/TLS.md); "closed", "reset" and "protocol" at any later stage too. */
	resolve: 1,
	connect: 2,
	timeout: 3,
	closed: 4,
	reset: 5,
	alert: 6,
	"alert-certificate": 7,
	"alert-version": 8,
	"alert-handshake": 9,
	protocol: 10,
	version: 11,
	suite: 12,
	alpn: 13,
	memory: 14,
	"chain-depth": 15,
	"chain-size": 16,
	"chain-malformed": 17,
	"chain-untrusted": 18,
	"certificate-version": 19,
	"critical-extension": 20,
	"name-constraints": 21,
	policy: 22,
	"weak-signature": 23,
	"weak-key": 24,
	"not-a-ca": 25,
	"path-length": 26,
	"leaf-is-ca": 27,
	"key-usage": 28,
	purpose: 29,
	"name-missing": 30,
	"name-mismatch": 31,
	expired: 32,
	"not-yet-valid": 33,
	/** Our own roots or client key are unusable. */
	setup: 34,
	/** HTTP without TLS on the relay's port, or a redirect or a page (200, 511) instead of the upgrade. */
	"captive-portal": 35,
	/** 401 or 403: the relay does not take this client. */
	"upgrade-refused": 36,
	/** No HTTP, or a 101 that does not accept what was asked for (RFC 6455 4.1). */
	"upgrade-malformed": 37,
	/** Silent for longer than the keepalive allows. */
	dead: 38,
	/** The relay broke RFC 6455. */
	websocket: 39,
	/** A frame or a message above the bound. */
	"too-big": 40,
	/** The relay closed in good order. */
	"closed-by-relay": 41,
	/** Of TLS: no pinned key below the root. */
	"pin-mismatch": 42,
	/** Any other status than 101: it says nothing of the client. */
	unavailable: 43,
} as const);

export type LinkFailureReason = keyof typeof LINK_FAILURES;

/** plain-http is the one reason of TLS that has another name here. */
export function reasonOfTls(reason: TlsReason | undefined): LinkFailureReason {
	if (reason === undefined) return "closed";
	return reason === "plain-http" ? "captive-portal" : reason;
}

/** tlsReason: why the stream ended, when it ended first. Undefined: our own side let go, which is no failure. */
export function reasonOfOutcome(
	outcome: WsOutcome,
	tlsReason: TlsReason | undefined,
): LinkFailureReason | undefined {
	switch (outcome.reason) {
		case "done":
			return outcome.by === "peer" ? "closed-by-relay" : undefined;
		case "aborted":
		case "no-close":
			return undefined;
		case "ended":
			return outcome.by === "us" ? undefined : reasonOfTls(tlsReason);
		case "timeout":
			return "timeout";
		case "silent":
			return "dead";
		case "redirect":
			return "captive-portal";
		case "status":
			return outcome.status === 200 || outcome.status === 511 ? "captive-portal" : "unavailable";
		case "unauthorised":
			// 407 is a proxy's word.
			return outcome.status === 407 ? "unavailable" : "upgrade-refused";
		case "http":
		case "header-size":
		case "upgrade":
		case "connection":
		case "accept":
		case "extension":
		case "subprotocol":
			return "upgrade-malformed";
		case "frame-size":
		case "too-big":
			return "too-big";
		case "reserved-bits":
		case "opcode":
		case "control-fragmented":
		case "control-length":
		case "masked":
		case "length-form":
		case "length-range":
		case "continuation":
		case "interleaved":
		case "utf8":
		case "text":
		case "close-length":
		case "close-code":
		case "close-utf8":
			return "websocket";
		default:
			return unreachable(outcome.reason);
	}
}

/**
 * Whether a relay that had proved who it is refused the client's certificate (T4, T12). An alert before the handshake's
 * end may be anybody's on the way; one that comes later is under the relay's keys, as is its answer to the upgrade.
 */
export function isRefusal(stage: LinkStage, reason: LinkFailureReason): boolean {
	if (reason === "upgrade-refused") return true;
	return reason === "alert-certificate" && (stage === "upgrading" || stage === "ready");
}

/**
 * What a captive portal does: HTTP without TLS, a login page or the way to one, a certificate that is not the relay's,
 * a connection that leads nowhere.
 */
export function isPortalSign(stage: LinkStage, reason: LinkFailureReason): boolean {
	switch (reason) {
		case "captive-portal":
		case "chain-untrusted":
		case "name-mismatch":
		case "name-missing":
			return true;
		case "timeout":
			return stage === "connecting";
		default:
			return false;
	}
}
