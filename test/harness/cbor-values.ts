/** Random CBOR values inside the profile of PROTOCOL 1, for property tests. */
import { type CborKey, CborMap, type CborValue } from "../../modules/wire/cbor-map.ts";
import type { Random } from "./random.ts";

export function randomInteger(random: Random): number {
	const bits = random.below(54);
	const magnitude = Math.floor((random.uint32() * 2097152 + random.below(2097152)) / 2 ** (53 - bits));
	return random.boolean() ? magnitude : -magnitude;
}

function randomKey(random: Random): CborKey {
	return random.below(4) === 0 ? random.text(6) : randomInteger(random) + 0;
}

/** A value nested at most `depth` deep. */
export function randomCborValue(random: Random, depth: number): CborValue {
	const kind = random.below(depth > 0 ? 8 : 6);
	if (kind === 0) return random.boolean();
	if (kind === 1) return null;
	if (kind === 2) return random.bytes(random.below(40));
	if (kind === 3) return random.text(12);
	if (kind < 6) return randomInteger(random) + 0; // + 0: a negative zero has no encoding of its own
	const count = random.below(6);
	if (kind === 6) return Array.from({ length: count }, () => randomCborValue(random, depth - 1));
	const map = new CborMap();
	for (let index = 0; index < count; index++) map.set(randomKey(random), randomCborValue(random, depth - 1));
	return map;
}
