/** The contract of Crypto, by published answers. The full vector files run in test/vectors. */
import { concatBytes, fromHex, toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { Crypto, Secret } from "../../modules/platform/crypto.ts";
import { check, type Suite } from "../harness/test.ts";
import type { OpenJig } from "./jig.ts";

function bytes(hex: string): Uint8Array {
	return fromHex(hex.replaceAll(" ", ""))!;
}

/** HKDF (RFC 5869) spelled out with HMAC under public keys; at most two blocks. */
function hkdf(
	crypto: Crypto,
	salt: Uint8Array,
	input: Uint8Array,
	info: Uint8Array,
	count: number,
): Uint8Array {
	const key = crypto.hmac("sha256", salt, input);
	const first = crypto.hmac("sha256", key, concatBytes(info, Uint8Array.of(1)));
	const second = crypto.hmac("sha256", key, concatBytes(first, info, Uint8Array.of(2)));
	return concatBytes(first, second).slice(0, count);
}

/** The secret has these bytes. */
function checkSecret(crypto: Crypto, secret: Secret, expected: Uint8Array): void {
	const data = encodeUtf8("contract");
	check.bytes(crypto.hmac("sha256", secret, data), crypto.hmac("sha256", expected, data));
	secret.close();
}

/** RFC 6979 A.2.5, SHA-256, "sample". */
const P256 = {
	publicKey: bytes(
		"04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6 7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
	),
	signature: bytes(
		"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716 F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
	),
};

/** RFC 8439 2.8.2. */
const AEAD = {
	key: bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
	nonce: bytes("070000004041424344454647"),
	associated: bytes("50515253c0c1c2c3c4c5c6c7"),
	plaintext: encodeUtf8(
		"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
	),
	tag: "1ae10b594f09e26a7e902ecbd0600691",
};

export function cryptoContract(t: Suite, open: OpenJig): void {
	t.test("hashes give the published digests, in one piece and in many (FIPS 180-4)", async () => {
		const { crypto } = (await open()).platform;
		check.bytes(
			crypto.sha256(encodeUtf8("abc")),
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		);
		check.bytes(
			crypto.sha256(new Uint8Array(0)),
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		);
		const hash = crypto.openHash("sha512");
		for (const letter of ["a", "", "bc"]) hash.update(encodeUtf8(letter));
		check.bytes(
			hash.digest(),
			"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		);
		check.throws(() => hash.digest());
		hash.close();
		const unfinished = crypto.openHash("sha256");
		unfinished.update(Uint8Array.of(1));
		unfinished.close();
		unfinished.close();
	});

	t.test("HMAC gives the published tags (RFC 4231)", async () => {
		const { crypto } = (await open()).platform;
		const key = encodeUtf8("Jefe");
		const data = encodeUtf8("what do ya want for nothing?");
		check.bytes(
			crypto.hmac("sha256", key, data),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		);
		check.bytes(
			crypto.hmac("sha512", key, data),
			"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		);
	});

	t.test(
		"secrets are derived, chained and mixed as HKDF and Noise say (RFC 5869, Noise 4.3)",
		async ({ random }) => {
			const { crypto } = (await open()).platform;
			const start = random.bytes(32);
			const input = random.bytes(32);
			const chain = crypto.chainFrom(start);
			checkSecret(crypto, crypto.chainFrom(start), start);
			for (const count of [16, 32, 64]) {
				const derived = crypto.derive(chain, input, encodeUtf8("info"), count);
				checkSecret(crypto, derived, hkdf(crypto, input, start, encodeUtf8("info"), count));
			}
			const [first, second] = crypto.chain(chain, input, 2);
			const expected = hkdf(crypto, start, input, new Uint8Array(0), 64);
			checkSecret(crypto, first!, expected.slice(0, 32));
			checkSecret(crypto, second!, expected.slice(32));
			const three = crypto.chain(chain, input, 3);
			check.equal(three.length, 3);
			checkSecret(crypto, three[1]!, expected.slice(32));
			for (const secret of three) secret.close();
			check.bytes(crypto.mixSecretIntoHash(input, chain), crypto.sha256(concatBytes(input, start)));
			chain.close();
		},
	);

	t.test("a secret that was closed cannot be used, and closing twice is nothing (I1)", async ({ random }) => {
		const { crypto } = (await open()).platform;
		const secret = crypto.chainFrom(random.bytes(32));
		secret.close();
		secret.close();
		check.throws(() => crypto.hmac("sha256", secret, new Uint8Array(1)));
		const pair = crypto.generateEphemeral();
		pair.close();
		pair.close();
		check.throws(() => pair.agree(crypto.generateEphemeral().publicKey));
	});

	t.test(
		"ChaCha20-Poly1305 seals to the published tag and opens nothing that was changed (RFC 8439 2.8.2)",
		async () => {
			const { crypto } = (await open()).platform;
			const key = crypto.chainFrom(AEAD.key);
			const sealed = crypto.seal("chacha20-poly1305", key, AEAD.nonce, AEAD.associated, AEAD.plaintext);
			check.equal(toHex(sealed.slice(-16)), AEAD.tag);
			check.bytes(crypto.open("chacha20-poly1305", key, AEAD.nonce, AEAD.associated, sealed), AEAD.plaintext);
			for (let index = 0; index < sealed.length; index += 13) {
				const changed = sealed.slice();
				changed[index] = changed[index]! ^ 0x80;
				check.equal(crypto.open("chacha20-poly1305", key, AEAD.nonce, AEAD.associated, changed), undefined);
			}
			check.equal(crypto.open("chacha20-poly1305", key, AEAD.nonce, new Uint8Array(0), sealed), undefined);
			check.equal(
				crypto.open("chacha20-poly1305", key, AEAD.nonce, AEAD.associated, sealed.slice(0, 15)),
				undefined,
			);
			check.throws(() =>
				crypto.seal("chacha20-poly1305", key, AEAD.nonce.slice(1), AEAD.associated, AEAD.plaintext),
			);
			key.close();
		},
	);

	t.test("AES-GCM with 16 and 32 bytes of key opens what it sealed and nothing else", async ({ random }) => {
		const { crypto } = (await open()).platform;
		const root = crypto.chainFrom(random.bytes(32));
		for (const keyBytes of [16, 32]) {
			const key = crypto.derive(root, new Uint8Array(0), new Uint8Array(0), keyBytes);
			const nonce = random.bytes(12);
			const sealed = crypto.seal("aes-gcm", key, nonce, Uint8Array.of(1), Uint8Array.of(2, 3));
			check.equal(sealed.length, 18);
			check.bytes(crypto.open("aes-gcm", key, nonce, Uint8Array.of(1), sealed), "0203");
			check.equal(crypto.open("aes-gcm", key, nonce, Uint8Array.of(2), sealed), undefined);
			key.close();
		}
		root.close();
	});

	t.test("counters are nonces in Noise's order, up to 2^53 - 1 (Noise 12.3)", async ({ random }) => {
		const { crypto } = (await open()).platform;
		const key = crypto.chainFrom(random.bytes(32));
		const empty = new Uint8Array(0);
		const nonces: readonly (readonly [number, string])[] = [
			[0, "000000000000000000000000"],
			[1, "000000000100000000000000"],
			[0x100000002, "000000000200000001000000"],
			[Number.MAX_SAFE_INTEGER, "00000000ffffffffffff1f00"],
		];
		for (const [counter, nonce] of nonces) {
			const sealed = crypto.sealCounter(key, counter, empty, Uint8Array.of(7));
			check.bytes(sealed, crypto.seal("chacha20-poly1305", key, bytes(nonce), empty, Uint8Array.of(7)));
			check.bytes(crypto.openCounter(key, counter, empty, sealed), "07");
			check.equal(crypto.openCounter(key, counter === 0 ? 1 : 0, empty, sealed), undefined);
		}
		for (const counter of [-1, 0.5, 2 ** 53])
			check.throws(() => crypto.sealCounter(key, counter, empty, empty));
		const secretBytes = random.bytes(32);
		const secret = crypto.chainFrom(secretBytes);
		check.bytes(
			crypto.sealSecretCounter(key, 5, empty, secret),
			crypto.sealCounter(key, 5, empty, secretBytes),
		);
		secret.close();
		key.close();
	});

	t.test(
		"signatures verify by the published example, and malformed keys and signatures are false (RFC 6979 A.2.5)",
		async () => {
			const { crypto } = (await open()).platform;
			const { publicKey, signature } = P256;
			const message = encodeUtf8("sample");
			check.ok(crypto.verifyP256(publicKey, message, signature));
			check.ok(!crypto.verifyP256(publicKey, encodeUtf8("simple"), signature));
			check.ok(!crypto.verifyP256(publicKey, message, signature.slice(1)), "a short signature");
			check.ok(!crypto.verifyP256(publicKey, message, new Uint8Array(64)), "r = s = 0");
			check.ok(!crypto.verifyP256(publicKey.slice(0, 64), message, signature), "a short key");
			const off = publicKey.slice();
			off[64] = off[64]! ^ 1;
			check.ok(!crypto.verifyP256(off, message, signature), "a point off the curve");
			check.ok(!crypto.verifyP256(new Uint8Array(65), message, signature), "no point");
		},
	);

	t.test("random bytes are as many as asked, 1 to 1024, and never twice the same", async () => {
		const { crypto } = (await open()).platform;
		check.equal(crypto.random(1).length, 1);
		check.equal(crypto.random(1024).length, 1024);
		check.notEqual(toHex(crypto.random(16)), toHex(crypto.random(16)));
		const seen = new Set(crypto.random(1024));
		check.ok(seen.size > 200, `${seen.size} different bytes of 1024`);
		for (const count of [0, 1025]) check.throws(() => crypto.random(count));
	});

	t.test("equality of byte strings is by content and length", async () => {
		const { crypto } = (await open()).platform;
		check.ok(crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
		check.ok(!crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
		check.ok(!crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3)));
		check.ok(crypto.equal(new Uint8Array(0), new Uint8Array(0)));
	});
}
