/** Firmware images for the simulator: a header as latchkey-image writes it, and any bytes behind it. */
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import {
	decodeImageHeader,
	IMAGE_FORMAT,
	IMAGE_HEADER_BYTES,
	imageChecksum,
} from "../../tools/update/image-header.ts";

export const SIM_BOARD = "sim";

export interface SlotImageParts {
	readonly sequence?: number;
	readonly securityVersion?: number;
	readonly version?: string;
	readonly board?: string;
	/** What is behind the header. */
	readonly body?: Uint8Array;
}

const ENGINE_VERSION = 0x0d0300;

/** Whole, with its checksum. */
export function slotImage(parts: SlotImageParts = {}): Uint8Array {
	const body = parts.body ?? new Uint8Array(100).fill(0x5a);
	const image = new Uint8Array(IMAGE_HEADER_BYTES + body.length);
	const view = new DataView(image.buffer);
	image.set(encodeUtf8("LKIMAGE\n"));
	view.setUint32(8, IMAGE_FORMAT, true);
	view.setUint32(12, ENGINE_VERSION, true);
	view.setUint32(16, 2, true);
	view.setUint32(20, image.length, true);
	view.setUint32(32, 1, true);
	view.setUint32(40, parts.sequence ?? 1, true);
	view.setUint32(44, parts.securityVersion ?? 0, true);
	image.set(encodeUtf8(parts.version ?? "1.0.0"), 48);
	image.set(encodeUtf8(parts.board ?? SIM_BOARD), 80);
	image.set(body, IMAGE_HEADER_BYTES);
	view.setUint32(36, imageChecksum(image), true);
	if (!decodeImageHeader(image).ok) throw new Error("the test made an image that is none");
	return image;
}
