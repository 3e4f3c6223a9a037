/** Mutated handshakes, transport messages and signed messages: refused with a value, never a throw (I9, T15). */
import { bytesEqual, fromHex, toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { verifySign1 } from "../../modules/cose/sign1.ts";
import { openIkInitiator } from "../../modules/noise/initiator.ts";
import { openN, sealN } from "../../modules/noise/one-way.ts";
import { openIkResponder } from "../../modules/noise/responder.ts";
import { Transport } from "../../modules/noise/transport.ts";
import { TrackingCrypto } from "../harness/delegating-crypto.ts";
import { check, type Suite } from "../harness/test.ts";

/** sign-pass-03 of cose-wg/Examples (public domain): untagged, key id "11". */
const SIGNED =
	"8443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";
const KEY =
	"04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";

export default function suite(t: Suite): void {
	t.test("a mutated first message is refused and leaves no handle open", ({ crypto: provider, random }) => {
		const crypto = new TrackingCrypto(provider);
		const lockPrivate = random.bytes(32);
		const lockKeys = crypto.importKeyPair(lockPrivate);
		const prologue = random.bytes(20);
		const remoteStatic = lockKeys.publicKey;
		lockKeys.close();
		const phone = openIkInitiator({
			crypto,
			prologue,
			localStatic: crypto.generateEphemeral(),
			remoteStatic,
		});
		const message = check.accepted(phone.writeMessage(new Uint8Array(0)));
		phone.close();
		for (let round = 0; round < 150; round++) {
			const lock = openIkResponder({ crypto, prologue, localStatic: crypto.importKeyPair(lockPrivate) });
			const bent = random.below(5) === 0 ? random.bytes(random.below(200)) : random.mutate(message);
			const read = lock.readMessage(bent);
			if (read.ok !== bytesEqual(bent, message)) check.fail(toHex(bent));
			lock.close();
			check.equal(crypto.openHandles, 0);
		}
	});

	t.test("a mutated one-way message is refused", ({ crypto, random }) => {
		const prologue = random.bytes(4);
		const privateKey = random.bytes(32);
		const { publicKey } = crypto.importKeyPair(privateKey);
		const message = check.accepted(sealN(crypto, prologue, publicKey, random.bytes(16)));
		for (let round = 0; round < 100; round++) {
			const bent = random.mutate(message);
			const opened = openN(crypto, prologue, crypto.importKeyPair(privateKey), bent);
			if (opened.ok !== bytesEqual(bent, message)) check.fail(toHex(bent));
		}
	});

	t.test("a mutated transport message is refused and closes the transport (T2)", ({ crypto, random }) => {
		const key = random.bytes(32);
		for (let round = 0; round < 300; round++) {
			const sender = new Transport(crypto, crypto.importSecret(key), undefined);
			const receiver = new Transport(crypto, undefined, crypto.importSecret(key));
			const sealed = check.accepted(sender.seal(random.bytes(random.below(50))));
			const bent = random.mutate(sealed);
			const opened = receiver.open(bent);
			if (opened.ok !== bytesEqual(bent, sealed)) check.fail(toHex(bent));
			check.equal(receiver.closed, !opened.ok);
			sender.close();
			receiver.close();
		}
	});

	t.test("a mutated signed message is refused", ({ crypto, random }) => {
		const message = fromHex(SIGNED)!;
		const expectation = {
			framing: "untagged",
			externalAad: new Uint8Array(0),
			keyFor: () => fromHex(KEY),
		} as const;
		const payload = check.accepted(verifySign1(crypto, message, expectation));
		check.bytes(payload, encodeUtf8("This is the content."));
		for (let round = 0; round < 600; round++) {
			const bent = random.mutate(message);
			const verified = verifySign1(crypto, bent, expectation);
			// The key id is not signed: with another one the same payload still verifies.
			if (verified.ok) check.bytes(verified.value, payload, toHex(bent));
		}
	});
}
