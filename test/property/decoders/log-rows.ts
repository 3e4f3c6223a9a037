/** Rows for the event log as a phone reads it (PROTOCOL 9): entries and the chain of a page. */
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { asArray, asBytes, asUint, type CborValue } from "../../../modules/wire/cbor-map.ts";
import { type LogPage, noLogKnown, pageStart, verifyLog } from "../../../modules/wire/log-chain.ts";
import { decodeLogEntry, encodeLogEntry, firstLogHead } from "../../../modules/wire/log-entry.ts";
import type { Random } from "../../harness/random.ts";
import { accepted, again, type Decoder, decoder, describing, fromItem } from "./decoder.ts";
import { randomEvent } from "./people.ts";

function randomLogEntry(random: Random): Uint8Array {
	return encodeLogEntry({
		sequence: 1 + random.below(100000),
		boot: random.below(1000),
		secondsSinceBoot: random.below(100000),
		...(random.boolean() ? {} : { unixSeconds: random.uint32() }),
		event: randomEvent(random),
	});
}

function logPage(value: CborValue): LogPage | undefined {
	const parts = asArray(value, 4);
	const items = asArray(parts?.[0], { min: 0, max: 256 });
	const entries = items?.map((item) => asBytes(item, { min: 0, max: 4096 }) ?? new Uint8Array(0));
	const next = asUint(parts?.[1]);
	const oldest = asUint(parts?.[2]);
	const headBefore = asBytes(parts?.[3], { min: 0, max: 64 });
	if (entries === undefined || next === undefined || oldest === undefined || headBefore === undefined)
		return undefined;
	return { entries, next, oldest, headBefore };
}

function randomPage(random: Random): Uint8Array {
	const entries = Array.from({ length: random.below(4) }, (_, index) =>
		encodeLogEntry({ sequence: index + 1, boot: 1, secondsSinceBoot: 5, event: randomEvent(random) }),
	);
	return encodeCbor([entries, entries.length + 1, 1, firstLogHead()]);
}

export const LOG_ROWS: readonly Decoder[] = Object.freeze([
	decoder("wire/log-entry.ts", "decodeLogEntry", {
		valid: randomLogEntry,
		decode: (bytes) =>
			again(decodeLogEntry(bytes), (entry) => {
				const { event } = entry;
				if (event.kind !== "unknown") return encodeLogEntry({ ...entry, event });
				const { sequence, boot, secondsSinceBoot, unixSeconds } = entry;
				const fixed = [sequence, boot, secondsSinceBoot, unixSeconds ?? null, event.number];
				return encodeCbor([...fixed, ...event.detail]);
			}),
	}),
	decoder("wire/log-chain.ts", "verifyLog", {
		valid: randomPage,
		decode(bytes, crypto) {
			const page = fromItem(bytes, logPage);
			const verified = page && accepted(verifyLog((data) => crypto.sha256(data), page, noLogKnown()));
			return again(verified, describing);
		},
		describes: true,
	}),
	decoder("wire/log-chain.ts", "pageStart", {
		valid: randomPage,
		decode(bytes) {
			const page = fromItem(bytes, logPage);
			return again(page && pageStart(page), describing);
		},
		describes: true,
	}),
]);
