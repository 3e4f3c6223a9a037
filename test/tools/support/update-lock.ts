/**
 * A lock as an update service sees it, under a test's hand: it keeps what it is sent, reports what a test wants, and attests with a
 * key of its own.
 */
import { toHex } from "../../../modules/base/bytes.ts";
import { makeAttestation } from "../../../modules/update/attest.ts";
import type { Attestation } from "../../../modules/wire/attestation.ts";
import type { ToLock } from "../../../modules/wire/envelope.ts";
import type { ObjectPiece, UpdateOffer } from "../../../modules/wire/update-offer.ts";
import { encodeUpdateReport, type UpdateReport } from "../../../modules/wire/update-report.ts";
import { NobleCrypto, NobleSigningKey } from "../../../tools/crypto/noble.ts";
import type { ConnectedDevice } from "../../../tools/relay/device-service.ts";
import type { UpdateService } from "../../../tools/relay/update-service.ts";
import { check } from "../../harness/test.ts";
import { BOARD } from "./releases.ts";
import { eventually } from "./temporary.ts";

export class UpdateLock implements ConnectedDevice {
	readonly serial: string;
	readonly credential = "operational" as const;
	readonly key: NobleSigningKey;
	waitingBytes = 0;
	/** Nothing is taken. */
	full = false;
	/** So many pieces are taken. */
	room = Number.POSITIVE_INFINITY;
	report: UpdateReport = {
		state: "idle",
		version: "1.0.1",
		sequence: 1,
		securityVersion: 0,
		sequenceFloor: 1,
		securityFloor: 0,
		trustVersion: 1,
		goodBytes: 0,
		totalBytes: 0,
		viaDelta: false,
		result: "none",
		reverts: 0,
		stale: true,
	};
	/** What it attests otherwise than it reports. */
	attests: Partial<Attestation> = {};
	answers = true;
	readonly offers: UpdateOffer[] = [];
	readonly pieces: ObjectPiece[] = [];
	readonly nonces: Uint8Array[] = [];
	readonly statements: Uint8Array[] = [];
	#service: UpdateService | undefined;

	constructor(serial: string) {
		this.serial = serial;
		this.key = new NobleSigningKey(new NobleCrypto().random(32));
	}

	get publicKeyHex(): string {
		return toHex(this.key.publicKey);
	}

	/** Sequences of the manifests that it was offered; statements alone are left out. */
	get offered(): readonly Uint8Array[] {
		return this.offers.flatMap(({ manifest }) => (manifest === undefined ? [] : [manifest]));
	}

	get statementsAlone(): readonly Uint8Array[] {
		return this.offers.flatMap(({ manifest, freshness }) =>
			manifest === undefined && freshness !== undefined ? [freshness] : [],
		);
	}

	send(envelope: ToLock): boolean {
		if (this.full) return false;
		switch (envelope.kind) {
			case "update-offer":
				this.offers.push(envelope.offer);
				break;
			case "object-piece":
				if (this.room-- <= 0) return false;
				this.pieces.push(envelope.piece);
				break;
			case "attest-request":
				this.nonces.push(envelope.nonce);
				if (this.answers) setImmediate(() => this.attest(envelope.nonce));
				break;
			default:
				check.fail(`an update service sends no ${envelope.kind}`);
		}
		return true;
	}

	/** Comes and says how it stands. */
	connect(service: UpdateService): void {
		this.#service = service;
		service.attached(this);
		this.say();
	}

	disconnect(): void {
		this.#service?.detached(this);
	}

	say(parts: Partial<UpdateReport> = {}): void {
		this.report = { ...this.report, ...parts };
		this.#service?.receive(this, { kind: "update-report", report: encodeUpdateReport(this.report) });
	}

	/** What it would sign over a nonce. */
	statement(nonce: Uint8Array): Uint8Array {
		const { version, sequence, securityVersion, sequenceFloor, securityFloor, trustVersion } = this.report;
		const attestation: Attestation = {
			nonce,
			serial: this.serial,
			board: BOARD,
			runningDigest: undefined,
			...{ version, sequence, securityVersion, sequenceFloor, securityFloor, trustVersion },
			securityFuse: securityFloor,
			runningSlot: 0,
			runningState: "valid",
			otherState: "unset",
			sealed: true,
			boots: 1,
			...this.attests,
		};
		return makeAttestation(attestation, (bytes) => this.key.sign(bytes));
	}

	attest(nonce: Uint8Array): void {
		this.present(this.statement(nonce));
	}

	/** Any bytes as its answer. */
	present(statement: Uint8Array): void {
		this.statements.push(statement);
		this.#service?.receive(this, { kind: "attestation", statement });
	}

	want(digest: Uint8Array, offset: number, bytes: number): void {
		this.#service?.receive(this, { kind: "object-want", want: { digest, offset, bytes } });
	}

	async isOffered(count = 1): Promise<boolean> {
		return await eventually(() => this.offered.length >= count, 3_000);
	}
}
