/**
 * Project Wycheproof against the provider of each engine. In the set are 12-byte nonces with 16-byte tags, AES keys of
 * 128 and 256 bits, and HKDF inputs and outputs that fit a secret; what lies outside is refused with a value before
 * the provider is asked. Each file prints accepted, refused and out of set, which sum to its numberOfTests.
 *
 * "acceptable" rows (X25519 only): a public key on the twist or in non-canonical form is accepted, with the listed result,
 * as RFC 7748 5 has it; one whose result is all zero is refused (RFC 7748 6.1).
 */
import { fromHex } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import type { AeadAlgorithm, Secret, TestCrypto } from "../../modules/platform/crypto.ts";
import { check, type Suite, type TestContext } from "../harness/test.ts";
import { rawSignature } from "./der-signature.ts";

interface Row {
	readonly tcId: number;
	readonly comment: string;
	readonly result: "valid" | "invalid" | "acceptable";
	readonly size?: number;
	readonly [field: string]: unknown;
}

interface Group {
	readonly tests: readonly Row[];
	readonly publicKey?: { readonly uncompressed: string };
}

interface File {
	readonly numberOfTests: number;
	readonly testGroups: readonly Group[];
}

type OutOfSet = "nonce-size" | "tag-size" | "key-size" | "secret-size" | "output-size" | "no-such-operation";
type Judgement = Result<
	undefined,
	OutOfSet | "unauthentic" | "encoding" | "range" | "signature" | "low-order"
>;

const OUT_OF_SET: readonly string[] = Object.freeze([
	"nonce-size",
	"tag-size",
	"key-size",
	"secret-size",
	"output-size",
	"no-such-operation",
]);
const SECRET_BYTES_MAX = 64;

function field(row: Row, name: string): Uint8Array {
	return fromHex(row[name] as string) ?? check.fail(`${row.tcId}: no ${name}`);
}

/** Judges every row; `judge` also compares what the provider computed. */
function run(context: TestContext, name: string, judge: (row: Row, group: Group) => Judgement): void {
	const file = context.vectors(`wycheproof/${name}_test.json`) as File;
	const totals = { accepted: 0, refused: 0, outOfSet: 0 };
	for (const group of file.testGroups) {
		for (const row of group.tests) {
			const judgement = judge(row, group);
			const where = `${name} ${row.tcId} (${row.comment}), ${row.result}`;
			if (!judgement.ok && OUT_OF_SET.includes(judgement.reason)) totals.outOfSet++;
			else if (judgement.ok) {
				check.notEqual(row.result, "invalid", where);
				totals.accepted++;
			} else {
				check.notEqual(row.result, "valid", `${where}, refused: ${judgement.reason}`);
				totals.refused++;
			}
		}
	}
	const { accepted, refused, outOfSet } = totals;
	context.note(
		`${name}: ${accepted} accepted, ${refused} refused, ${outOfSet} out of set, of ${file.numberOfTests}`,
	);
	check.equal(accepted + refused + outOfSet, file.numberOfTests);
}

function judgeAead(crypto: TestCrypto, algorithm: AeadAlgorithm, row: Row): Judgement {
	const [key, nonce, associated, plaintext] = ["key", "iv", "aad", "msg"].map((name) => field(row, name));
	const tag = field(row, "tag");
	const sealed = new Uint8Array([...field(row, "ct"), ...tag]);
	if (nonce!.length !== 12) return refuse("nonce-size");
	if (tag.length !== 16) return refuse("tag-size");
	if (key!.length !== 32 && (algorithm !== "aes-gcm" || key!.length !== 16)) return refuse("key-size");
	const secret = crypto.importSecret(key!);
	const opened = crypto.open(algorithm, secret, nonce!, associated!, sealed);
	const again = crypto.seal(algorithm, secret, nonce!, associated!, plaintext!);
	secret.close();
	if (opened === undefined) return refuse("unauthentic");
	check.bytes(opened, plaintext!, `${row.tcId}`);
	check.bytes(again, sealed, `${row.tcId}`);
	return accept(undefined);
}

/** Whether a secret, which cannot be read, has these bytes: by what it does as a MAC key. */
function hasBytes(crypto: TestCrypto, secret: Secret, bytes: Uint8Array): boolean {
	const data = new Uint8Array([1, 2, 3]);
	return crypto.equal(crypto.hmac("sha256", secret, data), crypto.hmac("sha256", bytes, data));
}

export default function suite(t: Suite): void {
	t.test("AES-GCM", (context) => {
		run(context, "aes_gcm", (row) => judgeAead(context.crypto, "aes-gcm", row));
	});

	t.test("ChaCha20-Poly1305", (context) => {
		run(context, "chacha20_poly1305", (row) => judgeAead(context.crypto, "chacha20-poly1305", row));
	});

	t.test("ECDSA P-256 with SHA-256", (context) => {
		run(context, "ecdsa_secp256r1_sha256", (row, group) => {
			const raw = rawSignature(field(row, "sig"));
			if (!raw.ok) return raw;
			const key = fromHex(group.publicKey!.uncompressed)!;
			return context.crypto.verifyP256(key, field(row, "msg"), raw.value)
				? accept(undefined)
				: refuse("signature");
		});
	});

	t.test("HKDF-SHA-256", (context) => {
		const { crypto } = context;
		run(context, "hkdf_sha256", (row) => {
			const input = field(row, "ikm");
			const size = row.size!;
			if (input.length > SECRET_BYTES_MAX) return refuse("secret-size");
			if (size < 16 || size > SECRET_BYTES_MAX) return refuse("output-size");
			const secret = crypto.importSecret(input);
			const derived = crypto.derive(secret, field(row, "salt"), field(row, "info"), size);
			check.ok(hasBytes(crypto, derived, field(row, "okm")), `${row.tcId}`);
			secret.close();
			derived.close();
			return accept(undefined);
		});
	});

	t.test("HMAC-SHA256, with tags of 16 and 32 bytes", (context) => {
		const { crypto } = context;
		run(context, "hmac_sha256", (row) => {
			const [key, message, tag] = ["key", "msg", "tag"].map((name) => field(row, name));
			if (tag!.length !== 16 && tag!.length !== 32) return refuse("tag-size");
			const mac = crypto.hmac("sha256", key!, message!);
			if (key!.length <= SECRET_BYTES_MAX) {
				const secret = crypto.importSecret(key!);
				check.bytes(crypto.hmac("sha256", secret, message!), mac, `${row.tcId}`);
				secret.close();
			}
			return crypto.equal(mac.subarray(0, tag!.length), tag!) ? accept(undefined) : refuse("unauthentic");
		});
	});

	t.test("X25519", (context) => {
		const { crypto } = context;
		run(context, "x25519", (row) => {
			const pair = crypto.importKeyPair(field(row, "private"));
			const shared = pair.agree(field(row, "public"));
			pair.close();
			const zero = field(row, "shared").every((byte) => byte === 0);
			check.equal(shared === undefined, zero, `${row.tcId}`);
			if (shared === undefined) return refuse("low-order");
			check.ok(hasBytes(crypto, shared, field(row, "shared")), `${row.tcId}`);
			shared.close();
			return accept(undefined);
		});
	});

	t.test("ECDH P-256, which the product does not have", (context) => {
		run(context, "ecdh_secp256r1", () => refuse("no-such-operation"));
	});
}
