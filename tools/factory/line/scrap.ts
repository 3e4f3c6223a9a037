/**
 * The end of a board's life on the line: its serial is never given again, its key is revoked in the registry, which is how a
 * relay hears of it (docs/OPERATIONS.md), whether it was ever recorded there or not. On record here first and last, so that
 * whatever interrupts it, the next run ends it.
 */
import type { Registry } from "../../relay/registry.ts";
import { StepFault } from "./cause.ts";
import type { Journal } from "./journal.ts";

interface Books {
	readonly journal: Journal;
	readonly registry: Registry;
}

/** `rework`: the board itself may come to the line again, and gets another serial. Rejects with StepFault registry-refuses. */
export async function retire(books: Books, id: number, reason: string, rework: boolean): Promise<void> {
	books.journal.scrap(id, reason, rework);
	await end(books, id);
}

/** Ends what a killed tool began; the number of them. */
export async function endScraps(books: Books): Promise<number> {
	const begun = books.journal.boards().filter(({ state }) => state === "scrapping");
	for (const { id } of begun) await end(books, id);
	return begun.length;
}

async function end({ journal, registry }: Books, id: number): Promise<void> {
	const { serial, publicKeyHex } = journal.find(id);
	if (serial !== undefined && publicKeyHex !== undefined) {
		// A key that the registry has not heard of is recorded to be refused.
		const enrolled = await registry.enrol(serial, publicKeyHex);
		if (!enrolled.ok && enrolled.reason === "conflict")
			throw new StepFault("registry-refuses", {
				detail: `${serial} has another key there, or was rekeyed: look at it by hand`,
			});
		if (!(await registry.revoke(serial)))
			throw new StepFault("registry-refuses", { detail: `no ${serial} there` });
	}
	journal.scrapped(id);
}
