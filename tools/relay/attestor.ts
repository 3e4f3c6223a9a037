/**
 * Asks locks for their attestation (docs/UPDATE.md 9) with a nonce of its own for each, and takes one answer to each: by the key that
 * the registry has for the lock that was asked, in its name, over that nonce. Anything else is kept as refused and said.
 */
import { randomBytes } from "node:crypto";
import { bytesEqual, fromHex } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { type AttestationReason, verifyAttestation } from "../../modules/update/attest.ts";
import {
	ATTESTATION_BYTES_MAX,
	ATTESTATION_NONCE_BYTES,
	type Attestation,
	decodeAttestation,
} from "../../modules/wire/attestation.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { asArray, asBytes } from "../../modules/wire/cbor-map.ts";
import { NodeCrypto } from "../crypto/node.ts";
import type { AttestationTable } from "./attestation-table.ts";
import { type AttestedHeights, heightsOf, higher, NO_HEIGHTS } from "./attested-heights.ts";
import type { RelayClock } from "./clock.ts";
import type { ConnectedDevice } from "./device-service.ts";
import type { RelayLimits } from "./limits.ts";
import type { RelayLog } from "./log.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { UpdateJournal } from "./update-journal.ts";
import type { AttestationRank } from "./update-schema.ts";

/** Questions of one connection that may be open: somebody at a command line may ask while the relay does. */
const NONCES_MAX = 4;

/** What is known of one connection's lock. */
export interface AttestedLock {
	readonly device: ConnectedDevice;
	/** The P-256 point that the registry has for the serial. */
	readonly publicKey: Uint8Array;
	/** The build that it attested last, on this connection or before. */
	board: string | undefined;
	/** What it attested on this connection. */
	attested: Attestation | undefined;
	/** The highest that it ever attested. */
	heights: AttestedHeights;
	/** That it was asked with and has not answered, the oldest first. */
	readonly nonces: Uint8Array[];
	/** An auditor's nonce that it has not answered. */
	challenge: Uint8Array | undefined;
	tries: number;
	nextAskMs: number;
}

export type RefusedAttestation =
	| AttestationReason
	| "serial" // signed by this lock's key in another lock's name
	| "unasked"; // nobody asked, or it was answered before

/** Whether an attestation is the word of the lock with this serial and key, in answer to this nonce. */
export function judgeAttestation(
	serial: string,
	publicKey: Uint8Array,
	nonce: Uint8Array,
	statement: Uint8Array,
): Result<Attestation, AttestationReason | "serial"> {
	const verified = verifyAttestation(new NodeCrypto(), publicKey, nonce, statement);
	if (!verified.ok) return verified;
	return verified.value.serial === serial ? accept(verified.value) : refuse("serial");
}

export class Attestor {
	readonly #table: AttestationTable;
	readonly #journal: UpdateJournal;
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #clock: RelayClock;
	readonly #all: TokenBucket;

	constructor(
		table: AttestationTable,
		journal: UpdateJournal,
		limits: RelayLimits,
		log: RelayLog,
		clock: RelayClock,
	) {
		this.#clock = clock;
		this.#table = table;
		this.#journal = journal;
		this.#limits = limits;
		this.#log = log;
		this.#all = new TokenBucket(limits.attestationsBurst, limits.attestationsPerMinute, clock.monotonicMs());
	}

	/** A lock that came, with what it attested before. */
	async meet(device: ConnectedDevice, publicKeyHex: string): Promise<AttestedLock> {
		const publicKey = fromHex(publicKeyHex) ?? new Uint8Array(0);
		const lock: AttestedLock = {
			device,
			publicKey,
			board: undefined,
			attested: undefined,
			heights: NO_HEIGHTS,
			nonces: [],
			challenge: await this.#table.challengeOf(device.serial),
			tries: 0,
			nextAskMs: 0,
		};
		for (const { rank, statement, nonce } of await this.#table.of(device.serial)) {
			if (rank === "refused") continue;
			const former = judgeAttestation(device.serial, publicKey, nonce, statement);
			if (!former.ok) continue;
			if (rank === "latest") lock.board = former.value.board;
			lock.heights = higher(lock.heights, heightsOf(former.value));
		}
		return lock;
	}

	/** Somebody at a command line asks, with a challenge of his own if he has one. */
	async requested(lock: AttestedLock): Promise<void> {
		lock.challenge = await this.#table.challengeOf(lock.device.serial);
	}

	/** `isUrgent`: somebody waits for it. A lock that does not answer is asked again less and less often. True: it was asked. */
	ask(lock: AttestedLock, nowMs: number, isUrgent = false): boolean {
		if (!isUrgent && nowMs < lock.nextAskMs) return false;
		if (!this.#all.take(1, nowMs)) return false;
		const nonce = lock.challenge ?? new Uint8Array(randomBytes(ATTESTATION_NONCE_BYTES));
		if (!lock.device.send({ kind: "attest-request", nonce })) return false;
		const { attestationPauseMs, attestationPauseMaxMs } = this.#limits;
		lock.nonces.push(nonce);
		if (lock.nonces.length > NONCES_MAX) lock.nonces.shift();
		lock.nextAskMs = nowMs + Math.min(attestationPauseMs * 2 ** lock.tries, attestationPauseMaxMs);
		lock.tries++;
		return true;
	}

	/** One answer to one question. True: it answered one, well or badly. */
	receive(lock: AttestedLock, statement: Uint8Array): boolean {
		const { serial } = lock.device;
		const nonce = takeNonce(lock, statement);
		if (nonce === undefined) {
			this.#refused(serial, "unasked");
			return false;
		}
		const judged = judgeAttestation(serial, lock.publicKey, nonce, statement);
		const atMs = this.#clock.unixMs();
		if (!judged.ok) {
			this.#refused(serial, judged.reason);
			this.#journal.attested({ serial, ranks: ["refused"], statement, nonce, reason: judged.reason, atMs });
			return true;
		}
		const isChallenged = lock.challenge !== undefined && bytesEqual(lock.challenge, nonce);
		if (isChallenged) lock.challenge = undefined;
		const ranks: readonly AttestationRank[] = [
			...ranksOf(lock.heights, heightsOf(judged.value)),
			...(isChallenged ? (["challenged"] as const) : []),
		];
		lock.board = judged.value.board;
		lock.attested = judged.value;
		lock.heights = higher(lock.heights, heightsOf(judged.value));
		lock.tries = 0;
		this.#journal.attested({ serial, ranks, statement, nonce, reason: undefined, atMs });
		return true;
	}

	#refused(serial: string, reason: RefusedAttestation): void {
		this.#log.write("warning", "attestation-refused", { serial, reason });
	}
}

/** One word each for what it is the highest in: floors that were taken back under the same image have another's word against them. */
function ranksOf(former: AttestedHeights, now: AttestedHeights): readonly AttestationRank[] {
	const ranks: AttestationRank[] = ["latest"];
	if (now.sequence > former.sequence) ranks.push("highest");
	if (now.sequenceFloor > former.sequenceFloor) ranks.push("sequence-floor");
	if (now.securityFloor > former.securityFloor) ranks.push("security-floor");
	return ranks;
}

/** Of the question that this answers, or seems to; one answer to each, good or bad. Who signed is not asked here. */
function takeNonce({ nonces }: AttestedLock, statement: Uint8Array): Uint8Array | undefined {
	const parts = decodeCbor(statement);
	const payload = parts.ok
		? asBytes(asArray(parts.value, 4)?.[2], { min: 1, max: ATTESTATION_BYTES_MAX })
		: undefined;
	const claim = payload && decodeAttestation(payload);
	const named = claim?.ok === true ? nonces.findIndex((each) => bytesEqual(each, claim.value.nonce)) : -1;
	return nonces.splice(named < 0 ? nonces.length - 1 : named, 1)[0];
}
