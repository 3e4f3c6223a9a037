/**
 * The commands of a session that concern trust (PROTOCOL 5.5): a bundle in pieces, what is trusted now, an owner's own
 * relays. They decide nothing about who may; whether a bundle holds is for modules/trust to say.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Clock } from "../platform/clock.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import { decodeOwnRelays, type OwnerRelays } from "../trust/owner-relays.ts";
import { encodeRelayAddresses } from "../trust/relay-entry.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { asArray, type CborMap } from "../wire/cbor-map.ts";
import type { CommandName, Refusal } from "../wire/command.ts";
import { decodePiece } from "../wire/piece.ts";
import { TIME_SOURCES } from "../wire/report.ts";
import type { Call } from "./handlers.ts";
import { refusalClass, type TrustKeeper } from "./trust-keeper.ts";

export type TrustCommandName = Extract<CommandName, `trust.${string}` | `relays.${string}`>;

export interface TrustCommandsOptions {
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly time: TrustedTime;
	readonly trust: TrustStore;
	readonly keeper: TrustKeeper;
	readonly owner: OwnerRelays;
	/** The owner's relays are others now: connections begin anew. */
	readonly onRelaysChanged: () => void;
}

export class TrustCommands {
	readonly #options: TrustCommandsOptions;
	readonly #sets: TokenBucket;

	constructor(options: TrustCommandsOptions) {
		this.#options = options;
		const nowMs = options.clock.monotonicMs();
		this.#sets = new TokenBucket(LIMITS.relaySetsBurst, LIMITS.relaySetsPerHour / 60, nowMs);
	}

	/** Arguments that cannot be read. */
	refusal(command: TrustCommandName, args: CborMap): Refusal | undefined {
		switch (command) {
			case "trust.put":
				return decodePiece(args) === undefined ? "unknown-command" : undefined;
			case "trust.status":
			case "relays.list":
				return args.size === 0 ? undefined : "unknown-command";
			case "relays.set":
				return isNone(args) || readOwn(args) !== undefined ? undefined : "unknown-command";
			default:
				return unreachable(command);
		}
	}

	run(command: TrustCommandName, call: Call): void {
		switch (command) {
			case "trust.put":
				return this.#put(call);
			case "trust.status":
				return this.#status(call);
			case "relays.list":
				return this.#listRelays(call);
			case "relays.set":
				return this.#setRelays(call);
			default:
				return unreachable(command);
		}
	}

	#put({ session, request }: Call): void {
		const piece = decodePiece(request.args);
		if (piece === undefined) return session.reply(request, "unknown-command");
		const taken = this.#options.keeper.takePiece("session", session, piece);
		if (taken.ok) return session.reply(request, "done", { 0: taken.value.version, 1: taken.value.next });
		session.reply(request, statusOf(refusalClass(taken.reason)));
	}

	/** What the floor has passed is past, whether or not the lock knows the time. */
	#status({ session, request }: Call): void {
		const { trust, time } = this.#options;
		const nowMs = time.nowUnixMs();
		const floorMs = time.floorUnixMs;
		const stale = nowMs === undefined && !trust.isStale(floorMs) ? null : trust.isStale(nowMs ?? floorMs);
		session.reply(request, "done", {
			0: trust.version,
			1: trust.expiresUnixSeconds ?? 0,
			2: stale,
			3: floorMs,
			4: nowMs ?? null,
			5: TIME_SOURCES.indexOf(time.source),
		});
	}

	#listRelays({ session, request }: Call): void {
		const { crypto, owner } = this.#options;
		const own = owner.current;
		session.reply(request, "done", {
			0: (own?.roots ?? []).map((root) => crypto.sha256(root.der)),
			1: encodeRelayAddresses(own?.addresses ?? []),
		});
	}

	#setRelays({ session, request }: Call): void {
		if (!this.#sets.has(this.#options.clock.monotonicMs())) return session.reply(request, "try-later");
		const set = this.#options.owner.set(isNone(request.args) ? undefined : readOwn(request.args));
		if (!set.ok) return session.reply(request, set.reason === "storage" ? "try-later" : "unknown-command");
		if (set.value) this.#sets.take(this.#options.clock.monotonicMs());
		session.reply(request, "done");
		if (set.value) this.#options.onRelaysChanged();
	}
}

function isNone(args: CborMap): boolean {
	if (args.size !== 2) return false;
	return asArray(args.get(0), 0) !== undefined && asArray(args.get(1), 0) !== undefined;
}

function readOwn(args: CborMap): ReturnType<typeof decodeOwnRelays> {
	return args.hasOnly([0, 1]) ? decodeOwnRelays(args, 0, 1) : undefined;
}

function statusOf(refusal: ReturnType<typeof refusalClass>): Refusal {
	switch (refusal) {
		case "unreadable":
		case "order":
			return "unknown-command";
		case "untrusted":
			return "not-permitted";
		case "later":
			return "try-later";
		case "busy":
			return "busy";
		default:
			return unreachable(refusal);
	}
}
