/**
 * The two directions of a finished handshake (Noise 5.3, Split). Messages open strictly in order: anything replayed, reordered
 * or changed, and anything after a gap, does not open and closes the transport (T2). Keys are handles, closed at the
 * end; a closed transport refuses for ever.
 */
import { assert } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto, Secret } from "../platform/crypto.ts";
import { CipherState } from "./cipher-state.ts";

export type TransportReason =
	| "unauthentic" // the message is not the next one of its direction
	| "exhausted" // the direction has had LIMITS.sessionFrames messages
	| "closed";

const TAG_BYTES = 16;
const MESSAGE_BYTES_MAX = 65535;

export class Transport {
	readonly #send: CipherState | undefined;
	readonly #receive: CipherState | undefined;
	readonly #nothing = new Uint8Array(0);
	#closed = false;

	/** Takes the keys over. A direction that a one-way pattern lacks is undefined. */
	constructor(crypto: Crypto, sendKey: Secret | undefined, receiveKey: Secret | undefined) {
		this.#send = sendKey && new CipherState(crypto, sendKey);
		this.#receive = receiveKey && new CipherState(crypto, receiveKey);
	}

	get closed(): boolean {
		return this.#closed;
	}

	/** Messages sealed and opened so far. */
	get sent(): number {
		return this.#send?.counter ?? 0;
	}

	get received(): number {
		return this.#receive?.counter ?? 0;
	}

	seal(plaintext: Uint8Array): Result<Uint8Array, "exhausted" | "closed"> {
		if (this.#closed) return refuse("closed");
		assert(this.#send !== undefined, "a one-way transport in the wrong direction");
		assert(plaintext.length <= MESSAGE_BYTES_MAX - TAG_BYTES, "a Noise message beyond 65535 bytes");
		if (this.#send.counter >= LIMITS.sessionFrames) return this.#end("exhausted");
		return accept(this.#send.seal(this.#nothing, plaintext));
	}

	/** A refusal closes the transport. */
	open(sealed: Uint8Array): Result<Uint8Array, TransportReason> {
		if (this.#closed) return refuse("closed");
		assert(this.#receive !== undefined, "a one-way transport in the wrong direction");
		if (this.#receive.counter >= LIMITS.sessionFrames) return this.#end("exhausted");
		if (sealed.length > MESSAGE_BYTES_MAX) return this.#end("unauthentic");
		const plaintext = this.#receive.open(this.#nothing, sealed);
		return plaintext === undefined ? this.#end("unauthentic") : accept(plaintext);
	}

	/** Wipes both keys. Idempotent. */
	close(): void {
		this.#closed = true;
		this.#send?.close();
		this.#receive?.close();
	}

	#end<Reason extends TransportReason>(reason: Reason) {
		this.close();
		return refuse(reason);
	}
}
