/**
 * The end of a board's life on the line: its serial is never given again, its key is revoked in the registry, which is how a
 * relay hears of it (docs/OPERATIONS.md), whether it was ever recorded there or not. On record here first and last, so that
 * whatever interrupts it, the next run ends it.
 *
 * One that cannot be ended, because the registry has that serial or key as somebody else's, ends as `unrevoked`: it stays shut out
 * here, is shown in each report until somebody has looked at it, and stops no other board.
 */
import type { Registry } from "../../relay/registry.ts";
import { StepFault } from "./cause.ts";
import type { Journal } from "./journal.ts";
import { holderOf } from "./journal-rows.ts";

interface Books {
	readonly journal: Journal;
	readonly registry: Registry;
}

/** `rework`: the board itself may come to the line again, and gets another serial. Rejects with StepFault registry-refuses. */
export async function retire(books: Books, id: number, reason: string, rework: boolean): Promise<void> {
	books.journal.scrap(id, reason, rework);
	const flaw = await end(books, id);
	if (flaw !== undefined) throw new StepFault("registry-refuses", { detail: flaw });
}

export interface ScrapsEnded {
	readonly ended: number;
	/** Sentences about those that were not. */
	readonly left: readonly string[];
}

/** Ends what a killed tool began, each for itself. */
export async function endScraps(books: Books): Promise<ScrapsEnded> {
	const left: string[] = [];
	let ended = 0;
	for (const { id, state } of books.journal.boards()) {
		if (state !== "scrapping") continue;
		const flaw = await end(books, id);
		if (flaw === undefined) ended++;
		else left.push(flaw);
	}
	return { ended, left };
}

/** What is in the way, for somebody to look at. */
async function end({ journal, registry }: Books, id: number): Promise<string | undefined> {
	const { serial, publicKeyHex } = journal.find(id);
	if (serial !== undefined && publicKeyHex !== undefined) {
		// A key that the registry has not heard of is recorded to be refused.
		const enrolled = await registry.enrol(serial, publicKeyHex, holderOf(journal.id, id));
		const conflicts = !enrolled.ok && enrolled.reason === "conflict";
		if (conflicts || !(await registry.revoke(serial))) {
			journal.unrevoked(id);
			return `${serial} has another key in the registry, or was rekeyed: it is not revoked; look at it by hand`;
		}
	}
	journal.scrapped(id);
	return undefined;
}
