/**
 * What a board found when it tested itself for a factory line (PROTOCOL 6, `self-test`). Written by the lock, read by the
 * line. The decoder never throws; the line ignores keys that it does not know.
 */
import { DIGITS, isMadeOf, LOWER } from "../base/characters.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { encodeCbor } from "./cbor-encode.ts";

/** In the order of their numbers. absent: the board has none, or could not try it without harm. */
export const SELF_TEST_OUTCOMES = Object.freeze(["passed", "failed", "absent"] as const);
export type SelfTestOutcome = (typeof SELF_TEST_OUTCOMES)[number];

/** In the order of their keys. */
export const SELF_TEST_PARTS = Object.freeze(["random", "flash", "pins", "radio"] as const);
export type SelfTestPart = (typeof SELF_TEST_PARTS)[number];

export interface SelfTestReport extends Readonly<Record<SelfTestPart, SelfTestOutcome>> {
	/** The first pin that was not as it should be: 1 to 24 letters, digits and hyphens. */
	readonly pin?: string;
	/** Other stations that the radio heard. */
	readonly stations?: number;
}

const PIN_CHARACTERS = `${LOWER}${DIGITS}-`;
const STATIONS_MAX = 65535;

export function encodeSelfTestReport(report: SelfTestReport): Uint8Array {
	const outcomes = SELF_TEST_PARTS.map((part) => SELF_TEST_OUTCOMES.indexOf(report[part]));
	return encodeCbor({
		0: outcomes[0],
		1: outcomes[1],
		2: outcomes[2],
		3: outcomes[3],
		4: report.pin,
		5: report.stations,
	});
}

export function decodeSelfTestReport(bytes: Uint8Array): Result<SelfTestReport, "malformed"> {
	const map = decodeCborMap(bytes);
	if (!map.ok) return refuse("malformed");
	const outcome = (key: number): SelfTestOutcome | undefined =>
		SELF_TEST_OUTCOMES[map.value.uint(key, SELF_TEST_OUTCOMES.length - 1) ?? -1];
	const [random, flash, pins, radio] = [outcome(0), outcome(1), outcome(2), outcome(3)];
	const pin = map.value.text(4, 24);
	const stations = map.value.uint(5, STATIONS_MAX);
	if (random === undefined || flash === undefined || pins === undefined || radio === undefined)
		return refuse("malformed");
	if (map.value.has(4) && (pin === undefined || !isMadeOf(pin, PIN_CHARACTERS, 1, 24)))
		return refuse("malformed");
	if (map.value.has(5) && stations === undefined) return refuse("malformed");
	return accept({
		random,
		flash,
		pins,
		radio,
		...(pin === undefined ? {} : { pin }),
		...(stations === undefined ? {} : { stations }),
	});
}
