/** Maps of fields with any content, and why a reader of one takes more than one encoding. */
import type { CborInput } from "../../../modules/wire/cbor-encode.ts";
import type { CborMap } from "../../../modules/wire/cbor-map.ts";
import type { Random } from "../../harness/random.ts";
import { randomName } from "./people.ts";

export const IGNORES_KEYS = "a phone, an app and the line ignore keys that they do not know (PROTOCOL 1)";
export const EMPTY_IS_ABSENT = "arguments that are empty and arguments that are absent are the same";

export function randomFields(random: Random): Record<number, CborInput> {
	return { 0: random.below(9), 1: random.bytes(random.below(40)), 2: randomName(random) };
}

export function inputOf(map: CborMap): CborInput {
	return map as unknown as CborInput;
}
