/** One of each message of an update (docs/UPDATE.md 2 to 9). */
import type { Attestation } from "../../modules/wire/attestation.ts";
import type { FreshnessClaim } from "../../modules/wire/freshness.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { NAMES } from "./updates.ts";

export const CLAIM: FreshnessClaim = Object.freeze({
	...NAMES,
	sequence: 6,
	manifestDigest: new Uint8Array(32).fill(7),
	issuedUnixSeconds: 1_780_000_000,
	expiresUnixSeconds: 1_780_000_001,
});

export const REPORT: UpdateReport = Object.freeze({
	state: "downloading",
	version: "0.1.0",
	sequence: 5,
	securityVersion: 2,
	sequenceFloor: 5,
	securityFloor: 2,
	trustVersion: 3,
	offered: 6,
	goodBytes: 65536,
	totalBytes: 100000,
	viaDelta: true,
	result: "trial-bolt",
	resultSequence: 6,
	reverts: 2,
	freshUntilUnixSeconds: 1_780_000_000,
	stale: false,
});

export const ATTESTATION: Attestation = Object.freeze({
	nonce: new Uint8Array(16).fill(1),
	serial: "LK-0001",
	board: "sim",
	runningDigest: new Uint8Array(32).fill(7),
	version: "0.1.0",
	sequence: 5,
	securityVersion: 2,
	sequenceFloor: 5,
	securityFloor: 2,
	securityFuse: 1,
	trustVersion: 3,
	runningSlot: 1,
	runningState: "valid",
	otherState: "aborted",
	sealed: true,
	boots: 4,
});
