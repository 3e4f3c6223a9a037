/** What a manifest says of an image or a delta: made from its bytes, and held against them. */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { chunkCount, chunkDigest, type UpdateObject } from "../../modules/update/manifest.ts";
import { DIGEST_BYTES } from "../../modules/wire/update-offer.ts";
import { NobleCrypto } from "../crypto/noble.ts";

export function objectOf(bytes: Uint8Array): UpdateObject {
	const crypto = new NobleCrypto();
	const chunks = chunkCount(bytes.length);
	const chunkDigests = new Uint8Array(chunks * DIGEST_BYTES);
	for (let index = 0; index < chunks; index++)
		chunkDigests.set(crypto.sha256(chunkOf(bytes, index)), index * DIGEST_BYTES);
	return { bytes: bytes.length, digest: crypto.sha256(bytes), chunkDigests };
}

function chunkOf(bytes: Uint8Array, index: number): Uint8Array {
	return bytes.subarray(index * LIMITS.chunkBytes, (index + 1) * LIMITS.chunkBytes);
}

/** In what these bytes are not the object's; undefined when they are. Its digest and every chunk are looked at. */
export function objectDifference(object: UpdateObject, bytes: Uint8Array): string | undefined {
	if (bytes.length !== object.bytes) return "its size is not the manifest's";
	const crypto = new NobleCrypto();
	for (let index = 0; index < chunkCount(bytes.length); index++) {
		if (!bytesEqual(crypto.sha256(chunkOf(bytes, index)), chunkDigest(object, index)))
			return `chunk ${index} is not the manifest's`;
	}
	return bytesEqual(crypto.sha256(bytes), object.digest) ? undefined : "its digest is not the manifest's";
}
