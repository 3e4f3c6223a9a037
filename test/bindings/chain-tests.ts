/** chain.c against every chain of chain-cases.ts, and against damage of any kind (I9, T15). */
import assert from "node:assert/strict";
import { differences } from "./certificate-fields.ts";
import { CA, LEAF, ROOT } from "./chain-builder.ts";
import type { ChainPair } from "./chain-case.ts";
import { chainPairs, refusedCases } from "./chain-cases.ts";
import { ChainChecker } from "./chain-checker.ts";
import { legalCases } from "./chain-legal.ts";
import { randomOf } from "./random.ts";
import { rootTests } from "./root-tests.ts";
import type { BindingTest } from "./run.ts";

const PAIRS_MIN = 60;
const CLAUSE = /RFC (?:\d{4}) [\d.]+|X\.690 [\d.]+|RFC 6194/;
let checker: ChainChecker | undefined;

/** Built and started by the first test that needs it. */
function theChecker(): ChainChecker {
	checker ??= new ChainChecker();
	return checker;
}

function pairTest(pair: ChainPair): BindingTest {
	return {
		name: pair.name,
		run: async () => {
			assert.equal(await theChecker().verdict(pair.twin), "ok", "the legal twin");
			assert.equal(await theChecker().verdict(pair.hostile), pair.reason, pair.clause);
		},
	};
}

function pairsAreTwins(): void {
	assert.ok(chainPairs.length >= PAIRS_MIN, `${chainPairs.length} pairs`);
	assert.equal(new Set(chainPairs.map((each) => each.name)).size, chainPairs.length, "a name stands twice");
	for (const { name, clause, fields, twin, hostile } of chainPairs) {
		assert.match(clause, CLAUSE, name);
		assert.ok(fields.length > 0, name);
		assert.deepEqual(differences(twin, hostile).sort(), [...fields].sort(), name);
	}
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
	const seed = Number(process.env.LATCHKEY_SEED ?? Date.now() % 1_000_000);
	process.stdout.write(`# seed ${seed}\n`);
	const random = randomOf(seed);
	const chain = [LEAF.der, CA.der];
	assert.equal(await theChecker().verdict({ roots: [ROOT.der], chain }), "ok");
	for (let index = 0; index < DAMAGES; index++) {
		const damaged = [...chain];
		const which = random(2);
		damaged[which] = damage(chain[which]!, random);
		if (damaged[which]!.equals(chain[which]!)) continue;
		const verdict = await theChecker().verdict({ roots: [ROOT.der], chain: damaged });
		assert.match(verdict, /^[a-z-]+$/, `seed ${seed}, damage ${index}`);
		assert.notEqual(verdict, "ok", `seed ${seed}, damage ${index}: ${damaged[which]!.toString("hex")}`);
	}
}

export const chainTests: readonly BindingTest[] = [
	{
		name: "every hostile chain has a legal twin that differs in one thing, and names its clause",
		run: pairsAreTwins,
	},
	...chainPairs.map(pairTest),
	...legalCases.map((each) => ({
		name: each.name,
		run: async (): Promise<void> => assert.equal(await theChecker().verdict(each), "ok"),
	})),
	...refusedCases.map((each) => ({
		name: each.name,
		run: async (): Promise<void> => assert.equal(await theChecker().verdict(each), each.reason),
	})),
	{
		name: "a chain with any damage is refused, and nothing is read past its end (I9, T15)",
		run: damagedChainsAreRefused,
	},
	...rootTests(theChecker),
	{
		name: "the checker met no memory error",
		run: async () => {
			assert.equal(await theChecker().end(), 0);
			checker = undefined;
		},
	},
];
