/**
 * What a phone does about a lock's firmware (docs/UPDATE.md 5): carries a release to it, asks how its update stands and what it runs.
 * It judges no release: the lock does.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import {
	ATTESTATION_BYTES_MAX,
	type Attestation,
	decodeAttestation,
} from "../../modules/wire/attestation.ts";
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { asArray, asBytes, type CborMap } from "../../modules/wire/cbor-map.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import {
	encodeOffer,
	type ObjectPiece,
	objectPieceFields,
	type UpdateOffer,
} from "../../modules/wire/update-offer.ts";
import {
	decodeUpdateReport,
	UPDATE_REPORT_BYTES_MAX,
	type UpdateReport,
} from "../../modules/wire/update-report.ts";
import { type LockClient, PhoneFault } from "./lock-client.ts";

/** What the lock wants next of the phone that asks. */
export interface Wanted {
	readonly digest: Uint8Array;
	readonly offset: number;
}

export interface UpdateStanding {
	readonly report: UpdateReport;
	/** Undefined: nothing of this way in. */
	readonly wanted: Wanted | undefined;
}

const DIGEST_BYTES = 32;

export class PhoneUpdate {
	readonly #client: LockClient;

	constructor(client: LockClient) {
		this.#client = client;
	}

	/** What the lock wants of it; undefined: nothing. Rejects with PhoneFault; `status` then says why it was refused. */
	async offer(offer: UpdateOffer): Promise<Wanted | undefined> {
		let wanted: Wanted | undefined;
		for (const piece of encodePieces(encodeOffer(offer))) {
			const { result } = await this.#client.request("update.offer", piece);
			wanted = readWanted(result, 1);
		}
		return wanted;
	}

	/** What the lock wants after it. Rejects with PhoneFault. */
	async piece(piece: ObjectPiece): Promise<Wanted | undefined> {
		const { result } = await this.#client.request("update.piece", objectPieceFields(piece, 0));
		return readWanted(result, 0);
	}

	async status(): Promise<UpdateStanding> {
		const { result } = await this.#client.request("update.status");
		const standing = readStanding(result);
		if (standing === undefined) throw new PhoneFault("broken", "update.status: a reply that makes no sense");
		return standing;
	}

	/** What was parked may be tried again. */
	async retry(): Promise<void> {
		await this.#client.request("update.retry");
	}

	/** What the lock attests over a nonce of 16 bytes. The session says that it is this lock; the signature is for relays. */
	async attest(nonce: Uint8Array): Promise<Attestation> {
		const { result } = await this.#client.request("update.attest", { 0: nonce });
		const attestation = readAttestation(result, nonce);
		if (attestation === undefined)
			throw new PhoneFault("broken", "update.attest: a reply that makes no sense");
		return attestation;
	}
}

/** Under two keys from `shift` on; undefined: nothing is wanted. */
export function readWanted(result: CborMap, shift: number): Wanted | undefined {
	const digest = result.bytes(shift, DIGEST_BYTES);
	const offset = result.uint(shift + 1);
	return digest === undefined || offset === undefined ? undefined : { digest, offset };
}

/** As `update.attest` and the line's verb give it, over this nonce. Its signature is not verified: no phone has the device's certificate. */
export function readAttestation(result: CborMap, nonce: Uint8Array): Attestation | undefined {
	const message = decodeCbor(result.bytes(0, { min: 1, max: ATTESTATION_BYTES_MAX }) ?? new Uint8Array(0));
	const payload = message.ok
		? asBytes(asArray(message.value, 4)?.[2], { min: 1, max: ATTESTATION_BYTES_MAX })
		: undefined;
	const attestation = payload === undefined ? undefined : decodeAttestation(payload);
	return attestation?.ok === true && bytesEqual(attestation.value.nonce, nonce)
		? attestation.value
		: undefined;
}

/** As `update.status` and the line's verb give it. */
export function readStanding(result: CborMap): UpdateStanding | undefined {
	const bytes = result.bytes(0, { min: 1, max: UPDATE_REPORT_BYTES_MAX });
	const report = bytes === undefined ? undefined : decodeUpdateReport(bytes);
	return report?.ok === true ? { report: report.value, wanted: readWanted(result, 1) } : undefined;
}
