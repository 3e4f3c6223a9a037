/** The messages of updates on link, session and line (docs/UPDATE.md 4, 5, 6, 8, 9): read as written, and their edges (I9, T15). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeAttestation, encodeAttestation } from "../../../modules/wire/attestation.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { type CborFields, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeFreshnessClaim,
	encodeFreshnessClaim,
	FRESHNESS_BYTES_MAX,
	type FreshnessClaim,
} from "../../../modules/wire/freshness.ts";
import {
	readUpdateFromLock,
	readUpdateToLock,
	type UpdateFromLock,
	type UpdateToLock,
	updateFields,
} from "../../../modules/wire/update-envelope.ts";
import {
	decodeOffer,
	encodeOffer,
	objectPieceFields,
	readObjectPiece,
	readWant,
	wantFields,
} from "../../../modules/wire/update-offer.ts";
import {
	decodeUpdateReport,
	encodeUpdateReport,
	UPDATE_REPORT_BYTES_MAX,
	UPDATE_RESULTS,
	UPDATE_STATES,
} from "../../../modules/wire/update-report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { ATTESTATION, CLAIM, REPORT } from "../../sim/update-samples.ts";

const DIGEST = new Uint8Array(32).fill(7);

function mapOf(fields: CborFields) {
	return check.accepted(decodeCborMap(encodeCbor(fields)));
}

/** The bytes with one field set, or taken away. */
function withField(bytes: Uint8Array, key: number, value: CborFields[number]): Uint8Array {
	const fields: Record<number, CborFields[number]> = {};
	for (const [at, each] of check.accepted(decodeCborMap(bytes)))
		fields[at as number] = each as CborFields[number];
	fields[key] = value;
	return encodeCbor(fields);
}

export default function suite(t: Suite): void {
	t.test("a claim of freshness is read as written, and lasts no longer than it may (T11)", () => {
		const decode = (parts: Partial<FreshnessClaim>) =>
			decodeFreshnessClaim(encodeFreshnessClaim({ ...CLAIM, ...parts }));
		check.deepEqual(check.accepted(decode({})), CLAIM);
		const { issuedUnixSeconds } = CLAIM;
		check.refused(decode({ expiresUnixSeconds: issuedUnixSeconds }), "malformed");
		const life = LIMITS.freshnessLifeSeconds;
		check.accepted(decode({ expiresUnixSeconds: issuedUnixSeconds + life }));
		check.refused(decode({ expiresUnixSeconds: issuedUnixSeconds + life + 1 }), "malformed");
		check.refused(decode({ manifestDigest: DIGEST.slice(1) }), "malformed");
		check.refused(decode({ vendor: "" }), "malformed");
		const bytes = encodeFreshnessClaim(CLAIM);
		for (let key = 0; key <= 7; key++) {
			check.refused(decodeFreshnessClaim(withField(bytes, key, undefined)), "malformed");
		}
		check.refused(decodeFreshnessClaim(withField(bytes, 8, 1)), "malformed");
	});

	t.test("a report is read as written, in every state and with every result", () => {
		for (const state of UPDATE_STATES) {
			for (const result of UPDATE_RESULTS) {
				const report = { ...REPORT, state, result };
				check.deepEqual(check.accepted(decodeUpdateReport(encodeUpdateReport(report))), report);
			}
		}
		const { offered: _, resultSequence: __, freshUntilUnixSeconds: ___, ...least } = REPORT;
		check.deepEqual(check.accepted(decodeUpdateReport(encodeUpdateReport(least))), least);
	});

	t.test("a report of a later version is read, but for a state that is not known", () => {
		const bytes = encodeUpdateReport(REPORT);
		check.equal(check.accepted(decodeUpdateReport(withField(bytes, 12, 900))).result, "none");
		check.accepted(decodeUpdateReport(withField(bytes, 22, "more")));
		check.refused(decodeUpdateReport(withField(bytes, 1, UPDATE_STATES.length)), "malformed");
		check.refused(decodeUpdateReport(withField(bytes, 8, "six")), "malformed");
		check.refused(
			decodeUpdateReport(withField(bytes, 22, new Uint8Array(UPDATE_REPORT_BYTES_MAX))),
			"malformed",
		);
		for (const key of [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 16]) {
			check.refused(decodeUpdateReport(withField(bytes, key, undefined)), "malformed");
		}
	});

	t.test(
		"an attestation is read as written; null stands for what there is not, nothing for it does not",
		() => {
			for (const attestation of [
				ATTESTATION,
				{ ...ATTESTATION, runningDigest: undefined, runningSlot: undefined },
				{ ...ATTESTATION, runningSlot: 0 as const },
			]) {
				check.deepEqual(check.accepted(decodeAttestation(encodeAttestation(attestation))), attestation);
			}
			const bytes = encodeAttestation(ATTESTATION);
			for (let key = 0; key <= 16; key++) {
				check.refused(decodeAttestation(withField(bytes, key, undefined)), "malformed");
			}
			check.refused(decodeAttestation(withField(bytes, 12, 2)), "malformed");
			check.refused(decodeAttestation(withField(bytes, 13, 6)), "malformed");
			check.accepted(decodeAttestation(withField(bytes, 22, "more")));
		},
	);

	t.test("an offer has a manifest, a statement or both, and nothing else", () => {
		const manifest = new Uint8Array(LIMITS.manifestBytes).fill(1);
		const freshness = new Uint8Array(FRESHNESS_BYTES_MAX).fill(2);
		for (const offer of [
			{ manifest, freshness },
			{ manifest, freshness: undefined },
			{ manifest: undefined, freshness },
		]) {
			check.deepEqual(check.accepted(decodeOffer(encodeOffer(offer))), offer);
		}
		check.refused(decodeOffer(encodeCbor({})), "malformed");
		check.refused(decodeOffer(encodeCbor({ 0: new Uint8Array(0) })), "malformed");
		check.refused(decodeOffer(encodeCbor({ 0: new Uint8Array(LIMITS.manifestBytes + 1) })), "malformed");
		check.refused(decodeOffer(encodeCbor({ 1: new Uint8Array(FRESHNESS_BYTES_MAX + 1) })), "malformed");
		check.refused(decodeOffer(encodeCbor({ 0: manifest, 1: 7 })), "malformed");
		check.refused(decodeOffer(encodeCbor({ 0: manifest, 2: 7 })), "malformed");
	});

	t.test("a piece stays within its chunk and its object (T15)", () => {
		const read = (offset: number, bytes: number) =>
			readObjectPiece(
				mapOf(objectPieceFields({ digest: DIGEST, offset, bytes: new Uint8Array(bytes) }, 1)),
				1,
			);
		check.equal(read(0, LIMITS.objectPieceBytes)?.offset, 0);
		check.equal(read(0, 0), undefined);
		check.equal(read(0, LIMITS.objectPieceBytes + 1), undefined);
		check.ok(read(LIMITS.chunkBytes - 1, 1));
		check.equal(read(LIMITS.chunkBytes - 1, 2), undefined);
		check.ok(read(LIMITS.imageBytes - 1, 1));
		check.equal(read(LIMITS.imageBytes, 1), undefined);
	});

	t.test("a lock wants some bytes, and not more than may be on their way", () => {
		const read = (offset: number, bytes: number) =>
			readWant(mapOf(wantFields({ digest: DIGEST, offset, bytes }, 0)), 0);
		check.deepEqual(read(4096, 1), { digest: DIGEST, offset: 4096, bytes: 1 });
		check.ok(read(0, LIMITS.objectWindowBytes));
		check.equal(read(0, LIMITS.objectWindowBytes + 1), undefined);
		check.equal(read(0, 0), undefined);
		check.equal(read(LIMITS.imageBytes, 1), undefined);
	});

	t.test("each envelope is read by the side that it is for, and no other is", () => {
		const toLock: readonly UpdateToLock[] = [
			{ kind: "update-offer", offer: { manifest: DIGEST, freshness: undefined } },
			{ kind: "object-piece", piece: { digest: DIGEST, offset: 0, bytes: DIGEST } },
			{ kind: "attest-request", nonce: new Uint8Array(16) },
		];
		const fromLock: readonly UpdateFromLock[] = [
			{ kind: "update-report", report: encodeUpdateReport(REPORT) },
			{ kind: "object-want", want: { digest: DIGEST, offset: 0, bytes: 4096 } },
			{ kind: "attestation", statement: DIGEST },
		];
		for (const [index, envelope] of toLock.entries()) {
			const fields = updateFields(envelope);
			check.deepEqual(readUpdateToLock(10 + index, mapOf(fields)), envelope);
			check.equal(readUpdateToLock(10 + index, mapOf({ ...fields, 9: 1 })), undefined);
			check.equal(readUpdateToLock(9, mapOf(fields)), undefined);
		}
		for (const [index, envelope] of fromLock.entries()) {
			const fields = updateFields(envelope);
			check.deepEqual(readUpdateFromLock(10 + index, mapOf(fields)), envelope);
			check.equal(readUpdateFromLock(10 + index, mapOf({ ...fields, 9: 1 })), undefined);
			check.equal(readUpdateFromLock(13, mapOf(fields)), undefined);
		}
		check.equal(readUpdateFromLock(11, mapOf(updateFields(toLock[1]!))), undefined);
		check.equal(readUpdateToLock(11, mapOf(updateFields(fromLock[1]!))), undefined);
	});
}
