/**
 * The event log (DESIGN 8.2, PROTOCOL 9): a ring of the last LIMITS.logEntries entries, hash-chained, one record each.
 * Entry n lies in slot (n - 1) mod LIMITS.logEntries with the head before it, so one write appends, and a power cut
 * leaves the old entry or the new one. Head and sequence are found at boot from the entries themselves.
 *
 * It never throws for what flash does. A refused append changes nothing; then a remote command is refused too
 * (`try-later`): who came in must be on record. The buttons, the relock timer and a reset go on without it (I10).
 *
 * An entry that cannot be read is a hole: reading skips it, and a phone sees that the chain broke. When the newest
 * entries cannot be read the log goes on from the last that can. While flash gives input/output errors the end of the
 * log is unknown: appends are refused until a later one finds it.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { RECORDS } from "../store/records.ts";
import { recordCodec, type Store, type WriteReason } from "../store/store.ts";
import type { LogPage } from "../wire/log-chain.ts";
import {
	decodeLogEntry,
	encodeLogEntry,
	firstLogHead,
	type LogEvent,
	nextLogHead,
} from "../wire/log-entry.ts";

export interface LogTime {
	/** Whole seconds. */
	secondsSinceBoot(): number;
	/** Whole seconds; undefined without trusted time. */
	unixSeconds(): number | undefined;
}

export interface LogRecord {
	readonly encoded: Uint8Array;
	readonly headBefore: Uint8Array;
}

export const CODEC = recordCodec<LogRecord>({
	row: RECORDS.logEntry,
	format: 1,
	encode: ({ encoded, headBefore }) => ({ 1: encoded, 2: headBefore }),
	decode(fields) {
		const encoded = fields.bytes(1, { min: 1, max: LIMITS.logEntryBytes });
		const headBefore = fields.bytes(2, 32);
		if (!fields.hasOnly([0, 1, 2]) || encoded === undefined || headBefore === undefined) return undefined;
		return { encoded, headBefore };
	},
});

interface LogEnd {
	/** Of the newest entry; 0 when there is none. */
	readonly sequence: number;
	readonly head: Uint8Array;
	/** The oldest entry kept; sequence + 1 when there is none. */
	readonly oldest: number;
}

export class EventLog {
	readonly #store: Store;
	readonly #sha256: (data: Uint8Array) => Uint8Array;
	readonly #time: LogTime;
	/** Undefined while it cannot be found. */
	#end: LogEnd | undefined;
	/** By grant id; at most LIMITS.grants, the first to go is the first that came. */
	readonly #allowances = new Map<number, TokenBucket>();
	#boot = 1;
	#unreadable = 0;

	constructor(store: Store, sha256: (data: Uint8Array) => Uint8Array, time: LogTime) {
		this.#store = store;
		this.#sha256 = sha256;
		this.#time = time;
		this.#recover();
	}

	/** Entries that could not be read at boot, for the caller to log once. */
	get unreadable(): number {
		return this.#unreadable;
	}

	/** False while flash does not say where the log ends. */
	get available(): boolean {
		return this.#end !== undefined;
	}

	get sequence(): number {
		return this.#end?.sequence ?? 0;
	}

	get head(): Uint8Array {
		return this.#end?.head.slice() ?? firstLogHead();
	}

	/** The sequence of the new entry. Refused: nothing is written and the chain is as it was. */
	append(event: LogEvent): Result<number, WriteReason> {
		const end = this.#end ?? this.#recover();
		if (end === undefined) return refuse("io");
		const sequence = end.sequence + 1;
		const unixSeconds = this.#time.unixSeconds();
		const encoded = encodeLogEntry({
			sequence,
			boot: this.#boot,
			secondsSinceBoot: this.#time.secondsSinceBoot(),
			...(unixSeconds === undefined ? {} : { unixSeconds }),
			event,
		});
		const written = this.#store.write(CODEC, { encoded, headBefore: end.head }, slotOf(sequence));
		if (!written.ok) return written;
		this.#end = {
			sequence,
			head: nextLogHead(this.#sha256, end.head, encoded),
			oldest: Math.max(end.oldest, sequence - LIMITS.logEntries + 1),
		};
		return accept(sequence);
	}

	/**
	 * As append, for what a phone with a grant causes: bounded for each grant, so that no phone wears the flash out
	 * (T16). Beyond its allowance nothing is written, and its commands are refused like those of a full disk.
	 */
	appendBy(grantId: number, event: LogEvent): Result<number, WriteReason | "allowance"> {
		const nowMs = this.#time.secondsSinceBoot() * 1000;
		const bucket =
			this.#allowances.get(grantId) ?? new TokenBucket(LIMITS.logGrantBurst, LIMITS.logGrantPerMinute, nowMs);
		this.#allowances.set(grantId, bucket);
		if (this.#allowances.size > LIMITS.grants) {
			for (const oldest of this.#allowances.keys()) {
				this.#allowances.delete(oldest);
				break;
			}
		}
		return bucket.take(nowMs) ? this.append(event) : refuse("allowance");
	}

	/** Entries from `from` on (or from the oldest kept), at most `count` and LIMITS.logPage, up to the first hole. */
	read(from: number, count: number): LogPage {
		const { sequence, head, oldest } = this.#end ?? { sequence: 0, head: firstLogHead(), oldest: 1 };
		const most = Math.min(count, LIMITS.logPage);
		const entries: Uint8Array[] = [];
		let headBefore = head;
		let next = Math.max(from, oldest);
		while (next <= sequence && entries.length < most) {
			const record = this.#entry(next);
			if (record === undefined && entries.length > 0) break;
			if (record !== undefined && entries.length === 0) headBefore = record.headBefore;
			if (record !== undefined) entries.push(record.encoded);
			next++;
		}
		return { entries, next: Math.min(next, sequence + 1), oldest, headBefore: headBefore.slice() };
	}

	#entry(sequence: number): LogRecord | undefined {
		const record = this.#store.read(CODEC, slotOf(sequence));
		if (!record.ok || decodeLogEntry(record.value.encoded)?.sequence !== sequence) return undefined;
		return record.value;
	}

	/** Reads every slot once; the newest readable entry is the end. */
	#recover(): LogEnd | undefined {
		const slots = this.#store.indexes(RECORDS.logEntry);
		if (!slots.ok) return undefined;
		const sequences: number[] = [];
		let newest: (LogRecord & { readonly sequence: number; readonly boot: number }) | undefined;
		let unreadable = 0;
		for (const slot of slots.value) {
			const record = this.#store.read(CODEC, slot);
			if (!record.ok && record.reason === "io") return undefined;
			const entry = record.ok ? decodeLogEntry(record.value.encoded) : undefined;
			if (!record.ok || entry === undefined || slotOf(entry.sequence) !== slot) {
				unreadable++;
				continue;
			}
			sequences.push(entry.sequence);
			if (entry.sequence > (newest?.sequence ?? 0)) {
				newest = { ...record.value, sequence: entry.sequence, boot: entry.boot };
			}
		}
		this.#unreadable = unreadable;
		const sequence = newest?.sequence ?? 0;
		const kept = sequences.filter((candidate) => candidate > sequence - LIMITS.logEntries);
		this.#boot = (newest?.boot ?? 0) + 1;
		this.#end = {
			sequence,
			head: newest ? nextLogHead(this.#sha256, newest.headBefore, newest.encoded) : firstLogHead(),
			oldest: kept.reduce((oldest, candidate) => Math.min(oldest, candidate), sequence + 1),
		};
		return this.#end;
	}
}

function slotOf(sequence: number): number {
	return (sequence - 1) % LIMITS.logEntries;
}
