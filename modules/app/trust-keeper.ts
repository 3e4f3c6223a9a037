/**
 * Where signed trust bundles arrive (T5, PROTOCOL 10.1): from the relay, from sessions, from the serial line, all judged by
 * one rule. Only the serial line, and only before the seal, may install a bundle that follows no other. Each new bundle is
 * in the log; a refusal changes nothing (I7).
 */

import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Clock } from "../platform/clock.ts";
import type { System } from "../platform/system.ts";
import type { TrustChange, TrustReason, TrustStore } from "../trust/trust-store.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import { MessageAssembly } from "../wire/message-assembly.ts";
import type { Piece } from "../wire/piece.ts";

/** A relay brings a bundle whole, in one envelope. */
export type PieceWay = "session" | "serial";

export type TrustWay = "relay" | PieceWay;

export type TakeReason =
	| TrustReason
	| "busy" // the bolt moves: checking signatures waits
	| "too-often"; // this way in brought too many that were refused

export type PieceReason = TakeReason | "offset";

export interface TrustKeeperOptions {
	readonly clock: Clock;
	readonly system: Pick<System, "log">;
	readonly trust: TrustStore;
	readonly isSealed: () => boolean;
	readonly mayVerify: () => boolean;
	readonly append: (event: LogEvent) => void;
	/** A new bundle is there. */
	readonly onChanged: () => void;
}

export class TrustKeeper {
	readonly #options: TrustKeeperOptions;
	readonly #refusals: Readonly<Record<TrustWay, TokenBucket>>;
	readonly #assemblies: Readonly<Record<PieceWay, MessageAssembly>>;

	constructor(options: TrustKeeperOptions) {
		this.#options = options;
		const nowMs = options.clock.monotonicMs();
		const bucket = () => new TokenBucket(LIMITS.trustRefusalsBurst, LIMITS.trustRefusalsPerMinute, nowMs);
		this.#refusals = { relay: bucket(), session: bucket(), serial: bucket() };
		this.#assemblies = { session: new MessageAssembly(), serial: new MessageAssembly() };
	}

	take(way: TrustWay, message: Uint8Array): Result<TrustChange, TakeReason> {
		const { trust, isSealed, append, onChanged } = this.#options;
		const before = trust.version;
		const taken = this.#judge(way, () =>
			way === "serial" && !isSealed() ? trust.install(message) : trust.advance(message),
		);
		if (!taken.ok) {
			this.#options.system.log(`trust: refused over ${way}, ${taken.reason}`);
			return taken;
		}
		const { version, changed } = taken.value;
		if (!changed) return taken;
		this.#options.system.log(`trust: version ${before} gave way to ${version}, over ${way}`);
		append({ kind: "trust", version, way });
		onChanged();
		return taken;
	}

	/** `owner`: whose pieces belong together. */
	takePiece(
		way: PieceWay,
		owner: unknown,
		piece: Piece,
	): Result<{ readonly version: number; readonly next: number }, PieceReason> {
		const assembled = this.#assemblies[way].add(owner, piece);
		if (!assembled.ok) return assembled;
		const { next, message } = assembled.value;
		if (message === undefined) return accept({ version: this.#options.trust.version, next });
		const taken = this.take(way, message);
		return taken.ok ? accept({ version: taken.value.version, next }) : taken;
	}

	/** This sender of pieces is gone. */
	forget(way: PieceWay, owner: unknown): void {
		this.#assemblies[way].forget(owner);
	}

	/** What flash refuses costs of the allowance too: the signatures were verified before. */
	#judge(way: TrustWay, judge: () => Result<TrustChange, TrustReason>): Result<TrustChange, TakeReason> {
		const { clock, mayVerify } = this.#options;
		const refusals = this.#refusals[way];
		if (!mayVerify()) return refuse("busy");
		if (!refusals.has(clock.monotonicMs())) return refuse("too-often");
		const judged = judge();
		// What changes nothing costs as a refusal does: hashing it is work that nobody needed (T16).
		if (!judged.ok || !judged.value.changed) refusals.take(clock.monotonicMs());
		return judged;
	}
}

/** What a sender may know of a refusal; the local log has the reason. */
export type RefusalClass = "unreadable" | "order" | "untrusted" | "later" | "busy";

export function refusalClass(reason: PieceReason): RefusalClass {
	switch (reason) {
		case "malformed":
		case "header":
		case "flawed":
			return "unreadable";
		case "offset":
			return "order";
		case "storage":
		case "too-often":
			return "later";
		case "busy":
			return "busy";
		default:
			return "untrusted";
	}
}
