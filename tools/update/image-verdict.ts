/** Whether an image is what its manifest says of it. A lock reverts one that says otherwise, after a trial (docs/UPDATE.md 7). */
import type { Manifest } from "../../modules/update/manifest.ts";
import { decodeImageHeader, imageIsWhole } from "./image-header.ts";

/** What is wrong; undefined when nothing is. Its digests are not looked at: readRelease does that. */
export function imageFault(image: Uint8Array, manifest: Manifest): string | undefined {
	const header = decodeImageHeader(image);
	if (!header.ok) return `no firmware image: ${header.reason}`;
	if (!imageIsWhole(image) || header.value.bytes !== image.length) return "its own checksum is wrong";
	for (const field of ["sequence", "securityVersion", "version", "board"] as const) {
		const [says, promised] = [header.value[field], manifest[field]];
		if (says !== promised) return `it says ${field} ${says}, and the manifest ${promised}`;
	}
	return undefined;
}
