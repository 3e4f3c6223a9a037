/**
 * The claim of a lock (DESIGN 8.1, PROTOCOL 5.6): that its label is consumed, its lock id and its first owner are one
 * record, written once. A lock without the record is unclaimed; a record that cannot be read is a claim. Only a factory
 * reset erases it, and so every claim after a reset has a new lock id.
 */
import { RECORDS } from "../store/records.ts";
import { type RecordCodec, recordCodec } from "../store/store.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { decodeGrant, encodeGrant, type Grant } from "./grant.ts";

export const LOCK_ID_BYTES = 16;

export interface Claim {
	/** Random; names this lock from this claim to the next reset. */
	readonly lockId: Uint8Array;
	/** The owner who claimed the lock; absent once that owner was removed. */
	readonly owner?: Grant;
}

function decodeClaim(fields: CborMap): Claim | undefined {
	const lockId = fields.bytes(1, LOCK_ID_BYTES);
	if (!fields.hasOnly([0, 1, 2]) || lockId === undefined) return undefined;
	if (!fields.has(2)) return { lockId };
	const encoded = fields.map(2);
	const owner = encoded && decodeGrant(encoded);
	return owner?.role === "owner" ? { lockId, owner } : undefined;
}

export const CLAIM_CODEC: RecordCodec<Claim> = recordCodec({
	row: RECORDS.claim,
	format: 1,
	encode: ({ lockId, owner }) => ({ 1: lockId, 2: owner && encodeGrant(owner) }),
	decode: decodeClaim,
});
