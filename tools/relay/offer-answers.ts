/**
 * What one connection's lock may be held to of what it says about offers (docs/UPDATE.md 5). A lock keeps the reason of its last refusal
 * in RAM and says it again with every report: what it said before an offer went out says nothing of that one, whenever it is looked at.
 *
 * A report is a word about an offer once one came after it that gives another reason or number than the last one before it, or that repeats
 * the last one byte for byte: a lock does that only to answer. Which of the two a change of anything else is nobody can tell.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";

export class OfferAnswers {
	#arrivals = 0;
	#said: string | undefined;
	#bytes: Uint8Array | undefined;
	/** By release, what the lock said last before it went out. Bounded by the releases that roll out. */
	readonly #open = new Map<string, string | undefined>();
	/** By release, the arrival from which on reports are about it. */
	readonly #answered = new Map<string, number>();
	#last: string | undefined;

	/** A report arrived, whether it is looked at now, later or never. Returns its number. */
	heard({ result, resultSequence }: UpdateReport, bytes: Uint8Array): number {
		const said = `${result} ${resultSequence}`;
		const isRepeated = this.#bytes !== undefined && bytesEqual(this.#bytes, bytes);
		this.#said = said;
		this.#bytes = bytes;
		this.#arrivals++;
		for (const [digest, before] of this.#open) {
			if (said === before && !isRepeated) continue;
			this.#open.delete(digest);
			this.#answered.set(digest, this.#arrivals);
		}
		return this.#arrivals;
	}

	/** A release went out on this connection. */
	offered(digest: string): void {
		this.#answered.delete(digest);
		this.#open.set(digest, this.#said);
		this.#last = digest;
	}

	/** The release that went out last on this connection: what the lock could not read was this one, if any. */
	get last(): string | undefined {
		return this.#last;
	}

	/** Whether the report of this number may speak of the release as it was offered last. */
	isAbout(digest: string, arrival: number): boolean {
		return (this.#answered.get(digest) ?? Number.POSITIVE_INFINITY) <= arrival;
	}
}
