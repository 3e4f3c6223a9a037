/**
 * The lock's side of opening one channel (PROTOCOL 4, DESIGN 5.1), up to the session it becomes.
 *
 *   waiting ──hello, MAC holds──▶ handshaking ──last message──▶ proven ──first sealed frame opens──▶ (session open)
 *      └──────────────┴───────────────┴───── anything else, or LIMITS.halfOpenMs ─────▶ closed
 *
 * Nothing but the MAC is computed for a stranger who lacks the lock's Noise public key. Every refusal looks the same
 * outside; `onRefused` has the reason for the local log. The owner of the object ends it by `close`.
 *
 * Memory or entropy that runs out on the way refuses this one channel: a stranger gets to reboot nothing (T16).
 */
import { attempt } from "../base/device-error.ts";
import type { HandshakeState } from "../noise/handshake-state.ts";
import type { Clock } from "../platform/clock.ts";
import type { Crypto, DhKeyPair } from "../platform/crypto.ts";
import {
	CHALLENGE_BYTES,
	decodeHello,
	encodeChallenge,
	type Hello,
	helloMac,
	sessionPrologue,
} from "../wire/hello.ts";
import type { HandshakeMethod } from "./method.ts";
import { Session, type SessionWire } from "./session.ts";

export interface ResponderContext {
	readonly crypto: Crypto;
	readonly clock: Clock;
	readonly serial: string;
	readonly noisePublicKey: Uint8Array;
	readonly transportName: string;
	readonly methods: readonly HandshakeMethod[];
	/** The lock's static key; the handshake closes it. Undefined when it cannot be read: nobody is served. */
	openStaticKey(): DhKeyPair | undefined;
	/** Takes one handshake from the transport's allowance, after the MAC held; else the reason why not. */
	admitHandshake(): string | undefined;
}

export interface ResponderWire extends SessionWire {
	refused(reason: string): void;
}

interface Handshaking {
	readonly kind: "handshaking";
	readonly noise: HandshakeState;
	readonly method: HandshakeMethod;
	readonly anchoredAtMs: number;
}

type State =
	| { readonly kind: "waiting"; readonly challenge: Uint8Array }
	| Handshaking
	| { readonly kind: "proven"; readonly session: Session }
	| { readonly kind: "closed" };

export class ChannelResponder {
	readonly #context: ResponderContext;
	readonly #wire: ResponderWire;
	#state: State;

	/** Throws DeviceError where there is no entropy for a challenge. */
	constructor(context: ResponderContext, wire: ResponderWire) {
		this.#context = context;
		this.#wire = wire;
		const challenge = context.crypto.random(CHALLENGE_BYTES);
		this.#state = { kind: "waiting", challenge };
		wire.send(encodeChallenge(challenge));
	}

	/** True from the hello on: the handshake holds memory and keys. */
	get isHalfOpen(): boolean {
		return this.#state.kind === "handshaking" || this.#state.kind === "proven";
	}

	/** The session that has proven its key; its frames go to it from now on. */
	get session(): Session | undefined {
		return this.#state.kind === "proven" ? this.#state.session : undefined;
	}

	/** A handshake frame. */
	receive(frame: Uint8Array): void {
		const received = attempt(() => this.#receive(frame));
		if (received.ok) return;
		if (this.#state.kind === "proven") return this.#state.session.end("fault");
		this.close();
		this.#refuse(`fault ${received.reason}`);
	}

	/** Wipes what the handshake holds. Idempotent. */
	close(): void {
		if (this.#state.kind === "handshaking") this.#state.noise.close();
		if (this.#state.kind !== "proven") this.#state = { kind: "closed" };
	}

	#receive(frame: Uint8Array): void {
		switch (this.#state.kind) {
			case "waiting":
				return this.#receiveHello(frame, this.#state.challenge);
			case "handshaking":
				return this.#receiveLast(frame, this.#state);
			default:
				return;
		}
	}

	#receiveHello(frame: Uint8Array, challenge: Uint8Array): void {
		const { crypto, noisePublicKey, methods } = this.#context;
		const hello = decodeHello(frame);
		if (!hello.ok) return this.#refuse("hello-malformed");
		const mac = helloMac(crypto, noisePublicKey, challenge, hello.value.method, hello.value.message);
		if (!crypto.equal(mac, hello.value.mac)) return this.#refuse("hello-mac");
		const method = methods.find((candidate) => candidate.method === hello.value.method);
		if (method === undefined) return this.#refuse("method");
		const refusal = method.refusal() ?? this.#context.admitHandshake();
		if (refusal !== undefined) return this.#refuse(refusal);
		this.#handshake(hello.value, method, challenge);
	}

	#handshake(hello: Hello, method: HandshakeMethod, challenge: Uint8Array): void {
		const { crypto, clock, serial } = this.#context;
		const prologue = sessionPrologue(serial, hello.method, challenge);
		const localStatic = this.#context.openStaticKey();
		const noise = localStatic && method.openHandshake(crypto, prologue, localStatic);
		if (noise === undefined) return this.#refuse("key");
		const payload = noise.readMessage(hello.message);
		if (!payload.ok || payload.value.length !== 0) {
			noise.close();
			return this.#refuse(payload.ok ? "payload" : `handshake-${payload.reason}`);
		}
		const known = noise.remoteStatic;
		if (known !== undefined && !method.admits(known)) {
			noise.close();
			return this.#refuse("unknown-phone");
		}
		const reply = noise.writeMessage(new Uint8Array(0));
		if (!reply.ok) {
			noise.close();
			return this.#refuse(`handshake-${reply.reason}`);
		}
		const anchoredAtMs = clock.monotonicMs();
		this.#state = { kind: "handshaking", noise, method, anchoredAtMs };
		if (noise.finished) this.#prove(noise, method, anchoredAtMs);
		this.#wire.send(reply.value);
	}

	#receiveLast(frame: Uint8Array, { noise, method, anchoredAtMs }: Handshaking): void {
		const payload = noise.readMessage(frame);
		if (!payload.ok || payload.value.length !== 0 || !noise.finished) {
			noise.close();
			return this.#refuse(payload.ok ? "payload" : `handshake-${payload.reason}`);
		}
		const phoneKey = noise.remoteStatic;
		if (phoneKey === undefined || !method.admits(phoneKey)) {
			noise.close();
			return this.#refuse("unknown-phone");
		}
		this.#prove(noise, method, anchoredAtMs);
	}

	#prove(noise: HandshakeState, method: HandshakeMethod, anchoredAtMs: number): void {
		const { clock, transportName } = this.#context;
		const session = new Session({
			phoneKey: noise.remoteStatic!.slice(),
			method: method.method,
			transportName,
			noise: noise.split(),
			clock,
			anchoredAtMs,
			wire: this.#wire,
		});
		this.#state = { kind: "proven", session };
	}

	#refuse(reason: string): void {
		this.#state = { kind: "closed" };
		this.#wire.refused(reason);
	}
}
