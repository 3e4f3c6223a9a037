/**
 * One WebSocket connection on one byte stream: carries out what the machine of ws-client.ts says, draws the masks,
 * keeps the frames that the stream does not take yet, and tells time. Nothing here decides about the protocol.
 *
 * Bounds: one read at a time; while more than `pauseBytes` of ours wait to leave, nothing more is read, so that a
 * peer that sends without reading fills its own buffers. A message of ours that would make the queue longer than
 * `queueBytes` is not taken. Control frames always are: the machine bounds them.
 */
import { encodeUtf8 } from "../base/utf8.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { ByteStream } from "../platform/stream.ts";
import type { WsBytes } from "../platform/websocket.ts";
import { toBase64 } from "./ws-accept.ts";
import { deadlineOf, startWs, stepWs } from "./ws-client.ts";
import { encodeFrame, type WsType } from "./ws-frame.ts";
import { WsHandshakeReader, type WsRequest } from "./ws-handshake.ts";
import { WsReader } from "./ws-reader.ts";
import type { WsContext, WsEffect, WsEvent, WsOutcome, WsSettings, WsState, WsStep } from "./ws-state.ts";

export interface WsOptions {
	readonly request: Omit<WsRequest, "key">;
	readonly settings: WsSettings;
	readonly maxHeaderBytes: number;
	readonly maxFrameBytes: number;
	readonly maxMessageBytes: number;
	readonly textAllowed: boolean;
	readonly readBytes: number;
	readonly pauseBytes: number;
	readonly queueBytes: number;
}

export interface WsHost {
	readonly clock: Clock;
	/** The CSPRNG. */
	readonly random: (bytes: number) => Uint8Array;
	readonly bytes: WsBytes;
}

export interface WsHandlers {
	onOpen(subprotocol: string | undefined): void;
	onMessage(type: WsType, bytes: Uint8Array): void;
	/** The queue is empty again. */
	onDrained(): void;
	/** The end, once; the stream is closed. */
	onClosed(outcome: WsOutcome): void;
}

/** Steps of one turn of the event loop: a flood does not keep timers and pins waiting. */
const STEPS_PER_TURN = 32;

export class WsConnection {
	readonly #stream: ByteStream;
	readonly #options: WsOptions;
	readonly #host: WsHost;
	readonly #handlers: WsHandlers;
	readonly #context: WsContext;
	#state: WsState;
	/** Frames that the stream has not taken; #sent octets of the first are gone. */
	readonly #queue: Uint8Array[] = [];
	#sent = 0;
	#queuedBytes = 0;
	#rest: Uint8Array | undefined;
	#ended = false;
	#deaf = false;
	#reading = false;
	#turn: Timer | undefined;
	#timer: Timer | undefined;
	#timerMs = 0;

	/** The stream is connected; its owner forwards readable, writable and ended from now on. */
	constructor(stream: ByteStream, options: WsOptions, host: WsHost, handlers: WsHandlers) {
		this.#stream = stream;
		this.#options = options;
		this.#host = host;
		this.#handlers = handlers;
		const { settings, maxFrameBytes, maxMessageBytes, textAllowed } = options;
		this.#context = {
			settings,
			reader: new WsReader({ maxFrameBytes, maxMessageBytes, textAllowed, bytes: host.bytes }),
		};
		const request: WsRequest = { ...options.request, key: toBase64(host.random(16)) };
		const handshake = new WsHandshakeReader(request, options.maxHeaderBytes);
		const start = startWs(settings, handshake, request, host.clock.monotonicMs());
		this.#state = start.state;
		this.#carryOut(start);
	}

	get open(): boolean {
		return this.#state.kind === "open";
	}

	/** False when the connection is not open or the queue has no room: the message was not taken. */
	send(type: WsType, payload: Uint8Array): boolean {
		if (!this.open) return false;
		if (this.#queuedBytes > 0 && this.#queuedBytes + payload.length > this.#options.queueBytes) return false;
		this.#step({ kind: "send", type, payload });
		return true;
	}

	/** Begins the closing handshake; before the connection is open it lets go at once. */
	close(code: number, reason = ""): void {
		this.#step({ kind: "close", code, reason });
	}

	/** Lets go at once. */
	abort(): void {
		this.#step({ kind: "abort" });
	}

	/** Bytes can be read. */
	readable(): void {
		this.#read();
	}

	/** The stream has room again. */
	writable(): void {
		this.#flush();
		this.#read();
	}

	/**
	 * The peer ended the stream; what it still holds is read first. writable says that only the peer's half is over:
	 * then an answer to its Close still leaves.
	 */
	ended(writable: boolean): void {
		this.#ended = true;
		if (!writable) {
			this.#deaf = true;
			this.#dropQueue();
		}
		this.#read();
	}

	#step(event: WsEvent): void {
		this.#carryOut(stepWs(this.#context, this.#state, event, this.#host.clock.monotonicMs()));
	}

	/** The one place that assigns the state. */
	#carryOut(step: WsStep): void {
		const before = this.#state.kind;
		this.#state = step.state;
		for (const effect of step.effects) this.#do(effect);
		// Inside a state a deadline only moves away: the timer that runs is early enough, and asks again.
		if (this.#timer === undefined || this.#state.kind !== before) this.#arm();
	}

	#do(effect: WsEffect): void {
		switch (effect.kind) {
			case "request":
				this.#write(encodeUtf8(effect.text));
				break;
			case "frame":
				this.#write(encodeFrame(effect.opcode, effect.payload, this.#host.random(4), this.#host.bytes));
				break;
			case "opened":
				this.#handlers.onOpen(effect.subprotocol);
				break;
			case "message":
				this.#handlers.onMessage(effect.type, effect.bytes);
				break;
			case "rest":
				this.#rest = effect.bytes;
				break;
			case "closed":
				this.#turn?.cancel();
				this.#rest = undefined;
				this.#dropQueue();
				this.#stream.close();
				this.#handlers.onClosed(effect.outcome);
				break;
		}
	}

	#write(bytes: Uint8Array): void {
		if (this.#deaf) return;
		this.#queue.push(bytes);
		this.#queuedBytes += bytes.length;
		this.#flush();
	}

	#flush(): void {
		const before = this.#queuedBytes;
		if (before === 0) return;
		while (this.#queue.length > 0) {
			const first = this.#queue[0]!;
			const taken = this.#stream.write(this.#sent === 0 ? first : first.subarray(this.#sent));
			if (taken === 0) break;
			this.#sent += taken;
			this.#queuedBytes -= taken;
			if (this.#sent < first.length) continue;
			this.#queue.shift();
			this.#sent = 0;
		}
		if (this.#queuedBytes === 0) {
			this.#step({ kind: "drained" });
			if (this.#queuedBytes === 0 && this.open) this.#handlers.onDrained();
			if (this.#ended) this.#read();
		} else if (this.#queuedBytes < before) {
			this.#step({ kind: "progress" });
		}
	}

	#read(): void {
		// A handler below may send, and so end up here again.
		if (this.#reading) return;
		this.#reading = true;
		let steps = 0;
		while (steps < STEPS_PER_TURN && this.#mayRead()) {
			const bytes = this.#rest ?? this.#stream.read(this.#options.readBytes);
			this.#rest = undefined;
			if (bytes === undefined) break;
			this.#step({ kind: "bytes", bytes });
			steps++;
		}
		this.#reading = false;
		if (!this.#mayRead()) return;
		if (steps === STEPS_PER_TURN) {
			this.#turn?.cancel();
			this.#turn = this.#host.clock.after(0, () => this.#read());
		} else if (this.#ended && (this.#queuedBytes === 0 || this.#state.kind !== "finishing")) {
			this.#step({ kind: "end" });
		}
	}

	#mayRead(): boolean {
		return this.#state.kind !== "closed" && this.#queuedBytes <= this.#options.pauseBytes;
	}

	#dropQueue(): void {
		this.#queue.length = 0;
		this.#queuedBytes = 0;
		this.#sent = 0;
	}

	/** Time: a timer that is early enough is left alone. */
	#arm(): void {
		const nowMs = this.#host.clock.monotonicMs();
		const dueMs = deadlineOf(this.#options.settings, this.#state, nowMs);
		if (dueMs === undefined) {
			this.#timer?.cancel();
			this.#timer = undefined;
			return;
		}
		if (this.#timer !== undefined && this.#timerMs <= dueMs) return;
		this.#timer?.cancel();
		this.#timerMs = dueMs;
		this.#timer = this.#host.clock.after(Math.max(0, dueMs - nowMs), () => {
			this.#timer = undefined;
			this.#step({ kind: "tick" });
		});
	}
}
