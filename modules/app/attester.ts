/**
 * Signs what the lock is, over the nonce of whoever asks (docs/UPDATE.md 9). At an allowance, since each costs a signature (T16).
 * What it proves, and what it does not, is said there.
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { DEVICE_KEYS, type Identity } from "../identity/identity.ts";
import type { KeyStore } from "../platform/keys.ts";
import { makeAttestation } from "../update/attest.ts";
import type { RunningDigest } from "../update/running-digest.ts";
import { type Asker, AskerAllowance } from "./asker-allowance.ts";
import type { UpdateHost, UpdateRecords } from "./update-host.ts";

export interface AttesterOptions extends UpdateHost {
	readonly keys: KeyStore;
	readonly records: UpdateRecords;
	readonly running: RunningDigest;
	readonly identity: Identity;
	readonly boots: () => number;
}

export type AttestRefusal =
	| "busy" // the bolt drives
	| "too-often"
	| "no-key"; // a blank board, or a key that cannot be read

export class Attester {
	readonly #options: AttesterOptions;
	readonly #allowance = new AskerAllowance(LIMITS.attestationsBurst, LIMITS.attestationsPerMinute);

	constructor(options: AttesterOptions) {
		this.#options = options;
	}

	/** nonce: 16 bytes. */
	attest(asker: Asker, nonce: Uint8Array): Result<Uint8Array, AttestRefusal> {
		const { clock, keys, mayWork } = this.#options;
		if (!mayWork()) return refuse("busy");
		const serial = this.#options.identity.serial;
		if (serial === undefined) return refuse("no-key");
		if (!this.#allowance.take(asker, clock.monotonicMs())) return refuse("too-often");
		const signed = attempt(() =>
			makeAttestation(this.#words(nonce, serial), (message) => keys.sign(DEVICE_KEYS.device, message)),
		);
		return signed.ok ? accept(signed.value) : refuse("no-key");
	}

	#words(nonce: Uint8Array, serial: string): Parameters<typeof makeAttestation>[0] {
		const { firmware, slots, trust, records, running, identity, boots } = this.#options;
		const { sequence, securityVersion } = records.floors.current;
		const hasSlots = slots.slotBytes > 0;
		return {
			nonce,
			serial,
			board: slots.board,
			runningDigest: running.value,
			version: firmware.version,
			sequence: firmware.sequence,
			securityVersion: firmware.securityVersion,
			sequenceFloor: sequence,
			securityFloor: securityVersion,
			securityFuse: hasSlots ? slots.securityFloor : 0,
			trustVersion: trust.version,
			runningSlot: hasSlots ? slots.running : undefined,
			runningState: hasSlots && slots.running !== undefined ? slots.state(slots.running) : "unset",
			otherState: hasSlots ? slots.state(slots.target) : "unset",
			sealed: identity.stage === "sealed",
			boots: boots(),
		};
	}
}
