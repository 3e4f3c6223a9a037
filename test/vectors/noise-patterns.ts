/**
 * Every pattern of Noise 7.4, 7.5 and 10.4 in the specification's own words, and the psk modifiers (Noise 9), as
 * the data that modules/noise runs.
 */
import type { NoisePattern, NoiseToken } from "../../modules/noise/patterns.ts";

/** Pre-messages (i, r or both), then the messages, first the initiator's. */
const PATTERNS: Readonly<Record<string, string>> = Object.freeze({
	N: "r | e es",
	K: "ir | e es ss",
	X: "r | e es s ss",
	NN: " | e | e ee",
	NK: "r | e es | e ee",
	NX: " | e | e ee s es",
	KN: "i | e | e ee se",
	KK: "ir | e es ss | e ee se",
	KX: "i | e | e ee se s es",
	XN: " | e | e ee | s se",
	XK: "r | e es | e ee | s se",
	XX: " | e | e ee s es | s se",
	IN: " | e s | e ee se",
	IK: "r | e es s ss | e ee se",
	IX: " | e s | e ee se s es",
	NK1: "r | e | e ee es",
	NX1: " | e | e ee s | es",
	X1N: " | e | e ee | s | se",
	X1K: "r | e es | e ee | s | se",
	XK1: "r | e | e ee es | s se",
	X1K1: "r | e | e ee es | s | se",
	X1X: " | e | e ee s es | s | se",
	XX1: " | e | e ee s | es s se",
	X1X1: " | e | e ee s | es s | se",
	K1N: "i | e | e ee | se",
	K1K: "ir | e es | e ee | se",
	KK1: "ir | e | e ee se es",
	K1K1: "ir | e | e ee es | se",
	K1X: "i | e | e ee s es | se",
	KX1: "i | e | e ee se s | es",
	K1X1: "i | e | e ee s | se es",
	I1N: " | e s | e ee | se",
	I1K: "r | e es s | e ee | se",
	IK1: "r | e s | e ee se es",
	I1K1: "r | e s | e ee es | se",
	I1X: " | e s | e ee s es | se",
	IX1: " | e s | e ee se s | es",
	I1X1: " | e s | e ee s | se es",
});

/** The pattern of a name such as "XKpsk3"; undefined when there is none. */
export function patternNamed(name: string): NoisePattern | undefined {
	const [base, modifier] = name.split("psk") as [string, string | undefined];
	const text = PATTERNS[base];
	if (text === undefined) return undefined;
	const [known, ...messages] = text.split("|").map((part) => part.trim());
	const tokens = messages.map((message) => message.split(" ") as NoiseToken[]);
	if (modifier === "0") tokens[0]!.unshift("psk");
	else if (modifier !== undefined) tokens[Number(modifier) - 1]!.push("psk");
	return {
		name,
		initiatorKnown: known!.includes("i"),
		responderKnown: known!.includes("r"),
		psk: modifier !== undefined,
		messages: tokens,
	};
}
