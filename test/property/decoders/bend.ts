/**
 * Bytes that a decoder should refuse, or only just not: made from valid ones by changing bits, cutting, inserting, splicing
 * two, lying about lengths, and for CBOR by changing the value and encoding it again, so that the change is met behind
 * the CBOR decoder. Seeded; runs on both engines.
 */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { decodeCbor } from "../../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { CborMap, type CborValue } from "../../../modules/wire/cbor-map.ts";
import type { Random } from "../../harness/random.ts";

const BENT_BYTES_MAX = 8192;

function otherValue(random: Random): CborValue {
	switch (random.below(9)) {
		case 0:
			return 0;
		case 1:
			return random.pick([
				-1,
				23,
				24,
				255,
				256,
				65535,
				65536,
				4294967295,
				4294967296,
				Number.MAX_SAFE_INTEGER,
			]);
		case 2:
			return new Uint8Array(random.pick([0, 1, 15, 16, 31, 32, 33, 64, 65, 66, 513]));
		case 3:
			return random.text(40);
		case 4:
			return random.pick(["", "\u0000", "A".repeat(24), "a".repeat(300)]);
		case 5:
			return random.boolean();
		case 6:
			return null;
		case 7:
			return [];
		default:
			return new CborMap();
	}
}

function bendMap(map: CborMap, random: Random): CborMap {
	const bent = new CborMap(map);
	const keys = [...bent.keys()];
	const key = keys.length === 0 ? 0 : random.pick(keys);
	const kind = random.below(5);
	if (kind === 0) bent.delete(key);
	else if (kind === 1) bent.set(random.pick([-1, 0, 5, 11, 24, 300, "k"]), otherValue(random));
	else bent.set(key, bendValue(bent.get(key) ?? 0, random));
	return bent;
}

function bendValue(value: CborValue, random: Random): CborValue {
	if (random.below(4) === 0) return otherValue(random);
	if (value instanceof CborMap) return bendMap(value, random);
	if (value instanceof Uint8Array) return random.mutate(value);
	if (typeof value === "number") return value + random.pick([-1, 1, -value, 256]);
	if (typeof value === "string") return value + random.pick(["", " ", "\u007f", "x".repeat(33), "-"]);
	if (!Array.isArray(value)) return otherValue(random);
	const items = [...(value as readonly CborValue[])];
	const at = random.below(items.length + 1);
	const kind = random.below(4);
	if (kind === 0) items.splice(at, 1);
	else if (kind === 1) items.splice(at, 0, items[at] ?? otherValue(random));
	else if (kind === 2) items.push(...items.slice(0, 40));
	else if (at < items.length) items[at] = bendValue(items[at]!, random);
	return items;
}

/** The bytes with a value inside them changed; undefined when they are no CBOR, or the change has no encoding. */
function bendCbor(bytes: Uint8Array, random: Random): Uint8Array | undefined {
	const decoded = decodeCbor(bytes);
	if (!decoded.ok) return undefined;
	const bent = bendValue(decoded.value, random);
	if (typeof bent === "number" && !Number.isSafeInteger(bent)) return undefined;
	try {
		return encodeCbor(bent);
	} catch {
		return undefined; // beyond the encoder's own bounds
	}
}

/** A byte that may be a length becomes another. */
function lie(bytes: Uint8Array, random: Random): Uint8Array {
	const lying = bytes.slice();
	if (lying.length > 0) {
		lying[random.below(Math.min(lying.length, 24))] = random.pick([
			0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x9b, 0xbb, 0xff,
		]);
	}
	return lying;
}

export function bend(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
	const kind = random.below(8);
	const at = random.below(bytes.length + 1);
	let bent: Uint8Array | undefined;
	if (kind < 3) bent = bendCbor(bytes, random);
	else if (kind === 3)
		bent = concatBytes(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
	else if (kind === 4) bent = lie(bytes, random);
	else if (kind === 5) bent = concatBytes(bytes, other.subarray(0, random.below(5)));
	return (bent ?? random.mutate(bytes)).subarray(0, BENT_BYTES_MAX);
}

function filled(byte: number, count: number, ...front: readonly number[]): Uint8Array {
	const bytes = new Uint8Array(count).fill(byte);
	bytes.set(front);
	return bytes;
}

/** Made for no decoder in particular: nesting, counts and lengths without end. */
export function heavyInputs(): readonly Uint8Array[] {
	const long = 1500;
	return [
		new Uint8Array(0),
		Uint8Array.of(0),
		Uint8Array.of(0x30, 0x82),
		...[0x81, 0x9f, 0xa1, 0xbf, 0x5f, 0x30, 0x00, 0xff, 0x41, 0x3a].map((byte) => filled(byte, long)),
		...[0x9b, 0xbb, 0x5b, 0x7b].map((head) => filled(0xff, 9, head, 0, 0, 0x1f)),
		filled(0x00, long, 0x9a, 0xff, 0xff, 0xff, 0xff),
		filled(0x00, long, 0xba, 0x00, 0x01, 0x00, 0x00),
		filled(0x30, long, 0x30, 0x82, 0xff, 0xff),
	];
}
