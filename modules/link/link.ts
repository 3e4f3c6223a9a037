/**
 * The link to the relay (DESIGN 6): keeps one connection, TLS then WebSocket then envelopes (PROTOCOL 2), and routes
 * envelopes by kind to the handlers that app registers. It knows no content, and no trust: what a connection is
 * verified against comes from the provider it is handed, anew for each attempt.
 *
 * Bounds: one connection, one message in, LIMITS.linkQueueBytes out. What cannot be sent or read is dropped,
 * counted and logged.
 */
import { assert, unreachable } from "../base/assert.ts";
import { DeviceError } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Timer } from "../platform/clock.ts";
import type { TlsConnection, TlsReason } from "../platform/tls.ts";
import { decodeToLock, encodeEnvelope, type FromLock, type ToLock } from "../wire/envelope.ts";
import {
	isPortalSign,
	type LinkFailureReason,
	type LinkStage,
	reasonOfOutcome,
	reasonOfTls,
} from "./link-failure.ts";
import { LINK_PATIENCE, type LinkDrops, type LinkHost, type LinkPatience } from "./link-host.ts";
import { type LinkRelay, sameRelays, webSocketOptions } from "./link-relay.ts";
import { LINK_IDLE, type LinkEffect, type LinkEvent, type LinkState, stepLink } from "./link-state.ts";
import { PLAIN_WS_BYTES } from "./ws-bytes.ts";
import { CLOSE_GOING_AWAY } from "./ws-close.ts";
import { WsConnection } from "./ws-connection.ts";
import type { WsOutcome } from "./ws-state.ts";

type ToLockKind = ToLock["kind"];
type Handler<Kind extends ToLockKind> = (envelope: Extract<ToLock, { kind: Kind }>) => void;
type ReadyHandler = (relay: LinkRelay, index: number) => void;

/** One attempt and the connection that comes of it; callbacks of an older one find that it is not theirs any more. */
interface Attempt {
	readonly relay: LinkRelay;
	readonly index: number;
	tls: TlsConnection | undefined;
	ws: WsConnection | undefined;
	/** Why TLS ended, when it ended first. */
	tlsReason: TlsReason | undefined;
	unreadable: number;
	unsent: number;
}

export class Link {
	readonly #host: LinkHost;
	readonly #patience: LinkPatience;
	readonly #handlers = new Map<ToLockKind, (envelope: never) => void>();
	readonly #onReady: ReadyHandler[] = [];
	readonly #onDown: (() => void)[] = [];
	/** What happened while a step was carried out, a few at most: callbacks may call `stop` or `reconnect`. */
	readonly #events: LinkEvent[] = [];
	#stepping = false;
	#state: LinkState = LINK_IDLE;
	#attempt: Attempt | undefined;
	#relays: readonly LinkRelay[] = [];
	#timer: Timer | undefined;
	#dropped: LinkDrops = { unsent: 0, unreadable: 0 };

	constructor(host: LinkHost) {
		this.#host = host;
		this.#patience = host.patience ?? LINK_PATIENCE;
	}

	get state(): LinkState["kind"] {
		return this.#state.kind;
	}

	get dropped(): LinkDrops {
		return this.#dropped;
	}

	start(): void {
		this.#step({ kind: "start" });
	}

	/** Closes the connection in good order; `start` may follow at any time. */
	stop(): void {
		this.#step({ kind: "stop" });
	}

	/** What mayConnect or relays answer may have changed. A present connection stays, and so does a wait. */
	poke(): void {
		if (this.#state.kind === "blocked" || this.#state.kind === "waiting") this.#look();
	}

	/**
	 * What connections are made with has changed (a certificate, the trust in relays): leaves the present connection in
	 * good order and connects at once, to the first candidate, without a wait. Does nothing while the link is stopped.
	 */
	reconnect(): void {
		this.#step({ kind: "reconnect" });
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
		this.#dropped = { ...this.#dropped, unsent: this.#dropped.unsent + 1 };
		if (attempt.unsent === 1) this.#log("the queue to the relay is full, dropping");
		return false;
	}

	/** The one place that assigns the state. Effects of one step are done before the next event is looked at. */
	#step(event: LinkEvent): void {
		this.#events.push(event);
		if (this.#stepping) return;
		this.#stepping = true;
		for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
			const step = stepLink(this.#settings(), this.#state, next, this.#host.clock.monotonicMs());
			this.#state = step.state;
			for (const effect of step.effects) this.#do(effect);
		}
		this.#stepping = false;
	}

	#settings(): LinkPatience {
		if (this.#host.isUrgent?.() !== true) return this.#patience;
		const { backoff } = this.#patience;
		const maxMs = Math.min(backoff.maxMs, LIMITS.linkBackoffTrialMs);
		return { ...this.#patience, backoff: { ...backoff, maxMs } };
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
				this.#connect(this.#relays[effect.relay]!, effect.relay);
				break;
			case "close":
				this.#attempt?.ws?.close(CLOSE_GOING_AWAY);
				break;
			case "abort":
				this.#attempt?.tls?.close();
				this.#attempt = undefined;
				break;
			case "ready": {
				const attempt = this.#attempt;
				assert(attempt !== undefined, "link: ready without a connection");
				for (const callback of this.#onReady) callback(attempt.relay, attempt.index);
				break;
			}
			case "down":
				for (const callback of this.#onDown) callback();
				break;
			default:
				unreachable(effect);
		}
	}

	#look(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
		const relays = this.#host.relays();
		const changed = !sameRelays(relays, this.#relays);
		this.#relays = relays;
		this.#step({ kind: "look", permitted: this.#host.mayConnect(), relays: relays.length, changed });
	}

	#connect(relay: LinkRelay, index: number): void {
		const attempt: Attempt = {
			relay,
			index,
			tls: undefined,
			ws: undefined,
			tlsReason: undefined,
			unreadable: 0,
			unsent: 0,
		};
		this.#attempt = attempt;
		try {
			attempt.tls = this.#host.tls.connect(
				{ ...relay, handshakeMs: this.#patience.handshakeMs },
				{
					onPhase: (phase) => {
						if (attempt === this.#attempt)
							this.#step({ kind: phase === "connecting" ? "resolved" : "reached" });
					},
					onConnected: () => this.#upgrade(attempt),
					onReadable: () => attempt.ws?.readable(),
					onWritable: () => attempt.ws?.writable(),
					onClosed: (reason) => this.#streamEnded(attempt, reason),
				},
			);
		} catch (error) {
			// Unusable roots or key: trying again is all that can be done, and what a repair through another transport needs.
			if (!(error instanceof DeviceError)) throw error;
			const reason = error.code === "memory/exhausted" ? "memory" : "setup";
			this.#host.clock.after(0, () => this.#over(attempt, reason, error.message));
		}
	}

	#upgrade(attempt: Attempt): void {
		if (attempt !== this.#attempt || attempt.tls === undefined) return;
		this.#step({ kind: "connected" });
		attempt.ws = new WsConnection(
			attempt.tls,
			webSocketOptions(attempt.relay, this.#patience.ws),
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
				onClosed: (outcome) =>
					this.#over(attempt, reasonOfOutcome(outcome, attempt.tlsReason), describeEnd(attempt, outcome)),
			},
		);
		// What the relay sent together with its handshake's last flight.
		attempt.ws.readable();
	}

	#streamEnded(attempt: Attempt, reason: TlsReason | undefined): void {
		attempt.tlsReason = reason;
		if (attempt.ws === undefined) this.#over(attempt, reasonOfTls(reason), `TLS ${reason ?? "close_notify"}`);
		else attempt.ws.ended(false);
	}

	#receive(attempt: Attempt, bytes: Uint8Array): void {
		// Between our Close and the peer's, and after stop, nobody listens any more.
		if (this.#state.kind !== "ready") return;
		const envelope = decodeToLock(bytes);
		const handler = envelope.ok ? this.#handlers.get(envelope.value.kind) : undefined;
		if (!envelope.ok || handler === undefined) {
			attempt.unreadable++;
			this.#dropped = { ...this.#dropped, unreadable: this.#dropped.unreadable + 1 };
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

	/** reason: undefined when the end is the one that our own side wished for. */
	#over(attempt: Attempt, reason: LinkFailureReason | undefined, why: string): void {
		if (attempt !== this.#attempt) return;
		this.#attempt = undefined;
		const stage = stageOf(this.#state);
		if (attempt.unreadable > 1) this.#log(`dropped ${attempt.unreadable} envelopes in all`);
		this.#drained(attempt);
		const hint =
			stage !== undefined && reason !== undefined && isPortalSign(stage, reason)
				? "; a captive portal does so"
				: "";
		this.#log(`${attempt.relay.serverName}: ${why}${stage === undefined ? "" : ` while ${stage}`}${hint}`);
		this.#step({ kind: "closed", random: this.#host.random(4) });
		if (stage === undefined || reason === undefined) return;
		const { relay, index } = attempt;
		this.#host.onFailure?.({ stage, reason, relay, index, nowMs: this.#host.clock.monotonicMs() });
	}

	#log(line: string): void {
		this.#host.system.log(`link: ${line}`);
	}
}

/** Undefined where an end is no failure. */
function stageOf(state: LinkState): LinkStage | undefined {
	switch (state.kind) {
		case "resolving":
		case "connecting":
		case "handshaking":
		case "upgrading":
		case "ready":
			return state.kind;
		default:
			return undefined;
	}
}

function describeEnd(attempt: Attempt, outcome: WsOutcome): string {
	if (outcome.reason === "ended" && attempt.tlsReason !== undefined) return `TLS ${attempt.tlsReason}`;
	const status = outcome.status === undefined ? "" : `, status ${outcome.status}`;
	return `WebSocket ${outcome.reason}, code ${outcome.code}${status}`;
}
