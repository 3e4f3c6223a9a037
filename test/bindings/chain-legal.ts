/** Chains that must be accepted, beside the twins of the pairs: what RFC 5280 and RFC 6125 allow and the profile has. */
import {
	anotherCa,
	anotherLeaf,
	anotherRoot,
	build,
	CA,
	CA_EXTENSIONS,
	type Description,
	LEAF,
	leafWith,
	line,
	longChain,
	named,
	of,
	ROOT,
	ROOT_KEYS,
} from "./chain-builder.ts";
import type { ChainCase, LegalCase } from "./chain-case.ts";
import * as der from "./der.ts";
import {
	basicConstraints,
	type Certificate,
	extension,
	intermediateOf,
	keysOf,
	keyUsage,
	leafExtensions,
	names,
	OID,
	purposes,
	rootOf,
} from "./issue.ts";

function legal(name: string, made: ChainCase | Description): LegalCase {
	return { name, ...("chain" in made ? made : build(made)) };
}

function shuffled(): Certificate[] {
	const [server, ...cas] = longChain(4);
	return [server!, ...cas.reverse()];
}

function rsaChain(algorithm: "sha384" | "sha512" | "pss"): ChainCase {
	const root = anotherRoot({ keys: keysOf("rsa2048", 1021) });
	const ca = anotherCa({ keys: keysOf("rsa2048", 1022) }, root);
	return of([anotherLeaf({ keys: keysOf("rsa2048", 1020), algorithm }, ca), ca], [root]);
}

/** The same intermediate twice: one that has ended, one that has not. */
function twoPaths(): Certificate[] {
	return [LEAF, anotherCa({ until: "2025-06-01T00:00:00Z" }), CA];
}

/** Two names under which the upper one's key is certified: by the lower one, and by the root. */
function crossSigned(): Certificate[] {
	const [low, high] = line(2);
	const crossed = intermediateOf(low!, { subject: high!.name, keys: high!.keys });
	return [anotherLeaf({}, low), crossed, low!, high!];
}

/** Roots of one name, as when a root's key is changed, and certificates that tell them apart by key identifiers. */
function manyRoots(withIdentifiers: boolean): ChainCase {
	const identifier = (number: number): Buffer => Buffer.alloc(20, number);
	const roots = Array.from({ length: 16 }, (_, index) =>
		anotherRoot({
			keys: index === 15 ? ROOT_KEYS : keysOf("p256", 1100 + index),
			extensions: withIdentifiers
				? [...CA_EXTENSIONS, extension(OID.subjectKeyId, false, der.octets(identifier(index)))]
				: CA_EXTENSIONS,
		}),
	);
	const authority = extension(OID.authorityKeyId, false, der.sequence(der.tlv(0x80, identifier(15))));
	const ca = anotherCa({ extensions: withIdentifiers ? [...CA_EXTENSIONS, authority] : CA_EXTENSIONS });
	return of([LEAF, ca], withIdentifiers ? roots : roots.slice(8));
}

function otherSpelling(): Certificate[] {
	const name = (value: Buffer): Buffer => der.sequence(der.setOf(der.sequence(der.oid("2.5.4.3"), value)));
	const ca = anotherCa({ subject: name(der.utf8("Relay  Intermediate 2 ")) });
	return [anotherLeaf({ issuerName: name(der.printable("relay intermediate 2")) }, ca), ca];
}

const wrongIdentifier = extension(
	OID.authorityKeyId,
	false,
	der.sequence(der.tlv(0x80, Buffer.alloc(20, 9))),
);

export const legalCases: readonly LegalCase[] = [
	legal("a leaf below one intermediate is accepted", {}),
	legal("a leaf right below a root is accepted", of([anotherLeaf({}, ROOT)])),
	legal("a root that is sent along is accepted", of([LEAF, CA, ROOT])),
	legal("four intermediates are accepted", of(longChain(4))),
	legal("a chain of six certificates is accepted", of(longChain(5))),
	legal("intermediates in any order are accepted", of(shuffled())),
	legal("certificates that are not needed are accepted", of([LEAF, rootOf({ subject: "device root" }), CA])),
	legal("a certificate that is sent twice is accepted", of([LEAF, CA, CA, LEAF])),
	legal("a P-384 key is accepted", { leaf: { keys: keysOf("p384") } }),
	legal("a chain of P-384 and SHA-384 is accepted", {
		root: { keys: keysOf("p384", 1) },
		ca: { keys: keysOf("p384", 2), algorithm: "sha384" },
		leaf: { keys: keysOf("p384"), algorithm: "sha384" },
	}),
	legal("P-256 with SHA-512 is accepted", { leaf: { algorithm: "sha512" } }),
	legal("an RSA 2048 root is accepted", { root: { keys: keysOf("rsa2048") } }),
	legal("an RSA 4096 root is accepted", { root: { keys: keysOf("rsa4096") } }),
	legal("RSA all the way with SHA-512 is accepted", rsaChain("sha512")),
	legal("RSA all the way with SHA-384 is accepted", rsaChain("sha384")),
	legal("RSASSA-PSS with SHA-256 is accepted", rsaChain("pss")),
	legal("an RSA 3072 leaf is accepted", { leaf: { keys: keysOf("rsa3072") } }),
	legal("a key usage that is absent is accepted", {
		leaf: { extensions: [purposes(OID.serverAuth), names("relay.test")] },
	}),
	legal("key usages that are absent everywhere are accepted", {
		root: { extensions: [basicConstraints(true)] },
		ca: { extensions: [basicConstraints(true)] },
	}),
	legal("serverAuth among other purposes is accepted", {
		leaf: {
			extensions: [purposes(OID.clientAuth, OID.serverAuth, OID.anyPurpose), names("relay.test")],
		},
	}),
	legal("an unknown extension that is not critical is accepted", {
		leaf: leafWith(OID.unknown, false, der.nothing()),
	}),
	legal("an empty subject with critical names is accepted", {
		leaf: {
			subject: der.sequence(),
			extensions: [purposes(OID.serverAuth), { ...names("relay.test"), critical: true }],
		},
	}),
	legal("a path length of zero above a leaf is accepted", {
		ca: { extensions: [basicConstraints(true, 0), keyUsage("keyCertSign")] },
	}),
	legal("an intermediate for serverAuth is accepted", {
		ca: { extensions: [...CA_EXTENSIONS, purposes(OID.serverAuth)] },
	}),
	legal("an intermediate for any purpose is accepted", {
		ca: { extensions: [...CA_EXTENSIONS, purposes(OID.anyPurpose)] },
	}),
	legal("basic constraints that are not critical are accepted", {
		ca: { extensions: [{ ...basicConstraints(true), critical: false }, keyUsage("keyCertSign")] },
	}),
	legal("a second path is found when the first has expired", of(twoPaths())),
	legal("a path is found through a loop of issuers", of(crossSigned())),
	legal("the right one of sixteen roots of one name is found by its key identifier", manyRoots(true)),
	legal("the right one of eight roots of one name is found without key identifiers", manyRoots(false)),
	legal("a key identifier that fits no issuer is a hint and no more", {
		leaf: { extensions: [...leafExtensions("relay.test"), wrongIdentifier] },
	}),
	legal("an issuer's name in another case and string type is accepted", of(otherSpelling())),
	legal("a root signed with SHA-1 is accepted: its own signature proves nothing", {
		root: { algorithm: "sha1" },
	}),
	legal("an intermediate that is a trust anchor itself is accepted", of([LEAF], [CA])),
	legal(
		"an intermediate that is a trust anchor itself is accepted when it is sent, too",
		of([LEAF, CA], [CA]),
	),
	legal("a wildcard stands for one label", { leaf: named("*.test") }),
	legal("a wildcard below a domain is accepted", { leaf: named("*.relay.test"), server: "a.relay.test" }),
	legal("a wildcard stands for a label of another alphabet", {
		leaf: named("*.relay.test"),
		server: "xn--4ca.relay.test",
	}),
	legal("one of several names is enough", { leaf: named("a.test", "10.0.0.1", "relay.test") }),
	legal("a name that could not be one does not spoil the others", {
		leaf: named("*", "a b", "under_score.test", "relay.test.", "relay.test"),
	}),
	legal("letters' case does not matter in a name", { leaf: named("RELAY.Test"), server: "relay.tEST" }),
	legal("an IPv4 address is accepted", { leaf: named("192.0.2.1"), server: "192.0.2.1" }),
	legal("an IPv6 address is accepted", { leaf: named("2001:db8::1"), server: "2001:DB8:0:0:0:0:0:1" }),
	legal("a leaf without a well-defined end is accepted", { leaf: { until: "9999-12-31T23:59:59Z" } }),
	legal("a leaf made before 1970 is accepted", { leaf: { from: "1969-12-31T23:59:59Z" } }),
	legal("certificates with the same serial number are accepted", {
		leaf: { serial: der.integer(102) },
	}),
];
