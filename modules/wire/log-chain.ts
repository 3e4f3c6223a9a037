/**
 * The phone's side of the event log (PROTOCOL 9, DESIGN 8.2): whether a page that a lock sent extends what the phone
 * verified before. Pure; the result is what the phone keeps. It never trusts a sequence that the chain does not bear.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import {
	decodeLogEntry,
	firstLogHead,
	type LogEntry,
	type LogEvent,
	nextLogHead,
	type UnknownLogEvent,
} from "./log-entry.ts";

/** The last entry that a phone verified, and the chain up to it. */
export interface LogHead {
	readonly sequence: number;
	readonly head: Uint8Array;
}

/** A reply to log.read (PROTOCOL 5.5). */
export interface LogPage {
	readonly entries: readonly Uint8Array[];
	readonly next: number;
	readonly oldest: number;
	/** The head before the first entry given; before `next` when there is none. */
	readonly headBefore: Uint8Array;
}

export type LogReason =
	| "malformed" // not a page of PROTOCOL 5.5 and 9
	| "broken" // does not extend what the phone knows, or is no chain: shown as such, never merged
	| "gap"; // the lock no longer keeps the entry after the known one, so nothing can be said about those between

export interface VerifiedLog {
	readonly entries: readonly LogEntry<LogEvent | UnknownLogEvent>[];
	/** What to keep as known, and to read on from. */
	readonly known: LogHead;
}

/** Before anything was verified. */
export function noLogKnown(): LogHead {
	return { sequence: 0, head: firstLogHead() };
}

/**
 * A page asked for from `known.sequence + 1`. After "gap" a caller that wants the entries still kept asks again with
 * `known` as the page's own beginning (`pageStart`), and shows the gap.
 */
export function verifyLog(
	sha256: (data: Uint8Array) => Uint8Array,
	page: LogPage,
	known: LogHead,
): Result<VerifiedLog, LogReason> {
	if (page.entries.length > LIMITS.logPage || page.headBefore.length !== 32) return refuse("malformed");
	const entries: LogEntry<LogEvent | UnknownLogEvent>[] = [];
	for (const encoded of page.entries) {
		const entry = decodeLogEntry(encoded);
		if (entry === undefined) return refuse("malformed");
		entries.push(entry);
	}
	const first = entries[0]?.sequence ?? page.next;
	if (first !== known.sequence + 1)
		return refuse(first > known.sequence && page.oldest > known.sequence + 1 ? "gap" : "broken");
	if (!bytesEqual(page.headBefore, known.head)) return refuse("broken");
	let head = known.head;
	for (let index = 0; index < entries.length; index++) {
		if (entries[index]!.sequence !== first + index) return refuse("broken");
		head = nextLogHead(sha256, head, page.entries[index]!);
	}
	const sequence = known.sequence + entries.length;
	if (page.next <= sequence) return refuse("broken");
	return accept({ entries, known: { sequence, head } });
}

/** Where a page says that it begins: what to take as known after a gap. Undefined when it is no page. */
export function pageStart(page: LogPage): LogHead | undefined {
	const first = page.entries[0];
	const entry = first && decodeLogEntry(first);
	const next = first === undefined ? page.next : entry?.sequence;
	if (next === undefined || next < 1 || page.headBefore.length !== 32) return undefined;
	return { sequence: next - 1, head: page.headBefore };
}
