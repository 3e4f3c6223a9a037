/** The key store: the thin half of keys.c. Private parts stay there. */
import type { DhKeyPair, Secret } from "../../modules/platform/crypto.ts";
import type { KeyKind, KeyName, KeyStore } from "../../modules/platform/keys.ts";
import { counted, done, type Fault } from "./fault.ts";
import { HandlePair, SecretHandle } from "./secrets.ts";

type Done = Fault | undefined;

const generate = native<(name: KeyName, kind: number, secretBytes: number) => Done>("xs_lk_key_generate");
const kindOf = native<(name: KeyName) => Fault | number>("xs_lk_key_kind");
const publicPart = native<(name: KeyName, out: Uint8Array) => Fault | number>("xs_lk_key_public");
const sign = native<(name: KeyName, message: Uint8Array, out: Uint8Array) => Done>("xs_lk_key_sign");
const openPair =
	native<(name: KeyName, pair: SecretHandle, publicKey: Uint8Array) => Done>("xs_lk_key_open_pair");
const openSecret = native<(name: KeyName, secret: SecretHandle) => Done>("xs_lk_key_open_secret");
const remove = native<(name: KeyName) => Done>("xs_lk_key_delete");

/** By LkKeyKind of keys.h. */
const KINDS: readonly (KeyKind | undefined)[] = Object.freeze([undefined, "p256", "x25519", "secret"]);
const PUBLIC_BYTES_MAX = 65;
const SIGNATURE_BYTES = 64;
const X25519_BYTES = 32;
const SECRET_BYTES = 32;

export class PsaKeyStore implements KeyStore {
	generate(name: KeyName, kind: KeyKind, secretBytes: number = SECRET_BYTES): void {
		done(generate(name, KINDS.indexOf(kind), secretBytes), `generate ${name}`);
	}

	kindOf(name: KeyName): KeyKind | undefined {
		return KINDS[counted(kindOf(name), `kindOf ${name}`)];
	}

	publicKey(name: KeyName): Uint8Array {
		const out = new Uint8Array(PUBLIC_BYTES_MAX);
		return out.slice(0, counted(publicPart(name, out), `publicKey ${name}`));
	}

	sign(name: KeyName, message: Uint8Array): Uint8Array {
		const out = new Uint8Array(SIGNATURE_BYTES);
		done(sign(name, message, out), `sign ${name}`);
		return out;
	}

	openKeyPair(name: KeyName): DhKeyPair {
		const pair = new SecretHandle();
		const publicKey = new Uint8Array(X25519_BYTES);
		done(openPair(name, pair, publicKey), `openKeyPair ${name}`);
		return new HandlePair(pair, publicKey);
	}

	openSecret(name: KeyName): Secret {
		const secret = new SecretHandle();
		done(openSecret(name, secret), `openSecret ${name}`);
		return secret;
	}

	delete(name: KeyName): void {
		done(remove(name), `delete ${name}`);
	}
}
