/**
 * One authenticated session of the lock's side (DESIGN 5.2, 5.3): frames strictly in order, a bound on age and number,
 * the anchors that the delay bound counts from. It knows who the phone is only as a key; what a request means is
 * the business of `app`. Every end wipes the transport keys.
 */
import { type Anchors, firstAnchor, isFresh, withNextAnchor } from "../access/delay.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Transport as NoiseTransport } from "../noise/transport.ts";
import type { Clock } from "../platform/clock.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import type { Status } from "../wire/command.ts";
import type { Method } from "../wire/hello.ts";
import { decodeRequest, encodeNotice, encodeReply, type Request } from "../wire/session-message.ts";

export type SessionEnd =
	| "peer" // the phone or its transport closed the channel
	| "frame" // a frame did not open: replayed, reordered, dropped, changed
	| "malformed" // a sealed frame is not a request
	| "fault" // the lock has no memory to open or to seal a frame
	| "frames" // LIMITS.sessionFrames
	| "age" // LIMITS.sessionMs
	| "removed" // its grant is gone
	| "replaced" // a newer session of the same grant, or of the same transport, took its place
	| "dropped" // its channel was opened anew, or its first request did not come in time
	| "reset"; // the lock was reset or shut down

export interface SessionWire {
	send(frame: Uint8Array): void;
	/** The session is over and its keys are wiped; the channel can go. */
	ended(end: SessionEnd): void;
}

export class Session {
	readonly phoneKey: Uint8Array;
	readonly method: Method;
	readonly transportName: string;
	/** Set by app once it knows; undefined in a pairing session before enrol. */
	grantId: number | undefined;
	readonly #noise: NoiseTransport;
	readonly #clock: Clock;
	readonly #wire: SessionWire;
	readonly #startedAtMs: number;
	#anchors: Anchors;
	#ended = false;

	/** Takes `noise` over. The session's first anchor is the handshake message sent just now. */
	constructor(options: {
		readonly phoneKey: Uint8Array;
		readonly method: Method;
		readonly transportName: string;
		readonly noise: NoiseTransport;
		readonly clock: Clock;
		readonly anchoredAtMs: number;
		readonly wire: SessionWire;
	}) {
		this.phoneKey = options.phoneKey;
		this.method = options.method;
		this.transportName = options.transportName;
		this.#noise = options.noise;
		this.#clock = options.clock;
		this.#wire = options.wire;
		this.#startedAtMs = options.clock.monotonicMs();
		this.#anchors = firstAnchor(options.anchoredAtMs);
	}

	get ended(): boolean {
		return this.#ended;
	}

	get startedAtMs(): number {
		return this.#startedAtMs;
	}

	/** The request in a frame; undefined when the frame ended the session. */
	receive(frame: Uint8Array): Request | undefined {
		if (this.#ended) return undefined;
		if (this.#isTooOld()) return this.#endWith("age");
		const opened = attempt(() => this.#noise.open(frame));
		if (!opened.ok) return this.#endWith("fault");
		const plaintext = opened.value;
		if (!plaintext.ok) return this.#endWith(plaintext.reason === "exhausted" ? "frames" : "frame");
		const request = decodeRequest(plaintext.value);
		if (!request.ok) return this.#endWith("malformed");
		return request.value;
	}

	/** PROTOCOL 5.3. */
	isFresh(request: Request): boolean {
		return isFresh(this.#anchors, request.anchor, request.stampMs, this.#clock.monotonicMs());
	}

	reply(request: Request, status: Status, result?: CborFields): void {
		this.#send(encodeReply(request.id, status, result));
	}

	/** Replies with the number of the next anchor, whose time is now. */
	replyWithAnchor(request: Request): void {
		this.#anchors = withNextAnchor(this.#anchors, this.#clock.monotonicMs());
		this.reply(request, "done", { 0: this.#anchors[this.#anchors.length - 1]!.number });
	}

	notify(event: number, data: CborFields): void {
		this.#send(encodeNotice(event, data));
	}

	/** Wipes the keys and tells the wire. Idempotent. */
	end(end: SessionEnd): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#noise.close();
		this.#wire.ended(end);
	}

	#isTooOld(): boolean {
		return this.#clock.monotonicMs() - this.#startedAtMs >= LIMITS.sessionMs;
	}

	#send(plaintext: Uint8Array): void {
		if (this.#ended) return;
		if (this.#isTooOld()) return this.end("age");
		const sealed = attempt(() => this.#noise.seal(plaintext));
		if (!sealed.ok) this.end("fault");
		else if (sealed.value.ok) this.#wire.send(sealed.value.value);
		else this.end("frames");
	}

	#endWith(end: SessionEnd): undefined {
		this.end(end);
		return undefined;
	}
}
