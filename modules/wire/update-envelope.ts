/**
 * The envelopes of the link that concern updates (docs/UPDATE.md 5, 6, 8, 9; PROTOCOL 2): kinds 10 to 12, whose content is
 * wire/update-offer, update-report and attestation. Readers never throw.
 */
import { ATTESTATION_BYTES_MAX, ATTESTATION_NONCE_BYTES } from "./attestation.ts";
import type { CborFields } from "./cbor-encode.ts";
import type { CborMap } from "./cbor-map.ts";
import {
	type ObjectPiece,
	type ObjectWant,
	objectPieceFields,
	offerFields,
	readObjectPiece,
	readOffer,
	readWant,
	type UpdateOffer,
	wantFields,
} from "./update-offer.ts";
import { UPDATE_REPORT_BYTES_MAX } from "./update-report.ts";

export const OFFER = 10;
export const OBJECT = 11;
export const ATTEST = 12;

export interface UpdateOfferEnvelope {
	readonly kind: "update-offer";
	readonly offer: UpdateOffer;
}

export interface ObjectPieceEnvelope {
	readonly kind: "object-piece";
	readonly piece: ObjectPiece;
}

/** Whoever asks for an attestation. */
export interface AttestRequestEnvelope {
	readonly kind: "attest-request";
	readonly nonce: Uint8Array;
}

export interface UpdateReportEnvelope {
	readonly kind: "update-report";
	/** wire/update-report, 1 .. UPDATE_REPORT_BYTES_MAX bytes. */
	readonly report: Uint8Array;
}

export interface ObjectWantEnvelope {
	readonly kind: "object-want";
	readonly want: ObjectWant;
}

export interface AttestationEnvelope {
	readonly kind: "attestation";
	/** COSE_Sign1 by the device key, 1 .. ATTESTATION_BYTES_MAX bytes. */
	readonly statement: Uint8Array;
}

/** What a relay says to a lock. */
export type UpdateToLock = UpdateOfferEnvelope | ObjectPieceEnvelope | AttestRequestEnvelope;
/** What a lock says to its relay. */
export type UpdateFromLock = UpdateReportEnvelope | ObjectWantEnvelope | AttestationEnvelope;

export function readUpdateToLock(kind: number, map: CborMap): UpdateToLock | undefined {
	switch (kind) {
		case OFFER: {
			const offer = map.hasOnly([0, 1, 2]) ? readOffer(map, 1) : undefined;
			return offer && { kind: "update-offer", offer };
		}
		case OBJECT: {
			const piece = map.hasOnly([0, 1, 2, 3]) ? readObjectPiece(map, 1) : undefined;
			return piece && { kind: "object-piece", piece };
		}
		case ATTEST: {
			const nonce = map.hasOnly([0, 1]) ? map.bytes(1, ATTESTATION_NONCE_BYTES) : undefined;
			return nonce && { kind: "attest-request", nonce };
		}
		default:
			return undefined;
	}
}

export function readUpdateFromLock(kind: number, map: CborMap): UpdateFromLock | undefined {
	switch (kind) {
		case OFFER: {
			const report = map.hasOnly([0, 1]) ? map.bytes(1, { min: 1, max: UPDATE_REPORT_BYTES_MAX }) : undefined;
			return report && { kind: "update-report", report };
		}
		case OBJECT: {
			const want = map.hasOnly([0, 1, 2, 3]) ? readWant(map, 1) : undefined;
			return want && { kind: "object-want", want };
		}
		case ATTEST: {
			const statement = map.hasOnly([0, 1])
				? map.bytes(1, { min: 1, max: ATTESTATION_BYTES_MAX })
				: undefined;
			return statement && { kind: "attestation", statement };
		}
		default:
			return undefined;
	}
}

export function updateFields(envelope: UpdateToLock | UpdateFromLock): CborFields {
	switch (envelope.kind) {
		case "update-offer":
			return { 0: OFFER, ...offerFields(envelope.offer, 1) };
		case "object-piece":
			return { 0: OBJECT, ...objectPieceFields(envelope.piece, 1) };
		case "attest-request":
			return { 0: ATTEST, 1: envelope.nonce };
		case "update-report":
			return { 0: OFFER, 1: envelope.report };
		case "object-want":
			return { 0: OBJECT, ...wantFields(envelope.want, 1) };
		case "attestation":
			return { 0: ATTEST, 1: envelope.statement };
	}
}
