/** Decoders of certificates' parts and of the operational record, on random and on damaged bytes (I9, T15). */
import { OPERATIONAL_CODEC, type StoredOperational } from "../../modules/identity/records.ts";
import { Store } from "../../modules/store/store.ts";
import { decodeCertificate } from "../../modules/trust/certificate.ts";
import { decodeEcdsaSignature, encodeEcdsaSignature } from "../../modules/trust/ecdsa-signature.ts";
import { encodeCbor } from "../../modules/wire/cbor-encode.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";
import { SimStorage } from "../sim/storage.ts";
import { opensslDevice, opensslRoot } from "../unit/trust/certificates.ts";

const ROUNDS = 400;

function damaged(random: Random, bytes: Uint8Array): Uint8Array {
	const changed = random.mutate(bytes);
	return random.boolean() ? changed : changed.slice(0, random.between(0, changed.length));
}

function readOperational(bytes: Uint8Array): string {
	const storage = new SimStorage([["identity/operational", bytes]]);
	const read = new Store(storage).read(OPERATIONAL_CODEC);
	return read.ok ? "read" : read.reason;
}

export default function suite(t: Suite): void {
	t.test("a certificate with any damage is read or refused, and nothing throws (I9, T15)", ({ random }) => {
		for (let round = 0; round < ROUNDS; round++) {
			decodeCertificate(damaged(random, random.boolean() ? opensslDevice() : opensslRoot()));
			decodeCertificate(random.bytes(random.between(0, 64)));
		}
	});

	t.test("a signature has one encoding, and any other bytes are refused (I9, T15)", ({ random }) => {
		for (let round = 0; round < ROUNDS; round++) {
			const raw = random.bytes(64);
			if (random.boolean()) raw.fill(0, 0, random.between(0, 31));
			const encoded = encodeEcdsaSignature(raw);
			check.bytes(decodeEcdsaSignature(encoded), raw);
			const other = damaged(random, encoded);
			const read = decodeEcdsaSignature(other);
			if (read !== undefined) check.bytes(encodeEcdsaSignature(read), other);
		}
	});

	t.test(
		"the operational record goes to flash and back, and damage to it is refused (I5, I9)",
		({ random }) => {
			const chain = [random.bytes(300), random.bytes(200)];
			const rows: readonly StoredOperational[] = [
				{ current: undefined, trial: undefined },
				{ current: { slot: 0, chain }, trial: undefined },
				{ current: undefined, trial: { slot: 1, chain } },
				{ current: { slot: 1, chain }, trial: { slot: 0, chain } },
			];
			for (const row of rows) {
				const store = new Store(new SimStorage());
				check.accepted(store.write(OPERATIONAL_CODEC, row));
				check.deepEqual(check.accepted(store.read(OPERATIONAL_CODEC)), row);
			}
			const good = encodeCbor({ 0: 1, 1: [0, chain], 2: [1, chain] });
			check.equal(readOperational(good), "read");
			for (const [fields, verdict] of [
				[{ 0: 1, 1: [0, chain], 2: [0, chain] }, "corrupt"],
				[{ 0: 1, 1: [2, chain] }, "corrupt"],
				[{ 0: 1, 1: [0, []] }, "corrupt"],
				[{ 0: 1, 1: [0, [...chain, ...chain]] }, "corrupt"],
				[{ 0: 1, 1: [0, chain], 3: 1 }, "corrupt"],
				[{ 0: 2, 1: [0, chain] }, "newer-format"],
			] as const) {
				check.equal(readOperational(encodeCbor(fields)), verdict);
			}
			for (let round = 0; round < ROUNDS; round++) readOperational(damaged(random, good));
		},
	);
}
