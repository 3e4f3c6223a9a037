/**
 * The link to the relay (DESIGN 6): keeps one connection, TLS then WebSocket then envelopes (PROTOCOL 2), and routes
 * envelopes by kind to the handlers that app registers. It knows no content, and no trust: what a connection is
 * verified against comes from the provider it is handed, anew for each attempt.
 *
 * Bounds: one connection, one message in, LIMITS.linkQueueBytes out. What cannot be sent or read is dropped,
 * counted and logged.
 */
import { assert } from "../base/assert.ts";
import { DeviceError } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { System } from "../platform/system.ts";
import type { Tls, TlsConnection, TlsOptions, TlsReason } from "../platform/tls.ts";
import type { WsBytes } from "../platform/websocket.ts";
import {
	decodeToLock,
	encodeEnvelope,
	type FromLock,
	LINK_PATH,
	LINK_SUBPROTOCOL,
	type ToLock,
} from "../wire/envelope.ts";
import { LINK_IDLE, type LinkEffect, type LinkEvent, type LinkState, stepLink } from "./link-state.ts";
import { PLAIN_WS_BYTES } from "./ws-bytes.ts";
import { CLOSE_GOING_AWAY } from "./ws-close.ts";
import { WsConnection, type WsOptions } from "./ws-connection.ts";
import { WS_SETTINGS } from "./ws-settings.ts";
import type { WsOutcome } from "./ws-state.ts";

/** Everything about one relay but the patience, which is the link's. */
export type LinkRelay = Omit<TlsOptions, "handshakeMs" | "alpn">;

export interface LinkHost {
	readonly clock: Clock;
	readonly tls: Tls;
	readonly system: Pick<System, "log">;
	/** The CSPRNG. */
	readonly random: (bytes: number) => Uint8Array;
	readonly wsBytes?: WsBytes;
	/** The relays in order of preference; none while the board has none. */
	readonly relays: () => readonly LinkRelay[];
	/** False while no connection may begin; `poke` follows when that changes. */
	readonly mayConnect: () => boolean;
	/** Called once for each failure, when the link waits already; it may call any method of the link. */
	readonly onFailure?: (failure: LinkFailure) => void;
}

/** What an end says of the certificate that the lock came with; "other" says nothing of it. */
export type LinkFailureReason = TlsReason | "setup" | "upgrade-refused" | "other";

/** One attempt that failed, or one connection that ended without our wish. */
export interface LinkFailure {
	readonly reason: LinkFailureReason;
	/** The candidate as the provider gave it. */
	readonly relay: LinkRelay;
}

type ToLockKind = ToLock["kind"];
type ReadyHandler = (relay: LinkRelay) => void;
type Handler<Kind extends ToLockKind> = (envelope: Extract<ToLock, { kind: Kind }>) => void;

const SETTINGS = Object.freeze({
	backoff: Object.freeze({ firstMs: LIMITS.linkBackoffFirstMs, maxMs: LIMITS.linkBackoffMaxMs }),
	stableMs: LIMITS.linkStableMs,
});

/** One attempt and the connection that comes of it; callbacks of an older one find that it is not theirs any more. */
interface Attempt {
	readonly relay: LinkRelay;
	tls: TlsConnection | undefined;
	ws: WsConnection | undefined;
	/** Why TLS ended, when it ended first. */
	tlsReason: TlsReason | undefined;
	unreadable: number;
	unsent: number;
}

export class Link {
	readonly #host: LinkHost;
	readonly #handlers = new Map<ToLockKind, (envelope: never) => void>();
	readonly #onReady: ReadyHandler[] = [];
	readonly #onDown: (() => void)[] = [];
	#state: LinkState = LINK_IDLE;
	#attempt: Attempt | undefined;
	#relays: readonly LinkRelay[] = [];
	#timer: Timer | undefined;

	constructor(host: LinkHost) {
		this.#host = host;
	}

	get state(): LinkState["kind"] {
		return this.#state.kind;
	}

	start(): void {
		this.#step({ kind: "start" });
	}

	/** Closes the connection in good order; `start` may follow at any time. */
	stop(): void {
		this.#step({ kind: "stop" });
	}

	/** What mayConnect or relays answer may have changed. */
	poke(): void {
		if (this.#state.kind === "blocked" || this.#state.kind === "waiting") this.#look();
	}

	/**
	 * What connections are made with has changed: leaves the present connection in good order and connects at once, to
	 * the first candidate. Does nothing while the link is stopped.
	 */
	reconnect(): void {
		if (this.#state.kind === "idle" || (this.#state.kind === "draining" && !this.#state.again)) return;
		this.stop();
		this.start();
	}

	/** One handler a kind. */
	on<Kind extends ToLockKind>(kind: Kind, handler: Handler<Kind>): void {
		assert(!this.#handlers.has(kind), `link: two handlers for ${kind}`);
		this.#handlers.set(kind, handler as (envelope: never) => void);
	}

	/** Envelopes may pass from here on, until onDown: no channel outlives a connection. */
	onReady(callback: ReadyHandler): void {
		this.#onReady.push(callback);
	}

	onDown(callback: () => void): void {
		this.#onDown.push(callback);
	}

	/** False when the link is not ready or its queue is full: the envelope was dropped. */
	send(envelope: FromLock): boolean {
		const attempt = this.#attempt;
		if (this.#state.kind !== "ready" || attempt?.ws === undefined || !attempt.ws.open) return false;
		if (attempt.ws.send("binary", encodeEnvelope(envelope))) return true;
		attempt.unsent++;
		if (attempt.unsent === 1) this.#log("the queue to the relay is full, dropping");
		return false;
	}

	#step(event: LinkEvent): void {
		const step = stepLink(SETTINGS, this.#state, event, this.#host.clock.monotonicMs());
		this.#state = step.state;
		for (const effect of step.effects) this.#do(effect);
	}

	#do(effect: LinkEffect): void {
		switch (effect.kind) {
			case "look":
				this.#look();
				break;
			case "wake":
				this.#timer?.cancel();
				this.#timer = this.#host.clock.after(Math.ceil(effect.delayMs), () => this.#look());
				break;
			case "connect":
				this.#connect(this.#relays[effect.relay]!);
				break;
			case "close":
				this.#attempt?.ws?.close(CLOSE_GOING_AWAY);
				break;
			case "abort":
				this.#attempt?.tls?.close();
				this.#attempt = undefined;
				break;
			case "ready":
				for (const callback of this.#onReady) callback(this.#attempt!.relay);
				break;
			case "down":
				for (const callback of this.#onDown) callback();
				break;
		}
	}

	#look(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
		this.#relays = this.#host.relays();
		this.#step({ kind: "look", permitted: this.#host.mayConnect(), relays: this.#relays.length });
	}

	#connect(relay: LinkRelay): void {
		const attempt: Attempt = {
			relay,
			tls: undefined,
			ws: undefined,
			tlsReason: undefined,
			unreadable: 0,
			unsent: 0,
		};
		this.#attempt = attempt;
		try {
			attempt.tls = this.#host.tls.connect(
				{ ...relay, handshakeMs: LIMITS.tlsHandshakeMs },
				{
					onConnected: () => this.#upgrade(attempt),
					onReadable: () => attempt.ws?.readable(),
					onWritable: () => attempt.ws?.writable(),
					onClosed: (reason) => this.#streamEnded(attempt, reason),
				},
			);
		} catch (error) {
			// Unusable roots or key: trying again is all that can be done, and what a repair through another transport needs.
			if (!(error instanceof DeviceError)) throw error;
			this.#host.clock.after(0, () => this.#over(attempt, error.message, "setup"));
		}
	}

	#upgrade(attempt: Attempt): void {
		if (attempt !== this.#attempt || attempt.tls === undefined) return;
		this.#step({ kind: "connected" });
		attempt.ws = new WsConnection(
			attempt.tls,
			optionsFor(attempt.relay),
			{
				clock: this.#host.clock,
				random: this.#host.random,
				bytes: this.#host.wsBytes ?? PLAIN_WS_BYTES,
			},
			{
				onOpen: () => {
					this.#log(`ready at ${attempt.relay.serverName}`);
					this.#step({ kind: "opened" });
				},
				onMessage: (_type, bytes) => this.#receive(attempt, bytes),
				onDrained: () => this.#drained(attempt),
				onClosed: (outcome) => this.#over(attempt, describeEnd(attempt, outcome), reasonOf(attempt, outcome)),
			},
		);
		// What the relay sent together with its handshake's last flight.
		attempt.ws.readable();
	}

	#streamEnded(attempt: Attempt, reason: TlsReason | undefined): void {
		attempt.tlsReason = reason;
		if (attempt.ws === undefined) this.#over(attempt, `TLS ${reason ?? "close_notify"}`, reason ?? "other");
		else attempt.ws.ended(false);
	}

	#receive(attempt: Attempt, bytes: Uint8Array): void {
		// Between our Close and the peer's, and after stop, nobody listens any more.
		if (this.#state.kind !== "ready") return;
		const envelope = decodeToLock(bytes);
		const handler = envelope.ok ? this.#handlers.get(envelope.value.kind) : undefined;
		if (!envelope.ok || handler === undefined) {
			attempt.unreadable++;
			if (attempt.unreadable === 1)
				this.#log(`dropped an envelope: ${envelope.ok ? "kind" : envelope.reason}`);
			return;
		}
		handler(envelope.value as never);
	}

	#drained(attempt: Attempt): void {
		if (attempt.unsent === 0) return;
		this.#log(`${attempt.unsent} envelopes were dropped while the queue was full`);
		attempt.unsent = 0;
	}

	#over(attempt: Attempt, why: string, reason: LinkFailureReason): void {
		if (attempt !== this.#attempt) return;
		this.#attempt = undefined;
		if (attempt.unreadable > 1) this.#log(`dropped ${attempt.unreadable} envelopes in all`);
		this.#log(`${attempt.relay.serverName}: ${why}`);
		this.#step({ kind: "closed", random: this.#host.random(4) });
		this.#host.onFailure?.({ reason, relay: attempt.relay });
	}

	#log(line: string): void {
		this.#host.system.log(`link: ${line}`);
	}
}

function describeEnd(attempt: Attempt, outcome: WsOutcome): string {
	if (outcome.reason === "ended" && attempt.tlsReason !== undefined) return `TLS ${attempt.tlsReason}`;
	const status = outcome.status === undefined ? "" : `, status ${outcome.status}`;
	return `WebSocket ${outcome.reason}, code ${outcome.code}${status}`;
}

function reasonOf(attempt: Attempt, outcome: WsOutcome): LinkFailureReason {
	if (outcome.reason === "ended") return attempt.tlsReason ?? "other";
	return outcome.reason === "status" ? "upgrade-refused" : "other";
}

function optionsFor(relay: LinkRelay): WsOptions {
	const name = relay.serverName.includes(":") ? `[${relay.serverName}]` : relay.serverName;
	return {
		request: {
			host: relay.port === 443 ? name : `${name}:${relay.port}`,
			resource: LINK_PATH,
			subprotocols: [LINK_SUBPROTOCOL],
			subprotocolRequired: true,
		},
		settings: WS_SETTINGS,
		maxHeaderBytes: LIMITS.wsHeaderBytes,
		maxMessageBytes: LIMITS.wsMessageBytes,
		textAllowed: false,
		readBytes: LIMITS.wsReadBytes,
		pauseBytes: LIMITS.linkQueueBytes,
		queueBytes: LIMITS.linkQueueBytes,
	};
}
