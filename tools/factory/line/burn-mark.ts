/**
 * What a program for a board says that it burns by itself, when it is started for the first time. Our boot loader and our
 * firmware carry a mark (hosts/esp32/burn-mark.h), made by the compiler of the very settings that burn: a file can be asked
 * without being started. Pure.
 */

/** Of ESP-IDF's images, boot loaders and applications (esp_image_format.h, ESP_IMAGE_HEADER_MAGIC). */
const IMAGE_MAGIC = 0xe9;

export const BURN_MARKS = Object.freeze({
	nothing: "LATCHKEY-BURNS:nothing;",
	"first-boot": "LATCHKEY-BURNS:first-boot;",
} as const);
export type BurnMark = keyof typeof BURN_MARKS;

export function isChipImage(file: Uint8Array): boolean {
	return file[0] === IMAGE_MAGIC;
}

/** Undefined: it says nothing, or both. */
export function burnMarkOf(file: Uint8Array): BurnMark | undefined {
	const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
	const found = (Object.keys(BURN_MARKS) as BurnMark[]).filter((mark) =>
		bytes.includes(BURN_MARKS[mark], 0, "latin1"),
	);
	return found.length === 1 ? found[0] : undefined;
}
