/** Every pair of a legal and a hostile chain, and the hostile ones that have no legal twin. RFC 5280 and RFC 6125 are the judges. */
import { anotherRoot, CA, LEAF, of } from "./chain-builder.ts";
import type { ChainCase, ChainPair } from "./chain-case.ts";
import { formPairs } from "./chain-pairs-form.ts";
import { leafPairs } from "./chain-pairs-leaf.ts";
import { pathPairs } from "./chain-pairs-path.ts";
import { issue, leafExtensions } from "./issue.ts";

export const chainPairs: readonly ChainPair[] = [...pathPairs, ...leafPairs, ...formPairs];

export interface RefusedCase extends ChainCase {
	readonly name: string;
	readonly reason: string;
}

const selfSigned = issue({ subject: "pinned", extensions: leafExtensions("relay.test") });

/** Nothing that differs in one thing is legal. */
export const refusedCases: readonly RefusedCase[] = [
	{
		...of([selfSigned], [selfSigned]),
		name: "a leaf that is a root's own bytes but no CA is refused",
		reason: "not-a-ca",
	},
	{
		...of([LEAF, CA], [anotherRoot({ subject: "device root" })]),
		name: "a chain below none of the roots is refused (T4)",
		reason: "chain-untrusted",
	},
	{ ...of([LEAF, CA]), chain: [], name: "an empty chain is refused", reason: "chain-malformed" },
];
