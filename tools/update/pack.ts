/**
 * A release out of an image and the images that locks run now: the draft of its manifest, and deltas. What the image's header says
 * is taken from there and never typed, so that a manifest cannot promise another image; what a lock would refuse whoever
 * signs it is refused here.
 */

import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { FIRMWARE_VENDOR } from "../../modules/base/version.ts";
import {
	encodeManifest,
	type Manifest,
	manifestFlaw,
	type UpdateDelta,
} from "../../modules/update/manifest.ts";
import { applyDelta, makeDelta } from "./delta.ts";
import { decodeImageHeader, type ImageHeader, imageIsWhole } from "./image-header.ts";
import { explainManifestFlaw } from "./manifest-file.ts";
import type { Release } from "./release.ts";
import { UpdateFault } from "./update-fault.ts";
import { objectOf } from "./update-object.ts";

export interface NamedImage {
	/** For messages. */
	readonly name: string;
	readonly bytes: Uint8Array;
}

export interface PackOrder {
	readonly image: NamedImage;
	/** Images that deltas start from. */
	readonly from: readonly NamedImage[];
	/** As the factory line gave it. */
	readonly hardwareClass: string;
	/** What a lock must have at least. */
	readonly trustVersion: number;
	readonly signedUnixMs: number;
}

export interface Packed {
	readonly release: Omit<Release, "message" | "statement">;
	/** Sources without a delta, and why, for people. */
	readonly without: readonly string[];
}

/** Throws UpdateFault. */
export function pack(order: PackOrder): Packed {
	const { image, from } = order;
	const header = readHeader(image);
	const made: { readonly bytes: Uint8Array; readonly delta: UpdateDelta }[] = [];
	const without: string[] = [];
	for (const source of from) {
		requireSource(source, image, header);
		const bytes = makeDelta(source.bytes, image.bytes);
		requireResult(source, bytes, image);
		if (bytes.length >= image.bytes.length || bytes.length > LIMITS.deltaBytes) {
			without.push(`${source.name}: its delta would have ${bytes.length} bytes`);
			continue;
		}
		const { bytes: sourceBytes, digest: sourceDigest } = objectOf(source.bytes);
		made.push({ bytes, delta: { sourceBytes, sourceDigest, object: objectOf(bytes) } });
	}
	const manifest: Manifest = {
		vendor: FIRMWARE_VENDOR,
		hardwareClass: order.hardwareClass,
		board: header.board,
		sequence: header.sequence,
		securityVersion: header.securityVersion,
		version: header.version,
		signedUnixSeconds: Math.floor(order.signedUnixMs / 1_000),
		trustVersion: order.trustVersion,
		image: objectOf(image.bytes),
		deltas: made.map(({ delta }) => delta),
	};
	const flaw = manifestFlaw(manifest);
	if (flaw !== undefined)
		throw new UpdateFault(`no lock would take this release: ${explainManifestFlaw(flaw)}`);
	return {
		release: {
			file: { manifest, payload: encodeManifest(manifest), signatures: [] },
			image: image.bytes,
			deltas: made.map(({ bytes }) => bytes),
		},
		without,
	};
}

/** Throws UpdateFault unless the file is one whole image and nothing else. */
function readHeader({ name, bytes }: NamedImage): ImageHeader {
	const header = decodeImageHeader(bytes);
	if (!header.ok) throw new UpdateFault(`${name} is no firmware image: ${header.reason}`);
	if (header.value.bytes !== bytes.length || !imageIsWhole(bytes))
		throw new UpdateFault(`${name} is damaged: its checksum or its length is wrong`);
	return header.value;
}

function requireSource(source: NamedImage, image: NamedImage, header: ImageHeader): void {
	const { board, sequence } = readHeader(source);
	if (bytesEqual(source.bytes, image.bytes))
		throw new UpdateFault(`${source.name} is the release's own image`);
	if (board !== header.board)
		throw new UpdateFault(`${source.name} is for board ${board}, and the release is for ${header.board}`);
	if (sequence >= header.sequence)
		throw new UpdateFault(
			`${source.name} has sequence ${sequence}, and the release only ${header.sequence}: no lock goes back`,
		);
}

/** Before anybody signs: the firmware's own decoder makes exactly this image of it. */
function requireResult(source: NamedImage, delta: Uint8Array, image: NamedImage): void {
	const result = applyDelta(source.bytes, delta, image.bytes.length);
	if (!result.ok || !bytesEqual(result.value, image.bytes))
		throw new UpdateFault(`the delta from ${source.name} does not make the image`);
}
