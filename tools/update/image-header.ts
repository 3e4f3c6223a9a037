/**
 * What a firmware image says of itself, for tools: the first 104 bytes that latchkey-image writes (hosts/linux/image.h).
 * Nobody may believe it without a signed manifest beside it. It never throws, whatever the bytes are.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { quickCrc32 } from "./quick-crc32.ts";

export const IMAGE_HEADER_BYTES = 104;
export const IMAGE_FORMAT = 2;
export const IMAGE_VERSION_BYTES = 32;
export const IMAGE_BOARD_BYTES = 24;

const MAGIC = Object.freeze([0x4c, 0x4b, 0x49, 0x4d, 0x41, 0x47, 0x45, 0x0a]);
const CRC_OFFSET = 36;
const CRC_END = 40;

export interface ImageHeader {
	/** major << 16 | minor << 8 | patch of the engine that its byte code is for. */
	readonly engineVersion: number;
	/** Of the whole image. */
	readonly bytes: number;
	readonly buildUnixMs: number;
	readonly modules: number;
	/** CRC-32 of the image but for these four bytes. */
	readonly checksum: number;
	readonly sequence: number;
	readonly securityVersion: number;
	readonly version: string;
	readonly board: string;
}

export type ImageHeaderFault = "too-short" | "no-image" | "other-format" | "damaged";

/** From bytes that begin with an image. The checksum is not looked at: imageIsWhole does. */
export function decodeImageHeader(bytes: Uint8Array): Result<ImageHeader, ImageHeaderFault> {
	if (bytes.length < IMAGE_HEADER_BYTES) return refuse("too-short");
	if (MAGIC.some((byte, at) => bytes[at] !== byte)) return refuse("no-image");
	const view = new DataView(bytes.buffer, bytes.byteOffset, IMAGE_HEADER_BYTES);
	if (view.getUint32(8, true) !== IMAGE_FORMAT) return refuse("other-format");
	const version = readText(bytes.subarray(48, 48 + IMAGE_VERSION_BYTES));
	const board = readText(bytes.subarray(80, 80 + IMAGE_BOARD_BYTES));
	const imageBytes = view.getUint32(20, true);
	if (version === undefined || board === undefined || imageBytes < IMAGE_HEADER_BYTES)
		return refuse("damaged");
	return accept({
		engineVersion: view.getUint32(12, true),
		bytes: imageBytes,
		buildUnixMs: view.getUint32(28, true) * 2 ** 32 + view.getUint32(24, true),
		modules: view.getUint32(32, true),
		checksum: view.getUint32(CRC_OFFSET, true),
		sequence: view.getUint32(40, true),
		securityVersion: view.getUint32(44, true),
		version,
		board,
	});
}

/** Whether the image at the beginning of these bytes is there to its end and undamaged. */
export function imageIsWhole(bytes: Uint8Array): boolean {
	const header = decodeImageHeader(bytes);
	if (!header.ok || header.value.bytes > bytes.length) return false;
	return imageChecksum(bytes.subarray(0, header.value.bytes)) === header.value.checksum;
}

/** Of a whole image; what it is compared with stands in bytes 36 to 39. */
export function imageChecksum(image: Uint8Array): number {
	return quickCrc32(image.subarray(CRC_END), quickCrc32(image.subarray(0, CRC_OFFSET)));
}

/** Printable ASCII with zeros behind it. */
function readText(bytes: Uint8Array): string | undefined {
	let text = "";
	let ended = false;
	for (const byte of bytes) {
		if (byte === 0) ended = true;
		else if (ended || byte < 0x20 || byte > 0x7e) return undefined;
		else text += String.fromCharCode(byte);
	}
	return text;
}
