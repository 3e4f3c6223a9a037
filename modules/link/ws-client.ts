/**
 * The client side of one WebSocket connection (RFC 6455) as a pure machine: bytes, wishes and time in; states and
 * effects out. It owns no socket, no timer and no random numbers; masks are drawn where its effects are carried out
 * (ws-connection.ts). The readers it is given belong to one connection and move on with each step.
 *
 *   connecting --101--> open --our Close--> closing --peer's Close--> finishing --end or deadline--> closed
 *       |                |                     |                         ^                             ^
 *       |                +--peer's Close, or a violation and our Close---+                             |
 *       |                +--end of the stream, silence-------------------------------------------------+
 *       +--refused, late, end of the stream------------------------------------------------------------+
 *
 * closing: our Close is out, the peer's is due. finishing: nothing is due but the end of the stream, which is the
 * server's to make (RFC 6455 7.1.1); what arrives is thrown away (RFC 6455 7.1.7).
 */
import { unreachable } from "../base/assert.ts";
import { type Keepalive, pulse } from "./keepalive.ts";
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
import {
	OPCODE_BINARY,
	OPCODE_CLOSE,
	OPCODE_PING,
	OPCODE_PONG,
	OPCODE_TEXT,
	type WsInput,
	type WsType,
} from "./ws-frame.ts";
import { encodeRequest, type WsHandshakeReader, type WsRefusal, type WsRequest } from "./ws-handshake.ts";
import type { WsReader, WsReadFault } from "./ws-reader.ts";

export interface WsSettings {
	/** From `connected` to the end of a good response head. */
	readonly handshakeMs: number;
	/** From our Close to the peer's, and from both to the end of the stream. */
	readonly closeMs: number;
	/** From a failure to the end of the stream: so long the peer may read our Close frame. */
	readonly failMs: number;
	/** Pongs that may wait unsent before only the newest ping is answered (RFC 6455 5.5.3). */
	readonly pongsMax: number;
	readonly keepalive: Keepalive | undefined;
}

export type WsEndReason =
	| WsRefusal
	| WsReadFault
	| WsCloseFault
	| "done" // the closing handshake is done
	| "timeout" // the opening handshake took too long
	| "silent" // no byte for keepalive.deadMs
	| "no-close" // the peer did not answer our Close
	| "ended" // the stream ended without a closing handshake
	| "aborted"; // our own side let go

export interface WsOutcome {
	/** Both Close frames have passed (RFC 6455 7.1.4). */
	readonly clean: boolean;
	/** Of the first Close frame that was sent or received; 1005 when it had no code, 1006 when there was none. */
	readonly code: number;
	/** Who sent that frame. */
	readonly by: "peer" | "us" | "none";
	readonly reason: WsEndReason;
	/** Status of a refused handshake. */
	readonly status?: number;
}

export type WsState =
	| { readonly kind: "connecting"; readonly handshake: WsHandshakeReader; readonly deadlineMs: number }
	| {
			readonly kind: "open";
			readonly heardMs: number;
			readonly pingedMs: number;
			/** Pongs not known to be sent, and the payload of the newest ping beyond pongsMax. */
			readonly pongs: number;
			readonly latePong: Uint8Array | undefined;
	  }
	| {
			readonly kind: "closing";
			readonly code: number;
			readonly deadlineMs: number;
			readonly flushed: boolean;
	  }
	| {
			readonly kind: "finishing";
			readonly outcome: WsOutcome;
			readonly deadlineMs: number;
			/** While frames of ours leave, the deadline moves with them, up to here. */
			readonly limitMs: number;
			/** Our Close frame has been handed to the stream. */
			readonly flushed: boolean;
	  }
	| { readonly kind: "closed"; readonly outcome: WsOutcome };

export type WsEvent =
	| { readonly kind: "bytes"; readonly bytes: Uint8Array }
	/** The stream ended; nothing more can be sent. */
	| { readonly kind: "end" }
	| { readonly kind: "tick" }
	| { readonly kind: "send"; readonly type: WsType; readonly payload: Uint8Array }
	| { readonly kind: "close"; readonly code: number; readonly reason: string }
	| { readonly kind: "abort" }
	/** Some bytes of ours left while some others, and therefore the peer's, wait. */
	| { readonly kind: "progress" }
	/** Every frame of ours has been handed to the stream. */
	| { readonly kind: "drained" };

export type WsEffect =
	| { readonly kind: "request"; readonly text: string }
	| { readonly kind: "frame"; readonly opcode: number; readonly payload: Uint8Array }
	| { readonly kind: "opened"; readonly subprotocol: string | undefined }
	| { readonly kind: "message"; readonly type: WsType; readonly bytes: Uint8Array }
	/** What is left of the bytes: to be given to the next step, before newer ones. */
	| { readonly kind: "rest"; readonly bytes: Uint8Array }
	/** Close the stream; the connection is over. */
	| { readonly kind: "closed"; readonly outcome: WsOutcome };

export interface WsStep {
	readonly state: WsState;
	readonly effects: readonly WsEffect[];
}

/** What belongs to one connection besides its state. */
export interface WsContext {
	readonly settings: WsSettings;
	readonly reader: WsReader;
}

type Open = WsState & { kind: "open" };
type Closing = WsState & { kind: "closing" };
type Finishing = WsState & { kind: "finishing" };

/** Effects of one step stay few: the rest of an input goes to the next step. */
const EFFECTS_MAX = 16;
/** A peer that reads our last frames slowly gets this many times the patience, never more. */
const LIMIT_FACTOR = 12;
const NOTHING = new Uint8Array(0);

/** The stream is up: asks for the upgrade. */
export function startWs(
	settings: WsSettings,
	handshake: WsHandshakeReader,
	request: WsRequest,
	nowMs: number,
): WsStep {
	return {
		state: { kind: "connecting", handshake, deadlineMs: nowMs + settings.handshakeMs },
		effects: [{ kind: "request", text: encodeRequest(request) }],
	};
}

export function stepWs(context: WsContext, state: WsState, event: WsEvent, nowMs: number): WsStep {
	switch (state.kind) {
		case "connecting":
			return stepConnecting(state, event, nowMs);
		case "open":
			return stepOpen(context, state, event, nowMs);
		case "closing":
			return stepClosing(context, state, event, nowMs);
		case "finishing":
			return stepFinishing(context.settings, state, event, nowMs);
		case "closed":
			return stay(state);
		default:
			return unreachable(state);
	}
}

/** When the next `tick` is due; undefined when time changes nothing. */
export function deadlineOf(settings: WsSettings, state: WsState, nowMs: number): number | undefined {
	switch (state.kind) {
		case "open": {
			if (settings.keepalive === undefined) return undefined;
			const next = pulse(settings.keepalive, state.heardMs, state.pingedMs, nowMs);
			return next.kind === "quiet" ? next.nextMs : nowMs;
		}
		case "closed":
			return undefined;
		default:
			return state.deadlineMs;
	}
}

function stay(state: WsState): WsStep {
	return { state, effects: [] };
}

function closed(outcome: WsOutcome): WsStep {
	return { state: { kind: "closed", outcome }, effects: [{ kind: "closed", outcome }] };
}

function lost(reason: WsEndReason): WsOutcome {
	return { clean: false, code: CLOSE_ABNORMAL, by: "none", reason };
}

function stepConnecting(state: WsState & { kind: "connecting" }, event: WsEvent, nowMs: number): WsStep {
	switch (event.kind) {
		case "bytes": {
			const input: WsInput = { bytes: event.bytes, offset: 0 };
			const answer = state.handshake.next(input);
			if (answer === undefined) return stay(state);
			if (answer.kind === "refused") {
				const status = answer.status === undefined ? {} : { status: answer.status };
				return closed({ ...lost(answer.refusal), ...status });
			}
			const open: Open = { kind: "open", heardMs: nowMs, pingedMs: nowMs, pongs: 0, latePong: undefined };
			return {
				state: open,
				effects: [{ kind: "opened", subprotocol: answer.subprotocol }, ...restOf(input)],
			};
		}
		case "end":
			return closed(lost("ended"));
		case "tick":
			return nowMs < state.deadlineMs ? stay(state) : closed(lost("timeout"));
		case "close":
		case "abort":
			return closed(lost("aborted"));
		case "send":
		case "progress":
		case "drained":
			return stay(state);
		default:
			return unreachable(event);
	}
}

function stepOpen(context: WsContext, state: Open, event: WsEvent, nowMs: number): WsStep {
	const { settings, reader } = context;
	switch (event.kind) {
		case "bytes":
			return receive(context, { ...state, heardMs: nowMs }, event.bytes, nowMs);
		case "end":
			return closed(lost("ended"));
		case "tick":
			return beat(settings, state, nowMs);
		case "send": {
			const opcode = event.type === "text" ? OPCODE_TEXT : OPCODE_BINARY;
			return { state, effects: [{ kind: "frame", opcode, payload: event.payload }] };
		}
		case "close":
			reader.discard();
			return {
				state: { kind: "closing", code: event.code, deadlineMs: nowMs + settings.closeMs, flushed: false },
				effects: [{ kind: "frame", opcode: OPCODE_CLOSE, payload: encodeClose(event.code, event.reason) }],
			};
		case "abort":
			return closed(lost("aborted"));
		case "progress":
			return stay({ ...state, heardMs: nowMs });
		case "drained": {
			const payload = state.latePong;
			if (payload === undefined) return stay(state.pongs === 0 ? state : { ...state, pongs: 0 });
			return {
				state: { ...state, pongs: 1, latePong: undefined },
				effects: [{ kind: "frame", opcode: OPCODE_PONG, payload }],
			};
		}
		default:
			return unreachable(event);
	}
}

function beat(settings: WsSettings, state: Open, nowMs: number): WsStep {
	if (settings.keepalive === undefined) return stay(state);
	const next = pulse(settings.keepalive, state.heardMs, state.pingedMs, nowMs);
	switch (next.kind) {
		case "dead":
			return closed(lost("silent"));
		case "ping":
			return {
				state: { ...state, pingedMs: nowMs },
				effects: [{ kind: "frame", opcode: OPCODE_PING, payload: NOTHING }],
			};
		case "quiet":
			return stay(state);
		default:
			return unreachable(next);
	}
}

function receive(context: WsContext, state: Open, bytes: Uint8Array, nowMs: number): WsStep {
	const { settings, reader } = context;
	const input: WsInput = { bytes, offset: 0 };
	const effects: WsEffect[] = [];
	let open = state;
	while (effects.length < EFFECTS_MAX) {
		const read = reader.next(input);
		if (read === undefined) return { state: open, effects };
		if (read.kind === "violation") return fail(settings, effects, read.fault, nowMs);
		if (read.kind === "message") {
			// One message a step: whoever takes it may answer, and waits if the answers do not leave.
			effects.push({ kind: "message", type: read.type, bytes: read.bytes });
			break;
		}
		if (read.opcode === OPCODE_CLOSE) return takeClose(settings, effects, read.payload, nowMs);
		if (read.opcode === OPCODE_PING) {
			if (open.pongs < settings.pongsMax) {
				effects.push({ kind: "frame", opcode: OPCODE_PONG, payload: read.payload });
				open = { ...open, pongs: open.pongs + 1 };
			} else {
				open = { ...open, latePong: read.payload };
			}
		}
	}
	return { state: open, effects: [...effects, ...restOf(input)] };
}

function restOf(input: WsInput): readonly WsEffect[] {
	if (input.offset === input.bytes.length) return [];
	return [{ kind: "rest", bytes: input.bytes.subarray(input.offset) }];
}

/** RFC 6455 5.5.1: the answer carries the peer's code. */
function takeClose(
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
function fail(
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

function stepClosing(context: WsContext, state: Closing, event: WsEvent, nowMs: number): WsStep {
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

function stepFinishing(settings: WsSettings, state: Finishing, event: WsEvent, nowMs: number): WsStep {
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
