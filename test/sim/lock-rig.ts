/**
 * A whole lock on the simulated host, with the hands and phones around it: what the tests of sessions, pairing and
 * app drive. The computer at the serial line carries frames as a relay would; a test may hold, change or repeat them.
 * Everything is synchronous, in simulated time, on both engines.
 */
import { App, type AppOptions } from "../../modules/app/app.ts";
import { Recovery } from "../../modules/app/recovery.ts";
import { assert } from "../../modules/base/assert.ts";
import type { Firmware } from "../../modules/base/version.ts";
import { openN } from "../../modules/noise/one-way.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import { decodeCborMap } from "../../modules/wire/cbor-decode.ts";
import type { CborFields } from "../../modules/wire/cbor-encode.ts";
import { Deframer, encodeFrame } from "../../modules/wire/cobs.ts";
import { decodeFromLock, encodeEnvelope, type ToLock } from "../../modules/wire/envelope.ts";
import { type Label, labelPrologue } from "../../modules/wire/label.ts";
import {
	decodeLineAnswer,
	encodeLineRequest,
	isLineFrame,
	type LineAnswer,
	type LineVerbName,
} from "../../modules/wire/line-verb.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import { makeDeviceCertificate } from "../unit/trust/certificates.ts";
import { SimBoard, type SimBoardOptions } from "./board.ts";
import { signBundle, trustBundle } from "./bundles.ts";

export const RIG_SERIAL = "LK-TEST-0001";
export const SIM_FIRMWARE: Firmware = Object.freeze({
	vendor: "latchkey.example",
	version: "1.0.0-sim",
	sequence: 1,
	securityVersion: 0,
});
const LINE_KEY = new Uint8Array(32).fill(7);

/** Of each boot; undefined: this boot never gets as far as an App. */
export type RigApp = AppOptions | ((platform: Platform, board: SimBoard) => AppOptions | undefined);

/** What comes back on one channel of the serial line. */
export interface RigChannel {
	onFrame(frame: Uint8Array): void;
	onClosed(): void;
}

export class LockRig {
	readonly board: SimBoard;
	readonly #crypto: TestCrypto;
	readonly #options: RigApp;
	readonly #channels = new Map<number, RigChannel>();
	readonly #answers: LineAnswer[] = [];
	#deframer = new Deframer();
	#nextChannel = 1;

	constructor(options: SimBoardOptions, app: RigApp = { firmware: SIM_FIRMWARE }) {
		this.#crypto = options.crypto;
		this.#options = app;
		this.board = new SimBoard(options);
		this.boot();
	}

	/** Starts the firmware (over); every channel is gone. */
	boot(): void {
		this.#channels.clear();
		this.#deframer = new Deframer();
		let platform: Platform | undefined;
		// The boot loader may meet a power cut.
		this.board.run(() => {
			platform = this.board.boot();
		});
		if (platform === undefined) return;
		const booted = platform;
		this.board.serial.onData = (bytes) => {
			this.#deframer.push(bytes, (frame) => this.#receive(frame));
		};
		this.board.run(() => {
			// As a host: where neither slot boots.
			if (booted.slots.slotBytes > 0 && booted.slots.running === undefined) {
				return new Recovery(booted, SIM_FIRMWARE).start();
			}
			const options = typeof this.#options === "function" ? this.#options(booted, this.board) : this.#options;
			if (options !== undefined) new App(booted, options).start();
		});
		this.board.time.settle();
	}

	// ---- the factory line ----

	verb(verb: LineVerbName, args?: CborFields): LineAnswer {
		this.#write(encodeLineRequest(verb, args));
		const answer = this.#answers.shift();
		assert(answer !== undefined, `no answer to ${verb}`);
		return answer;
	}

	/** Gives the lock its serial and keys, as a line would, and reads its label. */
	provision(): Label {
		const begun = this.verb("begin", { 0: RIG_SERIAL, 1: "sim" });
		const noisePublicKey = begun.result.bytes(1, 32);
		const line = this.#crypto.importKeyPair(LINE_KEY.slice());
		const sealed = this.verb("label", { 0: line.publicKey.slice() }).result.bytes(0, {
			min: 1,
			max: 256,
		});
		assert(sealed !== undefined && noisePublicKey !== undefined, "the line was refused");
		const setupSecret = openN(this.#crypto, labelPrologue(RIG_SERIAL), line, sealed);
		assert(setupSecret.ok, "the label does not open");
		return { serial: RIG_SERIAL, noisePublicKey, setupSecret: setupSecret.value };
	}

	/** Sends a signed bundle over the line; the answer to the last piece, or to the first that was refused. */
	deliverTrust(message: Uint8Array): LineAnswer {
		let answer: LineAnswer | undefined;
		for (const piece of encodePieces(message)) {
			answer = this.verb("trust", piece);
			if (answer.code !== "done") break;
		}
		assert(answer !== undefined, "an empty bundle");
		return answer;
	}

	/** After `provision`: trust with these relays and a certificate, which is returned. */
	install(relays: readonly RelayAddress[], parts: Partial<TrustBundle> = {}): Uint8Array {
		return this.installMessage(signBundle(this.#crypto, trustBundle({ relays, ...parts })));
	}

	installMessage(message: Uint8Array): Uint8Array {
		const key = this.verb("identify").result.bytes(4, 65);
		assert(key !== undefined, "a board without a key");
		const certificate = makeDeviceCertificate(RIG_SERIAL, key);
		assert(this.deliverTrust(message).code === "done", "the bundle was refused");
		assert(this.verb("install", { 0: [certificate] }).code === "done", "the certificate was refused");
		return certificate;
	}

	// ---- channels, as a relay would open them ----

	/** The number of a new channel, which `send` of an open envelope opens. */
	newChannel(channel: RigChannel): number {
		const number = this.#nextChannel++;
		this.#channels.set(number, channel);
		return number;
	}

	send(envelope: ToLock): void {
		this.#write(encodeEnvelope(envelope));
	}

	/** Bytes as they are, for hostile lines. */
	writeRaw(bytes: Uint8Array): void {
		this.board.serial.write(bytes);
		this.board.time.settle();
	}

	// ---- hands at the door ----

	/** A short press of the inside button. */
	press(): void {
		this.hold(200);
		this.board.time.advance(200);
	}

	hold(ms: number): void {
		this.board.hardware.set("button", true);
		this.board.time.advance(ms);
		this.board.hardware.set("button", false);
		this.board.time.settle();
	}

	pressExit(): void {
		this.board.hardware.set("exit", true);
		this.board.time.advance(100);
		this.board.hardware.set("exit", false);
		this.board.time.advance(1000);
	}

	advance(ms: number): void {
		this.board.time.advance(ms);
	}

	get log(): string {
		return this.board.logs.join("\n");
	}

	#write(frame: Uint8Array): void {
		this.board.serial.write(encodeFrame(frame));
		this.board.time.settle();
		this.board.serial.take();
	}

	#receive(frame: Uint8Array): void {
		const map = decodeCborMap(frame);
		assert(map.ok, "the lock wrote what is no CBOR");
		if (isLineFrame(map.value)) {
			const answer = decodeLineAnswer(frame);
			assert(answer.ok, "the lock wrote what is no answer");
			this.#answers.push(answer.value);
			return;
		}
		const envelope = decodeFromLock(frame);
		assert(envelope.ok, "the lock wrote what is no envelope");
		if (envelope.value.kind !== "data" && envelope.value.kind !== "close") return;
		const channel = this.#channels.get(envelope.value.channel);
		if (envelope.value.kind === "data") return channel?.onFrame(envelope.value.frame);
		this.#channels.delete(envelope.value.channel);
		channel?.onClosed();
	}
}
