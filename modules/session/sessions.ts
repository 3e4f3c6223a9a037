/**
 * The channels of one transport (DESIGN 5.1, T16): at most LIMITS.channels, LIMITS.halfOpen of them in a handshake, ten
 * seconds each, a token bucket for handshakes. A stranger's channel can push out another stranger's, never a
 * session. Open sessions are at most LIMITS.sessions, so that there is always a channel for a phone that comes; once it is
 * known, the quietest session makes place for it. No handshake starts while the bolt is driven: its hello waits.
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Timer } from "../platform/clock.ts";
import type { Request } from "../wire/session-message.ts";
import { ChannelResponder, type ResponderContext } from "./responder.ts";
import type { Session, SessionEnd } from "./session.ts";

/** Where the frames of one transport go. */
export interface ChannelSink {
	send(channel: number, frame: Uint8Array): void;
	close(channel: number): void;
}

export interface SessionHandlers {
	/** The phone's first sealed frame has opened: only now is it known (DESIGN 5.1). False refuses the session. */
	onOpened(session: Session): boolean;
	onRequest(session: Session, request: Request): void;
	onEnded(session: Session, end: SessionEnd): void;
	/** A stranger was turned away; the reason is for the local log only. */
	onRefused(transportName: string, reason: string): void;
}

interface Entry {
	readonly channel: number;
	readonly responder: ChannelResponder;
	/** Ends a channel that has not become a session in time, then a session that says nothing for its whole life. */
	timer: Timer;
	/** Set once the first sealed frame opened. */
	open: Session | undefined;
	/** When an open session last had a frame. */
	heardAtMs: number;
	/** A hello that waits for the bolt to rest. */
	held: Uint8Array | undefined;
}

export class Sessions {
	readonly #context: ResponderContext;
	readonly #sink: ChannelSink;
	readonly #handlers: SessionHandlers;
	readonly #mayHandshake: () => boolean;
	readonly #bucket: TokenBucket;
	readonly #entries = new Map<number, Entry>();

	constructor(
		context: Omit<ResponderContext, "admitHandshake">,
		sink: ChannelSink,
		handlers: SessionHandlers,
		mayHandshake: () => boolean,
	) {
		this.#context = { ...context, admitHandshake: () => this.#admitHandshake() };
		this.#sink = sink;
		this.#handlers = handlers;
		this.#mayHandshake = mayHandshake;
		this.#bucket = new TokenBucket(
			LIMITS.handshakesBurst,
			LIMITS.handshakesPerMinute,
			context.clock.monotonicMs(),
		);
	}

	get count(): number {
		return this.#entries.size;
	}

	/** Every session whose phone is known, as they are now: who goes through them may end some. */
	open(): readonly Session[] {
		const open: Session[] = [];
		for (const entry of this.#entries.values()) if (entry.open !== undefined) open.push(entry.open);
		return open;
	}

	/** Whether this channel carries a session whose phone is known. */
	isOpen(channel: number): boolean {
		return this.#entries.get(channel)?.open !== undefined;
	}

	/** The other side opened a channel. One that is open already is closed: its number is in doubt. */
	openChannel(channel: number): void {
		const existing = this.#entries.get(channel);
		if (existing !== undefined) return this.#drop(existing, "channel-reused");
		if (this.#entries.size >= LIMITS.channels && !this.#pushOutStranger()) {
			this.#handlers.onRefused(this.#context.transportName, "channels");
			return this.#sink.close(channel);
		}
		const opened = attempt(() => this.#openResponder(channel));
		if (!opened.ok) {
			this.#handlers.onRefused(this.#context.transportName, `fault ${opened.reason}`);
			return this.#sink.close(channel);
		}
		const responder = opened.value;
		const timer = this.#context.clock.after(LIMITS.halfOpenMs, () => this.#refused(channel, "patience"));
		this.#entries.set(channel, {
			channel,
			responder,
			timer,
			open: undefined,
			heardAtMs: 0,
			held: undefined,
		});
	}

	receive(channel: number, frame: Uint8Array): void {
		const entry = this.#entries.get(channel);
		if (entry === undefined) return;
		const { responder } = entry;
		if (entry.open !== undefined) {
			entry.heardAtMs = this.#context.clock.monotonicMs();
			const request = entry.open.receive(frame);
			if (request !== undefined) this.#handlers.onRequest(entry.open, request);
			return;
		}
		if (responder.session !== undefined) return this.#receiveFirst(entry, responder.session, frame);
		if (!responder.isHalfOpen && !this.#mayHandshake()) {
			if (entry.held !== undefined) return this.#drop(entry, "early-frame");
			entry.held = frame;
			return;
		}
		responder.receive(frame);
	}

	/** The other side closed a channel, or the transport did. */
	channelClosed(channel: number): void {
		const entry = this.#entries.get(channel);
		if (entry === undefined) return;
		if (entry.responder.session !== undefined) entry.responder.session.end("peer");
		else this.#forget(entry);
	}

	/** The bolt rests: handshakes that waited go on. */
	resume(): void {
		for (const entry of [...this.#entries.values()]) {
			const frame = entry.held;
			if (frame === undefined || !this.#mayHandshake()) continue;
			entry.held = undefined;
			entry.responder.receive(frame);
		}
	}

	/** Ends everything: the transport is down, or the lock is. */
	closeAll(end: SessionEnd): void {
		for (const entry of [...this.#entries.values()]) {
			if (entry.responder.session !== undefined) entry.responder.session.end(end);
			else this.#forget(entry);
		}
	}

	#openResponder(channel: number): ChannelResponder {
		return new ChannelResponder(this.#context, {
			send: (frame) => this.#sink.send(channel, frame),
			refused: (reason) => this.#refused(channel, reason),
			ended: (end) => this.#ended(channel, end),
		});
	}

	#receiveFirst(entry: Entry, session: Session, frame: Uint8Array): void {
		const request = session.receive(frame);
		if (request === undefined) return;
		if (!this.#handlers.onOpened(session)) return session.end("removed");
		const { clock } = this.#context;
		entry.timer.cancel();
		const leftMs = session.startedAtMs + LIMITS.sessionMs - clock.monotonicMs();
		entry.timer = clock.after(Math.max(0, Math.ceil(leftMs)), () => session.end("age"));
		entry.open = session;
		entry.heardAtMs = clock.monotonicMs();
		this.#endQuietest(session);
		this.#handlers.onRequest(session, request);
	}

	/** Keeps the open sessions within LIMITS.sessions; `newest` stays. */
	#endQuietest(newest: Session): void {
		let open = 0;
		let quietest: Entry | undefined;
		for (const entry of this.#entries.values()) {
			if (entry.open === undefined) continue;
			open++;
			if (entry.open === newest) continue;
			if (quietest === undefined || entry.heardAtMs < quietest.heardAtMs) quietest = entry;
		}
		if (open > LIMITS.sessions) quietest?.open?.end("replaced");
	}

	#admitHandshake(): string | undefined {
		let halfOpen = 0;
		for (const entry of this.#entries.values()) {
			if (entry.open === undefined && entry.responder.isHalfOpen) halfOpen++;
		}
		if (halfOpen >= LIMITS.halfOpen) return "half-open";
		return this.#bucket.take(this.#context.clock.monotonicMs()) ? undefined : "rate";
	}

	/** The longest waiting stranger who has not even said hello. */
	#pushOutStranger(): boolean {
		for (const entry of this.#entries.values()) {
			if (entry.responder.isHalfOpen) continue;
			this.#drop(entry, "pushed-out");
			return true;
		}
		return false;
	}

	#refused(channel: number, reason: string): void {
		const entry = this.#entries.get(channel);
		if (entry !== undefined) this.#drop(entry, reason);
	}

	#drop(entry: Entry, reason: string): void {
		const { session } = entry.responder;
		if (session !== undefined) return session.end("dropped");
		this.#forget(entry);
		this.#handlers.onRefused(this.#context.transportName, reason);
		this.#sink.close(entry.channel);
	}

	#ended(channel: number, end: SessionEnd): void {
		const entry = this.#entries.get(channel);
		if (entry === undefined) return;
		this.#forget(entry);
		if (end !== "peer") this.#sink.close(channel);
		if (entry.open !== undefined) this.#handlers.onEnded(entry.open, end);
		else this.#handlers.onRefused(this.#context.transportName, `unproven-${end}`);
	}

	#forget(entry: Entry): void {
		entry.timer.cancel();
		entry.responder.close();
		this.#entries.delete(entry.channel);
	}
}
