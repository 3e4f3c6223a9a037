/** Certificates whose encoding RFC 5280 4.1 does not allow, each beside a twin that has it right (docs/TLS.md 2). */
import { anotherCa, CA, LEAF, leafWith, of, pair } from "./chain-builder.ts";
import type { ChainCase, ChainPair } from "./chain-case.ts";
import * as der from "./der.ts";
import {
	basicConstraints,
	extension,
	keysOf,
	keyUsage,
	leafExtensions,
	names,
	OID,
	purposes,
	type Wanted,
} from "./issue.ts";

function malformed(
	name: string,
	clause: string,
	field: string,
	hostile: Wanted,
	twin: Wanted = {},
): ChainPair {
	return pair(name, clause, "chain-malformed", field, { leaf: hostile }, { leaf: twin });
}

const serial = (name: string, value: Buffer, twin: Buffer): ChainPair =>
	malformed(name, "RFC 5280 4.1.2.2", "leaf serial", { serial: value }, { serial: twin });

const END = der.time(new Date("2045-01-01T00:00:00Z"));

/** Not before this, in place of midnight of the first day of 2025. */
function from(name: string, clause: string, tag: number, text: string): ChainPair {
	return malformed(name, clause, "leaf validity", {
		validity: der.sequence(der.tlv(tag, Buffer.from(text)), END),
	});
}

const withNames = (...more: readonly (string | Buffer)[]): Wanted => ({
	extensions: [keyUsage("digitalSignature"), purposes(OID.serverAuth), names(...more)],
});

/** The good chain with other bytes for its leaf or for a certificate behind it. */
function bytes(leaf: Uint8Array, ...more: readonly Uint8Array[]): ChainCase {
	return { ...of([LEAF, CA]), chain: [leaf, CA.der, ...more] };
}

const DECOY = anotherCa({ subject: "not needed", keys: keysOf("p256", 1008) });

/** The outermost length with a byte more than it needs. */
function longLength(whole: Buffer): Buffer {
	return Buffer.concat([Buffer.from([0x30, 0x83, 0]), whole.subarray(2)]);
}

export const formPairs: readonly ChainPair[] = [
	serial("a serial number of zero is refused", der.integer(0), der.integer(1)),
	serial(
		"a negative serial number is refused",
		der.tlv(2, Buffer.from([0x80])),
		der.tlv(2, Buffer.from([0, 0x80])),
	),
	serial(
		"a serial number of 21 bytes is refused",
		der.tlv(2, Buffer.alloc(21, 1)),
		der.tlv(2, Buffer.alloc(20, 1)),
	),
	serial("a serial number with a zero too many is refused", der.tlv(2, Buffer.from([0, 1])), der.integer(1)),
	malformed("two different signature algorithms are refused", "RFC 5280 4.1.1.2", "leaf algorithm", {
		innerAlgorithm: der.sequence(der.oid("1.2.840.10045.4.3.3")),
	}),
	malformed("a signature of no whole bytes is refused", "RFC 5280 4.1.1.3", "leaf signature", {
		unusedBits: 1,
	}),
	malformed("an empty issuer is refused", "RFC 5280 4.1.2.4", "leaf issuer", { issuerName: der.sequence() }),
	malformed(
		"an empty subject without critical names is refused",
		"RFC 5280 4.1.2.6",
		"leaf names",
		{ subject: der.sequence() },
		{
			subject: der.sequence(),
			extensions: leafExtensions("relay.test").map((each) => ({
				...each,
				critical: each.id === OID.names || each.critical,
			})),
		},
	),
	malformed("a version beyond 3 is refused", "RFC 5280 4.1.2.1", "leaf version", { version: 4 }),
	malformed("extensions in a certificate of version 2 are refused", "RFC 5280 4.1.2.9", "leaf version", {
		version: 2,
	}),
	malformed("a unique id is refused", "RFC 5280 4.1.2.8", "leaf unique id 1", {
		uniqueIds: [der.tlv(0x81, Buffer.from([0, 1]))],
	}),
	malformed("one extension twice is refused", "RFC 5280 4.2", "leaf names", {
		extensions: [...leafExtensions("relay.test"), names("relay.test")],
	}),
	malformed("an empty list of names is refused", "RFC 5280 4.2.1.6", "leaf names", withNames()),
	malformed(
		"an empty name is refused",
		"RFC 5280 4.2.1.6",
		"leaf names",
		withNames("relay.test", der.tlv(0x82)),
	),
	malformed(
		"an address of five bytes is refused",
		"RFC 5280 4.2.1.6",
		"leaf names",
		withNames("relay.test", der.tlv(0x87, Buffer.alloc(5))),
	),
	malformed(
		"an address with a mask is refused",
		"RFC 5280 4.2.1.6",
		"leaf names",
		withNames("relay.test", der.tlv(0x87, Buffer.alloc(8))),
	),
	malformed("an empty list of purposes is refused", "RFC 5280 4.2.1.12", "leaf purposes", {
		extensions: [keyUsage("digitalSignature"), purposes(), names("relay.test")],
	}),
	from("a time without seconds is refused", "RFC 5280 4.1.2.5.1", 0x17, "2501010000Z"),
	from("a time with a zone is refused", "RFC 5280 4.1.2.5.1", 0x17, "250101000000+0000"),
	from("a time with a part of a second is refused", "RFC 5280 4.1.2.5.2", 0x18, "20500101000000.5Z"),
	from("the thirtieth of February is refused", "RFC 5280 4.1.2.5.1", 0x17, "250230000000Z"),
	from("the hour 24 is refused", "RFC 5280 4.1.2.5.1", 0x17, "250101240000Z"),
	from("a year before 2050 in the long form is refused", "RFC 5280 4.1.2.5", 0x18, "20250101000000Z"),
	malformed(
		"a truth value that is neither is refused",
		"X.690 11.1",
		"leaf basicConstraints",
		leafWith(OID.basicConstraints, true, der.sequence(der.tlv(1, Buffer.from([1])))),
		leafWith(OID.basicConstraints, true, der.sequence(der.tlv(1, Buffer.from([0])))),
	),
	malformed(
		"a path length in a certificate of no CA is refused",
		"RFC 5280 4.2.1.9",
		"leaf basicConstraints",
		{ extensions: [...leafExtensions("relay.test"), basicConstraints(false, 0)] },
		{ extensions: [...leafExtensions("relay.test"), basicConstraints(false)] },
	),
	malformed("bytes behind an extension's value are refused", "RFC 5280 4.2", "leaf names", {
		extensions: [
			keyUsage("digitalSignature"),
			purposes(OID.serverAuth),
			extension(OID.names, false, Buffer.concat([names("relay.test").value, der.nothing()])),
		],
	}),
	malformed(
		"an RSA key that is no sequence of two numbers is refused",
		"RFC 3279 2.3.1",
		"leaf key",
		{
			keys: keysOf("rsa2048", 1020),
			publicKeyInfo: der.sequence(
				der.sequence(der.oid("1.2.840.113549.1.1.1"), der.nothing()),
				der.bits(0, der.sequence(der.integer(5))),
			),
		},
		{ keys: keysOf("rsa2048", 1020) },
	),
	pair(
		"bytes behind a certificate are refused",
		"RFC 5246 7.4.2, X.690 10.1",
		"chain-malformed",
		"leaf encoding",
		bytes(Buffer.concat([LEAF.der, Buffer.from([0])])),
	),
	pair(
		"a certificate cut short is refused",
		"X.690 8.1.3",
		"chain-malformed",
		"leaf encoding",
		bytes(LEAF.der.subarray(0, -1)),
	),
	pair(
		"a length longer than it must be is refused",
		"X.690 10.1",
		"chain-malformed",
		"leaf encoding",
		bytes(longLength(LEAF.der)),
	),
	pair(
		"an extra certificate that does not parse is refused",
		"RFC 5246 7.4.2",
		"chain-malformed",
		"intermediate encoding",
		bytes(LEAF.der, Buffer.from("3000", "hex")),
		bytes(LEAF.der, DECOY.der),
	),
];
