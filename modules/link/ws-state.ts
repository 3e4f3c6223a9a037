/**
 * The states, events and effects of one WebSocket connection (RFC 6455), for ws-client.ts, where the diagram is.
 */
import type { Keepalive } from "./keepalive.ts";
import type { WsCloseFault } from "./ws-close.ts";
import type { WsType } from "./ws-frame.ts";
import type { WsHandshakeReader, WsRefusal } from "./ws-handshake.ts";
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
