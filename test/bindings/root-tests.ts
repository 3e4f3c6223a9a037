/**
 * What an admitted root or server name is worth: the rule by which a bundle and an owner's entry are admitted
 * (modules/trust) takes nothing that the connection (hosts/bindings) refuses. One root or name on which the two
 * disagreed would cut off every lock that admitted it (T5, I10).
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCertificate } from "../../modules/trust/certificate.ts";
import { isRelayRoot } from "../../modules/trust/relay-entry.ts";
import { isServerName } from "../../modules/trust/server-name.ts";
import { ROOT } from "./chain-builder.ts";
import { chainPairs } from "./chain-cases.ts";
import type { ChainChecker } from "./chain-checker.ts";
import { keysOf, rootOf } from "./issue.ts";
import { randomOf } from "./random.ts";
import type { BindingTest } from "./run.ts";

const DEBIAN_ROOTS = "/etc/ssl/certs";
const DEBIAN_ROOTS_MIN = 50;
const MUTANTS = 4000;
const NAMES = 4000;
const NAME_BYTES = "aZ09-._:*f/";

/** Every certificate of Debian's ca-certificates; none where that package is not. */
function debianRoots(): Uint8Array[] {
	if (!existsSync(DEBIAN_ROOTS)) return [];
	const files = readdirSync(DEBIAN_ROOTS).filter((name) => name.endsWith(".pem"));
	return files.map((name) => new X509Certificate(readFileSync(join(DEBIAN_ROOTS, name))).raw);
}

async function isNotWider(checker: ChainChecker, certificate: Uint8Array, why: string): Promise<boolean> {
	if (decodeCertificate(certificate) === undefined) return false;
	const shown = Buffer.from(certificate).toString("hex");
	assert.ok(await checker.decodes(certificate), `${why}: ${shown}`);
	return isRelayRoot(certificate);
}

async function everyCertificate(checker: ChainChecker): Promise<void> {
	const debian = debianRoots();
	let taken = 0;
	for (const [index, root] of debian.entries()) {
		if (await isNotWider(checker, root, `Debian's number ${index}`)) taken++;
	}
	if (debian.length > 0)
		assert.ok(taken >= DEBIAN_ROOTS_MIN, `${taken} of ${debian.length}: it may not be empty`);
	for (const { name, twin, hostile } of chainPairs) {
		for (const each of [...twin.roots, ...twin.chain, ...hostile.roots, ...hostile.chain]) {
			await isNotWider(checker, each, name);
		}
	}
	assert.ok(isRelayRoot(ROOT.der));
}

/** Small changes, at which the length of the whole still fits. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Buffer {
	const copy = Buffer.from(bytes);
	for (let changes = 1 + random(2); changes > 0; changes--) {
		const at = random(copy.length);
		if (random(2) === 0) copy[at]! ^= 1 << random(8);
		else copy[at] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)]!;
	}
	return copy;
}

async function everyMutant(checker: ChainChecker): Promise<void> {
	const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
	process.stdout.write(`# seed ${seed}\n`);
	const random = randomOf(seed);
	const originals = [ROOT.der, rootOf({ keys: keysOf("rsa2048", 10) }).der, ...debianRoots().slice(0, 8)];
	let taken = 0;
	for (let index = 0; index < MUTANTS; index++) {
		const mutant = mutate(originals[random(originals.length)]!, random);
		if (await isNotWider(checker, mutant, `seed ${seed}, mutant ${index}`)) taken++;
	}
	assert.ok(taken > MUTANTS / 20, `${taken} of ${MUTANTS} were roots still: the comparison may not be empty`);
}

const GOOD_NAMES = [
	"relay.example",
	"localhost",
	"192.0.2.7",
	"2001:db8::1",
	"::",
	"::1",
	"a-b.c",
	`${"a".repeat(63)}.b`,
];
const BAD_NAMES = [
	"my_relay.local",
	"relay.example.",
	"a..b",
	"-x",
	"x-",
	"1.2.3.4:5",
	":::",
	"1::2::3",
	"*.a",
	`${"a".repeat(64)}`,
];

async function everyName(checker: ChainChecker): Promise<void> {
	for (const name of GOOD_NAMES) {
		assert.ok(isServerName(name), name);
		assert.ok(await checker.takesName(name), name);
	}
	for (const name of BAD_NAMES) {
		assert.ok(!isServerName(name), name);
		assert.ok(!(await checker.takesName(name)), name);
	}
	const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
	process.stdout.write(`# seed ${seed}\n`);
	const random = randomOf(seed);
	let taken = 0;
	for (let index = 0; index < NAMES; index++) {
		const alphabet = random(3) === 0 ? "::1af" : NAME_BYTES;
		const name = Array.from({ length: 1 + random(20) }, () => alphabet[random(alphabet.length)]!).join("");
		if (!isServerName(name)) continue;
		taken++;
		assert.ok(await checker.takesName(name), `seed ${seed}: ${name}`);
	}
	assert.ok(taken > NAMES / 100, `${taken} names`);
}

export function rootTests(theChecker: () => ChainChecker): readonly BindingTest[] {
	return [
		{
			name: "a certificate that a bundle may hold is one that the connection reads: Debian's roots, and this suite's (T5)",
			run: () => everyCertificate(theChecker()),
		},
		{
			name: "a mutant of a root that a bundle may hold is one that the connection reads (T5)",
			run: () => everyMutant(theChecker()),
		},
		{
			name: "a server name that a bundle may hold is one that the connection takes (T5)",
			run: () => everyName(theChecker()),
		},
	];
}
