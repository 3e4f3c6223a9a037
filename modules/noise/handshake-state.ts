/**
 * HandshakeState (Noise 5.3): runs one pattern in one role, message by message.
 *
 * It owns every secret it is given or makes: static key pair, psk, ephemeral, Diffie-Hellman outputs, chaining key. All are
 * closed on success (all but the chaining key, which `split` closes), on a refusal, on a fault and by `close`. A message that
 * does not fit is a value, and ends the handshake; calling out of turn is a programmer's error and asserts.
 *
 *   closed <- refusal, fault, close() -- running -- last message --> finished -- split() --> closed
 */
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import type { NoisePattern, NoiseToken } from "./patterns.ts";
import { SymmetricState } from "./symmetric-state.ts";
import { Transport } from "./transport.ts";

export type NoiseReason =
	| "malformed" // the message has a length that it cannot have
	| "unauthentic" // a part of the message does not open
	| "low-order"; // a public key of the peer yields the all-zero output (Noise 12.1)

export type NoiseRole = "initiator" | "responder";

export interface HandshakeOptions {
	readonly crypto: Crypto;
	readonly pattern: NoisePattern;
	readonly role: NoiseRole;
	readonly prologue: Uint8Array;
	/** Required where the pattern has this side's "s". Owned from here on. */
	readonly localStatic?: DhKeyPair;
	/** Required where the pattern has the peer's static key as a pre-message. */
	readonly remoteStatic?: Uint8Array;
	/** 32 bytes; required where the pattern has a psk. Owned from here on. */
	readonly psk?: Secret;
}

/** Noise 3. */
export const NOISE_MESSAGE_BYTES_MAX = 65535;
const KEY_BYTES = 32;
const TAG_BYTES = 16;

export class HandshakeState {
	readonly #crypto: Crypto;
	readonly #pattern: NoisePattern;
	readonly #initiator: boolean;
	readonly #symmetric: SymmetricState;
	#static: DhKeyPair | undefined;
	#ephemeral: DhKeyPair | undefined;
	#psk: Secret | undefined;
	#remoteStatic: Uint8Array | undefined;
	#remoteEphemeral: Uint8Array | undefined;
	#next = 0;
	#state: "running" | "finished" | "closed" = "running";

	constructor(options: HandshakeOptions) {
		const { crypto, pattern } = options;
		this.#crypto = crypto;
		this.#pattern = pattern;
		this.#initiator = options.role === "initiator";
		this.#static = options.localStatic;
		this.#psk = options.psk;
		assert(pattern.psk === (options.psk !== undefined), "a psk is given exactly where the pattern has one");
		if (options.remoteStatic !== undefined) {
			assert(options.remoteStatic.length === KEY_BYTES, "a static key has 32 bytes");
			this.#remoteStatic = new Uint8Array(options.remoteStatic);
		}
		try {
			this.#symmetric = new SymmetricState(crypto, `Noise_${pattern.name}_25519_ChaChaPoly_SHA256`);
		} catch (fault) {
			this.#closeKeys();
			throw fault;
		}
		try {
			this.#symmetric.mixHash(options.prologue);
			if (pattern.initiatorKnown) this.#symmetric.mixHash(this.#known(this.#initiator));
			if (pattern.responderKnown) this.#symmetric.mixHash(this.#known(!this.#initiator));
		} catch (fault) {
			this.close();
			throw fault;
		}
	}

	/** The peer's static key as far as it is known; proven only when the handshake has finished. */
	get remoteStatic(): Uint8Array | undefined {
		return this.#remoteStatic;
	}

	get finished(): boolean {
		return this.#state === "finished";
	}

	/** Noise 11.2; of a finished handshake. */
	get handshakeHash(): Uint8Array {
		assert(this.#state === "finished", "a handshake hash before the end");
		return this.#symmetric.hash;
	}

	/** A secret as the payload leaves sealed without entering the heap. */
	writeMessage(payload: Uint8Array | Secret): Result<Uint8Array, "low-order"> {
		const tokens = this.#take(true);
		try {
			const parts: Uint8Array[] = [];
			for (const token of tokens) {
				if (token === "e") parts.push(this.#writeEphemeral());
				else if (token === "s") parts.push(this.#symmetric.encryptAndHash(this.#localStatic().publicKey));
				else if (!this.#mix(token)) return this.#refuse("low-order");
			}
			parts.push(this.#symmetric.encryptAndHash(payload));
			const message = concatBytes(...parts);
			assert(message.length <= NOISE_MESSAGE_BYTES_MAX, "a Noise message beyond 65535 bytes");
			this.#advance();
			return accept(message);
		} catch (fault) {
			this.close();
			throw fault;
		}
	}

	/** The payload. A refusal ends the handshake. */
	readMessage(message: Uint8Array): Result<Uint8Array, NoiseReason> {
		const tokens = this.#take(false);
		if (message.length > NOISE_MESSAGE_BYTES_MAX) return this.#refuse("malformed");
		try {
			let offset = 0;
			for (const token of tokens) {
				if (token === "e" || token === "s") {
					const length = token === "s" && this.#symmetric.encrypts ? KEY_BYTES + TAG_BYTES : KEY_BYTES;
					if (message.length - offset < length) return this.#refuse("malformed");
					const key = message.subarray(offset, offset + length);
					offset += length;
					if (token === "e") this.#readEphemeral(key);
					else if (!this.#readStatic(key)) return this.#refuse("unauthentic");
				} else if (!this.#mix(token)) return this.#refuse("low-order");
			}
			if (this.#symmetric.encrypts && message.length - offset < TAG_BYTES) return this.#refuse("malformed");
			const payload = this.#symmetric.decryptAndHash(message.subarray(offset));
			if (payload === undefined) return this.#refuse("unauthentic");
			this.#advance();
			return accept(payload);
		} catch (fault) {
			this.close();
			throw fault;
		}
	}

	/** The transport of a finished handshake. Closes this. */
	split(): Transport {
		assert(this.#state === "finished", "a handshake is split before its end");
		const [initiators, responders] = this.#symmetric.split();
		this.close();
		if (this.#pattern.messages.length > 1) {
			return this.#initiator
				? new Transport(this.#crypto, initiators, responders)
				: new Transport(this.#crypto, responders, initiators);
		}
		responders.close();
		return this.#initiator
			? new Transport(this.#crypto, initiators, undefined)
			: new Transport(this.#crypto, undefined, initiators);
	}

	/** Wipes everything this owns. Idempotent. */
	close(): void {
		this.#state = "closed";
		this.#closeKeys();
		this.#symmetric.close();
	}

	#closeKeys(): void {
		this.#static?.close();
		this.#ephemeral?.close();
		this.#psk?.close();
		this.#static = undefined;
		this.#ephemeral = undefined;
		this.#psk = undefined;
	}

	#refuse<Reason extends NoiseReason>(reason: Reason) {
		this.close();
		return refuse(reason);
	}

	/** The tokens of the next message, when it is this side's to write or to read. */
	#take(writes: boolean): readonly NoiseToken[] {
		assert(this.#state === "running", "a handshake is used after its end");
		const ours = (this.#next % 2 === 0) === this.#initiator;
		assert(ours === writes, "a handshake message out of turn");
		return this.#pattern.messages[this.#next]!;
	}

	#advance(): void {
		this.#next++;
		if (this.#next < this.#pattern.messages.length) return;
		this.#state = "finished";
		this.#closeKeys();
	}

	#known(local: boolean): Uint8Array {
		if (local) return this.#localStatic().publicKey;
		assert(this.#remoteStatic !== undefined, "the pattern needs the peer's static key");
		return this.#remoteStatic;
	}

	#localStatic(): DhKeyPair {
		assert(this.#static !== undefined, "the pattern needs a static key pair");
		return this.#static;
	}

	#writeEphemeral(): Uint8Array {
		this.#ephemeral = this.#crypto.generateEphemeral();
		const { publicKey } = this.#ephemeral;
		this.#symmetric.mixHash(publicKey);
		if (this.#pattern.psk) this.#symmetric.mixKey(publicKey);
		return publicKey;
	}

	#readEphemeral(key: Uint8Array): void {
		this.#remoteEphemeral = new Uint8Array(key);
		this.#symmetric.mixHash(key);
		if (this.#pattern.psk) this.#symmetric.mixKey(key);
	}

	#readStatic(sealed: Uint8Array): boolean {
		const key = this.#symmetric.decryptAndHash(sealed);
		if (key === undefined) return false;
		this.#remoteStatic = key;
		return true;
	}

	/** False when a Diffie-Hellman output is all zero. */
	#mix(token: NoiseToken): boolean {
		if (token === "psk") {
			assert(this.#psk !== undefined, "the pattern needs a psk");
			this.#symmetric.mixKeyAndHash(this.#psk);
			return true;
		}
		// Of the two letters the first names the initiator's key, the second the responder's.
		const [local, remote] = this.#initiator ? [token[0], token[1]] : [token[1], token[0]];
		const pair = local === "e" ? this.#ephemeral : this.#static;
		const peer = remote === "e" ? this.#remoteEphemeral : this.#remoteStatic;
		assert(pair !== undefined && peer !== undefined, "the pattern needs a key that is not there");
		const shared = pair.agree(peer);
		if (shared === undefined) return false;
		try {
			this.#symmetric.mixKey(shared);
		} finally {
			shared.close();
		}
		return true;
	}
}
