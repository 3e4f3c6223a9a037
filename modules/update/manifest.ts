/**
 * The update manifest (docs/UPDATE.md 2): one release for one kind of board, as one numbered statement with the fields of RFC
 * 9124. Here are its fields, its one encoding and the rules that hold within one manifest; who must have signed it, and what
 * it may follow, is manifest-acceptance.ts.
 *
 * A manifest that leaves `decodeManifest` keeps every rule: its sizes and its chunk digests agree, and nothing in it leaves the
 * bounds of LIMITS. Nothing throws (I9).
 */
import { ALPHANUMERIC, DIGITS, isMadeOf, isPrintable, LOWER } from "../base/characters.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { decodeCborMap } from "../wire/cbor-decode.ts";
import { type CborFields, type CborInput, encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { DIGEST_BYTES } from "../wire/update-offer.ts";

/** Bytes that are downloaded as a whole: an image, or a delta. */
export interface UpdateObject {
	/** 1 .. LIMITS.imageBytes, or LIMITS.deltaBytes. */
	readonly bytes: number;
	/** SHA-256 of all of it. */
	readonly digest: Uint8Array;
	/** SHA-256 of each LIMITS.chunkBytes of it, one after the other; the last chunk may be shorter. */
	readonly chunkDigests: Uint8Array;
}

/** How to make the image out of another one (docs/DELTA.md). */
export interface UpdateDelta {
	/** Of the image that it starts from. */
	readonly sourceBytes: number;
	readonly sourceDigest: Uint8Array;
	readonly object: UpdateObject;
}

export interface Manifest {
	/** 1 to 32 of [0-9a-z.-]. */
	readonly vendor: string;
	/** 1 to LIMITS.hardwareClassBytes of [0-9A-Za-z._-], as the factory line gives it to a board. */
	readonly hardwareClass: string;
	/** 1 to 24 of [0-9A-Za-z._-]: which build of the firmware (platform/slots). */
	readonly board: string;
	/** 1 .. LIMITS.sequenceMax */
	readonly sequence: number;
	/** 0 .. LIMITS.securityVersionMax */
	readonly securityVersion: number;
	/** 1 to 31 printable characters of ASCII. */
	readonly version: string;
	readonly signedUnixSeconds: number;
	/** No lock whose trust is older takes it: the bundle comes first. */
	readonly trustVersion: number;
	readonly image: UpdateObject;
	/** At most LIMITS.manifestDeltas, of different sources. */
	readonly deltas: readonly UpdateDelta[];
}

/** Which rule a manifest breaks. */
export type ManifestFlaw =
	| "form" // not the map of docs/UPDATE.md 2
	| "name" // vendor, class, board or version
	| "number" // sequence, security version, trust version or signing time
	| "object" // a size or its chunk digests
	| "delta"; // too many, two of one source, one that is no smaller than the image

export const MANIFEST_FORMAT = 1;
const VENDOR_CHARACTERS = `${DIGITS}${LOWER}.-`;
const NAME_CHARACTERS = `${ALPHANUMERIC}._-`;

const isVendor = (text: string): boolean => isMadeOf(text, VENDOR_CHARACTERS, 1, 32);
const isName = (text: string): boolean => isMadeOf(text, NAME_CHARACTERS, 1, 24);
const isVersion = (text: string): boolean => text.length >= 1 && text.length <= 31 && isPrintable(text);

/** The kind of what is signed. */
export function manifestAad(): Uint8Array {
	return encodeUtf8("latchkey update");
}

/** How many chunks an object of so many bytes has. */
export function chunkCount(bytes: number): number {
	return Math.ceil(bytes / LIMITS.chunkBytes);
}

/** The SHA-256 of one chunk, a view. */
export function chunkDigest({ chunkDigests }: UpdateObject, index: number): Uint8Array {
	return chunkDigests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
}

/** The first rule that a manifest breaks; undefined when it keeps them all. */
export function manifestFlaw(manifest: Manifest): ManifestFlaw | undefined {
	const { vendor, hardwareClass, board, version, image, deltas } = manifest;
	if (!isVendor(vendor) || !isName(hardwareClass) || !isName(board) || !isVersion(version)) return "name";
	if (!isWithin(manifest.sequence, 1, LIMITS.sequenceMax)) return "number";
	if (!isWithin(manifest.securityVersion, 0, LIMITS.securityVersionMax)) return "number";
	if (!isWithin(manifest.trustVersion, 0, Number.MAX_SAFE_INTEGER)) return "number";
	if (!isWithin(manifest.signedUnixSeconds, 0, LIMITS.unixSecondsMax)) return "number";
	if (!isObject(image, LIMITS.imageBytes)) return "object";
	if (deltas.length > LIMITS.manifestDeltas) return "delta";
	for (let index = 0; index < deltas.length; index++) {
		const { sourceBytes, sourceDigest, object } = deltas[index]!;
		if (!isWithin(sourceBytes, 1, LIMITS.imageBytes) || sourceDigest.length !== DIGEST_BYTES) return "delta";
		if (!isObject(object, LIMITS.deltaBytes)) return "object";
		if (object.bytes >= image.bytes) return "delta";
		for (let other = 0; other < index; other++) {
			if (isSame(deltas[other]!.sourceDigest, sourceDigest)) return "delta";
		}
	}
	return undefined;
}

function isWithin(value: number, minimum: number, maximum: number): boolean {
	return Number.isSafeInteger(value) && value >= minimum && value <= maximum;
}

function isObject({ bytes, digest, chunkDigests }: UpdateObject, bytesMax: number): boolean {
	if (!isWithin(bytes, 1, bytesMax) || digest.length !== DIGEST_BYTES) return false;
	return chunkDigests.length === chunkCount(bytes) * DIGEST_BYTES;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
	for (let index = 0; index < DIGEST_BYTES; index++) if (a[index] !== b[index]) return false;
	return true;
}

/** What holders sign. */
export function encodeManifest(manifest: Manifest): Uint8Array {
	return encodeCbor(manifestFields(manifest));
}

function manifestFields(manifest: Manifest): CborFields {
	return {
		0: MANIFEST_FORMAT,
		1: manifest.vendor,
		2: manifest.hardwareClass,
		3: manifest.board,
		4: manifest.sequence,
		5: manifest.securityVersion,
		6: manifest.version,
		7: manifest.signedUnixSeconds,
		8: manifest.trustVersion,
		9: encodeObject(manifest.image),
		10: manifest.deltas.length === 0 ? undefined : manifest.deltas.map(encodeDelta),
	};
}

function encodeObject({ bytes, digest, chunkDigests }: UpdateObject): CborInput {
	return [bytes, digest, chunkDigests];
}

function encodeDelta({ sourceBytes, sourceDigest, object }: UpdateDelta): CborInput {
	return [sourceBytes, sourceDigest, encodeObject(object)];
}

export function decodeManifest(payload: Uint8Array): Result<Manifest, ManifestFlaw> {
	const map = decodeCborMap(payload);
	const manifest = map.ok ? readForm(map.value) : undefined;
	if (manifest === undefined) return refuse("form");
	const flaw = manifestFlaw(manifest);
	return flaw === undefined ? accept(manifest) : refuse(flaw);
}

function readForm(fields: CborMap): Manifest | undefined {
	if (fields.uint(0) !== MANIFEST_FORMAT || !fields.hasOnly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
		return undefined;
	const vendor = fields.text(1, 32);
	const hardwareClass = fields.text(2, LIMITS.hardwareClassBytes);
	const board = fields.text(3, 24);
	const sequence = fields.uint(4);
	const securityVersion = fields.uint(5);
	const version = fields.text(6, 31);
	const signedUnixSeconds = fields.uint(7);
	const trustVersion = fields.uint(8);
	const image = decodeObject(fields.get(9));
	const deltas = fields.has(10) ? decodeDeltas(fields.get(10)) : [];
	if (vendor === undefined || hardwareClass === undefined || board === undefined) return undefined;
	if (sequence === undefined || securityVersion === undefined || version === undefined) return undefined;
	if (signedUnixSeconds === undefined || trustVersion === undefined) return undefined;
	if (image === undefined || deltas === undefined) return undefined;
	return {
		vendor,
		hardwareClass,
		board,
		sequence,
		securityVersion,
		version,
		signedUnixSeconds,
		trustVersion,
		image,
		deltas,
	};
}

function decodeObject(value: CborValue | undefined): UpdateObject | undefined {
	const parts = asArray(value, 3);
	const bytes = asUint(parts?.[0], LIMITS.imageBytes);
	const digest = asBytes(parts?.[1], DIGEST_BYTES);
	const chunkDigests = asBytes(parts?.[2], { min: DIGEST_BYTES, max: LIMITS.imageChunks * DIGEST_BYTES });
	if (bytes === undefined || digest === undefined || chunkDigests === undefined) return undefined;
	return { bytes, digest, chunkDigests };
}

function decodeDeltas(value: CborValue | undefined): readonly UpdateDelta[] | undefined {
	const items = asArray(value, { min: 1, max: LIMITS.manifestDeltas });
	const deltas: UpdateDelta[] = [];
	for (const item of items ?? []) {
		const parts = asArray(item, 3);
		const sourceBytes = asUint(parts?.[0], LIMITS.imageBytes);
		const sourceDigest = asBytes(parts?.[1], DIGEST_BYTES);
		const object = decodeObject(parts?.[2]);
		if (sourceBytes === undefined || sourceDigest === undefined || object === undefined) return undefined;
		deltas.push({ sourceBytes, sourceDigest, object });
	}
	return items && deltas;
}
