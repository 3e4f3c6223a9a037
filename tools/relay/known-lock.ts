/**
 * What an update service knows of one connection's lock: what it said, in the order in which that came, and what the database has of
 * it. It sends nothing and decides nothing.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import type { AttestedLock } from "./attestor.ts";
import type { ConnectedDevice } from "./device-service.ts";
import { OfferAnswers } from "./offer-answers.ts";
import type { FormerOffer, PublishedFreshness } from "./rollout.ts";

/** A report that could be read, and which one of this connection it is. */
export interface Arrived {
	readonly report: UpdateReport;
	readonly bytes: Uint8Array;
	readonly arrival: number;
}

export class KnownLock {
	readonly device: ConnectedDevice;
	readonly answers = new OfferAnswers();
	/** What the database has of it; undefined until it was read. */
	stored: { readonly lock: AttestedLock; readonly offers: Map<string, FormerOffer> } | undefined;
	loading = false;
	/** The statement that was sent last on this connection, by vendor and class. */
	readonly freshness = new Map<string, PublishedFreshness>();
	/** A report that its allowance was not there for. */
	late: Arrived | undefined;
	/** When somebody requested the attestation that it was last asked for without a pause. */
	askedFor: string | undefined;
	#last: Arrived | undefined;
	/** The highest trust version that it had on this connection. */
	#trustVersion = 0;

	constructor(device: ConnectedDevice) {
		this.device = device;
	}

	/** The last one of this connection that there was an allowance for. */
	get last(): Arrived | undefined {
		return this.#last;
	}

	get report(): UpdateReport | undefined {
		return this.#last?.report;
	}

	/** A report came. When it came says what it can be about, not when it is looked at. Undefined: it is none. */
	heard(bytes: Uint8Array): Arrived | undefined {
		const report = decodeUpdateReport(bytes);
		if (!report.ok) return undefined;
		return { report: report.value, bytes, arrival: this.answers.heard(report.value, bytes) };
	}

	/** Whether it says what the last one said, which is said anew then. */
	repeats(arrived: Arrived): boolean {
		if (this.#last === undefined || !bytesEqual(this.#last.bytes, arrived.bytes)) return false;
		this.#last = arrived;
		return true;
	}

	/** True: it has newer trust. Trust goes up only; a lock that says otherwise wins nothing by it. */
	keep(arrived: Arrived): boolean {
		const { trustVersion } = arrived.report;
		const isNewTrust = this.#last !== undefined && trustVersion > this.#trustVersion;
		this.#trustVersion = Math.max(this.#trustVersion, trustVersion);
		this.#last = arrived;
		return isNewTrust;
	}

	/** What it refused before it may take now: no pause. */
	forgive(releases?: ReadonlySet<string>): void {
		for (const [digest, former] of this.stored?.offers ?? []) {
			if (former.outcome !== "refused" || releases?.has(digest) === false) continue;
			this.stored?.offers.set(digest, { ...former, offeredAtMs: 0 });
		}
	}
}
