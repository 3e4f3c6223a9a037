/**
 * The phone's side of a channel (PROTOCOL 4 and 5): from the lock's challenge to a session that seals requests and
 * opens what comes back. Frames in, frames out; it does no input or output and keeps no clock but the one it is given.
 *
 * The anchor's receipt is what stamps count from (PROTOCOL 5.3), so `receive` takes the time a frame arrived.
 */
import { assert } from "../base/assert.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { HandshakeState } from "../noise/handshake-state.ts";
import { openIkInitiator, openXxPsk0Initiator } from "../noise/initiator.ts";
import type { Transport as NoiseTransport } from "../noise/transport.ts";
import type { Crypto, DhKeyPair, Secret } from "../platform/crypto.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import { COMMANDS } from "../wire/command.ts";
import {
	decodeChallenge,
	encodeHello,
	helloMac,
	METHOD_QR,
	METHOD_SESSION,
	type Method,
	sessionPrologue,
} from "../wire/hello.ts";
import { decodeFromLock, encodeRequest, type FromLock } from "../wire/session-message.ts";

export interface LockIdentity {
	readonly serial: string;
	/** From the label, 32 bytes. */
	readonly noisePublicKey: Uint8Array;
}

export interface InitiatorSecrets {
	readonly staticKeys: DhKeyPair;
	readonly psk?: Secret;
}

export type InitiatorReason =
	| "version" // the lock speaks another protocol version
	| "malformed" // a frame that is not what must come now
	| "handshake" // the lock does not hold the key on its label, or not this psk
	| "frame" // a sealed frame did not open: something was replayed, reordered, dropped or changed
	| "closed"; // the session has ended

export type InitiatorEvent =
	/** Frames to send now, in order; `ready` when requests can be sealed from here on. */
	| { readonly kind: "handshake"; readonly send: readonly Uint8Array[]; readonly ready: boolean }
	| { readonly kind: "message"; readonly message: FromLock };

type State =
	| { readonly kind: "challenge" }
	| { readonly kind: "reply"; readonly noise: HandshakeState }
	| { readonly kind: "ready"; readonly noise: NoiseTransport }
	| { readonly kind: "closed" };

export class SessionInitiator {
	readonly #crypto: Crypto;
	readonly #lock: LockIdentity;
	readonly #method: Method;
	#secrets: InitiatorSecrets | undefined;
	#state: State = { kind: "challenge" };
	#anchor = 0;
	#anchoredAtMs = 0;

	/** Takes the secrets over. A psk makes it a pairing by QR secret. */
	constructor(crypto: Crypto, lock: LockIdentity, secrets: InitiatorSecrets) {
		this.#crypto = crypto;
		this.#lock = lock;
		this.#secrets = secrets;
		this.#method = secrets.psk === undefined ? METHOD_SESSION : METHOD_QR;
	}

	/** One frame from the lock, and the monotonic time at which it arrived. A refusal closes the session. */
	receive(frame: Uint8Array, nowMs: number): Result<InitiatorEvent, InitiatorReason> {
		switch (this.#state.kind) {
			case "challenge":
				return this.#receiveChallenge(frame);
			case "reply":
				return this.#receiveReply(frame, this.#state.noise, nowMs);
			case "ready":
				return this.#receiveSealed(frame, this.#state.noise);
			default:
				return refuse("closed");
		}
	}

	/** Seals one request for an act of the user at `actAtMs` (the clock of `receive`). */
	seal(
		id: number,
		command: number,
		actAtMs: number,
		args: CborFields | undefined,
	): Result<Uint8Array, "closed"> {
		if (this.#state.kind !== "ready") return refuse("closed");
		const stampMs = Math.round(actAtMs - this.#anchoredAtMs);
		const request = encodeRequest({ id, command, anchor: this.#anchor, stampMs, args });
		const sealed = this.#state.noise.seal(request);
		return sealed.ok ? sealed : refuse("closed");
	}

	/** The reply to an `anchor` request arrived: stamps count from it now. */
	adoptAnchor(anchor: number, nowMs: number): void {
		this.#anchor = anchor;
		this.#anchoredAtMs = nowMs;
	}

	/** Age of the anchor, for renewing it before it expires. */
	anchorAgeMs(nowMs: number): number {
		return nowMs - this.#anchoredAtMs;
	}

	/** Wipes the session's keys. Idempotent. */
	close(): void {
		if (this.#state.kind === "reply" || this.#state.kind === "ready") this.#state.noise.close();
		this.#secrets?.staticKeys.close();
		this.#secrets?.psk?.close();
		this.#secrets = undefined;
		this.#state = { kind: "closed" };
	}

	#receiveChallenge(frame: Uint8Array): Result<InitiatorEvent, InitiatorReason> {
		const challenge = decodeChallenge(frame);
		if (!challenge.ok) return this.#fail(challenge.reason);
		const { serial, noisePublicKey } = this.#lock;
		const prologue = sessionPrologue(serial, this.#method, challenge.value);
		const noise = this.#openHandshake(prologue);
		const message = noise.writeMessage(new Uint8Array(0));
		if (!message.ok) {
			noise.close();
			return this.#fail("handshake");
		}
		const mac = helloMac(this.#crypto, noisePublicKey, challenge.value, this.#method, message.value);
		this.#state = { kind: "reply", noise };
		const hello = encodeHello({ method: this.#method, message: message.value, mac });
		return accept({ kind: "handshake", send: [hello], ready: false });
	}

	#openHandshake(prologue: Uint8Array): HandshakeState {
		const crypto = this.#crypto;
		const secrets = this.#secrets;
		assert(secrets !== undefined, "one handshake for one pair of secrets");
		this.#secrets = undefined;
		const { staticKeys: localStatic, psk } = secrets;
		if (psk !== undefined) return openXxPsk0Initiator({ crypto, prologue, localStatic, psk });
		return openIkInitiator({ crypto, prologue, localStatic, remoteStatic: this.#lock.noisePublicKey });
	}

	#receiveReply(
		frame: Uint8Array,
		noise: HandshakeState,
		nowMs: number,
	): Result<InitiatorEvent, InitiatorReason> {
		const payload = noise.readMessage(frame);
		if (!payload.ok || payload.value.length !== 0) return this.#fail("handshake");
		const send: Uint8Array[] = [];
		if (!noise.finished) {
			// XXpsk0: the lock has shown its key only now; it must be the one on the label.
			const shown = noise.remoteStatic;
			if (shown === undefined || !this.#crypto.equal(shown, this.#lock.noisePublicKey)) {
				return this.#fail("handshake");
			}
			const last = noise.writeMessage(new Uint8Array(0));
			if (!last.ok) return this.#fail("handshake");
			send.push(last.value);
		}
		this.#state = { kind: "ready", noise: noise.split() };
		this.adoptAnchor(0, nowMs);
		return accept({ kind: "handshake", send, ready: true });
	}

	#receiveSealed(frame: Uint8Array, noise: NoiseTransport): Result<InitiatorEvent, InitiatorReason> {
		const plaintext = noise.open(frame);
		if (!plaintext.ok) return this.#fail("frame");
		const message = decodeFromLock(plaintext.value);
		if (!message.ok) return this.#fail("malformed");
		return accept({ kind: "message", message: message.value });
	}

	#fail(reason: InitiatorReason): Result<never, InitiatorReason> {
		this.close();
		return refuse(reason);
	}
}

/** The command whose reply `adoptAnchor` wants. */
export const ANCHOR_COMMAND = COMMANDS.anchor;
