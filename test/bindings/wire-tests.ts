/**
 * Every chain of chain-cases.ts and chain-legal.ts again through socket, library and engine: one server has them all, and
 * the probe asks for one at a time. What that costs in verified signatures has a bound (T16).
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./boards.ts";
import { CA, LEAF, of } from "./chain-builder.ts";
import type { ChainCase } from "./chain-case.ts";
import { chainPairs } from "./chain-cases.ts";
import { legalCases } from "./chain-legal.ts";
import { type ChainServer, chainServer, type Offer } from "./chain-server.ts";
import { basicConstraints, type Certificate, issue, keysOf, leafOf } from "./issue.ts";
import { type ProbeEnd, probe } from "./probe.ts";
import type { BindingTest } from "./run.ts";

/** SIGNATURES_MAX of hosts/bindings/chain.c. */
const SIGNATURES_MAX = 12;

/** A server of 45 certificates of one name; each signed by another, so that whoever walks up finds ever more work. */
function manyIssuers(count: number): ChainCase {
	const issuers: Certificate[] = [];
	for (let index = 0; index < count - 1; index++) {
		const keys = keysOf("p384", 2000 + index);
		const signer = issuers.at(-1);
		const extensions = [basicConstraints(true)];
		const shape = { subject: "x", keys, extensions, algorithm: "sha384" } as const;
		issuers.push(issue(signer === undefined ? shape : { ...shape, signer }));
	}
	const leaf = leafOf(issuers.at(-1)!, { algorithm: "sha384" });
	return of([leaf, ...issuers.reverse()]);
}

/** As many candidates for every place as may be sent, and as many roots of that name. */
function manyPaths(): ChainCase {
	const shape = { subject: "x", extensions: [basicConstraints(true)] };
	const issuers = Array.from({ length: 5 }, (_, index) =>
		issue({ ...shape, keys: keysOf("p384", 2000 + index) }),
	);
	const roots = Array.from({ length: 16 }, (_, index) =>
		issue({ ...shape, keys: keysOf("p384", 2010 + index) }),
	);
	const leaf = leafOf({ ...issuers[0]!, keys: keysOf("p384", 2040) });
	return of([leaf, ...issuers], roots);
}

const MANY = manyIssuers(45);
const PATHS = manyPaths();

const ANOTHER_KEY = keysOf("p256", 1100).privateKey;

const OFFERS: ReadonlyMap<string, Offer> = new Map([
	...chainPairs.flatMap(({ twin, hostile }, index) => [
		[`twin-${index}`, twin] as const,
		[`hostile-${index}`, hostile] as const,
	]),
	...legalCases.map((each, index) => [`legal-${index}`, each] as const),
	...chainPairs.map(({ hostile }, index) => [`replayed-${index}`, { ...hostile, key: ANOTHER_KEY }] as const),
	["good", of([LEAF, CA])] as const,
	["many", MANY] as const,
	["paths", PATHS] as const,
]);

let server: Promise<ChainServer> | undefined;

async function ask(
	alpn: string,
	each: ChainCase,
	more: Partial<Parameters<typeof probe>[0]> = {},
): Promise<ProbeEnd> {
	server ??= chainServer(OFFERS);
	return await probe({
		port: (await server).port,
		roots: each.roots,
		alpn,
		...(each.server === undefined ? {} : { name: each.server }),
		...(each.at === undefined ? {} : { at: each.at }),
		...(each.pins === undefined ? {} : { pins: each.pins }),
		...more,
	});
}

function isAccepted(end: ProbeEnd, alpn: string): void {
	assert.deepEqual([end.ok, end.alpn, end.peer, end.status], [true, alpn, "data", 0], JSON.stringify(end));
}

function isRefused(end: ProbeEnd, reason: string): void {
	assert.deepEqual([end.ok, end.reason, end.status], [false, reason, 1], JSON.stringify(end));
}

async function signaturesOf(alpn: string, each: ChainCase): Promise<{ end: ProbeEnd; count: number }> {
	const file = join(newFolder(), "count");
	const end = await ask(alpn, each, { variant: "counter", environment: { LATCHKEY_VERIFY_COUNT: file } });
	return { end, count: existsSync(file) ? Number(readFileSync(file, "utf8")) : 0 };
}

export const wireTests: readonly BindingTest[] = [
	...chainPairs.flatMap(({ name, twin, hostile, reason }, index): BindingTest[] =>
		// The probe always knows the time: at the floor only the judge is asked.
		twin.kind === "floor" || hostile.kind === "floor"
			? []
			: [
					{
						name: `${name}: so the probe says, and accepts the twin`,
						run: async () => {
							isAccepted(await ask(`twin-${index}`, twin), `twin-${index}`);
							isRefused(await ask(`hostile-${index}`, hostile), reason);
							// Of who cannot prove the leaf's key nothing is believed about dates (T13).
							if (reason === "expired" || reason === "not-yet-valid")
								isRefused(await ask(`replayed-${index}`, hostile), "protocol");
						},
					},
				],
	),
	...legalCases.map((each, index) => ({
		name: `${each.name}: so the probe says`,
		run: async (): Promise<void> => isAccepted(await ask(`legal-${index}`, each), `legal-${index}`),
	})),
	{
		name: "a good chain costs its signatures and the server's own, no more",
		run: async () => {
			const { end, count } = await signaturesOf("good", of([LEAF, CA]));
			isAccepted(end, "good");
			assert.equal(count, 3);
		},
	},
	{
		name: "45 issuers of one name cost no signature at all (T16)",
		run: async () => {
			const { end, count } = await signaturesOf("many", MANY);
			isRefused(end, "chain-depth");
			assert.equal(count, 0);
		},
	},
	{
		name: "no chain costs more signatures than the bound (T16)",
		run: async () => {
			const { end, count } = await signaturesOf("paths", PATHS);
			isRefused(end, "chain-untrusted");
			assert.ok(count > 0 && count <= SIGNATURES_MAX, `${count} signatures`);
		},
	},
	{
		name: "the server of every chain ends",
		run: async () => (await server)?.close(),
	},
];
