/**
 * How a WebSocket connection ends (RFC 6455 5.5.1 and 7): the answer to a Close, the failure, the states `closing` and
 * `finishing` of ws-client.ts. Once our Close is out nothing else of ours follows it, whatever the peer does.
 */
import { unreachable } from "../base/assert.ts";
import {
	CLOSE_ABNORMAL,
	CLOSE_INVALID_TEXT,
	CLOSE_PROTOCOL_ERROR,
	CLOSE_TOO_BIG,
	CLOSE_UNSUPPORTED,
	decodeClose,
	encodeClose,
	type WsCloseFault,
} from "./ws-close.ts";
import { OPCODE_CLOSE, type WsInput } from "./ws-frame.ts";
import type { WsReader, WsReadFault } from "./ws-reader.ts";
import type {
	WsContext,
	WsEffect,
	WsEndReason,
	WsEvent,
	WsOutcome,
	WsSettings,
	WsState,
	WsStep,
} from "./ws-state.ts";

type Closing = WsState & { kind: "closing" };
type Finishing = WsState & { kind: "finishing" };

/** A peer that reads our last frames slowly gets this many times the patience, never more. */
const LIMIT_FACTOR = 12;

export function stay(state: WsState): WsStep {
	return { state, effects: [] };
}

export function closed(outcome: WsOutcome): WsStep {
	return { state: { kind: "closed", outcome }, effects: [{ kind: "closed", outcome }] };
}

export function lost(reason: WsEndReason): WsOutcome {
	return { clean: false, code: CLOSE_ABNORMAL, by: "none", reason };
}

/** RFC 6455 5.5.1: the answer carries the peer's code. */
export function takeClose(
	settings: WsSettings,
	before: readonly WsEffect[],
	payload: Uint8Array,
	nowMs: number,
): WsStep {
	const body = decodeClose(payload);
	if (typeof body === "string") return fail(settings, before, body, nowMs);
	const outcome: WsOutcome = { clean: true, code: body.code, by: "peer", reason: "done" };
	return {
		state: finishing(outcome, nowMs, settings.closeMs, false),
		effects: [...before, { kind: "frame", opcode: OPCODE_CLOSE, payload: encodeClose(body.code) }],
	};
}

/** RFC 6455 7.1.7: fails the connection, telling why; nothing that follows is read. */
export function fail(
	settings: WsSettings,
	before: readonly WsEffect[],
	reason: WsReadFault | WsCloseFault,
	nowMs: number,
): WsStep {
	const code = codeFor(reason);
	const outcome: WsOutcome = { clean: false, code, by: "us", reason };
	return {
		state: finishing(outcome, nowMs, settings.failMs, false),
		effects: [...before, { kind: "frame", opcode: OPCODE_CLOSE, payload: encodeClose(code) }],
	};
}

/** RFC 6455 7.4.1. */
function codeFor(reason: WsReadFault | WsCloseFault): number {
	switch (reason) {
		case "frame-size":
		case "too-big":
			return CLOSE_TOO_BIG;
		case "utf8":
		case "close-utf8":
			return CLOSE_INVALID_TEXT;
		case "text":
			return CLOSE_UNSUPPORTED;
		default:
			return CLOSE_PROTOCOL_ERROR;
	}
}

function finishing(outcome: WsOutcome, nowMs: number, patienceMs: number, flushed: boolean): Finishing {
	return {
		kind: "finishing",
		outcome,
		deadlineMs: nowMs + patienceMs,
		limitMs: nowMs + LIMIT_FACTOR * patienceMs,
		flushed,
	};
}

export function stepClosing(context: WsContext, state: Closing, event: WsEvent, nowMs: number): WsStep {
	const { settings, reader } = context;
	switch (event.kind) {
		case "bytes": {
			const input: WsInput = { bytes: event.bytes, offset: 0 };
			for (;;) {
				const read = reader.next(input);
				if (read === undefined) return stay(state);
				const outcome = endOfClosing(state.code, read);
				if (outcome === undefined) continue;
				const patienceMs = outcome.clean ? settings.closeMs : settings.failMs;
				return stay(finishing(outcome, nowMs, patienceMs, state.flushed));
			}
		}
		case "end":
			return closed({ clean: false, code: state.code, by: "us", reason: "ended" });
		case "tick":
			if (nowMs < state.deadlineMs) return stay(state);
			return closed({ clean: false, code: state.code, by: "us", reason: "no-close" });
		case "abort":
			return closed({ clean: false, code: state.code, by: "us", reason: "aborted" });
		case "drained":
			return stay({ ...state, flushed: true });
		case "send":
		case "close":
		case "progress":
			return stay(state);
		default:
			return unreachable(event);
	}
}

/** Our Close is out: no second one follows, whatever the peer does (RFC 6455 5.5.1). */
function endOfClosing(code: number, read: ReturnType<WsReader["next"]> & object): WsOutcome | undefined {
	if (read.kind === "violation") return { clean: false, code, by: "us", reason: read.fault };
	if (read.kind === "message" || read.opcode !== OPCODE_CLOSE) return undefined;
	const body = decodeClose(read.payload);
	if (typeof body === "string") return { clean: false, code, by: "us", reason: body };
	return { clean: true, code, by: "us", reason: "done" };
}

export function stepFinishing(settings: WsSettings, state: Finishing, event: WsEvent, nowMs: number): WsStep {
	const patienceMs = state.outcome.clean ? settings.closeMs : settings.failMs;
	const later = Math.min(nowMs + patienceMs, state.limitMs);
	switch (event.kind) {
		case "tick":
			return nowMs < state.deadlineMs ? stay(state) : end(state);
		case "end":
		case "abort":
			return end(state);
		case "progress":
			return stay({ ...state, deadlineMs: later });
		case "drained":
			return stay(state.flushed ? state : { ...state, deadlineMs: later, flushed: true });
		case "bytes":
		case "send":
		case "close":
			return stay(state);
		default:
			return unreachable(event);
	}
}

/** A closing handshake whose second half never left is not clean. */
function end(state: Finishing): WsStep {
	return closed({ ...state.outcome, clean: state.outcome.clean && state.flushed });
}
