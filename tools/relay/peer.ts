/**
 * One WebSocket of the relay: meters what comes in, bounds what waits to go out, notices when the other end is dead.
 * It knows no envelopes. Whatever the other end does, `onClosed` comes exactly once.
 */
import type { WebSocket } from "ws";
import type { RelayLimits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface PeerRate {
	readonly messagesBurst: number;
	readonly messagesPerMinute: number;
	readonly bytesBurst: number;
	readonly bytesPerMinute: number;
}

export interface PeerHandlers {
	onMessage(message: Uint8Array): void;
	/** The reason is a word of this program, for the log. */
	onClosed(reason: string, code: number): void;
}

/** RFC 6455 7.4.1 */
export const CLOSE_CODE = Object.freeze({ goingAway: 1001, policy: 1008, tryLater: 1013 } as const);

/** What a control frame or an empty message costs besides its payload. */
const MESSAGE_OVERHEAD_BYTES = 64;

export class Peer {
	readonly #socket: WebSocket;
	readonly #limits: RelayLimits;
	readonly #handlers: PeerHandlers;
	readonly #messages: TokenBucket;
	readonly #bytes: TokenBucket;
	#heardMs: number;
	#pingedMs: number;
	#paused: NodeJS.Timeout | undefined;
	#closing: NodeJS.Timeout | undefined;
	#reason: string | undefined;

	constructor(socket: WebSocket, limits: RelayLimits, rate: PeerRate, handlers: PeerHandlers) {
		const nowMs = performance.now();
		this.#socket = socket;
		this.#limits = limits;
		this.#handlers = handlers;
		this.#messages = new TokenBucket(rate.messagesBurst, rate.messagesPerMinute, nowMs);
		this.#bytes = new TokenBucket(rate.bytesBurst, rate.bytesPerMinute, nowMs);
		this.#heardMs = nowMs;
		this.#pingedMs = nowMs;
		socket.binaryType = "nodebuffer";
		socket.on("message", (data: Buffer, isBinary) => this.#receive(data, isBinary));
		socket.on("ping", (data) => this.#answerPing(data));
		socket.on("pong", (data) => this.#meter(data.length));
		socket.on("error", (error) => {
			this.#reason ??=
				"code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? "oversized" : "websocket";
		});
		socket.on("close", (code) => {
			clearTimeout(this.#paused);
			clearTimeout(this.#closing);
			this.#handlers.onClosed(this.#reason ?? "peer", code);
		});
	}

	get isOpen(): boolean {
		return this.#reason === undefined && this.#socket.readyState === this.#socket.OPEN;
	}

	/** What was sent and is not with the system yet. */
	get waitingBytes(): number {
		return this.#socket.bufferedAmount;
	}

	/** False, and nothing is sent, when too much is waiting already. */
	send(message: Uint8Array): boolean {
		if (this.isOpen && this.#isFull(message.length)) return false;
		this.sendAnyway(message);
		return true;
	}

	/** For the few small messages without which the two ends would disagree. */
	sendAnyway(message: Uint8Array): void {
		if (this.isOpen) this.#socket.send(message, { binary: true });
	}

	/** Ends the connection with a close handshake, by force when that takes too long. Idempotent. */
	close(code: number, reason: string): void {
		if (this.#reason !== undefined) return;
		this.#reason = reason;
		this.#resume();
		this.#socket.close(code);
		this.#closing = setTimeout(() => this.#socket.terminate(), this.#limits.closeMs);
	}

	/** Ends the connection at once. Idempotent. */
	terminate(reason: string): void {
		this.#reason ??= reason;
		this.#socket.terminate();
	}

	/** Keepalive: called regularly. */
	tick(nowMs: number): void {
		if (!this.isOpen || this.#paused !== undefined) return;
		if (nowMs - this.#heardMs >= this.#limits.deadMs) {
			this.terminate("dead");
		} else if (
			nowMs - this.#heardMs >= this.#limits.pingMs &&
			nowMs - this.#pingedMs >= this.#limits.pingMs
		) {
			this.#pingedMs = nowMs;
			this.#socket.ping();
		}
	}

	#isFull(bytes: number): boolean {
		return this.#socket.bufferedAmount + bytes > this.#limits.sendQueueBytes;
	}

	#answerPing(data: Buffer): void {
		this.#meter(data.length);
		if (!this.isOpen) return;
		if (this.#isFull(data.length)) this.terminate("slow");
		else this.#socket.pong(data);
	}

	#receive(data: Buffer, isBinary: boolean): void {
		this.#meter(data.length);
		// After a close was begun, what still arrives is nobody's.
		if (!this.isOpen) return;
		if (!isBinary) this.close(CLOSE_CODE.policy, "text");
		else this.#handlers.onMessage(new Uint8Array(data.buffer, data.byteOffset, data.length));
	}

	/** Counts what arrived; reads no further until the rates are kept again. */
	#meter(bytes: number): void {
		const nowMs = performance.now();
		this.#heardMs = nowMs;
		const waitMs = Math.max(
			this.#messages.charge(1, nowMs),
			this.#bytes.charge(bytes + MESSAGE_OVERHEAD_BYTES, nowMs),
		);
		if (waitMs === 0 || !this.isOpen) return;
		this.#socket.pause();
		clearTimeout(this.#paused);
		this.#paused = setTimeout(() => this.#resume(), waitMs);
	}

	#resume(): void {
		if (this.#paused === undefined) return;
		clearTimeout(this.#paused);
		this.#paused = undefined;
		this.#heardMs = performance.now();
		this.#socket.resume();
	}
}
