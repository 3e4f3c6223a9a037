/**
 * Secrets and X25519 pairs that C holds (secrets.c, x25519.c): JavaScript has their handles and never their bytes.
 * A handle is made empty here and filled by the native that makes the secret.
 */
import type { DhKeyPair, Secret } from "../../modules/platform/crypto.ts";
import { decided, type Fault } from "./fault.ts";

const closeSecret = native<(secret: SecretHandle) => void>("xs_lk_secret_close");
const agreePair =
	native<(out: SecretHandle, pair: SecretHandle, peer: Uint8Array) => Fault | boolean>("xs_lk_pair_agree");

/** Wiped by close, and when it is collected. */
export class SecretHandle extends Native("xs_lk_secret_destructor") implements Secret {
	// biome-ignore lint/complexity/noUselessConstructor: it makes the base's protected constructor public
	constructor() {
		super();
	}

	close(): void {
		closeSecret(this);
	}
}

export class HandlePair implements DhKeyPair {
	readonly publicKey: Uint8Array;
	readonly #private: SecretHandle;

	constructor(privateHandle: SecretHandle, publicKey: Uint8Array) {
		this.#private = privateHandle;
		this.publicKey = publicKey;
	}

	agree(peerPublicKey: Uint8Array): Secret | undefined {
		const shared = new SecretHandle();
		return decided(agreePair(shared, this.#private, peerPublicKey), "agree") ? shared : undefined;
	}

	close(): void {
		this.#private.close();
	}
}
