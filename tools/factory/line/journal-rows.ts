/** The rows of the line's journal as they are read, and what a board's row means to the rules of resume.ts. */
import { fromHex } from "../../../modules/base/bytes.ts";
import type { Cause } from "./cause.ts";
import type { Standing } from "./resume.ts";
import { STEPS, type Step } from "./steps.ts";

/** As the database gives it. */
export type Raw = Readonly<Record<string, unknown>>;

/** unrevoked: scrapped here for good, and the registry would not revoke its key: for somebody to look at. */
export type BoardState = "open" | "done" | "scrapping" | "scrapped" | "unrevoked";
export const BOARD_STATES: readonly BoardState[] = Object.freeze([
	"open",
	"done",
	"scrapping",
	"scrapped",
	"unrevoked",
] as const);

/** The right to change a board's row, until the next one takes it. */
export interface Lease {
	readonly board: number;
	readonly number: number;
}

export interface BoardRow {
	readonly id: number;
	readonly mac: string;
	readonly chip: string;
	readonly flashBytes: number;
	readonly state: BoardState;
	readonly next: Step;
	readonly begun: boolean;
	/** The digest of the images that were written. */
	readonly written: string | undefined;
	readonly serial: string | undefined;
	/** 130 hexadecimal digits. */
	readonly publicKeyHex: string | undefined;
	/** DER. */
	readonly certificate: Uint8Array | undefined;
	readonly selfTest: string | undefined;
	readonly burned: "no" | "partly" | "yes";
	/** A label was, or may have been, printed. */
	readonly labelled: boolean;
	readonly rework: boolean;
	readonly reason: string | undefined;
	readonly updatedAt: string;
}

/** Who a serial is reserved for in the registry. */
export function holderOf(journal: string, board: number): string {
	return `line ${journal} ${board}`;
}

export interface StepRow {
	readonly board: number;
	readonly run: number;
	readonly station: string;
	readonly step: Step;
	readonly failure: Cause | undefined;
	readonly elapsedMs: number;
}

export interface FuseRow {
	readonly board: number;
	readonly fuse: string;
	readonly value: string;
	/** As it was read before. */
	readonly before: string;
	readonly state: "begun" | "burned";
}

/** What a finished step leaves on record. */
export interface StepFacts {
	readonly written?: string;
	readonly publicKeyHex?: string;
	readonly certificate?: Uint8Array;
	readonly selfTest?: string;
	readonly burned?: "no" | "yes";
}

/** As resume.ts judges it; `digest` is that of the line's images. */
export function standingFrom(row: BoardRow, digest: string): Standing {
	const { id, state, next, begun, serial, publicKeyHex, burned } = row;
	const isScrapped = state === "scrapping" || state === "scrapped" || state === "unrevoked";
	return {
		id,
		next,
		begun,
		serial,
		publicKeyHex,
		burned,
		// One that could not be shut out everywhere never comes again.
		rework: row.rework && state !== "unrevoked",
		// A scrap that is under way is one.
		state: isScrapped ? "scrapped" : state,
		written: row.written === digest,
	};
}

function text(value: unknown): string | undefined {
	return value === null || value === undefined ? undefined : String(value);
}

function stepNamed(value: unknown): Step {
	const step = STEPS.find((each) => each === value);
	if (step === undefined) throw new Error("the journal names a step that is none");
	return step;
}

export function readBoard(raw: Raw): BoardRow {
	const { burned, state, certificate } = raw;
	return {
		id: Number(raw.id),
		mac: String(raw.mac),
		chip: String(raw.chip),
		flashBytes: Number(raw.flash_bytes),
		state: BOARD_STATES.find((each) => each === state) ?? "open",
		next: stepNamed(raw.next),
		begun: raw.begun === 1,
		written: text(raw.written),
		serial: text(raw.serial),
		publicKeyHex: text(raw.public_key),
		certificate: certificate === null ? undefined : fromHex(String(certificate)),
		selfTest: text(raw.self_test),
		burned: burned === "yes" || burned === "partly" ? burned : "no",
		labelled: raw.labelled === 1,
		rework: raw.rework === 1,
		reason: text(raw.reason),
		updatedAt: String(raw.updated_at),
	};
}

export function readStep(raw: Raw): StepRow {
	return {
		board: Number(raw.board),
		run: Number(raw.run),
		station: String(raw.station),
		step: stepNamed(raw.step),
		failure: text(raw.failure) as Cause | undefined,
		elapsedMs: Number(raw.elapsed_ms),
	};
}
