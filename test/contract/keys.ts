/** The contract of KeyStore. */
import { toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import type { Crypto, Secret } from "../../modules/platform/crypto.ts";
import { check, type Suite } from "../harness/test.ts";
import type { OpenJig } from "./jig.ts";

/** What two equal secrets have in common. */
function print(crypto: Crypto, secret: Secret | undefined): string {
	check.ok(secret !== undefined, "a shared secret");
	const tag = toHex(crypto.hmac("sha256", secret, encodeUtf8("contract")));
	secret.close();
	return tag;
}

export function keysContract(t: Suite, open: OpenJig): void {
	t.test(
		"a P-256 key signs what its public part verifies, the same way each time, and nothing else verifies (I1)",
		async () => {
			const { keys, crypto } = (await open()).platform;
			keys.generate("ct-sign", "p256");
			check.equal(keys.kindOf("ct-sign"), "p256");
			const publicKey = keys.publicKey("ct-sign");
			check.equal(publicKey.length, 65);
			check.equal(publicKey[0], 4);
			const message = encodeUtf8("a message");
			const signature = keys.sign("ct-sign", message);
			check.equal(signature.length, 64);
			check.bytes(keys.sign("ct-sign", message), signature, "deterministic (RFC 6979)");
			check.ok(crypto.verifyP256(publicKey, message, signature), "verifies");
			check.ok(!crypto.verifyP256(publicKey, encodeUtf8("another"), signature), "another message");
			signature[10] = signature[10]! ^ 1;
			check.ok(!crypto.verifyP256(publicKey, message, signature), "a changed signature");
			check.ok(
				crypto.verifyP256(publicKey, new Uint8Array(0), keys.sign("ct-sign", new Uint8Array(0))),
				"an empty message",
			);
			keys.delete("ct-sign");
		},
	);

	t.test("an X25519 key agrees with an ephemeral on one secret, from both sides", async () => {
		const { keys, crypto } = (await open()).platform;
		keys.generate("ct-agree", "x25519");
		check.equal(keys.kindOf("ct-agree"), "x25519");
		const stored = keys.openKeyPair("ct-agree");
		const ephemeral = crypto.generateEphemeral();
		check.bytes(stored.publicKey, keys.publicKey("ct-agree"));
		check.equal(
			print(crypto, stored.agree(ephemeral.publicKey)),
			print(crypto, ephemeral.agree(stored.publicKey)),
		);
		const other = crypto.generateEphemeral();
		check.notEqual(
			print(crypto, stored.agree(other.publicKey)),
			print(crypto, stored.agree(ephemeral.publicKey)),
		);
		check.equal(stored.agree(new Uint8Array(32)), undefined, "a low-order point");
		stored.close();
		stored.close();
		const again = keys.openKeyPair("ct-agree");
		check.bytes(again.publicKey, keys.publicKey("ct-agree"), "closing releases a copy, not the key");
		again.close();
		ephemeral.close();
		other.close();
		keys.delete("ct-agree");
	});

	t.test(
		"a stored secret is the same each time it is opened, and another one after it was made anew",
		async () => {
			const { keys, crypto } = (await open()).platform;
			keys.generate("ct-secret", "secret");
			const first = print(crypto, keys.openSecret("ct-secret"));
			check.equal(print(crypto, keys.openSecret("ct-secret")), first);
			keys.generate("ct-secret", "secret", 16);
			check.notEqual(print(crypto, keys.openSecret("ct-secret")), first);
			keys.delete("ct-secret");
		},
	);

	t.test("making a key replaces the one of that name, whatever its kind", async () => {
		const { keys } = (await open()).platform;
		keys.generate("ct-key", "p256");
		const first = keys.publicKey("ct-key");
		keys.generate("ct-key", "p256");
		check.notEqual(toHex(keys.publicKey("ct-key")), toHex(first));
		keys.generate("ct-key", "x25519");
		check.equal(keys.kindOf("ct-key"), "x25519");
		check.equal(keys.publicKey("ct-key").length, 32);
		keys.delete("ct-key");
	});

	t.test("an absent key is absent, and using it throws key/absent", async () => {
		const { keys } = (await open()).platform;
		check.equal(keys.kindOf("ct-none"), undefined);
		check.throws(() => keys.publicKey("ct-none"), "key/absent");
		check.throws(() => keys.sign("ct-none", new Uint8Array(1)), "key/absent");
		check.throws(() => keys.openKeyPair("ct-none"), "key/absent");
		check.throws(() => keys.openSecret("ct-none"), "key/absent");
		keys.delete("ct-none");
	});

	t.test("a key serves its own kind only: anything else throws key/kind", async () => {
		const { keys } = (await open()).platform;
		keys.generate("ct-p256", "p256");
		keys.generate("ct-x25519", "x25519");
		keys.generate("ct-secret", "secret");
		check.throws(() => keys.openKeyPair("ct-p256"), "key/kind");
		check.throws(() => keys.openSecret("ct-p256"), "key/kind");
		check.throws(() => keys.sign("ct-x25519", new Uint8Array(1)), "key/kind");
		check.throws(() => keys.openSecret("ct-x25519"), "key/kind");
		check.throws(() => keys.sign("ct-secret", new Uint8Array(1)), "key/kind");
		check.throws(() => keys.openKeyPair("ct-secret"), "key/kind");
		check.throws(() => keys.publicKey("ct-secret"), "key/kind");
		for (const name of ["ct-p256", "ct-x25519", "ct-secret"]) {
			keys.delete(name);
			check.equal(keys.kindOf(name), undefined);
		}
	});

	t.test("a key cannot be made where the storage is full, and the old one stands (T12)", async ({ skip }) => {
		const { platform, storageFaults } = await open();
		if (storageFaults === undefined) return skip("this host's storage does not fail on command");
		const { keys } = platform;
		keys.generate("ct-full", "x25519");
		const publicKey = keys.publicKey("ct-full");
		storageFaults.failWrites("record/full");
		check.throws(() => keys.generate("ct-full", "x25519"), "key/storage");
		check.throws(() => keys.generate("ct-new", "x25519"), "key/storage");
		storageFaults.heal();
		check.bytes(keys.publicKey("ct-full"), publicKey);
		check.equal(keys.kindOf("ct-new"), undefined);
		await storageFaults.corrupt("keys", "ct-full");
		check.throws(() => keys.publicKey("ct-full"), "key/corrupt");
	});

	t.test("names and lengths outside the contract are refused before anything is stored", async () => {
		const { keys } = (await open()).platform;
		for (const name of ["", "1234567890123456", "a/b"]) check.throws(() => keys.generate(name, "x25519"));
		check.throws(() => keys.generate("ct-odd", "secret", 15));
		check.throws(() => keys.generate("ct-odd", "secret", 33));
		check.equal(keys.kindOf("ct-odd"), undefined);
	});
}
