/** The manifest's one encoding and its own rules (docs/UPDATE.md 2), each broken alone. */
import { LIMITS } from "../../../modules/base/limits.ts";
import {
	chunkCount,
	chunkDigest,
	decodeManifest,
	encodeManifest,
	type Manifest,
	type ManifestFlaw,
	manifestFlaw,
	type UpdateObject,
} from "../../../modules/update/manifest.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder } from "../../sim/bundles.ts";
import { deltaOf, imageBytes, manifestFor, signManifest } from "../../sim/updates.ts";

const DIGEST = new Uint8Array(32).fill(5);

function sized(bytes: number, chunks = Math.ceil(bytes / LIMITS.chunkBytes)): UpdateObject {
	return { bytes, digest: DIGEST, chunkDigests: new Uint8Array(32 * chunks) };
}

const ONE_BYTE_OF_CHUNKS = LIMITS.chunkBytes + 1;

/** What breaks a rule, and what lies at its edge and does not. */
const RULES: readonly (readonly [Partial<Manifest>, ManifestFlaw | undefined])[] = [
	[{ vendor: "" }, "name"],
	[{ vendor: "v".repeat(33) }, "name"],
	[{ vendor: "Vendor" }, "name"],
	[{ vendor: "v".repeat(32) }, undefined],
	[{ hardwareClass: "a b" }, "name"],
	[{ hardwareClass: "c".repeat(25) }, "name"],
	[{ hardwareClass: "A._-9" }, undefined],
	[{ board: "" }, "name"],
	[{ board: "b".repeat(25) }, "name"],
	[{ version: "" }, "name"],
	[{ version: "1\n" }, "name"],
	[{ version: "v".repeat(32) }, "name"],
	[{ version: " ~".padEnd(31, "v") }, undefined],
	[{ sequence: 0 }, "number"],
	[{ sequence: 1 }, undefined],
	[{ sequence: 1.5 }, "number"],
	[{ sequence: LIMITS.sequenceMax }, undefined],
	[{ sequence: LIMITS.sequenceMax + 1 }, "number"],
	[{ securityVersion: LIMITS.securityVersionMax }, undefined],
	[{ securityVersion: LIMITS.securityVersionMax + 1 }, "number"],
	[{ securityVersion: -1 }, "number"],
	[{ signedUnixSeconds: 253402300799 }, undefined],
	[{ signedUnixSeconds: 253402300800 }, "number"],
	[{ trustVersion: -1 }, "number"],
	[{ trustVersion: 0 }, undefined],
	[{ image: sized(0, 0) }, "object"],
	[{ image: sized(1) }, undefined],
	[{ image: sized(LIMITS.chunkBytes, 1) }, undefined],
	[{ image: sized(LIMITS.chunkBytes, 2) }, "object"],
	[{ image: sized(ONE_BYTE_OF_CHUNKS, 1) }, "object"],
	[{ image: sized(ONE_BYTE_OF_CHUNKS, 2) }, undefined],
	[{ image: sized(LIMITS.imageBytes) }, undefined],
	[{ image: sized(LIMITS.imageBytes + 1) }, "object"],
	[{ image: { ...sized(1), digest: new Uint8Array(31) } }, "object"],
];

export default function suite(t: Suite): void {
	t.test("a manifest is read as it was written, with deltas and without", ({ crypto }) => {
		const deltas = [2, 3].map((seed) => deltaOf(crypto, imageBytes(9000, seed), imageBytes(500, seed)));
		for (const count of [0, 1, 2]) {
			const manifest = manifestFor(crypto, imageBytes(150_000), { deltas: deltas.slice(0, count) });
			check.deepEqual(check.accepted(decodeManifest(encodeManifest(manifest))), manifest);
		}
	});

	t.test("each rule holds at its edge and is broken beyond it (T15)", ({ crypto }) => {
		for (const [parts, flaw] of RULES) {
			const manifest = manifestFor(crypto, imageBytes(10), parts);
			check.equal(manifestFlaw(manifest), flaw, JSON.stringify(Object.keys(parts)));
			if (flaw === undefined) check.accepted(decodeManifest(encodeManifest(manifest)));
		}
	});

	t.test("deltas are few, of different sources, and smaller than what they make", ({ crypto }) => {
		const delta = deltaOf(crypto, imageBytes(9000, 2), imageBytes(500, 2));
		const other = deltaOf(crypto, imageBytes(9000, 3), imageBytes(500, 2));
		const third = deltaOf(crypto, imageBytes(9000, 4), imageBytes(500, 2));
		const flawOf = (deltas: Manifest["deltas"], image = imageBytes(1000)) =>
			manifestFlaw(manifestFor(crypto, image, { deltas }));
		check.equal(flawOf([delta, other]), undefined);
		check.equal(flawOf([delta, other, third]), "delta");
		check.equal(flawOf([delta, { ...other, sourceDigest: delta.sourceDigest }]), "delta");
		check.equal(flawOf([delta], imageBytes(500)), "delta");
		check.equal(flawOf([delta], imageBytes(501)), undefined);
		check.equal(flawOf([{ ...delta, sourceBytes: 0 }]), "delta");
		check.equal(flawOf([{ ...delta, object: sized(LIMITS.deltaBytes + 1) }]), "object");
	});

	t.test(
		"a form that is not the one is refused: unknown keys, a format, an empty list (T15)",
		({ crypto }) => {
			const manifest = manifestFor(crypto);
			const fields = check.accepted(decodeCborMap(encodeManifest(manifest)));
			const withField = (key: number, value: Parameters<typeof encodeCbor>[0]) => {
				const changed: Record<number, Parameters<typeof encodeCbor>[0]> = {};
				for (const [at, each] of fields) changed[at as number] = each as Parameters<typeof encodeCbor>[0];
				changed[key] = value;
				return decodeManifest(encodeCbor(changed));
			};
			check.accepted(withField(4, 7));
			check.refused(withField(0, 2), "form");
			check.refused(withField(10, []), "form");
			check.refused(withField(11, 1), "form");
			check.refused(withField(4, -1), "form");
			check.refused(withField(9, [1, DIGEST]), "form");
		},
	);

	t.test("chunks are counted and named as they are downloaded", ({ crypto }) => {
		const { image } = manifestFor(crypto, imageBytes(LIMITS.chunkBytes + 5));
		check.equal(chunkCount(image.bytes), 2);
		check.equal(chunkCount(LIMITS.chunkBytes), 1);
		check.equal(chunkCount(LIMITS.imageBytes), LIMITS.imageChunks);
		check.bytes(
			chunkDigest(image, 1),
			crypto.sha256(imageBytes(LIMITS.chunkBytes + 5).subarray(LIMITS.chunkBytes)),
		);
	});

	t.test("the largest manifest with the most signatures that a role has fits its bound", ({ crypto }) => {
		const name = "n".repeat(24);
		const delta = { sourceBytes: LIMITS.imageBytes, sourceDigest: DIGEST, object: sized(LIMITS.deltaBytes) };
		const largest = manifestFor(crypto, imageBytes(1), {
			vendor: "v".repeat(32),
			hardwareClass: name,
			board: name,
			version: "v".repeat(31),
			sequence: LIMITS.sequenceMax,
			securityVersion: LIMITS.securityVersionMax,
			signedUnixSeconds: 253402300799,
			trustVersion: Number.MAX_SAFE_INTEGER,
			image: sized(LIMITS.imageBytes),
			deltas: [delta, { ...delta, sourceDigest: new Uint8Array(32) }],
		});
		check.equal(manifestFlaw(largest), undefined);
		const holders = Array.from({ length: LIMITS.roleKeys }, (_, index) => holder(50 + index));
		const { length } = signManifest(crypto, largest, holders);
		check.ok(length <= LIMITS.manifestBytes, `${length} bytes`);
	});
}
