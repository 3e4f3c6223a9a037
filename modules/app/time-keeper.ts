/**
 * How the lock comes to know the time (DESIGN 7, PROTOCOL 11): asks the time role over the link, takes its statements from
 * the link, a session or the line, each against a nonce of that way in; takes an owner's word; and gives the estimate up
 * when the relays' certificates deny it for long enough, or when the trust no longer has the key whose word it is. It never guesses: without a good answer there is no time.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TlsTime } from "../platform/tls.ts";
import { ASKING_AT_BOOT, type AskingEvent, type AskingState, stepAsking } from "../time/time-asking.ts";
import { type DoubtEvent, type DoubtState, NO_DOUBT, stepDoubt } from "../time/time-doubt.ts";
import { TimeNonce } from "../time/time-nonce.ts";
import { verifyTimeStatement } from "../time/time-statement.ts";
import type { EstimateSource, TrustedTime } from "../time/trusted-time.ts";

const ASKING = Object.freeze({
	answerMs: LIMITS.timeAnswerMs,
	retryMs: LIMITS.timeRetryMs,
	refreshMs: LIMITS.timeRefreshMs,
});

export interface TimeKeeperOptions {
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly time: TrustedTime;
	/** The time role's, by the newest trust; uncompressed P-256 points. */
	readonly timeKeys: () => readonly Uint8Array[];
	/** Asks over the link; false when it does not take the question. */
	readonly ask: (nonce: Uint8Array) => boolean;
	readonly onSet: (source: EstimateSource) => void;
	readonly log: (line: string) => void;
}

/** What the link says of an attempt that came to nothing. */
export interface FailedAttempt {
	/** For nothing but the dates of a certificate. */
	readonly dates: boolean;
	/** The relay's certificate had been accepted before. */
	readonly accepted: boolean;
	readonly judgedAt: TlsTime["kind"];
}

export class TimeKeeper {
	readonly #options: TimeKeeperOptions;
	readonly #linkNonce: TimeNonce;
	readonly #lineNonce: TimeNonce;
	/** By session; they go with it. */
	readonly #nonces = new WeakMap<object, TimeNonce>();
	#asking: AskingState = ASKING_AT_BOOT;
	#doubt: DoubtState = NO_DOUBT;
	/** Whose word the estimate is; undefined when it is nobody's of the time role. */
	#signer: Uint8Array | undefined;
	#timer: Timer | undefined;

	constructor(options: TimeKeeperOptions) {
		this.#options = options;
		this.#linkNonce = this.#newNonce();
		this.#lineNonce = this.#newNonce();
	}

	// ---- the link ----

	linkReady(): void {
		this.#stepDoubt({ kind: "accepted" });
		this.#stepAsking({ kind: "up" });
	}

	linkDown(): void {
		this.#stepAsking({ kind: "down" });
	}

	linkFailed({ dates, accepted, judgedAt }: FailedAttempt): void {
		this.#stepDoubt(accepted ? { kind: "accepted" } : { kind: "failed", dates, judgedAt });
	}

	/** A time-answer envelope. */
	linkAnswered(statement: Uint8Array): void {
		if (!this.#take(this.#linkNonce, statement).ok) this.#stepAsking({ kind: "refused" });
	}

	/** The trust is another: so may be the time role. What a key said that was removed counts no more (T13). */
	trustChanged(): void {
		const { time, timeKeys, log } = this.#options;
		const signer = this.#signer;
		if (signer !== undefined && !timeKeys().some((key) => bytesEqual(key, signer))) {
			this.#signer = undefined;
			time.dropEstimate();
			log("time: given up, it was the word of a key that the trust no longer has");
		}
		this.#stepAsking({ kind: "wanted" });
	}

	// ---- sessions and the line ----

	/** Undefined: not so often. */
	lineNonce(): Uint8Array | undefined {
		return this.#lineNonce.issue();
	}

	takeFromLine(statement: Uint8Array): Result<number, "refused"> {
		return this.#take(this.#lineNonce, statement);
	}

	sessionNonce(session: object): Uint8Array | undefined {
		const nonce = this.#nonces.get(session) ?? this.#newNonce();
		this.#nonces.set(session, nonce);
		return nonce.issue();
	}

	takeFromSession(session: object, statement: Uint8Array): Result<number, "refused"> {
		const nonce = this.#nonces.get(session);
		return nonce === undefined ? refuse("refused") : this.#take(nonce, statement);
	}

	/** An owner's word. Refused below the floor, and where no certificate reaches. */
	setByOwner(unixMs: number): Result<number, "refused"> {
		const { time } = this.#options;
		const told = time.source === "time-role" ? time.nowUnixMs() : undefined;
		const set = this.#set(unixMs, "owner", undefined);
		const contradicts = told !== undefined && Math.abs(unixMs - told) > LIMITS.timeContradictionMs;
		if (set.ok && contradicts) this.#stepAsking({ kind: "wanted" });
		return set;
	}

	// ---- inside ----

	#newNonce(): TimeNonce {
		const { clock, crypto } = this.#options;
		return new TimeNonce(clock, (bytes) => crypto.random(bytes));
	}

	#take(nonce: TimeNonce, statement: Uint8Array): Result<number, "refused"> {
		const { crypto, timeKeys, log } = this.#options;
		const asked = nonce.take();
		if (asked === undefined) {
			log("time: an answer that nobody waits for");
			return refuse("refused");
		}
		const told = verifyTimeStatement(crypto, timeKeys(), asked.nonce, statement);
		if (!told.ok) {
			log(`time: a statement refused, ${told.reason}`);
			return refuse("refused");
		}
		const set = this.#set(
			told.value.unixMs + Math.floor(asked.elapsedMs / 2),
			"time-role",
			told.value.signer,
		);
		if (set.ok) this.#stepAsking({ kind: "answered" });
		return set;
	}

	#set(unixMs: number, source: EstimateSource, signer: Uint8Array | undefined): Result<number, "refused"> {
		const { time, log, onSet } = this.#options;
		const set = time.setEstimate(unixMs, source);
		if (!set.ok) {
			log(`time: refused from ${source}, ${set.reason}`);
			return refuse("refused");
		}
		this.#signer = signer;
		log(`time: set by ${source}`);
		this.#stepDoubt({ kind: "corrected" });
		onSet(source);
		return accept(unixMs);
	}

	#stepDoubt(event: DoubtEvent): void {
		const step = stepDoubt(this.#doubt, event, LIMITS.timeDoubts);
		this.#doubt = step.state;
		if (!step.drop) return;
		this.#signer = undefined;
		this.#options.time.dropEstimate();
		this.#options.log("time: given up, no relay's certificate agrees with it");
		this.#stepAsking({ kind: "wanted" });
	}

	#stepAsking(event: AskingEvent): void {
		const { clock } = this.#options;
		const step = stepAsking(ASKING, this.#asking, event, clock.monotonicMs());
		this.#asking = step.state;
		for (const effect of step.effects) {
			if (effect.kind === "ask") {
				this.#askOverLink();
				continue;
			}
			this.#timer?.cancel();
			this.#timer = clock.after(effect.delayMs, () => this.#stepAsking({ kind: "look" }));
		}
	}

	/** A question that cannot be sent is asked again later, as one without an answer. */
	#askOverLink(): void {
		if (this.#options.timeKeys().length === 0) return;
		const nonce = this.#linkNonce.issue();
		if (nonce !== undefined) this.#options.ask(nonce);
	}
}
