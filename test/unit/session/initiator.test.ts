/** The phone's side of a channel: which locks it believes (PROTOCOL 4). */
import { openIkResponder, openXxPsk0Responder } from "../../../modules/noise/responder.ts";
import { pairingPsk } from "../../../modules/pairing/initiator.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { SessionInitiator } from "../../../modules/session/initiator.ts";
import {
	decodeHello,
	encodeChallenge,
	METHOD_QR,
	METHOD_SESSION,
	sessionPrologue,
} from "../../../modules/wire/hello.ts";
import { check, type Suite } from "../../harness/test.ts";

const SERIAL = "LK-TEST-0001";
const SETUP_SECRET = new Uint8Array(16).fill(3);
const PHONE_KEY = new Uint8Array(32).fill(11);
const LABEL_KEY = new Uint8Array(32).fill(12);
const OTHER_KEY = new Uint8Array(32).fill(13);
const CHALLENGE = new Uint8Array(16).fill(14);
const NOTHING = new Uint8Array(0);

function publicKeyOf(crypto: TestCrypto, privateKey: Uint8Array): Uint8Array {
	const pair = crypto.importKeyPair(privateKey.slice());
	const publicKey = pair.publicKey.slice();
	pair.close();
	return publicKey;
}

function qrPsk(crypto: TestCrypto) {
	const secret = crypto.importSecret(SETUP_SECRET.slice());
	const psk = pairingPsk(crypto, SERIAL, secret);
	secret.close();
	return psk;
}

/** A phone that reads LABEL_KEY on its label, and the message 2 of a lock that holds `lockKey` instead. */
function pairWith(crypto: TestCrypto, lockKey: Uint8Array) {
	const phone = new SessionInitiator(
		crypto,
		{ serial: SERIAL, noisePublicKey: publicKeyOf(crypto, LABEL_KEY) },
		{ staticKeys: crypto.importKeyPair(PHONE_KEY.slice()), psk: qrPsk(crypto) },
	);
	const begun = check.accepted(phone.receive(encodeChallenge(CHALLENGE), 0));
	check.ok(begun.kind === "handshake");
	const lock = openXxPsk0Responder({
		crypto,
		prologue: sessionPrologue(SERIAL, METHOD_QR, CHALLENGE),
		localStatic: crypto.importKeyPair(lockKey.slice()),
		psk: qrPsk(crypto),
	});
	check.accepted(lock.readMessage(check.accepted(decodeHello(begun.send[0]!)).message));
	return { phone, lock, answer: phone.receive(check.accepted(lock.writeMessage(NOTHING)), 0) };
}

export default function suite(t: Suite): void {
	t.test("a phone pairs with the lock whose key is on the label", ({ crypto }) => {
		const { phone, lock, answer } = pairWith(crypto, LABEL_KEY);
		const event = check.accepted(answer);
		check.ok(event.kind === "handshake" && event.ready);
		check.accepted(lock.readMessage(event.send[0]!));
		phone.close();
		lock.close();
	});

	t.test(
		"a phone gives nothing to a lock that knows the setup secret but shows another key (T1, T6)",
		({ crypto }) => {
			const { phone, lock, answer } = pairWith(crypto, OTHER_KEY);
			check.refused(answer, "handshake");
			check.refused(phone.seal(1, 1, 0, undefined), "closed");
			lock.close();
		},
	);

	t.test("a phone opens no session with a lock that lacks the key on the label (T1)", ({ crypto }) => {
		const prologue = sessionPrologue(SERIAL, METHOD_SESSION, CHALLENGE);
		for (const [lockKey, accepted] of [
			[LABEL_KEY, true],
			[OTHER_KEY, false],
		] as const) {
			const phone = new SessionInitiator(
				crypto,
				{ serial: SERIAL, noisePublicKey: publicKeyOf(crypto, LABEL_KEY) },
				{ staticKeys: crypto.importKeyPair(PHONE_KEY.slice()) },
			);
			const begun = check.accepted(phone.receive(encodeChallenge(CHALLENGE), 0));
			check.ok(begun.kind === "handshake");
			const lock = openIkResponder({ crypto, prologue, localStatic: crypto.importKeyPair(lockKey.slice()) });
			const read = lock.readMessage(check.accepted(decodeHello(begun.send[0]!)).message);
			check.equal(read.ok, accepted);
			lock.close();
			// Whatever such a lock answers instead, the phone does not take it.
			const answer = phone.receive(new Uint8Array(48).fill(1), 0);
			check.refused(answer, "handshake");
			check.refused(phone.seal(1, 1, 0, undefined), "closed");
		}
	});

	t.test("a challenge of another protocol version is told from one that is none", ({ crypto }) => {
		for (const [frame, reason] of [
			[Uint8Array.of(0xa2, 0, 2, 1, 0x50, ...CHALLENGE), "version"],
			[Uint8Array.of(0xa2, 0, 1, 1, 0x4f, ...CHALLENGE.subarray(1)), "malformed"],
			[NOTHING, "malformed"],
		] as const) {
			const phone = new SessionInitiator(
				crypto,
				{ serial: SERIAL, noisePublicKey: publicKeyOf(crypto, LABEL_KEY) },
				{ staticKeys: crypto.importKeyPair(PHONE_KEY.slice()) },
			);
			check.refused(phone.receive(frame, 0), reason);
			check.refused(phone.receive(encodeChallenge(CHALLENGE), 0), "closed");
		}
	});
}
