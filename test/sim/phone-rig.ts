/**
 * A phone at a LockRig, made of the product's own initiator. Its wire is in the test's hand: `held` frames wait, and
 * anything may be sent in their place. Requests and replies are matched by the caller's eye: `ask` waits for one.
 */
import { assert } from "../../modules/base/assert.ts";
import { pairingPsk } from "../../modules/pairing/initiator.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { SessionInitiator } from "../../modules/session/initiator.ts";
import type { CborFields } from "../../modules/wire/cbor-encode.ts";
import { COMMANDS, type CommandName } from "../../modules/wire/command.ts";
import { enrolmentBytes } from "../../modules/wire/enrolment.ts";
import type { ChannelEnvelope } from "../../modules/wire/envelope.ts";
import type { Label } from "../../modules/wire/label.ts";
import type { Notice, Reply } from "../../modules/wire/session-message.ts";
import type { RigChannel } from "./lock-rig.ts";
import { p256PublicKey, p256Sign } from "./p256.ts";
import type { SimTime } from "./time.ts";

/** What carries the phone's channels: a LockRig's serial line, or the local network. */
export interface PhoneWire {
	readonly board: { readonly time: SimTime };
	newChannel(channel: RigChannel): number;
	send(envelope: ChannelEnvelope): void;
}

export class PhoneRig {
	readonly key25519: Uint8Array;
	readonly notices: Notice[] = [];
	readonly replies: Reply[] = [];
	/** Every frame that went either way in the present session. */
	readonly sent: Uint8Array[] = [];
	readonly received: Uint8Array[] = [];
	/** While true what this phone sends waits in `held`. */
	holding = false;
	readonly held: Uint8Array[] = [];
	closed = true;
	ready = false;
	/** Why the phone itself gave up. */
	fault: string | undefined;
	readonly #rig: PhoneWire;
	readonly #crypto: TestCrypto;
	readonly #label: Label;
	readonly #privateKey: Uint8Array;
	#keyP256: Uint8Array | undefined;
	#initiator: SessionInitiator | undefined;
	#channel = 0;
	#nextId = 1;

	constructor(rig: PhoneWire, crypto: TestCrypto, label: Label, seed: number) {
		this.#rig = rig;
		this.#crypto = crypto;
		this.#label = label;
		this.#privateKey = new Uint8Array(32).fill(seed);
		const pair = crypto.importKeyPair(this.#privateKey.slice());
		this.key25519 = pair.publicKey.slice();
		pair.close();
	}

	/** Reckoned when it is first asked for: it takes a while. */
	get keyP256(): Uint8Array {
		this.#keyP256 ??= p256PublicKey(this.#privateKey);
		return this.#keyP256;
	}

	get channel(): number {
		return this.#channel;
	}

	/** Opens a channel and runs the handshake as far as the lock lets it. */
	connect(method: "session" | "qr" = "session", label: Label = this.#label): void {
		this.sent.length = 0;
		this.received.length = 0;
		this.replies.length = 0;
		this.closed = false;
		this.ready = false;
		this.fault = undefined;
		const staticKeys = this.#crypto.importKeyPair(this.#privateKey.slice());
		if (method === "session") {
			this.#initiator = new SessionInitiator(this.#crypto, label, { staticKeys });
		} else {
			const secret = this.#crypto.importSecret(label.setupSecret.slice());
			const psk = pairingPsk(this.#crypto, label.serial, secret);
			secret.close();
			this.#initiator = new SessionInitiator(this.#crypto, label, { staticKeys, psk });
		}
		this.#channel = this.#rig.newChannel({
			onFrame: (frame) => this.#receive(frame),
			onClosed: () => {
				this.closed = true;
			},
		});
		this.#rig.send({ kind: "open", channel: this.#channel });
	}

	/** Claims the lock; the reply to `enrol`, or undefined when there was none. */
	pair(name = "Ada", label: Label = this.#label): Reply | undefined {
		this.connect("qr", label);
		return this.ready ? this.enrol(name) : undefined;
	}

	enrol(name = "Ada"): Reply | undefined {
		return this.ask("enrol", { 0: name, 1: this.keyP256, 2: this.proof() });
	}

	/** Of the keys that this phone enrols. */
	proof(): Uint8Array {
		return p256Sign(this.#crypto, this.#privateKey, enrolmentBytes(this.#label.serial, this.key25519));
	}

	/** Sends one request and lets time pass until its reply is there; undefined when none came within a minute. */
	ask(command: CommandName | number, args?: CborFields, actAgoMs = 0): Reply | undefined {
		const id = this.send(command, args, actAgoMs);
		this.#rig.board.time.advanceUntil(() => this.closed || this.reply(id) !== undefined, 60000);
		return this.reply(id);
	}

	reply(id: number): Reply | undefined {
		return this.replies.find((reply) => reply.id === id);
	}

	/** Seals and sends one request, without waiting. Its id. */
	send(command: CommandName | number, args?: CborFields, actAgoMs = 0): number {
		const id = this.#nextId++;
		const number = typeof command === "number" ? command : COMMANDS[command];
		const sealed = this.#initiator?.seal(id, number, this.#rig.board.time.nowMs - actAgoMs, args);
		assert(sealed?.ok === true, "the phone has no session");
		this.transmit(sealed.value);
		return id;
	}

	/** A frame as it is. */
	transmit(frame: Uint8Array): void {
		this.sent.push(frame);
		if (this.holding) this.held.push(frame);
		else this.#rig.send({ kind: "data", channel: this.#channel, frame });
	}

	/** Lets held frames go, in order. */
	release(): void {
		this.holding = false;
		for (const frame of this.held.splice(0)) {
			this.#rig.send({ kind: "data", channel: this.#channel, frame });
		}
	}

	adoptAnchor(reply: Reply): void {
		this.#initiator?.adoptAnchor(reply.result.uint(0) ?? 0, this.#rig.board.time.nowMs);
	}

	disconnect(): void {
		this.#rig.send({ kind: "close", channel: this.#channel });
		this.#initiator?.close();
		this.closed = true;
	}

	#receive(frame: Uint8Array): void {
		this.received.push(frame);
		const event = this.#initiator?.receive(frame, this.#rig.board.time.nowMs);
		if (event === undefined) return;
		if (!event.ok) {
			this.fault = event.reason;
			return;
		}
		if (event.value.kind === "handshake") {
			for (const reply of event.value.send) this.transmit(reply);
			if (event.value.ready) this.ready = true;
			return;
		}
		const { message } = event.value;
		if (message.kind === "reply") this.replies.push(message.reply);
		else this.notices.push(message.notice);
	}
}
