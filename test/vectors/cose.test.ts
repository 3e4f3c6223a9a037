/**
 * cose-wg/Examples, sign1 and ecdsa. The product's one form (modules/cose/sign1.ts) takes the passing rows that have it, and
 * refuses every failing row; rows of other algorithms, structures or headers are out of set, and refused too. The
 * signature of each ES256 row, in the set or not, is checked over the listed ToBeSign bytes.
 */
import { fromHex } from "../../modules/base/bytes.ts";
import { buildSign1, sigStructure, verifySign1 } from "../../modules/cose/sign1.ts";
import { check, type Suite } from "../harness/test.ts";

interface Signer {
	readonly key: { readonly crv: string; readonly x: string; readonly y: string };
	readonly protected?: { readonly alg?: string };
	readonly unprotected?: { readonly alg?: string; readonly kid?: string };
	readonly alg?: string;
	readonly external?: string;
}

interface Example {
	readonly title: string;
	readonly fail?: boolean;
	readonly input: {
		readonly plaintext: string;
		readonly sign0?: Signer;
		readonly sign?: { readonly signers: readonly Signer[] };
	};
	readonly intermediates: {
		readonly ToBeSign_hex?: string;
		readonly signers?: readonly { readonly ToBeSign_hex: string }[];
	};
	readonly output: { readonly cbor: string };
}

const FILES = Object.freeze([
	...["fail-01", "fail-02", "fail-03", "fail-04", "fail-06", "fail-07"].map(
		(name) => `sign1-tests/sign-${name}`,
	),
	...["pass-01", "pass-02", "pass-03"].map((name) => `sign1-tests/sign-${name}`),
	...["01", "02", "03", "04", "sig-01", "sig-02", "sig-03", "sig-04"].map(
		(name) => `ecdsa-examples/ecdsa-${name}`,
	),
]);

/** Passing rows outside the product's one form, and what is different about each. */
const OUT_OF_SET: Readonly<Record<string, string>> = Object.freeze({
	"sign1-tests/sign-pass-01": "algorithm in the unprotected header",
	"ecdsa-examples/ecdsa-01": "COSE_Sign",
	"ecdsa-examples/ecdsa-02": "COSE_Sign, ES384",
	"ecdsa-examples/ecdsa-03": "COSE_Sign, ES512",
	"ecdsa-examples/ecdsa-04": "COSE_Sign, ES512",
	"ecdsa-examples/ecdsa-sig-01": "content type in the protected header",
	"ecdsa-examples/ecdsa-sig-02": "ES384",
	"ecdsa-examples/ecdsa-sig-03": "ES512",
	"ecdsa-examples/ecdsa-sig-04": "ES512",
});

const BASE64_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function fromBase64Url(text: string): number[] {
	const bytes: number[] = [];
	let held = 0;
	let bits = 0;
	for (const digit of text) {
		held = ((held << 6) | BASE64_URL.indexOf(digit)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes.push((held >> bits) & 0xff);
		}
	}
	return bytes;
}

function publicKey({ key }: Signer): Uint8Array {
	return Uint8Array.of(4, ...fromBase64Url(key.x), ...fromBase64Url(key.y));
}

function hex(text: string): Uint8Array {
	return fromHex(text) ?? check.fail(text);
}

export default function suite(t: Suite): void {
	t.test(
		"rows of the one form verify, build to the same bytes, and failing rows are refused",
		({ crypto, vectors, note }) => {
			const totals = { accepted: 0, refused: 0, outOfSet: 0 };
			for (const file of FILES) {
				const example = vectors(`cose/${file}.json`) as Example;
				const message = hex(example.output.cbor);
				const signer = (example.input.sign0 ?? example.input.sign?.signers[0])!;
				const framing = message[0] === 0x84 ? "untagged" : "tagged";
				const externalAad = hex(signer.external ?? "");
				const verified = verifySign1(crypto, message, {
					framing,
					externalAad,
					keyFor: () => publicKey(signer),
				});
				if (example.fail) {
					check.refused(verified, undefined, file);
					totals.refused++;
				} else if (OUT_OF_SET[file] !== undefined) {
					check.refused(verified, undefined, file);
					totals.outOfSet++;
				} else {
					const payload = check.accepted(verified, file);
					check.equal(example.input.plaintext, String.fromCharCode(...payload));
					const keyId = Uint8Array.from(signer.unprotected!.kid!, (digit) => digit.charCodeAt(0));
					const built = buildSign1(framing, externalAad, payload, keyId, (toBeSigned) => {
						check.bytes(toBeSigned, example.intermediates.ToBeSign_hex!.toLowerCase(), file);
						return message.slice(-64);
					});
					check.bytes(built, message, file);
					totals.accepted++;
				}
			}
			const { accepted, refused, outOfSet } = totals;
			note(`cose: ${accepted} accepted, ${refused} refused, ${outOfSet} out of set, of ${FILES.length}`);
			check.equal(accepted + refused + outOfSet, FILES.length);
		},
	);

	t.test("every ES256 signature holds over the listed ToBeSign bytes", ({ crypto, vectors }) => {
		let checked = 0;
		for (const file of FILES) {
			const example = vectors(`cose/${file}.json`) as Example;
			const signer = (example.input.sign0 ?? example.input.sign?.signers[0])!;
			const algorithm = signer.alg ?? signer.protected?.alg ?? signer.unprotected?.alg;
			if (algorithm !== "ES256" || signer.key.crv !== "P-256") continue;
			const toBeSigned = hex(
				(example.intermediates.ToBeSign_hex ?? example.intermediates.signers?.[0]?.ToBeSign_hex)!,
			);
			const signature = hex(example.output.cbor).slice(-64);
			check.ok(crypto.verifyP256(publicKey(signer), toBeSigned, signature), file);
			check.ok(!crypto.verifyP256(publicKey(signer), toBeSigned.subarray(1), signature), file);
			checked++;
		}
		check.equal(checked, 11);
	});

	t.test("the Sig_structure is the listed one", ({ vectors }) => {
		const example = vectors("cose/sign1-tests/sign-pass-02.json") as Example;
		const payload = Uint8Array.from(example.input.plaintext, (character) => character.charCodeAt(0));
		const written = sigStructure(hex(example.input.sign0!.external!), payload);
		check.bytes(written, example.intermediates.ToBeSign_hex!.toLowerCase());
	});
}
