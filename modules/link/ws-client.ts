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
import { pulse } from "./keepalive.ts";
import { encodeClose } from "./ws-close.ts";
import { closed, fail, lost, stay, stepClosing, stepFinishing, takeClose } from "./ws-ending.ts";
import {
	OPCODE_BINARY,
	OPCODE_CLOSE,
	OPCODE_PING,
	OPCODE_PONG,
	OPCODE_TEXT,
	type WsInput,
} from "./ws-frame.ts";
import { encodeRequest, type WsHandshakeReader, type WsRequest } from "./ws-handshake.ts";
import type { WsContext, WsEffect, WsEvent, WsSettings, WsState, WsStep } from "./ws-state.ts";

type Open = WsState & { kind: "open" };

/** Effects of one step stay few: the rest of an input goes to the next step. */
const EFFECTS_MAX = 16;

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
				effects: [{ kind: "frame", opcode: OPCODE_PING, payload: new Uint8Array(0) }],
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
