/**
 * The published CBOR vectors. The profile that is acted on (PROTOCOL 1) accepts an appendix A row exactly when it is in
 * deterministic encoding and holds no float, tag, other simple value or integer beyond 2^53 - 1; the
 * general reader accepts every row. Both refuse every row of the two lists of bad input.
 */
import { fromHex } from "../../modules/base/bytes.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import {
	CborFloat,
	type CborGeneral,
	CborSimple,
	CborTag,
	decodeGeneral,
} from "../../modules/wire/cbor-general.ts";
import { check, type Suite } from "../harness/test.ts";

interface AppendixRow {
	readonly hex: string;
	readonly roundtrip: boolean;
	readonly decoded?: unknown;
	readonly diagnostic?: string;
}

const GENERAL_LIMITS = Object.freeze({ depth: 16, items: 256 });

/** Malformed by the final RFC; shared/vectors says to leave it out. */
const LEFT_OUT = "f818";

/** Rows outside the profile, and why: each reason is the one that the decoder must give. */
const OUTSIDE = Object.freeze({
	range: ["1bffffffffffffffff", "3bffffffffffffffff"],
	indefinite: [
		"5f42010243030405ff",
		"7f657374726561646d696e67ff",
		"9fff",
		"9f018202039f0405ffff",
		"9f01820203820405ff",
		"83018202039f0405ff",
		"83019f0203ff820405",
		"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
		"bf61610161629f0203ffff",
		"826161bf61626163ff",
		"bf6346756ef563416d7421ff",
	],
});

function outsideReason(hex: string): "range" | "indefinite" | "unsupported" | undefined {
	if (OUTSIDE.range.includes(hex)) return "range";
	if (OUTSIDE.indefinite.includes(hex)) return "indefinite";
	const initial = Number.parseInt(hex.slice(0, 2), 16);
	const plain = initial < 0xc0 || (initial >= 0xf4 && initial <= 0xf6);
	return plain ? undefined : "unsupported";
}

function fromJson(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(fromJson);
	if (typeof value !== "object" || value === null) return value;
	return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
}

function hexOf(bytes: Uint8Array): string {
	return `h'${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}'`;
}

/** Diagnostic notation (RFC 8949 8) as the rows use it. */
function diagnostic(value: CborGeneral): string {
	if (value instanceof Uint8Array) return hexOf(value);
	if (value instanceof CborFloat) return String(value.value);
	if (value instanceof CborSimple) return value.number === 23 ? "undefined" : `simple(${value.number})`;
	if (value instanceof CborTag) return `${value.tag}(${diagnostic(value.content)})`;
	if (value instanceof Map)
		return `{${[...value].map(([key, item]) => `${key}: ${diagnostic(item)}`).join(", ")}}`;
	return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The value of a general reading as JSON.parse gives it: big numbers lose what a double cannot hold. */
function asListed(value: CborGeneral): unknown {
	if (value instanceof CborFloat) return value.value;
	if (typeof value === "bigint") return Number(value);
	if (value instanceof CborTag && value.content instanceof Uint8Array) {
		let integer = 0n;
		for (const byte of value.content) integer = integer * 256n + BigInt(byte);
		return Number(value.tag === 2 ? integer : -1n - integer);
	}
	if (Array.isArray(value)) return value.map(asListed);
	if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, asListed(item)]));
	return value;
}

export default function suite(t: Suite): void {
	t.test(
		"appendix A: what lies in the profile decodes as listed and encodes to the same bytes",
		({ vectors, note }) => {
			const rows = vectors("cbor/appendix_a.json") as readonly AppendixRow[];
			let accepted = 0;
			let refused = 0;
			let leftOut = 0;
			for (const row of rows) {
				if (row.hex === LEFT_OUT) {
					leftOut++;
					continue;
				}
				const bytes = fromHex(row.hex)!;
				const decoded = decodeCbor(bytes);
				const reason = outsideReason(row.hex);
				if (reason !== undefined) {
					check.refused(decoded, reason, row.hex);
					refused++;
					continue;
				}
				const value = check.accepted(decoded, row.hex);
				if (row.diagnostic !== undefined) check.equal(diagnostic(value), row.diagnostic);
				else check.deepEqual(value, fromJson(row.decoded), row.hex);
				check.bytes(encodeCbor(value), row.hex);
				accepted++;
			}
			note(
				`appendix_a, the profile: ${accepted} accepted, ${refused} refused, ${leftOut} out of set, of ${rows.length}`,
			);
			check.equal(accepted + refused + leftOut, rows.length);
			check.equal(accepted, 35);
		},
	);

	t.test("appendix A: the general reader decodes every row as listed", ({ vectors, note }) => {
		const rows = vectors("cbor/appendix_a.json") as readonly AppendixRow[];
		let accepted = 0;
		for (const row of rows) {
			const decoded = decodeGeneral(fromHex(row.hex)!, GENERAL_LIMITS);
			if (row.hex === LEFT_OUT) {
				check.refused(decoded);
				continue;
			}
			const value = check.accepted(decoded, row.hex);
			if (row.diagnostic === undefined) check.deepEqual(asListed(value), fromJson(row.decoded), row.hex);
			else
				check.equal(diagnostic(value), row.diagnostic.replace(/^\(_ h'0102', h'030405'\)$/, "h'0102030405'"));
			accepted++;
		}
		note(`appendix_a, the general reader: ${accepted} accepted, 0 refused, 1 out of set, of ${rows.length}`);
		check.equal(accepted, rows.length - 1);
	});

	t.test("every row of the lists of bad input is refused by both readers (T15, I9)", ({ vectors, note }) => {
		const fail = (vectors("cbor/fail.json") as readonly { readonly hex: string }[]).map((row) => row.hex);
		const { fail: bad } = vectors("cbor/cbor-wg-rfc8949-bad.json") as { readonly fail: readonly string[] };
		for (const hex of [...fail, ...bad]) {
			check.refused(decodeCbor(fromHex(hex)!), undefined, hex);
			check.refused(decodeGeneral(fromHex(hex)!, GENERAL_LIMITS), undefined, hex);
		}
		note(`fail: 0 accepted, ${fail.length} refused, 0 out of set, of ${fail.length}`);
		note(`cbor-wg bad: 0 accepted, ${bad.length} refused, 0 out of set, of ${bad.length}`);
		check.equal(fail.length, 568);
	});
}
