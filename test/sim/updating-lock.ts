/**
 * A whole lock that can be updated, with a relay that offers and serves releases as a real one does, an owner's phone and a hand at
 * the line: one object drives a release through download, restart, trial and confirmation, over reboots and power cuts.
 *
 *   const lock = new UpdatingLock(crypto);
 *   const release = lock.release({ sequence: 2 });
 *   lock.publish(release);                       // the relay offers it whenever the link is ready, and serves what is asked for
 *   lock.drive(() => lock.isInstalled(release)); // lets time pass; boots again after each reboot, watchdog and power cut
 *
 * For sweeps: `lock.snapshot()` is all that a power cut leaves, `UpdatingLock.from(crypto, snapshot)` another life from there;
 * `lock.board.power.cutAt(n, mode)` cuts. What an image does when it runs is `behaviour`'s to say: the App of every image is
 * this tree's, its numbers are those of the image in the slot that runs.
 */
import type { AppOptions } from "../../modules/app/app.ts";
import { assert } from "../../modules/base/assert.ts";
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { SlotImage, SlotState } from "../../modules/platform/slots.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { CborMap } from "../../modules/wire/cbor-map.ts";
import { decodeFromLock } from "../../modules/wire/envelope.ts";
import type { Label } from "../../modules/wire/label.ts";
import type { LineAnswer } from "../../modules/wire/line-verb.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import type { Reply } from "../../modules/wire/session-message.ts";
import { encodeOffer, type ObjectWant, type UpdateOffer } from "../../modules/wire/update-offer.ts";
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import { BINARY } from "../unit/link/server-frames.ts";
import { SimRelay } from "../unit/link/sim-relay.ts";
import type { SimBoard, SimBoardOptions, SimSnapshot } from "./board.ts";
import { RELAY, signBundle, trustBundle } from "./bundles.ts";
import { LockRig, RIG_SERIAL, SIM_FIRMWARE } from "./lock-rig.ts";
import { PhoneRig } from "./phone-rig.ts";
import type { SimPower } from "./power.ts";
import { imageOf, makeRelease, type Release, type ReleaseParts, SIM_NAMES } from "./releases.ts";
import type { SimSlotsOptions } from "./slots.ts";
import { SimStorage } from "./storage.ts";

const SLOT_BYTES = 8 * LIMITS.chunkBytes;
const DRIVE_MS = 4 * 3600 * 1000;
const OWNER_SEED = 11;
const LOOK_MS = 50;
const LOOK_CLOSELY_MS = 60000;
const LOOK_SELDOM_MS = 600000;
const POLL_MS = 200;
const POLLS_MAX = 500;

/** What an image does when it runs. mute: no relay hears it. */
export type Behaviour = "good" | "crash" | "hang" | "mute" | "lies";

export interface UpdatingLockOptions {
	readonly slots?: Partial<SimSlotsOptions>;
	readonly trust?: Partial<TrustBundle>;
	/** The default is true: sealed, with an owner, and a relay that serves. */
	readonly sealed?: boolean;
	readonly snapshot?: SimSnapshot;
	readonly label?: Label;
	/** Of the first boot on. */
	readonly behaviour?: (image: SlotImage) => Behaviour;
	/** With a cut armed, or watched, before the first boot. */
	readonly power?: SimPower;
	readonly host?: Pick<SimBoardOptions, "keys" | "inflate">;
}

export class UpdatingLock {
	readonly rig: LockRig;
	readonly owner: PhoneRig;
	readonly label: Label;
	/** Connections that the relay accepted, oldest first. */
	readonly relays: SimRelay[] = [];
	/** What the lock said to its relay, oldest first. */
	readonly reports: UpdateReport[] = [];
	readonly wants: ObjectWant[] = [];
	readonly attestations: Uint8Array[] = [];
	/** False: nobody answers at the relay's address. */
	relayIsUp = true;
	/** What the relay makes of a want; the default serves what `publish` was given. */
	serve: (want: ObjectWant, relay: SimRelay) => void = (want, relay) => this.sendPieces(want, relay);
	behaviour: (image: SlotImage) => Behaviour = () => "good";
	readonly #crypto: TestCrypto;
	#published: Release | undefined;

	constructor(crypto: TestCrypto, options: UpdatingLockOptions = {}) {
		this.#crypto = crypto;
		if (options.behaviour !== undefined) this.behaviour = options.behaviour;
		const slotBytes = options.slots?.slotBytes ?? SLOT_BYTES;
		const { snapshot, power, host } = options;
		const isNew = slotBytes > 0 && snapshot === undefined;
		const slots = { slotBytes, ...(isNew && { image: imageOf(1) }), ...options.slots };
		const storage = power && new SimStorage(snapshot?.records, power);
		const board = { ...host, crypto, slots, ...(snapshot && { snapshot }), ...(storage && { storage }) };
		this.rig = new LockRig(board, (platform, own) => this.#optionsOf(platform, own));
		this.board.network.listen(RELAY.host, RELAY.port, () => {
			return this.relayIsUp ? (peer) => this.#accept(new SimRelay(peer)) : "nowhere";
		});
		this.label = options.label ?? this.rig.provision();
		this.owner = new PhoneRig(this.rig, crypto, this.label, OWNER_SEED);
		if (snapshot !== undefined) return;
		this.rig.install([RELAY], options.trust);
		if (options.sealed === false) return;
		this.rig.verb("seal");
		this.rig.advance(2000);
		this.rig.press();
		assert(this.owner.pair()?.status === "done", `the owner did not pair\n${this.rig.log}`);
		this.owner.disconnect();
	}

	/** The same lock in another life. */
	static from(crypto: TestCrypto, first: UpdatingLock, snapshot: SimSnapshot): UpdatingLock {
		return new UpdatingLock(crypto, { snapshot, label: first.label });
	}

	get board(): SimBoard {
		return this.rig.board;
	}

	snapshot(): SimSnapshot {
		return this.board.snapshot();
	}

	release(parts: ReleaseParts = {}): Release {
		return makeRelease(this.#crypto, parts);
	}

	/** A bundle after the present one. */
	bundle(version: number, parts: Partial<TrustBundle> = {}): Uint8Array {
		return signBundle(this.#crypto, trustBundle({ version, ...parts }));
	}

	/** The version that runs; undefined while nothing does. */
	get running(): SlotImage | undefined {
		const { slots, running } = this.board;
		return running && slots.running !== undefined ? slots.image(slots.running) : undefined;
	}

	get runningState(): SlotState | undefined {
		const { slots } = this.board;
		return slots.running === undefined ? undefined : slots.state(slots.running);
	}

	/** It runs, is confirmed, and the floors say so. */
	isInstalled(release: Release): boolean {
		const { sequence, securityVersion } = release.manifest;
		if (this.running?.sequence !== sequence || this.runningState !== "valid") return false;
		const report = this.status();
		return report.sequenceFloor === sequence && report.securityFloor === securityVersion;
	}

	/** By the serial line. */
	status(): UpdateReport {
		return readReport(this.rig.verb("update-status").result.bytes(0, { min: 1, max: 512 }));
	}

	/**
	 * Lets time pass until the condition holds, and starts the lock again whenever it is off; false when it does not hold in time.
	 * The condition is looked at while the lock runs, often in the first minute and seldom behind
	 * the first ten, where something has happened since the last look.
	 */
	drive(condition: () => boolean, limitMs = DRIVE_MS): boolean {
		const { time } = this.board;
		const startMs = time.nowMs;
		let looked = -1;
		for (;;) {
			if (!this.board.running) {
				this.boot();
				looked = -1;
			}
			const passedMs = time.nowMs - startMs;
			if (looked !== time.happened || passedMs >= limitMs) {
				if (this.board.running && condition()) return true;
				// What the look itself set going, an answer on the line, is over at once or is looked at next time.
				looked = time.happened;
			}
			if (passedMs >= limitMs) return false;
			const stepMs = LOOK_MS * (passedMs < LOOK_CLOSELY_MS ? 1 : passedMs < LOOK_SELDOM_MS ? 20 : 200);
			time.advance(Math.min(stepMs, limitMs - passedMs));
		}
	}

	/** Boots; a power cut may meet the boot loader. */
	boot(): void {
		this.rig.boot();
	}

	// ---- the relay ----

	/** From now on the relay offers and serves this release, also to the next connection. Undefined: nothing. */
	publish(release: Release | undefined): void {
		this.#published = release;
		if (release !== undefined) this.offerOverLink(release);
	}

	get relay(): SimRelay | undefined {
		const relay = this.relays.at(-1);
		return relay?.closed === false ? relay : undefined;
	}

	offerOverLink({ message, statement }: Pick<Release, "message" | "statement">): void {
		this.sendOffer({ manifest: message, freshness: statement });
	}

	sendOffer(offer: UpdateOffer): void {
		this.relay?.send({ kind: "update-offer", offer });
		this.rig.advance(10);
	}

	/** What a want asks for, in pieces of 4 KiB; the default is of what was published. */
	sendPieces({ digest, offset, bytes }: ObjectWant, relay: SimRelay, release = this.#published): void {
		const object = release?.objects.get(toHex(digest));
		if (object === undefined) return;
		for (let at = offset; at < offset + bytes; at += LIMITS.objectPieceBytes) {
			const end = Math.min(at + LIMITS.objectPieceBytes, offset + bytes);
			relay.send({ kind: "object-piece", piece: { digest, offset: at, bytes: object.slice(at, end) } });
		}
	}

	// ---- the owner's phone ----

	/** The reply to the last piece, or to the first that was refused. */
	offerInSession({ message, statement }: Pick<Release, "message" | "statement">): Reply | undefined {
		if (this.owner.closed) this.owner.connect();
		let reply: Reply | undefined;
		for (const piece of encodePieces(encodeOffer({ manifest: message, freshness: statement }))) {
			reply = this.owner.ask("update.offer", piece);
			if (reply?.status !== "done") break;
		}
		return reply;
	}

	/** Sends what the lock wants of its owner's phone, so many pieces at most; how many it sent. */
	serveInSession(release: Release, piecesMax = Number.POSITIVE_INFINITY, pieceBytes = 2048): number {
		if (this.owner.closed) this.owner.connect();
		let result: CborMap | undefined;
		let shift = 1;
		for (let pieces = 0, asked = 0; ; ) {
			if (result?.bytes(shift, 32) === undefined) {
				// Nothing is wanted while the lock looks at its flash.
				const reply = this.owner.ask("update.status");
				assert(
					reply?.status === "done",
					`update.status: ${reply?.status ?? (this.owner.closed ? "closed" : "silence")}\n${this.rig.log}`,
				);
				result = reply.result;
				shift = 1;
				const state = result && readReport(result.bytes(0, { min: 1, max: 512 })).state;
				if (state !== "downloading" || ++asked > POLLS_MAX) return pieces;
				if (result?.bytes(1, 32) === undefined) this.rig.advance(POLL_MS);
				continue;
			}
			if (pieces >= piecesMax) return pieces;
			const piece = pieceOf(release, result.bytes(shift, 32)!, result.uint(shift + 1)!, pieceBytes);
			result = this.owner.ask("update.piece", piece)?.result;
			shift = 0;
			pieces++;
		}
	}

	// ---- the serial line ----

	offerOnLine({
		message,
		statement,
	}: {
		readonly message: Uint8Array;
		readonly statement: Uint8Array | undefined;
	}): LineAnswer {
		let answer: LineAnswer | undefined;
		for (const piece of encodePieces(encodeOffer({ manifest: message, freshness: statement }))) {
			answer = this.rig.verb("update-offer", piece);
			if (answer.code !== "done") break;
		}
		assert(answer !== undefined, "an empty offer");
		return answer;
	}

	/** As serveInSession. */
	serveOnLine(release: Release, piecesMax = Number.POSITIVE_INFINITY): number {
		let result: CborMap | undefined;
		let shift = 1;
		for (let pieces = 0, asked = 0; ; ) {
			if (result?.bytes(shift, 32) === undefined) {
				({ result } = this.rig.verb("update-status"));
				shift = 1;
				const { state } = readReport(result.bytes(0, { min: 1, max: 512 }));
				if (state !== "downloading" || ++asked > POLLS_MAX) return pieces;
				if (result.bytes(1, 32) === undefined) this.rig.advance(POLL_MS);
				continue;
			}
			if (pieces >= piecesMax) return pieces;
			const piece = pieceOf(
				release,
				result.bytes(shift, 32)!,
				result.uint(shift + 1)!,
				LIMITS.objectPieceBytes,
			);
			const answer = this.rig.verb("update-piece", piece);
			if (answer.code === "later") {
				this.rig.advance(LIMITS.updateRestMs);
				continue;
			}
			({ result } = answer);
			shift = 0;
			pieces++;
		}
	}

	#accept(relay: SimRelay): void {
		this.relays.push(relay);
		let isNew = true;
		relay.onFrame = (frame) => {
			if (frame.opcode !== BINARY) return;
			const envelope = decodeFromLock(frame.payload);
			assert(envelope.ok, "the lock sent what is no envelope");
			if (envelope.value.kind === "update-report") this.reports.push(readReport(envelope.value.report));
			if (envelope.value.kind === "attestation") this.attestations.push(envelope.value.statement);
			if (envelope.value.kind === "object-want") {
				this.wants.push(envelope.value.want);
				this.serve(envelope.value.want, relay);
			}
			if (!isNew) return;
			isNew = false;
			const release = this.#published;
			if (release === undefined) return;
			relay.send({
				kind: "update-offer",
				offer: { manifest: release.message, freshness: release.statement },
			});
		};
	}

	/** Of the image in the slot that runs. Undefined: it never gets as far as an App. */
	#optionsOf({ slots, system }: Platform, board: SimBoard): AppOptions | undefined {
		// A machine without slots runs what it runs.
		if (slots.slotBytes === 0) return { firmware: SIM_FIRMWARE };
		const image = slots.running === undefined ? undefined : slots.image(slots.running);
		assert(image !== undefined, "no slot runs");
		const behaviour = this.behaviour(image);
		if (behaviour === "crash") {
			board.crash("exception", "main");
			return undefined;
		}
		if (behaviour === "hang") return undefined;
		this.relayIsUp = behaviour !== "mute";
		const { version, sequence, securityVersion } = image;
		system.log(`sim: ${version} runs`);
		return {
			firmware: {
				vendor: SIM_NAMES.vendor,
				version,
				sequence: behaviour === "lies" ? sequence + 1 : sequence,
				securityVersion,
			},
		};
	}
}

export const UPDATING_SERIAL = RIG_SERIAL;

function pieceOf(
	release: Release,
	digest: Uint8Array,
	offset: number,
	pieceBytes: number,
): { 0: Uint8Array; 1: number; 2: Uint8Array } {
	const object = release.objects.get(toHex(digest));
	assert(object !== undefined, "the lock wants what nobody has");
	const chunkEnd = offset - (offset % LIMITS.chunkBytes) + LIMITS.chunkBytes;
	const end = Math.min(offset + pieceBytes, chunkEnd, object.length);
	return { 0: digest, 1: offset, 2: object.slice(offset, end) };
}

function readReport(bytes: Uint8Array | undefined): UpdateReport {
	const report = bytes && decodeUpdateReport(bytes);
	assert(report?.ok === true, "the lock reported what is no report");
	return report.value;
}
