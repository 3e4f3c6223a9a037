/**
 * The provider with every plaintext shown that it seals or opens, so that a test knows the exact encodings of what
 * passed (I6); and one whose sealing is the identity, with which the same test must fail. Both engines.
 */
import { concatBytes } from "../../modules/base/bytes.ts";
import type { Secret, TestCrypto } from "../../modules/platform/crypto.ts";
import { DelegatingCrypto } from "../harness/delegating-crypto.ts";

const TAG_BYTES = 16;

export class RecordingCrypto extends DelegatingCrypto {
	readonly #onPlaintext: (plaintext: Uint8Array) => void;

	constructor(provider: TestCrypto, onPlaintext: (plaintext: Uint8Array) => void) {
		super(provider);
		this.#onPlaintext = onPlaintext;
	}

	override sealCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array {
		if (plaintext.length > 0) this.#onPlaintext(plaintext.slice());
		return super.sealCounter(key, counter, associated, plaintext);
	}

	override openCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		const plaintext = super.openCounter(key, counter, associated, sealed);
		if (plaintext !== undefined && plaintext.length > 0) this.#onPlaintext(plaintext.slice());
		return plaintext;
	}
}

/** A planted fault: nothing is sealed, a tag of zeros stands behind the plaintext. */
export class IdentityCrypto extends DelegatingCrypto {
	override sealCounter(
		_key: Secret,
		_counter: number,
		_associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array {
		return concatBytes(plaintext, new Uint8Array(TAG_BYTES));
	}

	override openCounter(
		_key: Secret,
		_counter: number,
		_associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		return sealed.length < TAG_BYTES ? undefined : sealed.slice(0, sealed.length - TAG_BYTES);
	}
}
