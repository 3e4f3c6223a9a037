/**
 * Judges what is offered by what this lock is and trusts now (docs/UPDATE.md 3, 4): gathers the facts anew each time, since trust,
 * floors and time change under a plan. It decides by update/manifest-acceptance and writes nothing but statements.
 */
import type { Result } from "../base/result.ts";
import { decodeSign } from "../cose/sign.ts";
import type { StatementChange, StatementReason } from "../update/freshness-store.ts";
import { decodeManifest, type Manifest } from "../update/manifest.ts";
import {
	judgeManifest,
	type ManifestVerdict,
	type OfferReason,
	type UpdateFacts,
} from "../update/manifest-acceptance.ts";
import { lockNames, type UpdateHost, type UpdateRecords } from "./update-host.ts";

export class UpdateJudge {
	readonly #host: UpdateHost;
	readonly #records: UpdateRecords;

	constructor(host: UpdateHost, records: UpdateRecords) {
		this.#host = host;
		this.#records = records;
	}

	manifest(message: Uint8Array): Result<ManifestVerdict, OfferReason> {
		const { crypto, time } = this.#host;
		return judgeManifest(crypto, this.#facts(), message, this.#records.freshness.holding(time.tlsTime()));
	}

	statement(statement: Uint8Array): Result<StatementChange, StatementReason> {
		const { clock, time } = this.#host;
		return this.#records.freshness.take(statement, time.tlsTime(), clock.monotonicMs());
	}

	/** Trust, or the board's name, is another one. */
	revise(): void {
		this.#records.freshness.revise(lockNames(this.#host), this.#host.trust.freshnessKeys);
	}

	#facts(): UpdateFacts {
		const { firmware, isRecovery, slots, trust, time } = this.#host;
		const { floors, history } = this.#records;
		return {
			...lockNames(this.#host),
			running: isRecovery ? undefined : firmware,
			floors: floors.known,
			securityFuse: slots.slotBytes === 0 ? 0 : slots.securityFloor,
			slotBytes: slots.slotBytes,
			parkedSequence: history.parkedSequence,
			trustVersion: trust.version,
			updateRole: trust.updateRole,
			estimateUnixMs: time.nowUnixMs(),
			trustExpired: trust.isStale(time.tlsTime().unixMs),
		};
	}
}

/** What a manifest says that nobody judges here: one that nobody stands for any more, or that was judged before it was installed. */
export function claimedManifest(message: Uint8Array): Manifest | undefined {
	const signed = decodeSign(message);
	const manifest = signed.ok ? decodeManifest(signed.value.payload) : undefined;
	return manifest?.ok ? manifest.value : undefined;
}
