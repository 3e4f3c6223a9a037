/** Handshakes between the two sides of modules/noise: what ends them, and what is left open when they end. */
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { HandshakeState } from "../../../modules/noise/handshake-state.ts";
import { openIkInitiator, openXxPsk0Initiator } from "../../../modules/noise/initiator.ts";
import { openK, openN, sealK, sealN } from "../../../modules/noise/one-way.ts";
import { IK, XX_PSK0 } from "../../../modules/noise/patterns.ts";
import { openIkResponder, openXxPsk0Responder } from "../../../modules/noise/responder.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { TrackingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";

function prologue(): Uint8Array {
	return encodeUtf8("a prologue");
}

function nothing(): Uint8Array {
	return new Uint8Array(0);
}

function openIk(crypto: TestCrypto, lockPrologue = prologue()) {
	const lockKeys = crypto.generateEphemeral();
	const remoteStatic = lockKeys.publicKey;
	const phoneKeys = crypto.generateEphemeral();
	return {
		phonePublicKey: phoneKeys.publicKey,
		phone: openIkInitiator({ crypto, prologue: prologue(), localStatic: phoneKeys, remoteStatic }),
		lock: openIkResponder({ crypto, prologue: lockPrologue, localStatic: lockKeys }),
	};
}

function openXx(crypto: TestCrypto, phonePsk: Uint8Array, lockPsk: Uint8Array) {
	const lockKeys = crypto.generateEphemeral();
	const phoneKeys = crypto.generateEphemeral();
	return {
		lockPublicKey: lockKeys.publicKey,
		phonePublicKey: phoneKeys.publicKey,
		phone: openXxPsk0Initiator({
			crypto,
			prologue: prologue(),
			localStatic: phoneKeys,
			psk: crypto.importSecret(phonePsk),
		}),
		lock: openXxPsk0Responder({
			crypto,
			prologue: prologue(),
			localStatic: lockKeys,
			psk: crypto.importSecret(lockPsk),
		}),
	};
}

/** One message from writer to reader. */
function pass(writer: HandshakeState, reader: HandshakeState): void {
	check.bytes(check.accepted(reader.readMessage(check.accepted(writer.writeMessage(nothing())))), "");
}

export default function suite(t: Suite): void {
	t.test(
		"IK: both sides finish with one hash, know each other, and open what the other seals",
		({ crypto }) => {
			const { phone, lock, phonePublicKey } = openIk(crypto);
			pass(phone, lock);
			check.bytes(lock.remoteStatic, phonePublicKey);
			check.ok(!lock.finished);
			pass(lock, phone);
			check.ok(lock.finished && phone.finished);
			check.bytes(phone.handshakeHash, lock.handshakeHash);
			const [phoneSide, lockSide] = [phone.split(), lock.split()];
			const request = encodeUtf8("unlock");
			check.bytes(check.accepted(lockSide.open(check.accepted(phoneSide.seal(request)))), request);
			check.bytes(check.accepted(phoneSide.open(check.accepted(lockSide.seal(request)))), request);
			phoneSide.close();
			lockSide.close();
		},
	);

	t.test("XXpsk0: both sides finish, and each has the other's static key", ({ crypto, random }) => {
		const psk = random.bytes(32);
		const { phone, lock, phonePublicKey, lockPublicKey } = openXx(crypto, psk, psk);
		pass(phone, lock);
		pass(lock, phone);
		check.bytes(phone.remoteStatic, lockPublicKey);
		pass(phone, lock);
		check.bytes(lock.remoteStatic, phonePublicKey);
		check.bytes(phone.handshakeHash, lock.handshakeHash);
		phone.close();
		lock.close();
	});

	t.test("XXpsk0: a wrong psk fails on message 1 (T7)", ({ crypto, random }) => {
		const { phone, lock } = openXx(crypto, random.bytes(32), random.bytes(32));
		check.refused(lock.readMessage(check.accepted(phone.writeMessage(nothing()))), "unauthentic");
		phone.close();
	});

	t.test("IK: another prologue or another lock's key fails on message 1", ({ crypto }) => {
		const other = openIk(crypto, encodeUtf8("another prologue"));
		check.refused(other.lock.readMessage(check.accepted(other.phone.writeMessage(nothing()))), "unauthentic");
		other.phone.close();
		const [first, second] = [openIk(crypto), openIk(crypto)];
		check.refused(
			second.lock.readMessage(check.accepted(first.phone.writeMessage(nothing()))),
			"unauthentic",
		);
		first.phone.close();
		first.lock.close();
		second.phone.close();
	});

	t.test("every length but the right one is refused, for every message (T15, I9)", ({ crypto, random }) => {
		const psk = random.bytes(32);
		const message1 = check.accepted(openIk(crypto).phone.writeMessage(nothing()));
		for (let length = 0; length <= message1.length + 1; length++) {
			const bytes = new Uint8Array(length);
			bytes.set(message1.subarray(0, length));
			check.refused(openIk(crypto).lock.readMessage(bytes), undefined, `IK ${length}`);
		}
		for (let length = 0; length < 48; length++) {
			check.refused(openXx(crypto, psk, psk).lock.readMessage(new Uint8Array(length)), "malformed");
		}
		check.refused(openIk(crypto).lock.readMessage(new Uint8Array(65536)), "malformed");
	});

	t.test("a flipped bit anywhere in a message ends the handshake", ({ crypto, random }) => {
		const psk = random.bytes(32);
		for (let round = 0; round < 24; round++) {
			const { phone, lock } = openXx(crypto, psk, psk);
			const broken = round % 3;
			const sides = [phone, lock, phone];
			for (let step = 0; step <= broken; step++) {
				const message = check.accepted(sides[step]!.writeMessage(nothing()));
				const reader = step === 1 ? phone : lock;
				if (step < broken) check.accepted(reader.readMessage(message));
				else {
					const bit = random.below(8 * message.length);
					message[bit >> 3] = message[bit >> 3]! ^ (1 << (bit & 7));
					// The top bit of an X25519 key means nothing to the curve, but the transcript has it.
					check.refused(reader.readMessage(message), undefined, `message ${step + 1}, bit ${bit}`);
				}
			}
			phone.close();
			lock.close();
		}
	});

	t.test("a low-order public key is refused, as ephemeral and as static key", ({ crypto }) => {
		const zeros = new Uint8Array(32);
		const lockKeys = crypto.generateEphemeral();
		const message = new Uint8Array(96);
		const lock = openIkResponder({ crypto, prologue: prologue(), localStatic: lockKeys });
		check.refused(lock.readMessage(message), "low-order");
		const localStatic = crypto.generateEphemeral();
		const phone = openIkInitiator({ crypto, prologue: prologue(), localStatic, remoteStatic: zeros });
		check.refused(phone.writeMessage(nothing()), "low-order");
	});

	t.test("no handle is left open after success, refusal or abandon (I1)", ({ crypto: provider, random }) => {
		const crypto = new TrackingCrypto(provider);
		const psk = random.bytes(32);

		const ik = openIk(crypto);
		check.ok(crypto.openHandles > 0);
		pass(ik.phone, ik.lock);
		pass(ik.lock, ik.phone);
		const transports = [ik.phone.split(), ik.lock.split()];
		check.equal(crypto.openHandles, 4, "two keys on each side");
		for (const transport of transports) transport.close();
		check.equal(crypto.openHandles, 0, "after success");

		const wrong = openXx(crypto, random.bytes(32), psk);
		check.refused(wrong.lock.readMessage(check.accepted(wrong.phone.writeMessage(nothing()))));
		wrong.phone.close();
		check.equal(crypto.openHandles, 0, "after a refusal");

		for (let steps = 0; steps <= 3; steps++) {
			const { phone, lock } = openXx(crypto, psk, psk);
			if (steps > 0) pass(phone, lock);
			if (steps > 1) pass(lock, phone);
			if (steps > 2) pass(phone, lock);
			phone.close();
			lock.close();
			phone.close();
			check.equal(crypto.openHandles, 0, `abandoned after message ${steps}`);
		}
	});

	t.test(
		"a message out of turn, a use after the end and a missing key are programmer's errors",
		({ crypto }) => {
			const { phone, lock } = openIk(crypto);
			check.throws(() => lock.writeMessage(nothing()), "AssertionFault");
			check.throws(() => phone.readMessage(nothing()), "AssertionFault");
			check.throws(() => phone.split(), "AssertionFault");
			phone.close();
			lock.close();
			check.throws(() => phone.writeMessage(nothing()), "AssertionFault");
			const common = { crypto, prologue: prologue(), role: "initiator" } as const;
			check.throws(() => new HandshakeState({ ...common, pattern: IK }), "AssertionFault");
			check.throws(() => new HandshakeState({ ...common, pattern: XX_PSK0 }), "AssertionFault");
		},
	);

	t.test("a fault of the provider closes the handshake and comes through", ({ crypto: provider }) => {
		const tracking = new TrackingCrypto(provider);
		const { phone, lock } = openIk(tracking);
		phone.close();
		tracking.sha256 = () => {
			throw new Error("planted");
		};
		check.throws(() => lock.readMessage(new Uint8Array(96)), "planted");
		check.equal(tracking.openHandles, 0);
	});

	t.test("one-way messages open for the right key only, and leave no handle open", ({ crypto: provider }) => {
		const crypto = new TrackingCrypto(provider);
		const line = crypto.generateEphemeral();
		const secret = crypto.importSecret(encodeUtf8("sixteen bytes ab"));
		const label = check.accepted(sealN(crypto, prologue(), line.publicKey, secret));
		check.equal(label.length, 32 + 16 + 16);
		const { publicKey } = line;
		check.bytes(check.accepted(openN(crypto, prologue(), line, label)), encodeUtf8("sixteen bytes ab"));
		check.refused(openN(crypto, prologue(), crypto.generateEphemeral(), label), "unauthentic");
		check.refused(openN(crypto, nothing(), crypto.generateEphemeral(), label), "unauthentic");
		secret.close();

		const [lockKeys, phoneKeys] = [crypto.generateEphemeral(), crypto.generateEphemeral()];
		const [lockKey, phoneKey] = [lockKeys.publicKey, phoneKeys.publicKey];
		const notice = check.accepted(sealK(crypto, prologue(), lockKeys, phoneKey, encodeUtf8("n")));
		check.bytes(check.accepted(openK(crypto, prologue(), phoneKeys, lockKey, notice)), encodeUtf8("n"));
		check.refused(openK(crypto, prologue(), crypto.generateEphemeral(), publicKey, notice), "unauthentic");
		check.equal(crypto.openHandles, 0);
	});
}
