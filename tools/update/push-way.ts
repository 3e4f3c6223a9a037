/**
 * The ways that `latchkey update push` takes to a lock: a phone's session, or the verbs of a serial line (docs/UPDATE.md 5). Each opens
 * anew when the lock restarts. What the lock refuses is a WayRefusal; that nobody is there, whatever the way below throws.
 */
import { randomBytes } from "node:crypto";
import { LIMITS } from "../../modules/base/limits.ts";
import { ATTESTATION_NONCE_BYTES, type Attestation } from "../../modules/wire/attestation.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import {
	encodeOffer,
	type ObjectPiece,
	objectPieceFields,
	type UpdateOffer,
} from "../../modules/wire/update-offer.ts";
import { VERB_REFUSALS, VerbLine, type VerbRefusal } from "../factory/verbs.ts";
import { PhoneFault } from "../phone/lock-client.ts";
import type { Phone } from "../phone/phone.ts";
import {
	readAttestation,
	readStanding,
	readWanted,
	type UpdateStanding,
	type Wanted,
} from "../phone/phone-update.ts";
import { deliverBundle } from "../trust/line-delivery.ts";
import { UpdateFault } from "./update-fault.ts";

export class WayRefusal extends Error {
	/** The same may be said again in a while. */
	readonly later: boolean;

	constructor(message: string, later: boolean) {
		super(message);
		this.name = "WayRefusal";
		this.later = later;
	}
}

export interface UpdateWay {
	/** The most bytes that one piece of an object carries. */
	readonly pieceBytes: number;
	/** The trust version that the lock has then. */
	trust(message: Uint8Array): Promise<number>;
	offer(offer: UpdateOffer): Promise<Wanted | undefined>;
	piece(piece: ObjectPiece): Promise<Wanted | undefined>;
	status(): Promise<UpdateStanding>;
	/** What the lock attests now. Nobody here has its certificate: it is as much the lock's word as the way is its. */
	attest(): Promise<Attestation>;
	close(): void;
}

/** An object's piece shares a frame of at most 4,080 bytes with a request. */
const SESSION_PIECE_BYTES = 2048;

export class SessionWay implements UpdateWay {
	readonly pieceBytes = SESSION_PIECE_BYTES;
	readonly #phone: Phone;
	readonly #end: () => void;

	/** Takes both over. */
	constructor(phone: Phone, end: () => void) {
		this.#phone = phone;
		this.#end = end;
	}

	trust(message: Uint8Array): Promise<number> {
		return refusing(() => this.#phone.trust.put(message));
	}

	offer(offer: UpdateOffer): Promise<Wanted | undefined> {
		return refusing(() => this.#phone.update.offer(offer));
	}

	piece(piece: ObjectPiece): Promise<Wanted | undefined> {
		return refusing(() => this.#phone.update.piece(piece));
	}

	status(): Promise<UpdateStanding> {
		return refusing(() => this.#phone.update.status());
	}

	attest(): Promise<Attestation> {
		return refusing(() => this.#phone.update.attest(randomBytes(ATTESTATION_NONCE_BYTES)));
	}

	close(): void {
		this.#phone.close();
		this.#end();
	}
}

async function refusing<Value>(work: () => Promise<Value>): Promise<Value> {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof PhoneFault) || error.refusal === undefined) throw error;
		throw new WayRefusal(error.message, error.refusal === "try-later" || error.refusal === "busy");
	}
}

export class LineWay implements UpdateWay {
	readonly pieceBytes = LIMITS.objectPieceBytes;
	readonly #line: VerbLine;

	/** Throws SerialFault. */
	constructor(path: string) {
		this.#line = VerbLine.onPort(path);
	}

	trust(message: Uint8Array): Promise<number> {
		return deliverBundle(this.#line, message);
	}

	async offer(offer: UpdateOffer): Promise<Wanted | undefined> {
		let wanted: Wanted | undefined;
		for (const piece of encodePieces(encodeOffer(offer))) {
			const answer = await this.#line.call("update-offer", piece);
			if (!answer.ok) throw refusalOf(answer.reason);
			wanted = readWanted(answer.value, 1);
		}
		return wanted;
	}

	async piece(piece: ObjectPiece): Promise<Wanted | undefined> {
		const answer = await this.#line.call("update-piece", objectPieceFields(piece, 0));
		if (!answer.ok) throw refusalOf(answer.reason);
		return readWanted(answer.value, 0);
	}

	async status(): Promise<UpdateStanding> {
		const answer = await this.#line.call("update-status");
		const standing = answer.ok ? readStanding(answer.value) : undefined;
		if (standing === undefined) throw new UpdateFault("the board does not say how its update stands");
		return standing;
	}

	async attest(): Promise<Attestation> {
		const nonce = randomBytes(ATTESTATION_NONCE_BYTES);
		const answer = await this.#line.call("attest", { 0: nonce });
		if (!answer.ok) throw refusalOf(answer.reason);
		const attestation = readAttestation(answer.value, nonce);
		if (attestation === undefined) throw new UpdateFault("the board's attestation makes no sense");
		return attestation;
	}

	close(): void {
		this.#line.close();
	}
}

function refusalOf(reason: VerbRefusal): WayRefusal {
	return new WayRefusal(VERB_REFUSALS[reason], reason === "later" || reason === "out-of-order");
}
