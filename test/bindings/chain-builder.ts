/**
 * Chains of a root, an intermediate and a leaf from one description: what a description does not name is the same
 * certificate every time, down to its signature, so that two descriptions differ where they say and nowhere else.
 */
import type { ChainCase, ChainPair } from "./chain-case.ts";
import * as der from "./der.ts";
import {
	basicConstraints,
	type Certificate,
	type Extension,
	extension,
	intermediateOf,
	keysOf,
	keyUsage,
	leafExtensions,
	leafOf,
	rootOf,
	type Wanted,
} from "./issue.ts";

export const ROOT_KEYS = keysOf("p256", 1000);
export const CA_KEYS = keysOf("p256", 1001);
export const LEAF_KEYS = keysOf("p256", 1002);

const ROOT_WANTED: Wanted = { keys: ROOT_KEYS, serial: der.integer(101) };
const CA_WANTED: Wanted = { keys: CA_KEYS, serial: der.integer(102) };
const LEAF_WANTED: Wanted = { keys: LEAF_KEYS, serial: der.integer(103) };

export const ROOT = rootOf(ROOT_WANTED);
export const CA = intermediateOf(ROOT, CA_WANTED);
export const LEAF = leafOf(CA, LEAF_WANTED);
export const CA_EXTENSIONS: readonly Extension[] = [
	basicConstraints(true),
	keyUsage("keyCertSign", "crlSign"),
];

export type Query = Partial<Pick<ChainCase, "server" | "at" | "kind" | "pins">>;

export interface Description extends Query {
	readonly root?: Wanted;
	readonly ca?: Wanted;
	readonly leaf?: Wanted;
}

function vouchesAs(former: Certificate, now: Certificate): boolean {
	return former.keys === now.keys && former.name.equals(now.name);
}

export function anotherLeaf(wanted: Wanted = {}, signer: Certificate = CA): Certificate {
	return leafOf(signer, { ...LEAF_WANTED, ...wanted });
}

export function anotherCa(wanted: Wanted = {}, signer: Certificate = ROOT): Certificate {
	return intermediateOf(signer, { ...CA_WANTED, ...wanted });
}

export function anotherRoot(wanted: Wanted): Certificate {
	return rootOf({ ...ROOT_WANTED, ...wanted });
}

export function build({ root, ca, leaf, ...query }: Description): ChainCase {
	const top = root === undefined ? ROOT : anotherRoot(root);
	const middle = ca === undefined && vouchesAs(ROOT, top) ? CA : anotherCa(ca, top);
	const end = leaf === undefined && vouchesAs(CA, middle) ? LEAF : anotherLeaf(leaf, middle);
	return of([end, middle], [top], query);
}

export function of(
	chain: readonly Certificate[],
	roots: readonly Certificate[] = [ROOT],
	query: Query = {},
): ChainCase {
	const key = (chain[0] ?? LEAF).keys.privateKey;
	return { chain: chain.map((each) => each.der), roots: roots.map((each) => each.der), key, ...query };
}

export type Fields = string | readonly string[];

export function pair(
	name: string,
	clause: string,
	reason: string,
	fields: Fields,
	hostile: ChainCase | Description,
	twin: ChainCase | Description = {},
): ChainPair {
	const made = (each: ChainCase | Description): ChainCase => ("chain" in each ? each : build(each));
	return {
		name,
		clause,
		reason,
		fields: typeof fields === "string" ? [fields] : fields,
		hostile: made(hostile),
		twin: made(twin),
	};
}

/** A leaf's extensions with one more. */
export function leafWith(...more: Parameters<typeof extension>): Wanted {
	return { extensions: [...leafExtensions("relay.test"), extension(...more)] };
}

export function caWith(...more: Parameters<typeof extension>): Wanted {
	return { extensions: [...CA_EXTENSIONS, extension(...more)] };
}

export function named(...entries: readonly (string | Buffer)[]): Wanted {
	return { extensions: leafExtensions(...entries) };
}

/** A line of intermediates, the last one first. */
export function line(count: number): Certificate[] {
	const made: Certificate[] = [];
	for (let index = 0; index < count; index++) {
		const wanted = { subject: `intermediate ${index}`, keys: keysOf("p256", 1010 + index) };
		made.unshift(intermediateOf(made[0] ?? ROOT, wanted));
	}
	return made;
}

export function longChain(intermediates: number): Certificate[] {
	const cas = line(intermediates);
	return [anotherLeaf({}, cas[0]!), ...cas];
}
