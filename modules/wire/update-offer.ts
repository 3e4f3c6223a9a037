/**
 * An offer of an update, and the pieces that follow (docs/UPDATE.md 5, 6), as link, session and serial line carry them. Who offers and
 * who carries is trusted by nobody. Decoders never throw.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { type CborFields, encodeCbor } from "./cbor-encode.ts";
import type { CborMap } from "./cbor-map.ts";
import { FRESHNESS_BYTES_MAX } from "./freshness.ts";

/** At least one of the two. */
export interface UpdateOffer {
	/** A signed manifest, 1 .. LIMITS.manifestBytes bytes. */
	readonly manifest: Uint8Array | undefined;
	/** A freshness statement, 1 .. FRESHNESS_BYTES_MAX bytes. */
	readonly freshness: Uint8Array | undefined;
}

/** A part of an object (update/manifest), wherever it came from. */
export interface ObjectPiece {
	/** SHA-256 of the whole object. */
	readonly digest: Uint8Array;
	/** Within the object. */
	readonly offset: number;
	/** 1 .. LIMITS.objectPieceBytes bytes, which do not cross the end of a chunk. */
	readonly bytes: Uint8Array;
}

/** What a lock wants next. */
export interface ObjectWant {
	readonly digest: Uint8Array;
	readonly offset: number;
	/** So many bytes may be sent before it asks again: 1 .. LIMITS.objectWindowBytes. */
	readonly bytes: number;
}

/** SHA-256, of an object or a manifest. */
export const DIGEST_BYTES = 32;

/** Under the keys from `shift` on. */
export function offerFields({ manifest, freshness }: UpdateOffer, shift: number): CborFields {
	return { [shift]: manifest, [shift + 1]: freshness };
}

/** Undefined for anything else; other keys are the caller's business. */
export function readOffer(map: CborMap, shift: number): UpdateOffer | undefined {
	const manifest = map.bytes(shift, { min: 1, max: LIMITS.manifestBytes });
	const freshness = map.bytes(shift + 1, { min: 1, max: FRESHNESS_BYTES_MAX });
	if (map.has(shift) !== (manifest !== undefined)) return undefined;
	if (map.has(shift + 1) !== (freshness !== undefined)) return undefined;
	return manifest === undefined && freshness === undefined ? undefined : { manifest, freshness };
}

/** As one message, which session and line carry in pieces (wire/piece). */
export function encodeOffer(offer: UpdateOffer): Uint8Array {
	return encodeCbor(offerFields(offer, 0));
}

export function decodeOffer(message: Uint8Array): Result<UpdateOffer, "malformed"> {
	const map = decodeCborMap(message);
	const offer = map.ok && map.value.hasOnly([0, 1]) ? readOffer(map.value, 0) : undefined;
	return offer === undefined ? refuse("malformed") : accept(offer);
}

export function objectPieceFields({ digest, offset, bytes }: ObjectPiece, shift: number): CborFields {
	return { [shift]: digest, [shift + 1]: offset, [shift + 2]: bytes };
}

export function readObjectPiece(map: CborMap, shift: number): ObjectPiece | undefined {
	const digest = map.bytes(shift, DIGEST_BYTES);
	const offset = map.uint(shift + 1, LIMITS.imageBytes - 1);
	const bytes = map.bytes(shift + 2, { min: 1, max: LIMITS.objectPieceBytes });
	if (digest === undefined || offset === undefined || bytes === undefined) return undefined;
	const within = offset % LIMITS.chunkBytes;
	return within + bytes.length <= LIMITS.chunkBytes ? { digest, offset, bytes } : undefined;
}

export function wantFields({ digest, offset, bytes }: ObjectWant, shift: number): CborFields {
	return { [shift]: digest, [shift + 1]: offset, [shift + 2]: bytes };
}

export function readWant(map: CborMap, shift: number): ObjectWant | undefined {
	const digest = map.bytes(shift, DIGEST_BYTES);
	const offset = map.uint(shift + 1, LIMITS.imageBytes - 1);
	const bytes = map.uint(shift + 2, LIMITS.objectWindowBytes);
	if (digest === undefined || offset === undefined || bytes === undefined || bytes === 0) return undefined;
	return { digest, offset, bytes };
}
