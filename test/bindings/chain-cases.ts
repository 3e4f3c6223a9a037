/**
 * Chains that a relay may send, each legal one beside hostile twins that differ in one thing, and the verdict that
 * docs/TLS.md promises. RFC 5280 and RFC 6125 are the judges.
 */
import * as der from "./der.ts";
import {
	basicConstraints,
	type Certificate,
	extension,
	intermediateOf,
	issue,
	keysOf,
	keyUsage,
	leafExtensions,
	leafOf,
	nameOf,
	names,
	OID,
	purposes,
	rootOf,
	type Wanted,
} from "./issue.ts";

export interface ChainCase {
	readonly name: string;
	readonly verdict: string;
	readonly roots: readonly Uint8Array[];
	readonly chain: readonly Uint8Array[];
	readonly server?: string;
	readonly at?: string;
	readonly kind?: "estimate" | "floor";
}

const ROOT = rootOf({ keys: keysOf("p256", 1000) });
const CA = intermediateOf(ROOT, { keys: keysOf("p256", 1001) });
const OTHER_ROOT = rootOf({ subject: "device root" });
const CA_EXTENSIONS = [basicConstraints(true), keyUsage("keyCertSign", "crlSign")];

type Options = Partial<Pick<ChainCase, "server" | "at" | "kind">>;

function of(
	name: string,
	verdict: string,
	certificates: readonly Certificate[],
	roots: readonly Certificate[] = [ROOT],
	options: Options = {},
): ChainCase {
	return {
		name,
		verdict,
		chain: certificates.map((each) => each.der),
		roots: roots.map((each) => each.der),
		...options,
	};
}

/** A leaf that differs from a good one, below the good intermediate. */
function leaf(name: string, verdict: string, wanted: Wanted, options: Options = {}): ChainCase {
	return of(name, verdict, [leafOf(CA, wanted), CA], [ROOT], options);
}

/** An intermediate that differs from a good one. */
function intermediate(name: string, verdict: string, wanted: Wanted): ChainCase {
	const ca = intermediateOf(ROOT, wanted);
	return of(name, verdict, [leafOf(ca), ca]);
}

function root(name: string, verdict: string, wanted: Wanted): ChainCase {
	const anchor = rootOf(wanted);
	const ca = intermediateOf(anchor);
	return of(name, verdict, [leafOf(ca), ca], [anchor]);
}

function withExtension(...more: Parameters<typeof extension>): Wanted {
	return { extensions: [...leafExtensions("relay.test"), extension(...more)] };
}

function caWith(...more: Parameters<typeof extension>): Wanted {
	return { extensions: [...CA_EXTENSIONS, extension(...more)] };
}

function named(...entries: readonly (string | Buffer)[]): Wanted {
	return { extensions: leafExtensions(...entries) };
}

const ANY_POLICY = der.sequence(der.sequence(der.oid("2.5.29.32.0")));
const CONSTRAINTS = der.sequence(der.tlv(0xa0, der.sequence(der.tlv(0x82, Buffer.from("relay.test")))));

/** A line of intermediates, the last one first. */
function line(count: number, top: Certificate = ROOT): Certificate[] {
	const made: Certificate[] = [];
	for (let index = 0; index < count; index++)
		made.unshift(intermediateOf(made[0] ?? top, { subject: `intermediate ${index}` }));
	return made;
}

export const legalCases: readonly ChainCase[] = [
	of("a leaf below one intermediate is accepted", "ok", [leafOf(CA), CA]),
	of("a leaf right below a root is accepted", "ok", [leafOf(ROOT)]),
	of("a root that is sent along is accepted", "ok", [leafOf(CA), CA, ROOT]),
	of("four intermediates are accepted", "ok", longChain(4)),
	of("a chain of six certificates is accepted", "ok", longChain(5)),
	of("intermediates in any order are accepted", "ok", shuffled()),
	of("certificates that are not needed are accepted", "ok", [leafOf(CA), OTHER_ROOT, CA]),
	leaf("a P-384 key and signature are accepted", "ok", { keys: keysOf("p384") }),
	root("a chain of P-384 is accepted", "ok", { keys: keysOf("p384", 1), algorithm: "sha384" }),
	root("an RSA 2048 root is accepted", "ok", { keys: keysOf("rsa2048") }),
	of("RSA all the way with SHA-512 is accepted", "ok", rsaChain("sha512"), [rsaRoot()]),
	of("RSASSA-PSS with SHA-256 is accepted", "ok", rsaChain("pss"), [rsaRoot()]),
	leaf("an RSA 3072 leaf is accepted", "ok", { keys: keysOf("rsa3072") }),
	leaf("a key usage that is absent is accepted", "ok", {
		extensions: [purposes(OID.serverAuth), names("relay.test")],
	}),
	leaf("serverAuth among other purposes is accepted", "ok", {
		extensions: [purposes(OID.clientAuth, OID.serverAuth, OID.anyPurpose), names("relay.test")],
	}),
	leaf(
		"an unknown extension that is not critical is accepted",
		"ok",
		withExtension(OID.unknown, false, der.nothing()),
	),
	leaf("a policy that is not critical is accepted", "ok", withExtension(OID.policies, false, ANY_POLICY)),
	leaf("an empty subject with critical names is accepted", "ok", {
		subject: der.sequence(),
		extensions: [purposes(OID.serverAuth), { ...names("relay.test"), critical: true }],
	}),
	intermediate("a path length of zero above a leaf is accepted", "ok", {
		extensions: [basicConstraints(true, 0), keyUsage("keyCertSign")],
	}),
	intermediate("an intermediate for serverAuth is accepted", "ok", {
		extensions: [...CA_EXTENSIONS, purposes(OID.serverAuth)],
	}),
	intermediate("an intermediate for any purpose is accepted", "ok", {
		extensions: [...CA_EXTENSIONS, purposes(OID.anyPurpose)],
	}),
	of("a self-issued intermediate does not count for the path length", "ok", selfIssued()),
	of("a second path is found when the first has expired", "ok", twoPaths("2025-06-01T00:00:00Z")),
	of("an issuer's name in another case and string type is accepted", "ok", otherSpelling()),
	root("a root signed with SHA-1 is accepted: its own signature proves nothing", "ok", { algorithm: "sha1" }),
	of("an intermediate that is a trust anchor itself is accepted", "ok", [leafOf(CA)], [CA]),
	leaf("a wildcard stands for one label", "ok", named("*.test"), { server: "relay.test" }),
	leaf("a wildcard below a domain is accepted", "ok", named("*.relay.test"), { server: "a.relay.test" }),
	leaf("one of several names is enough", "ok", named("a.test", "10.0.0.1", "relay.test")),
	leaf("letters' case does not matter in a name", "ok", named("RELAY.Test"), { server: "relay.tEST" }),
	leaf("an IPv4 address is accepted", "ok", named("192.0.2.1"), { server: "192.0.2.1" }),
	leaf("an IPv6 address is accepted", "ok", named("2001:db8::1"), { server: "2001:DB8:0:0:0:0:0:1" }),
	leaf("a leaf is valid in the second of notBefore", "ok", { from: "2026-06-01T00:00:00Z" }),
	leaf("a leaf is valid in the second of notAfter", "ok", { until: "2026-06-01T00:00:00Z" }),
	leaf(
		"at the floor a leaf that is not yet valid is accepted (T13)",
		"ok",
		{ from: "2026-07-01T00:00:00Z" },
		{ kind: "floor" },
	),
	leaf("a leaf without a well-defined end is accepted", "ok", { until: "9999-12-31T23:59:59Z" }),
];

export const hostileCases: readonly ChainCase[] = [
	/* trust */
	of("a chain to another root is refused (T4)", "chain-untrusted", [leafOf(CA), CA], [OTHER_ROOT]),
	of("a chain without its intermediate is refused (T4)", "chain-untrusted", [leafOf(CA)]),
	leaf("a leaf with a forged signature is refused (T4)", "chain-untrusted", { forge: true }),
	intermediate("an intermediate with a forged signature is refused (T4)", "chain-untrusted", { forge: true }),
	of("a self-signed leaf before the genuine chain is refused (T4)", "chain-untrusted", [
		issue({ subject: "relay", extensions: leafExtensions("relay.test") }),
		CA,
	]),
	of("a leaf that claims the intermediate's name but another key signed is refused (T4)", "chain-untrusted", [
		leafOf(CA, { signer: { ...CA, keys: keysOf("p256", 77) } }),
		CA,
	]),
	of("an RSA signature below a P-256 issuer is refused (T4)", "chain-untrusted", [
		leafOf(CA, { signer: { ...CA, keys: keysOf("rsa2048") } }),
		CA,
	]),
	of("a leaf that is a root's own bytes but no CA is refused", "not-a-ca", [trustedLeaf()], [trustedLeaf()]),
	/* who may issue */
	intermediate("an issuer with CA:FALSE is refused (T4)", "not-a-ca", {
		extensions: [basicConstraints(false)],
	}),
	intermediate("an issuer without basic constraints is refused (T4)", "not-a-ca", {
		extensions: [keyUsage("keyCertSign")],
	}),
	of("a leaf that another leaf issued is refused (T4)", "not-a-ca", leafAsIssuer()),
	intermediate("an issuer whose key may not sign certificates is refused", "key-usage", {
		extensions: [basicConstraints(true), keyUsage("digitalSignature", "crlSign")],
	}),
	of("one intermediate more than the path length is refused", "path-length", tooLong()),
	root("a root's own path length counts", "path-length", {
		extensions: [basicConstraints(true, 0), keyUsage("keyCertSign")],
	}),
	intermediate("an intermediate for other purposes is refused (T4)", "purpose", {
		extensions: [...CA_EXTENSIONS, purposes(OID.clientAuth)],
	}),
	/* versions */
	leaf("a leaf of version 1 is refused", "certificate-version", { version: 1, extensions: [] }),
	intermediate("an intermediate of version 1 is refused", "certificate-version", {
		version: 1,
		extensions: [],
	}),
	root("a root of version 1 is refused", "certificate-version", { version: 1, extensions: [] }),
	leaf("a version beyond 3 is refused", "chain-malformed", { version: 4 }),
	/* what cannot be processed */
	leaf(
		"a critical extension that is unknown is refused",
		"critical-extension",
		withExtension(OID.unknown, true, der.nothing()),
	),
	intermediate("the same in an intermediate", "critical-extension", caWith(OID.unknown, true, der.nothing())),
	root("the same in a root", "critical-extension", caWith(OID.unknown, true, der.nothing())),
	intermediate(
		"name constraints are refused",
		"name-constraints",
		caWith(OID.nameConstraints, true, CONSTRAINTS),
	),
	intermediate(
		"name constraints that are not critical are refused too",
		"name-constraints",
		caWith(OID.nameConstraints, false, CONSTRAINTS),
	),
	leaf("a critical policy is refused", "policy", withExtension(OID.policies, true, ANY_POLICY)),
	intermediate(
		"policy constraints are refused",
		"policy",
		caWith(OID.policyConstraints, true, der.sequence(der.tlv(0x80, Buffer.from([0])))),
	),
	/* strength */
	of("SHA-1 is refused", "weak-signature", rsaChain("sha1"), [rsaRoot()]),
	leaf("ECDSA with SHA-1 is refused", "weak-signature", { algorithm: "sha1" }),
	leaf("SHA-224 is refused", "weak-signature", { algorithm: "sha224" }),
	intermediate("SHA-1 in an intermediate is refused", "weak-signature", { algorithm: "sha1" }),
	leaf("an RSA 1024 leaf is refused", "weak-key", { keys: keysOf("rsa1024") }),
	root("an RSA 1024 root is refused", "weak-key", { keys: keysOf("rsa1024") }),
	leaf("an RSA 2040 leaf is refused", "weak-key", { keys: keysOf("rsa2040") }),
	leaf("a P-224 leaf is refused", "weak-key", { keys: keysOf("p224") }),
	leaf("a curve outside the profile is refused", "weak-key", { keys: keysOf("p521") }),
	leaf("an Ed25519 leaf is refused", "weak-key", { keys: keysOf("ed25519") }),
	/* the leaf */
	leaf("a CA as the leaf is refused (T4)", "leaf-is-ca", {
		extensions: [...leafExtensions("relay.test"), basicConstraints(true)],
	}),
	leaf("a leaf that may only encipher keys is refused", "key-usage", {
		extensions: [keyUsage("keyEncipherment"), purposes(OID.serverAuth), names("relay.test")],
	}),
	leaf("a leaf that says it signs certificates is refused", "key-usage", {
		extensions: [keyUsage("digitalSignature", "keyCertSign"), purposes(OID.serverAuth), names("relay.test")],
	}),
	leaf("a client's certificate is refused (T4)", "purpose", {
		extensions: [purposes(OID.clientAuth), names("relay.test")],
	}),
	leaf("a leaf for any purpose is refused (T4)", "purpose", {
		extensions: [purposes(OID.anyPurpose), names("relay.test")],
	}),
	leaf("a leaf without a purpose is refused (T4)", "purpose", { extensions: [names("relay.test")] }),
	/* names */
	leaf("a leaf without alternative names is refused, whatever its common name", "name-missing", {
		subject: "relay.test",
		extensions: [purposes(OID.serverAuth)],
	}),
	leaf("another name is refused (T4)", "name-mismatch", named("relay2.test")),
	leaf("the common name does not help", "name-mismatch", { subject: "relay.test", ...named("relay2.test") }),
	leaf("a wildcard does not stand for two labels", "name-mismatch", named("*.test"), {
		server: "a.relay.test",
	}),
	leaf("a wildcard does not stand for no label", "name-mismatch", named("*.relay.test")),
	leaf("a part of a label is no wildcard", "name-mismatch", named("re*.test")),
	leaf("a wildcard stands in the first label only", "name-mismatch", named("relay.*")),
	leaf("a wildcard alone is refused", "name-mismatch", named("*")),
	leaf(
		"a name that ends in a zero byte and more is refused (T4)",
		"name-mismatch",
		named("relay.test\0.evil.test"),
	),
	leaf("a name with a dot at its end is refused", "name-mismatch", named("relay.test.")),
	leaf(
		"an address as a DNS name is refused",
		"name-mismatch",
		named(der.tlv(0x82, Buffer.from("192.0.2.1"))),
		{ server: "192.0.2.1" },
	),
	leaf("a wildcard never stands for an address", "name-mismatch", named("*.0.2.1"), { server: "192.0.2.1" }),
	leaf("another address is refused", "name-mismatch", named("192.0.2.2"), { server: "192.0.2.1" }),
	leaf("an IPv4 address is not its IPv6 form", "name-mismatch", named("::ffff:c000:201"), {
		server: "192.0.2.1",
	}),
	leaf(
		"a URI or an address of e-mail is no server's name",
		"name-mismatch",
		named(der.tlv(0x86, Buffer.from("https://relay.test/")), der.tlv(0x81, Buffer.from("relay.test"))),
	),
	/* time */
	leaf("a leaf that has expired is refused (T4)", "expired", { until: "2026-05-31T23:59:59Z" }),
	leaf("a leaf that is not yet valid is refused (T4)", "not-yet-valid", { from: "2026-06-01T00:00:01Z" }),
	intermediate("an intermediate that has expired is refused (T4)", "expired", {
		until: "2026-05-31T23:59:59Z",
	}),
	root("a root that has expired is refused (T4)", "expired", { until: "2026-05-31T23:59:59Z" }),
	intermediate("an intermediate that is not yet valid is refused", "not-yet-valid", {
		from: "2026-06-02T00:00:00Z",
	}),
	leaf(
		"at the floor an expired leaf is refused (T13)",
		"expired",
		{ until: "2026-05-01T00:00:00Z" },
		{ kind: "floor" },
	),
	/* size */
	of("a chain of seven certificates is refused", "chain-depth", longChain(6)),
	of("a chain above 12,288 bytes is refused", "chain-size", [
		leafOf(CA, withExtension(OID.unknown, false, Buffer.alloc(12_288))),
		CA,
	]),
	/* order of the reasons (docs/TLS.md 3) */
	of("what leads to no root is untrusted before it is anything else", "chain-untrusted", [
		leafOf(OTHER_ROOT, { extensions: [basicConstraints(true)], until: "2025-02-01T00:00:00Z" }),
	]),
	leaf("a wrong name is told before a time", "name-mismatch", {
		...named("a.test"),
		until: "2026-01-02T00:00:00Z",
	}),
	leaf("a purpose is told before a name", "purpose", {
		extensions: [purposes(OID.clientAuth), names("a.test")],
	}),
];

/** Each a change of a good leaf's encoding that RFC 5280 4.1 does not allow. */
export const malformedCases: readonly ChainCase[] = [
	leaf("a serial number of zero is refused", "chain-malformed", { serial: der.integer(0) }),
	leaf("a negative serial number is refused", "chain-malformed", { serial: der.tlv(2, Buffer.from([0x80])) }),
	leaf("a serial number of 21 bytes is refused", "chain-malformed", {
		serial: der.tlv(2, Buffer.alloc(21, 1)),
	}),
	leaf("two different signature algorithms are refused", "chain-malformed", {
		innerAlgorithm: der.sequence(der.oid("1.2.840.10045.4.3.3")),
	}),
	leaf("an empty issuer is refused", "chain-malformed", { issuerName: der.sequence() }),
	leaf("an empty subject without critical names is refused", "chain-malformed", { subject: der.sequence() }),
	leaf("one extension twice is refused", "chain-malformed", {
		extensions: [...leafExtensions("relay.test"), names("relay.test")],
	}),
	leaf("an empty list of names is refused", "chain-malformed", {
		extensions: [purposes(OID.serverAuth), names()],
	}),
	leaf("an empty list of purposes is refused", "chain-malformed", {
		extensions: [purposes(), names("relay.test")],
	}),
	leaf(
		"an address of five bytes is refused",
		"chain-malformed",
		named("relay.test", der.tlv(0x87, Buffer.alloc(5))),
	),
	leaf("extensions in a certificate of version 2 are refused", "chain-malformed", { version: 2 }),
	leaf("a time without seconds is refused", "chain-malformed", {
		validity: der.sequence(
			der.tlv(0x17, Buffer.from("2501010000Z")),
			der.time(new Date("2045-01-01T00:00:00Z")),
		),
	}),
	leaf("a time with a zone is refused", "chain-malformed", {
		validity: der.sequence(
			der.tlv(0x17, Buffer.from("250101000000+0000")),
			der.time(new Date("2045-01-01T00:00:00Z")),
		),
	}),
	leaf("the thirtieth of February is refused", "chain-malformed", {
		validity: der.sequence(
			der.tlv(0x17, Buffer.from("250230000000Z")),
			der.time(new Date("2045-01-01T00:00:00Z")),
		),
	}),
	leaf("a year before 2050 in the long form is refused", "chain-malformed", {
		validity: der.sequence(
			der.tlv(0x18, Buffer.from("20250101000000Z")),
			der.time(new Date("2045-01-01T00:00:00Z")),
		),
	}),
	leaf("a truth value that is neither is refused", "chain-malformed", {
		extensions: [
			...leafExtensions("relay.test"),
			extension(OID.basicConstraints, true, der.sequence(der.tlv(1, Buffer.from([1])))),
		],
	}),
	leaf("a path length in a certificate of no CA is refused", "chain-malformed", {
		extensions: [...leafExtensions("relay.test"), basicConstraints(false, 0)],
	}),
	leaf("bytes behind an extension's value are refused", "chain-malformed", {
		extensions: [
			purposes(OID.serverAuth),
			extension(OID.names, false, Buffer.concat([names("relay.test").value, der.nothing()])),
		],
	}),
	leaf("an RSA key that is no sequence of two numbers is refused", "chain-malformed", {
		publicKeyInfo: der.sequence(
			der.sequence(der.oid("1.2.840.113549.1.1.1"), der.nothing()),
			der.bits(0, der.sequence(der.integer(5))),
		),
	}),
	{
		...of("bytes behind a certificate are refused", "chain-malformed", [CA]),
		chain: [Buffer.concat([leafOf(CA).der, Buffer.from([0])]), CA.der],
	},
	{
		...of("a certificate cut short is refused", "chain-malformed", [CA]),
		chain: [leafOf(CA).der.subarray(0, -1), CA.der],
	},
	{
		...of("an extra certificate that does not parse is refused", "chain-malformed", [CA]),
		chain: [leafOf(CA).der, CA.der, Buffer.from("3000", "hex")],
	},
	{ ...of("an empty chain is refused", "chain-malformed", []), chain: [] },
];

/* ---- chains that take more than one line ---- */

function longChain(intermediates: number): Certificate[] {
	const cas = line(intermediates);
	return [leafOf(cas[0]!), ...cas];
}

function shuffled(): Certificate[] {
	const [server, ...cas] = longChain(4);
	return [server!, ...cas.reverse()];
}

function rsaRoot(): Certificate {
	return rootOf({
		subject: "rsa root",
		keys: keysOf("rsa2048", 1),
		serial: der.integer(7),
		algorithm: "sha256",
	});
}

function rsaChain(algorithm: "sha1" | "sha512" | "pss"): Certificate[] {
	const ca = intermediateOf(rsaRoot(), { keys: keysOf("rsa2048", 2), algorithm: "sha256" });
	return [leafOf(ca, { keys: keysOf("rsa2048", 3), algorithm }), ca];
}

/** CA -> CA with another key under the same name -> leaf, where CA allows no intermediate below it. */
function selfIssued(): Certificate[] {
	const old = intermediateOf(ROOT, { extensions: [basicConstraints(true, 0), keyUsage("keyCertSign")] });
	const renewed = issue({ subject: old.name, signer: old, extensions: CA_EXTENSIONS });
	return [leafOf(renewed), renewed, old];
}

function tooLong(): Certificate[] {
	const narrow = intermediateOf(ROOT, { extensions: [basicConstraints(true, 0), keyUsage("keyCertSign")] });
	const below = intermediateOf(narrow, { subject: "one too many" });
	return [leafOf(below), below, narrow];
}

/** The same intermediate twice: one that has ended, one that has not. */
function twoPaths(ended: string): Certificate[] {
	const keys = keysOf("p256", 1002);
	const first = intermediateOf(ROOT, { keys, until: ended });
	return [leafOf(first), first, intermediateOf(ROOT, { keys })];
}

function otherSpelling(): Certificate[] {
	const name = (value: Buffer): Buffer => der.sequence(der.setOf(der.sequence(der.oid("2.5.4.3"), value)));
	const ca = intermediateOf(ROOT, { subject: name(der.utf8("Relay  Intermediate 2 ")) });
	return [leafOf(ca, { issuerName: name(der.printable("relay intermediate 2")) }), ca];
}

function trustedLeaf(): Certificate {
	return issue({
		subject: "pinned",
		keys: keysOf("p256", 1003),
		serial: der.integer(9),
		extensions: leafExtensions("relay.test"),
	});
}

function leafAsIssuer(): Certificate[] {
	const issuer = leafOf(CA, { subject: nameOf("a device") });
	return [leafOf(issuer), issuer, CA];
}
