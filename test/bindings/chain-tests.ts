/** chain.c against every chain of chain-cases.ts, and against damage of any kind (I9, T15). */
import assert from "node:assert/strict";
import { type ChainCase, hostileCases, legalCases, malformedCases } from "./chain-cases.ts";
import { ChainChecker } from "./chain-checker.ts";
import { intermediateOf, leafOf, rootOf } from "./issue.ts";
import { randomOf } from "./random.ts";
import type { BindingTest } from "./run.ts";

let checker: ChainChecker | undefined;

/** Built and started by the first test that needs it. */
function theChecker(): ChainChecker {
	checker ??= new ChainChecker();
	return checker;
}

function caseTest(each: ChainCase): BindingTest {
	return {
		name: each.name,
		run: async () => assert.equal(await theChecker().verdict(each), each.verdict),
	};
}

function damage(bytes: Buffer, random: (below: number) => number): Buffer {
	const copy = Buffer.from(bytes);
	const at = random(copy.length);
	switch (random(4)) {
		case 0:
			copy[at]! ^= 1 << random(8);
			return copy;
		case 1:
			return copy.subarray(0, at);
		case 2:
			return Buffer.concat([copy.subarray(0, at), Buffer.from([random(256)]), copy.subarray(at)]);
		default:
			return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random(8))]);
	}
}

const DAMAGES = 4000;

async function damagedChainsAreRefused(): Promise<void> {
	const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
	process.stdout.write(`# seed ${seed}\n`);
	const random = randomOf(seed);
	const root = rootOf();
	const ca = intermediateOf(root);
	const chain = [leafOf(ca).der, ca.der];
	assert.equal(await theChecker().verdict({ roots: [root.der], chain }), "ok");
	for (let index = 0; index < DAMAGES; index++) {
		const damaged = [...chain];
		const which = random(2);
		damaged[which] = damage(chain[which]!, random);
		if (damaged[which]!.equals(chain[which]!)) continue;
		const verdict = await theChecker().verdict({ roots: [root.der], chain: damaged });
		// One thing may change and leave a certificate as it was: the unsigned spelling of its signature's numbers.
		assert.match(verdict, /^[a-z-]+$/, `seed ${seed}, damage ${index}`);
		assert.notEqual(verdict, "ok", `seed ${seed}, damage ${index}: ${damaged[which]!.toString("hex")}`);
	}
}

export const chainTests: readonly BindingTest[] = [
	...legalCases.map(caseTest),
	...hostileCases.map(caseTest),
	...malformedCases.map(caseTest),
	{
		name: "a chain with any damage is refused, and nothing is read past its end (I9, T15)",
		run: damagedChainsAreRefused,
	},
	{
		name: "the checker met no memory error",
		run: async () => {
			assert.equal(await theChecker().end(), 0);
			checker = undefined;
		},
	},
];
