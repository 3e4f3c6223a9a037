/**
 * A second, independent XXpsk0 for modules/noise to be measured against. It is written from the specification as
 * one straight line for this one pattern, shares no code with modules/noise, and computes with Node's OpenSSL
 * instead of PSA or @noble. Node only; test files see the transcripts as "generated/xxpsk0.json".
 */
import {
	createCipheriv,
	createHash,
	createHmac,
	createPrivateKey,
	createPublicKey,
	diffieHellman,
	type KeyObject,
} from "node:crypto";
import { concatBytes, toHex } from "../../modules/base/bytes.ts";
import { Random } from "../harness/random.ts";
import type { NoiseTranscript } from "./noise-transcript.ts";

const PKCS8_X25519 = "302e020100300506032b656e04220420";
const SPKI_X25519_BYTES = 12;
const NOTHING = new Uint8Array(0);

/** What Node returns, as a plain byte string. */
function plain(buffer: Iterable<number>): Uint8Array {
	return Uint8Array.from(buffer);
}

class Key {
	readonly privateKey: KeyObject;
	readonly publicKey: KeyObject;
	readonly raw: Uint8Array;

	constructor(secret: Uint8Array) {
		const der = Buffer.from(PKCS8_X25519 + toHex(secret), "hex");
		this.privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
		this.publicKey = createPublicKey(this.privateKey);
		this.raw = plain(this.publicKey.export({ format: "der", type: "spki" })).slice(SPKI_X25519_BYTES);
	}

	dh(peer: Key): Uint8Array {
		return plain(diffieHellman({ privateKey: this.privateKey, publicKey: peer.publicKey }));
	}
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return plain(hash.digest());
}

/** Noise 4.3, written out. */
function hkdf(chainingKey: Uint8Array, input: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
	const hmac = (key: Uint8Array, data: Uint8Array) => plain(createHmac("sha256", key).update(data).digest());
	const temporary = hmac(chainingKey, input);
	const first = hmac(temporary, Uint8Array.of(1));
	const second = hmac(temporary, concatBytes(first, Uint8Array.of(2)));
	return [first, second, hmac(temporary, concatBytes(second, Uint8Array.of(3)))];
}

function encrypt(
	key: Uint8Array,
	counter: number,
	associated: Uint8Array,
	plaintext: Uint8Array,
): Uint8Array {
	const nonce = Uint8Array.of(0, 0, 0, 0, counter, 0, 0, 0, 0, 0, 0, 0);
	const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
	cipher.setAAD(associated, { plaintextLength: plaintext.length });
	const body = plain(cipher.update(plaintext));
	return concatBytes(body, plain(cipher.final()), plain(cipher.getAuthTag()));
}

/** One run: -> psk, e   <- e, ee, s, es   -> s, se   and four transport messages. */
function transcript(random: Random): NoiseTranscript {
	const secrets = Array.from({ length: 5 }, () => random.bytes(32));
	const [iStatic, iEphemeral, rStatic, rEphemeral] = secrets.slice(0, 4).map((secret) => new Key(secret));
	const psk = secrets[4]!;
	const prologue = random.bytes(random.below(80));
	const payloads = Array.from({ length: 7 }, () => random.bytes(random.boolean() ? 0 : random.below(300)));
	const messages: { payload: string; ciphertext: string }[] = [];
	const record = (payload: Uint8Array, ciphertext: Uint8Array) =>
		messages.push({ payload: toHex(payload), ciphertext: toHex(ciphertext) });

	let h = sha256(new TextEncoder().encode("Noise_XXpsk0_25519_ChaChaPoly_SHA256"));
	let ck = h;
	h = sha256(h, prologue);

	// -> psk, e
	let [next, mixed, key] = hkdf(ck, psk);
	ck = next;
	h = sha256(h, mixed);
	h = sha256(h, iEphemeral!.raw);
	[ck, key] = hkdf(ck, iEphemeral!.raw);
	let sealed = encrypt(key, 0, h, payloads[0]!);
	h = sha256(h, sealed);
	record(payloads[0]!, concatBytes(iEphemeral!.raw, sealed));

	// <- e, ee, s, es
	h = sha256(h, rEphemeral!.raw);
	[ck, key] = hkdf(ck, rEphemeral!.raw);
	[ck, key] = hkdf(ck, rEphemeral!.dh(iEphemeral!));
	const responderStatic = encrypt(key, 0, h, rStatic!.raw);
	h = sha256(h, responderStatic);
	[ck, key] = hkdf(ck, rStatic!.dh(iEphemeral!));
	sealed = encrypt(key, 0, h, payloads[1]!);
	h = sha256(h, sealed);
	record(payloads[1]!, concatBytes(rEphemeral!.raw, responderStatic, sealed));

	// -> s, se
	const initiatorStatic = encrypt(key, 1, h, iStatic!.raw);
	h = sha256(h, initiatorStatic);
	[ck, key] = hkdf(ck, iStatic!.dh(rEphemeral!));
	sealed = encrypt(key, 0, h, payloads[2]!);
	h = sha256(h, sealed);
	record(payloads[2]!, concatBytes(initiatorStatic, sealed));

	[next, mixed] = hkdf(ck, NOTHING);
	const keys = [mixed, next]; // The fourth message is the responder's.
	payloads.slice(3).forEach((payload, index) => {
		record(payload, encrypt(keys[index % 2]!, index >> 1, NOTHING, payload));
	});

	return {
		protocol_name: "Noise_XXpsk0_25519_ChaChaPoly_SHA256",
		init_prologue: toHex(prologue),
		init_psks: [toHex(psk)],
		init_static: toHex(secrets[0]!),
		init_ephemeral: toHex(secrets[1]!),
		resp_prologue: toHex(prologue),
		resp_psks: [toHex(psk)],
		resp_static: toHex(secrets[2]!),
		resp_ephemeral: toHex(secrets[3]!),
		handshake_hash: toHex(h),
		messages,
	};
}

export function xxPsk0Transcripts(seed: number, runs: number): NoiseTranscript[] {
	const random = new Random(seed, "second-noise");
	return Array.from({ length: runs }, () => transcript(random));
}
