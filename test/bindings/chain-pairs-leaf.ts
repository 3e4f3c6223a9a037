/** Hostile leaves: who they are for, what they are made with, when they hold (docs/TLS.md 3), each beside its legal twin. */
import {
	anotherCa,
	anotherLeaf,
	anotherRoot,
	CA,
	LEAF_KEYS,
	leafWith,
	named,
	of,
	pair,
} from "./chain-builder.ts";
import type { ChainCase, ChainPair } from "./chain-case.ts";
import * as der from "./der.ts";
import {
	type Algorithm,
	basicConstraints,
	type KeyKind,
	keysOf,
	keyUsage,
	leafExtensions,
	names,
	OID,
	pssAlgorithm,
	purposes,
	SHA256_ALGORITHM,
	type Usage,
	type Wanted,
} from "./issue.ts";

const RSA_OID = der.oid("1.2.840.113549.1.1.1");

function rsaKeyInfo(
	modulus: Buffer,
	exponent: number,
	algorithm = der.sequence(RSA_OID, der.nothing()),
): Buffer {
	return der.sequence(algorithm, der.bits(0, der.sequence(modulus, der.integer(exponent))));
}

const RSA_LEAF = keysOf("rsa2048", 1020);
const modulusHex = Buffer.from(
	RSA_LEAF.publicKey.export({ format: "jwk" }).n as string,
	"base64url",
).toString("hex");
const MODULUS = der.integer(BigInt(`0x${modulusHex}`));
const EVEN_MODULUS = der.integer(BigInt(`0x${modulusHex}`) - 1n);

/** The same P-256 key with its point, or its curve, written in another way. */
function ecKeyInfo(curve: Buffer, point: (x: Buffer, y: Buffer) => Buffer): Buffer {
	const { x, y } = LEAF_KEYS.publicKey.export({ format: "jwk" });
	const bytes = point(Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url"));
	return der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), curve), der.bits(0, bytes));
}

const P256 = der.oid("1.2.840.10045.3.1.7");
/** RFC 3279 2.3.5: SpecifiedECDomain of P-256, which RFC 5480 2.1.1 forbids. */
const EXPLICIT_P256 = der.sequence(
	der.integer(1),
	der.sequence(
		der.oid("1.2.840.10045.1.1"),
		der.integer(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn),
	),
	der.sequence(
		der.octets(Buffer.from("ffffffff00000001000000000000000000000000fffffffffffffffffffffffc", "hex")),
		der.octets(Buffer.from("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", "hex")),
	),
	der.octets(
		Buffer.from(
			"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
			"hex",
		),
	),
	der.integer(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n),
	der.integer(1),
);

const RSA_ROOT = { keys: keysOf("rsa2048", 1021) };
const RSA_CA = { keys: keysOf("rsa2048", 1022) };

function rsaChain(leaf: Wanted): ChainCase {
	const root = anotherRoot(RSA_ROOT);
	const ca = anotherCa(RSA_CA, root);
	return of([anotherLeaf(leaf, ca), ca], [root]);
}

/** One below RSA issuers, signed otherwise than its twin. */
function rsaSigned(name: string, clause: string, hostile: Wanted, twin: Wanted = {}): ChainPair {
	return pair(name, clause, "weak-signature", "leaf algorithm", rsaChain(hostile), rsaChain(twin));
}

function withKey(name: string, clause: string, kind: KeyKind, twin: KeyKind = "p256"): ChainPair {
	return pair(
		name,
		clause,
		"weak-key",
		"leaf key",
		{ leaf: { keys: keysOf(kind, 1023) } },
		{ leaf: { keys: keysOf(twin, 1023) } },
	);
}

function signedWith(name: string, clause: string, algorithm: Algorithm): ChainPair {
	return pair(name, clause, "weak-signature", "leaf algorithm", { leaf: { algorithm } });
}

const otherPurposes = (...ids: readonly string[]): Wanted => ({
	extensions: [
		keyUsage("digitalSignature"),
		...(ids.length === 0 ? [] : [purposes(...ids)]),
		names("relay.test"),
	],
});
const otherUsage = (...usages: readonly Usage[]): Wanted => ({
	extensions: [keyUsage(...usages), purposes(OID.serverAuth), names("relay.test")],
});

/** Names that are not `server`, beside the one that is. */
function misnamed(
	name: string,
	clause: string,
	wrong: readonly (string | Buffer)[],
	server = "relay.test",
	right: readonly (string | Buffer)[] = [server],
	more: Wanted = {},
): ChainPair {
	return pair(
		name,
		clause,
		"name-mismatch",
		"leaf names",
		{ leaf: { ...more, ...named(...wrong) }, server },
		{ leaf: { ...more, ...named(...right) }, server },
	);
}

const dnsName = (text: string): Buffer => der.tlv(0x82, Buffer.from(text, "latin1"));

export const leafPairs: readonly ChainPair[] = [
	/* strength */
	rsaSigned("SHA-1 is refused", "RFC 3279 2.2.1, RFC 6194", { algorithm: "sha1" }),
	rsaSigned(
		"RSASSA-PSS whose mask has another hash is refused",
		"RFC 4055 3.1",
		{
			algorithm: "pss",
			algorithmBytes: pssAlgorithm(SHA256_ALGORITHM, der.sequence(der.oid("1.3.14.3.2.26"), der.nothing())),
		},
		{ algorithm: "pss" },
	),
	rsaSigned(
		"RSASSA-PSS with its defaults, which are SHA-1, is refused",
		"RFC 4055 3.1",
		{ algorithm: "pss", algorithmBytes: der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence()) },
		{ algorithm: "pss" },
	),
	signedWith("ECDSA with SHA-1 is refused", "RFC 3279 2.2.3, RFC 6194", "sha1"),
	signedWith("SHA-224 is refused", "RFC 5758 3.2", "sha224"),
	pair("SHA-1 in an intermediate is refused", "RFC 3279 2.2.3", "weak-signature", "intermediate algorithm", {
		ca: { algorithm: "sha1" },
	}),
	pair(
		"an ECDSA signature whose algorithm has parameters is refused",
		"RFC 5758 3.2",
		"weak-signature",
		"leaf algorithm",
		{ leaf: { algorithmBytes: der.sequence(der.oid("1.2.840.10045.4.3.2"), der.nothing()) } },
	),
	withKey("an RSA 1024 leaf is refused", "RFC 8017 3.1, SP 800-131A", "rsa1024", "rsa2048"),
	withKey("an RSA 2040 leaf is refused", "RFC 8017 3.1, SP 800-131A", "rsa2040", "rsa2048"),
	pair(
		"an RSA 1024 root is refused",
		"RFC 8017 3.1, SP 800-131A",
		"weak-key",
		"root key",
		{ root: { keys: keysOf("rsa1024", 1024) } },
		{ root: { keys: keysOf("rsa2048", 1024) } },
	),
	withKey("a P-224 leaf is refused", "RFC 5480 2.1.1.1", "p224"),
	withKey("a curve outside the profile is refused", "RFC 5480 2.1.1.1", "p521", "p384"),
	withKey("an Ed25519 leaf is refused", "RFC 8410 3", "ed25519"),
	pair("a compressed point is refused", "RFC 5480 2.2", "weak-key", "leaf key", {
		leaf: {
			publicKeyInfo: ecKeyInfo(P256, (x, y) => Buffer.concat([Buffer.from([2 + (y.at(-1)! & 1)]), x])),
		},
	}),
	pair("a curve that is spelled out is refused", "RFC 5480 2.1.1", "weak-key", "leaf key", {
		leaf: { publicKeyInfo: ecKeyInfo(EXPLICIT_P256, (x, y) => Buffer.concat([Buffer.from([4]), x, y])) },
	}),
	...(
		[
			["an RSA exponent of one is refused", rsaKeyInfo(MODULUS, 1)],
			["an even RSA exponent is refused", rsaKeyInfo(MODULUS, 65536)],
			["an even RSA modulus is refused", rsaKeyInfo(EVEN_MODULUS, 65537)],
		] as const
	).map(([name, publicKeyInfo]) =>
		pair(
			name,
			"RFC 8017 3.1",
			"weak-key",
			"leaf key",
			{ leaf: { keys: RSA_LEAF, publicKeyInfo } },
			{ leaf: { keys: RSA_LEAF } },
		),
	),
	/* what the leaf is for */
	pair(
		"a CA as the leaf is refused (T4)",
		"RFC 5280 4.2.1.9",
		"leaf-is-ca",
		"leaf basicConstraints",
		{ leaf: { extensions: [...leafExtensions("relay.test"), basicConstraints(true)] } },
		{ leaf: { extensions: [...leafExtensions("relay.test"), basicConstraints(false)] } },
	),
	pair("a leaf that may only encipher keys is refused", "RFC 5280 4.2.1.3", "key-usage", "leaf keyUsage", {
		leaf: otherUsage("keyEncipherment"),
	}),
	pair("a leaf that may only agree on keys is refused", "RFC 8422 2.1", "key-usage", "leaf keyUsage", {
		leaf: otherUsage("keyAgreement"),
	}),
	pair("a leaf whose key may do nothing is refused", "RFC 5280 4.2.1.3", "key-usage", "leaf keyUsage", {
		leaf: otherUsage(),
	}),
	pair(
		"a leaf that says it signs certificates is refused",
		"RFC 5280 4.2.1.3",
		"key-usage",
		"leaf keyUsage",
		{ leaf: otherUsage("digitalSignature", "keyCertSign") },
		{ leaf: otherUsage("digitalSignature", "keyEncipherment") },
	),
	pair(
		"a client's certificate is refused (T4)",
		"RFC 5280 4.2.1.12",
		"purpose",
		"leaf purposes",
		{ leaf: otherPurposes(OID.clientAuth) },
		{ leaf: otherPurposes(OID.clientAuth, OID.serverAuth) },
	),
	pair(
		"a leaf for any purpose is refused (T4)",
		"RFC 5280 4.2.1.12",
		"purpose",
		"leaf purposes",
		{ leaf: otherPurposes(OID.anyPurpose) },
		{ leaf: otherPurposes(OID.anyPurpose, OID.serverAuth) },
	),
	pair("a leaf without a purpose is refused (T4)", "RFC 5280 4.2.1.12", "purpose", "leaf purposes", {
		leaf: otherPurposes(),
	}),
	/* names */
	pair(
		"a leaf without alternative names is refused, whatever its common name",
		"RFC 9525 6.3",
		"name-missing",
		"leaf names",
		{ leaf: { subject: "relay.test", extensions: [keyUsage("digitalSignature"), purposes(OID.serverAuth)] } },
		{ leaf: { subject: "relay.test" } },
	),
	misnamed("another name is refused (T4)", "RFC 6125 6.4.1", ["relay2.test"]),
	misnamed("a longer name is refused (T4)", "RFC 6125 6.4.1", ["relay.test.evil.test"]),
	misnamed("a parent's name is refused (T4)", "RFC 6125 6.4.1", ["test"]),
	misnamed("the common name does not help", "RFC 6125 6.4.4", ["relay2.test"], "relay.test", ["relay.test"], {
		subject: "relay.test",
	}),
	misnamed("a wildcard does not stand for two labels", "RFC 6125 6.4.3", ["*.test"], "a.relay.test", [
		"*.relay.test",
	]),
	misnamed("a wildcard does not stand for no label", "RFC 6125 6.4.3", ["*.relay.test"]),
	misnamed(
		"a wildcard does not stand for two labels in two places",
		"RFC 6125 6.4.3",
		["*.*.test"],
		"a.relay.test",
	),
	misnamed("a part of a label is no wildcard", "RFC 9525 6.3", ["re*.test"], "relay.test", ["*.test"]),
	misnamed("the end of a label is no wildcard", "RFC 9525 6.3", ["*lay.test"], "relay.test", ["*.test"]),
	misnamed("the middle of a label is no wildcard", "RFC 9525 6.3", ["r*y.test"], "relay.test", ["*.test"]),
	misnamed(
		"a wildcard does not stand within a label of another alphabet",
		"RFC 6125 6.4.3",
		["xn--*.test"],
		"xn--4ca.test",
		["*.test"],
	),
	misnamed("a wildcard stands in the first label only", "RFC 6125 6.4.3", ["relay.*"]),
	misnamed("a wildcard in the middle is none", "RFC 6125 6.4.3", ["a.*.test"], "a.relay.test"),
	misnamed("a wildcard alone is refused", "RFC 6125 6.4.3", ["*"]),
	misnamed("a wildcard before a dot and nothing is refused", "RFC 6125 6.4.3", ["*."]),
	misnamed("a name that ends in a zero byte and more is refused (T4)", "RFC 5280 4.2.1.6, RFC 5890 2.3.1", [
		"relay.test\0.evil.test",
	]),
	misnamed("a name with a dot at its end is refused", "RFC 5280 4.2.1.6, RFC 1034 3.5", ["relay.test."]),
	misnamed("a name with a dot at its front is refused", "RFC 5280 4.2.1.6, RFC 1034 3.5", [".relay.test"]),
	misnamed("a name with a space at its end is refused", "RFC 5280 4.2.1.6, RFC 1034 3.5", ["relay.test "]),
	misnamed("a name in letters beyond ASCII is refused", "RFC 5280 7.2", ["relay.t\u00e9st"], "relay.test"),
	misnamed("an address as a DNS name is refused", "RFC 9525 6.4", [dnsName("192.0.2.1")], "192.0.2.1"),
	misnamed("a wildcard never stands for an address", "RFC 9525 6.4", ["*.0.2.1"], "192.0.2.1"),
	misnamed("another address is refused", "RFC 9525 6.4", ["192.0.2.2"], "192.0.2.1"),
	misnamed("an IPv4 address is not its IPv6 form", "RFC 5280 4.2.1.6", ["::ffff:c000:201"], "192.0.2.1"),
	misnamed(
		"a mapped IPv6 address is not its IPv4 form",
		"RFC 5280 4.2.1.6",
		["192.0.2.1"],
		"::ffff:192.0.2.1",
		["::ffff:c000:201"],
	),
	misnamed(
		"an address's bytes are no DNS name",
		"RFC 5280 4.2.1.6",
		[der.tlv(0x82, Buffer.from([192, 0, 2, 1]))],
		"192.0.2.1",
	),
	misnamed("a URI or an address of e-mail is no server's name", "RFC 6125 6.4", [
		der.tlv(0x86, Buffer.from("https://relay.test/")),
		der.tlv(0x81, Buffer.from("relay.test")),
	]),
	misnamed("a directory's name is no server's name", "RFC 6125 6.4", [
		der.tlv(0xa4, der.sequence(der.setOf(der.sequence(der.oid("2.5.4.3"), der.utf8("relay.test"))))),
	]),
	/* time */
	pair(
		"a leaf that has expired is refused (T4)",
		"RFC 5280 6.1.3 (a)(2)",
		"expired",
		"leaf validity",
		{ leaf: { until: "2026-05-31T23:59:59Z" } },
		{ leaf: { until: "2026-06-01T00:00:00Z" } },
	),
	pair(
		"a leaf that is not yet valid is refused (T4)",
		"RFC 5280 6.1.3 (a)(2)",
		"not-yet-valid",
		"leaf validity",
		{ leaf: { from: "2026-06-01T00:00:01Z" } },
		{ leaf: { from: "2026-06-01T00:00:00Z" } },
	),
	pair(
		"at the floor an expired leaf is refused (T13)",
		"RFC 5280 4.1.2.5",
		"expired",
		"leaf validity",
		{ leaf: { until: "2026-05-31T23:59:59Z" }, kind: "floor" },
		{ leaf: { until: "2026-06-01T00:00:00Z" }, kind: "floor" },
	),
	pair(
		"with a known time a leaf that is not yet valid is refused (T13)",
		"RFC 5280 4.1.2.5",
		"not-yet-valid",
		"kind",
		{ leaf: { from: "2026-07-01T00:00:00Z" } },
		{ leaf: { from: "2026-07-01T00:00:00Z" }, kind: "floor" },
	),
	pair(
		"a day after its end a leaf is refused (T13)",
		"RFC 5280 4.1.2.5",
		"expired",
		"at",
		{ at: "2045-01-01T00:00:01Z" },
		{ at: "2045-01-01T00:00:00Z" },
	),
	/* order of the reasons (docs/TLS.md 3) */
	pair(
		"a wrong name is told before a time",
		"RFC 6125 6.4.1",
		"name-mismatch",
		["leaf validity", "leaf names"],
		{
			leaf: { ...named("a.test"), until: "2026-01-02T00:00:00Z" },
		},
	),
	pair("a purpose is told before a name", "RFC 5280 4.2.1.12", "purpose", ["leaf purposes", "leaf names"], {
		leaf: { extensions: [keyUsage("digitalSignature"), purposes(OID.clientAuth), names("a.test")] },
	}),
	pair(
		"what leads to no root is untrusted before it is anything else",
		"RFC 5280 6.1.3 (a)(1)",
		"chain-untrusted",
		["leaf validity", "leaf basicConstraints"],
		{
			leaf: {
				...leafWith(OID.basicConstraints, true, der.sequence(der.boolean(true))),
				until: "2025-02-01T00:00:00Z",
				signer: { ...CA, keys: keysOf("p256", 1025) },
			},
		},
	),
];
