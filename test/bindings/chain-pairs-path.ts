/** Hostile chains whose path, issuers or trust are wrong, each beside its legal twin (docs/TLS.md 2 and 3). */
import { createHash } from "node:crypto";
import {
	anotherCa,
	anotherLeaf,
	anotherRoot,
	CA,
	CA_EXTENSIONS,
	CA_KEYS,
	caWith,
	LEAF,
	leafWith,
	longChain,
	of,
	pair,
	ROOT,
} from "./chain-builder.ts";
import type { ChainPair } from "./chain-case.ts";
import * as der from "./der.ts";
import {
	basicConstraints,
	type Certificate,
	intermediateOf,
	issue,
	keysOf,
	keyUsage,
	leafExtensions,
	OID,
	purposes,
	type Wanted,
} from "./issue.ts";

const SIGNATURE = "RFC 5280 6.1.3 (a)(1)";
const CHAINING = "RFC 5280 6.1.3 (a)(4)";

const policy = der.sequence(der.sequence(der.oid("2.5.29.32.0")));
const constraints = der.sequence(der.tlv(0xa0, der.sequence(der.tlv(0x82, Buffer.from("relay.test")))));
const mappings = der.sequence(der.sequence(der.oid("1.3.6.1.4.1.55555.2"), der.oid("1.3.6.1.4.1.55555.3")));
const keyIdentifier = der.sequence(der.tlv(0x80, Buffer.alloc(20, 7)));
const points = der.sequence(
	der.sequence(der.tlv(0xa0, der.tlv(0xa0, der.tlv(0x86, Buffer.from("http://crl.test/x"))))),
);
const pathLength = (length: number): Wanted => ({
	extensions: [basicConstraints(true, length), keyUsage("keyCertSign")],
});

/** leaf < sub < the good CA's place, with what the middle one may pass on. */
function twoIntermediates(upper: Wanted, lower: Wanted = {}): Certificate[] {
	const top = anotherCa(upper);
	const below = intermediateOf(top, {
		subject: "one more",
		keys: keysOf("p256", 1003),
		serial: der.integer(104),
		...lower,
	});
	return [anotherLeaf({}, below), below, top];
}

/** leaf < A < B, where B's issuer is the root, or A itself. */
function vouched(): { byRoot: Certificate[]; byEachOther: Certificate[] } {
	const shape = { subject: "b", keys: keysOf("p256", 1004), serial: der.integer(105) };
	const first = intermediateOf(ROOT, shape);
	const second = intermediateOf(first, {
		subject: "a",
		keys: keysOf("p256", 1005),
		serial: der.integer(106),
	});
	const leaf = anotherLeaf({}, second);
	return { byRoot: [leaf, second, first], byEachOther: [leaf, second, intermediateOf(second, shape)] };
}

/** leaf < what a device's certificate would be, were it a CA < CA. */
function leafAsIssuer(isCa: boolean): Certificate[] {
	const extensions = [purposes(OID.serverAuth, OID.clientAuth), ...(isCa ? [basicConstraints(true)] : [])];
	const issuer = issue({
		subject: "a device",
		signer: CA,
		keys: keysOf("p256", 1006),
		serial: der.integer(107),
		extensions,
	});
	return [anotherLeaf({}, issuer), issuer, CA];
}

/** CA with pathLen 0 < the same name with another key, or another name < leaf. */
function renewed(sameName: boolean): Certificate[] {
	const old = anotherCa(pathLength(0));
	const wanted = { keys: keysOf("p256", 1007), serial: der.integer(108), extensions: CA_EXTENSIONS };
	const next = issue({ ...wanted, signer: old, subject: sameName ? old.name : "another name" });
	return [anotherLeaf({}, next), next, old];
}

const pinOf = (certificate: Certificate): string =>
	createHash("sha256")
		.update(certificate.keys.publicKey.export({ type: "spki", format: "der" }))
		.digest("hex");

const VOUCHED = vouched();
const SIX = longChain(5);
const SEVEN = longChain(6);
const DECOY = anotherCa({ subject: "not needed", keys: keysOf("p256", 1008) });

export const pathPairs: readonly ChainPair[] = [
	/* trust */
	pair(
		"a chain to another root is refused (T4)",
		SIGNATURE,
		"chain-untrusted",
		"root key",
		of([LEAF, CA], [anotherRoot({ keys: keysOf("p256", 1009) })]),
	),
	pair(
		"a chain without its intermediate is refused (T4)",
		"RFC 5280 6.1",
		"chain-untrusted",
		"chain",
		of([LEAF]),
	),
	pair("a leaf with a forged signature is refused (T4)", SIGNATURE, "chain-untrusted", "leaf signature", {
		leaf: { forge: true },
	}),
	pair(
		"an intermediate with a forged signature is refused (T4)",
		SIGNATURE,
		"chain-untrusted",
		"intermediate signature",
		{ ca: { forge: true } },
	),
	pair(
		"a leaf that signed itself, before the genuine chain, is refused (T4)",
		CHAINING,
		"chain-untrusted",
		"leaf issuer",
		of([
			issue({
				subject: "relay",
				extensions: leafExtensions("relay.test"),
				keys: LEAF.keys,
				serial: der.integer(103),
			}),
			CA,
		]),
	),
	pair(
		"a leaf that claims the intermediate's name but another key signed is refused (T4)",
		SIGNATURE,
		"chain-untrusted",
		"leaf signature",
		{ leaf: { signer: { ...CA, keys: keysOf("p256", 77) } } },
	),
	pair(
		"an RSA signature below a P-256 issuer is refused (T4)",
		SIGNATURE,
		"chain-untrusted",
		"leaf algorithm",
		{
			leaf: { signer: { ...CA, keys: keysOf("rsa2048") } },
		},
	),
	pair("a leaf that names another issuer is refused (T4)", CHAINING, "chain-untrusted", "leaf issuer", {
		leaf: {
			issuerName: der.sequence(der.setOf(der.sequence(der.oid("2.5.4.3"), der.utf8("relay intermediates")))),
		},
	}),
	pair(
		"an issuer's name of another attribute is refused (T4)",
		"RFC 5280 7.1",
		"chain-untrusted",
		"leaf issuer",
		{
			leaf: {
				issuerName: der.sequence(
					der.setOf(der.sequence(der.oid("2.5.4.10"), der.utf8("relay intermediate"))),
				),
			},
		},
	),
	pair(
		"two intermediates that vouch for each other are refused (T4)",
		"RFC 5280 6.1",
		"chain-untrusted",
		"intermediate issuer",
		of(VOUCHED.byEachOther),
		of(VOUCHED.byRoot),
	),
	/* who may issue */
	pair(
		"an issuer with CA:FALSE is refused (T4)",
		"RFC 5280 6.1.4 (k)",
		"not-a-ca",
		"intermediate basicConstraints",
		{ ca: { extensions: [basicConstraints(false), keyUsage("keyCertSign", "crlSign")] } },
	),
	pair(
		"an issuer without basic constraints is refused (T4)",
		"RFC 5280 6.1.4 (k)",
		"not-a-ca",
		"intermediate basicConstraints",
		{ ca: { extensions: [keyUsage("keyCertSign", "crlSign")] } },
	),
	pair(
		"a leaf that another leaf issued is refused (T4)",
		"RFC 5280 4.2.1.9",
		"not-a-ca",
		"intermediate basicConstraints",
		of(leafAsIssuer(false)),
		of(leafAsIssuer(true)),
	),
	pair(
		"a root without basic constraints is refused",
		"RFC 5280 4.2.1.9",
		"not-a-ca",
		"root basicConstraints",
		{
			root: { extensions: [keyUsage("keyCertSign", "crlSign")] },
		},
	),
	pair(
		"an issuer whose key may not sign certificates is refused",
		"RFC 5280 6.1.4 (n)",
		"key-usage",
		"intermediate keyUsage",
		{ ca: { extensions: [basicConstraints(true), keyUsage("digitalSignature", "crlSign")] } },
	),
	pair(
		"a root whose key may not sign certificates is refused",
		"RFC 5280 4.2.1.3",
		"key-usage",
		"root keyUsage",
		{ root: { extensions: [basicConstraints(true), keyUsage("crlSign")] } },
	),
	pair(
		"one intermediate more than the path length is refused",
		"RFC 5280 6.1.4 (l)",
		"path-length",
		"intermediate basicConstraints",
		of(twoIntermediates(pathLength(0))),
		of(twoIntermediates(pathLength(1))),
	),
	pair(
		"a root's own path length counts",
		"RFC 5280 4.2.1.9",
		"path-length",
		"root basicConstraints",
		{ root: pathLength(0) },
		{ root: pathLength(1) },
	),
	pair(
		"a new name counts for the path length where a new key under the old name does not",
		"RFC 5280 6.1.4 (l)",
		"path-length",
		["leaf issuer", "intermediate subject"],
		of(renewed(false)),
		of(renewed(true)),
	),
	pair(
		"an intermediate for other purposes is refused (T4)",
		"RFC 5280 4.2.1.12",
		"purpose",
		"intermediate purposes",
		{ ca: { extensions: [...CA_EXTENSIONS, purposes(OID.clientAuth)] } },
		{ ca: { extensions: [...CA_EXTENSIONS, purposes(OID.serverAuth)] } },
	),
	pair(
		"a root for other purposes is refused (T4)",
		"RFC 5280 4.2.1.12",
		"purpose",
		"root purposes",
		{ root: { extensions: [...CA_EXTENSIONS, purposes(OID.clientAuth)] } },
		{ root: { extensions: [...CA_EXTENSIONS, purposes(OID.anyPurpose)] } },
	),
	/* what cannot be processed */
	...(
		[
			["an extension that is unknown", "RFC 5280 4.2", OID.unknown, der.nothing(), "critical-extension"],
			[
				"an authority key identifier",
				"RFC 5280 4.2.1.1",
				OID.authorityKeyId,
				keyIdentifier,
				"critical-extension",
			],
			[
				"a subject key identifier",
				"RFC 5280 4.2.1.2",
				OID.subjectKeyId,
				der.octets(Buffer.alloc(20, 7)),
				"critical-extension",
			],
			[
				"a distribution point of revocations",
				"RFC 5280 4.2.1.13",
				OID.distributionPoints,
				points,
				"critical-extension",
			],
			[
				"a wish for stapling",
				"RFC 7633 4",
				OID.tlsFeature,
				der.sequence(der.integer(5)),
				"critical-extension",
			],
			["a policy", "RFC 5280 4.2.1.4", OID.policies, policy, "policy"],
		] as const
	).map(([what, clause, id, value, reason]) =>
		pair(
			`${what} that is critical is refused`,
			clause,
			reason,
			`leaf ${Object.entries(OID).find(([, oid]) => oid === id)![0]}`,
			{ leaf: leafWith(id, true, value) },
			{ leaf: leafWith(id, false, value) },
		),
	),
	pair(
		"a critical extension that is unknown is refused in an intermediate",
		"RFC 5280 4.2",
		"critical-extension",
		"intermediate unknown",
		{ ca: caWith(OID.unknown, true, der.nothing()) },
		{ ca: caWith(OID.unknown, false, der.nothing()) },
	),
	pair(
		"a critical extension that is unknown is refused in a root",
		"RFC 5280 4.2",
		"critical-extension",
		"root unknown",
		{ root: caWith(OID.unknown, true, der.nothing()) },
		{ root: caWith(OID.unknown, false, der.nothing()) },
	),
	pair(
		"name constraints are refused",
		"RFC 5280 4.2.1.10",
		"name-constraints",
		"intermediate nameConstraints",
		{ ca: caWith(OID.nameConstraints, true, constraints) },
	),
	pair(
		"name constraints that are not critical are refused too",
		"RFC 5280 4.2.1.10",
		"name-constraints",
		"intermediate nameConstraints",
		{ ca: caWith(OID.nameConstraints, false, constraints) },
	),
	pair(
		"name constraints of a root are refused",
		"RFC 5280 4.2.1.10",
		"name-constraints",
		"root nameConstraints",
		{
			root: caWith(OID.nameConstraints, true, constraints),
		},
	),
	pair("policy constraints are refused", "RFC 5280 4.2.1.11", "policy", "intermediate policyConstraints", {
		ca: caWith(OID.policyConstraints, true, der.sequence(der.tlv(0x80, Buffer.from([0])))),
	}),
	pair(
		"an inhibition of any policy is refused",
		"RFC 5280 4.2.1.14",
		"policy",
		"intermediate inhibitAnyPolicy",
		{
			ca: caWith(OID.inhibitAnyPolicy, true, der.integer(0)),
		},
	),
	pair(
		"policy mappings that are critical are refused",
		"RFC 5280 4.2.1.5",
		"policy",
		"intermediate policyMappings",
		{ ca: caWith(OID.policyMappings, true, mappings) },
		{ ca: caWith(OID.policyMappings, false, mappings) },
	),
	/* versions, where what an older version cannot have goes with it */
	pair(
		"a leaf of version 1 is refused",
		"RFC 5280 4.1.2.1",
		"certificate-version",
		["leaf version", "leaf keyUsage", "leaf purposes", "leaf names"],
		{ leaf: { version: 1, extensions: [] } },
	),
	pair(
		"an intermediate of version 1 is refused",
		"RFC 5280 6.1.4 (k)",
		"certificate-version",
		["intermediate version", "intermediate basicConstraints", "intermediate keyUsage"],
		{ ca: { version: 1, extensions: [] } },
	),
	pair(
		"a root of version 1 is refused",
		"RFC 5280 4.1.2.1",
		"certificate-version",
		["root version", "root basicConstraints", "root keyUsage"],
		{ root: { version: 1, extensions: [] } },
	),
	/* time */
	pair(
		"an intermediate that has expired is refused (T4)",
		"RFC 5280 6.1.3 (a)(2)",
		"expired",
		"intermediate validity",
		{ ca: { until: "2026-05-31T23:59:59Z" } },
		{ ca: { until: "2026-06-01T00:00:00Z" } },
	),
	pair(
		"a root that has expired is refused (T4)",
		"RFC 5280 4.1.2.5",
		"expired",
		"root validity",
		{ root: { until: "2026-05-31T23:59:59Z" } },
		{ root: { until: "2026-06-01T00:00:00Z" } },
	),
	pair(
		"an intermediate that is not yet valid is refused",
		"RFC 5280 6.1.3 (a)(2)",
		"not-yet-valid",
		"intermediate validity",
		{ ca: { from: "2026-06-01T00:00:01Z" } },
		{ ca: { from: "2026-06-01T00:00:00Z" } },
	),
	pair(
		"a root that is not yet valid is refused",
		"RFC 5280 4.1.2.5",
		"not-yet-valid",
		"root validity",
		{ root: { from: "2026-06-01T00:00:01Z" } },
		{ root: { from: "2026-06-01T00:00:00Z" } },
	),
	/* size */
	pair(
		"a chain of seven certificates is refused (T16)",
		"RFC 5280 6.1 (a bound of the profile)",
		"chain-depth",
		"chain",
		of([...SIX, DECOY]),
		of(SIX),
	),
	pair(
		"a root that is sent along counts for the bound (T16)",
		"RFC 5280 6.1 (a bound of the profile)",
		"chain-depth",
		"chain",
		of(SEVEN, [SEVEN[6]!]),
		of(SEVEN.slice(0, 6), [SEVEN[6]!]),
	),
	pair(
		"a chain above 12,288 bytes is refused (T16)",
		"RFC 5246 7.4.2 (a bound of the profile)",
		"chain-size",
		"leaf unknown",
		{ leaf: leafWith(OID.unknown, false, Buffer.alloc(12_288)) },
		{ leaf: leafWith(OID.unknown, false, Buffer.alloc(11_000)) },
	),
	/* pins */
	pair(
		"a chain without a pinned key is refused (T4)",
		"RFC 7469 2.6",
		"pin-mismatch",
		"pins",
		{ pins: [pinOf(DECOY), "00".repeat(32)] },
		{ pins: [pinOf(DECOY), pinOf(LEAF)] },
	),
	pair(
		"a pinned key counts below its root only (T4)",
		"RFC 7469 2.6",
		"pin-mismatch",
		"pins",
		{ pins: [pinOf(ROOT)] },
		{ pins: [pinOf(CA)] },
	),
	pair(
		"another key of the same intermediate is refused (T4)",
		"RFC 7469 2.6",
		"pin-mismatch",
		"intermediate key",
		{ ca: { keys: keysOf("p256", 1099) }, pins: [pinOf(CA)] },
		{ ca: { keys: CA_KEYS }, pins: [pinOf(CA)] },
	),
	pair(
		"a pin of a certificate that is sent but not needed does not count (T4)",
		"RFC 7469 2.6",
		"pin-mismatch",
		"pins",
		{ ...of([LEAF, CA, DECOY]), pins: [pinOf(DECOY)] },
		{ ...of([LEAF, CA, DECOY]), pins: [pinOf(CA)] },
	),
];
