/** Firmware images that a test makes up. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { IMAGE_FORMAT, IMAGE_HEADER_BYTES, imageChecksum } from "../../../tools/update/image-header.ts";

export interface ImageSays {
	readonly sequence: number;
	readonly securityVersion?: number;
	readonly version?: string;
	readonly board?: string;
}

/** An image whose header and checksum are right around any body: nothing here runs it. */
export function makeImage(says: ImageSays, body: Uint8Array): Uint8Array {
	const image = concatBytes(new Uint8Array(IMAGE_HEADER_BYTES), body);
	const view = new DataView(image.buffer);
	const text = (at: number, value: string): void => image.set(new TextEncoder().encode(value), at);
	text(0, "LKIMAGE\n");
	view.setUint32(8, IMAGE_FORMAT, true);
	view.setUint32(20, image.length, true);
	view.setUint32(32, 1, true);
	view.setUint32(40, says.sequence, true);
	view.setUint32(44, says.securityVersion ?? 0, true);
	text(48, says.version ?? `0.0.${says.sequence}`);
	text(80, says.board ?? "linux");
	view.setUint32(36, imageChecksum(image), true);
	return image;
}
