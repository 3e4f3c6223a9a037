/**
 * Handshake patterns (Noise 7 and 9) as data, and the four that the product speaks. The core runs any pattern of this
 * shape; the others of the specification stand beside the vectors that test them.
 */
export type NoiseToken = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

export interface NoisePattern {
	/** As in the protocol name, with its psk modifier: "XXpsk0". */
	readonly name: string;
	/** Pre-messages: whether each side's static key is known to the other beforehand. */
	readonly initiatorKnown: boolean;
	readonly responderKnown: boolean;
	/** Whether a psk token occurs: then each "e" is mixed into the key too (Noise 9.2). */
	readonly psk: boolean;
	/** The first is the initiator's; they alternate. A pattern of one message is one-way. */
	readonly messages: readonly (readonly NoiseToken[])[];
}

/** Sealed notices: one message from one known key to another. */
export const K: NoisePattern = Object.freeze({
	name: "K",
	initiatorKnown: true,
	responderKnown: true,
	psk: false,
	messages: Object.freeze([Object.freeze(["e", "es", "ss"] as const)]),
});

/** Labels: one message to a known key. */
export const N: NoisePattern = Object.freeze({
	name: "N",
	initiatorKnown: false,
	responderKnown: true,
	psk: false,
	messages: Object.freeze([Object.freeze(["e", "es"] as const)]),
});

/** Sessions. */
export const IK: NoisePattern = Object.freeze({
	name: "IK",
	initiatorKnown: false,
	responderKnown: true,
	psk: false,
	messages: Object.freeze([
		Object.freeze(["e", "es", "s", "ss"] as const),
		Object.freeze(["e", "ee", "se"] as const),
	]),
});

/** Pairing. */
export const XX_PSK0: NoisePattern = Object.freeze({
	name: "XXpsk0",
	initiatorKnown: false,
	responderKnown: false,
	psk: true,
	messages: Object.freeze([
		Object.freeze(["psk", "e"] as const),
		Object.freeze(["e", "ee", "s", "es"] as const),
		Object.freeze(["s", "se"] as const),
	]),
});
