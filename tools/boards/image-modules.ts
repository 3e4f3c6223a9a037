/** The modules of a firmware image with the bytes of their byte code (hosts/linux/image.h). It never throws, whatever the bytes are. */
import { decodeImageHeader, IMAGE_HEADER_BYTES } from "../update/image-header.ts";

export interface ImageModuleSize {
	readonly name: string;
	readonly preload: boolean;
	/** Code and symbols: what lies in flash. */
	readonly bytes: number;
}

const RECORD_BYTES = 20;
const PRELOAD = 1;

/** Undefined for what is no image. */
export function imageModuleSizes(image: Uint8Array): readonly ImageModuleSize[] | undefined {
	const header = decodeImageHeader(image);
	if (!header.ok || header.value.bytes > image.length) return undefined;
	const view = new DataView(image.buffer, image.byteOffset, image.length);
	const modules: ImageModuleSize[] = [];
	let at = IMAGE_HEADER_BYTES;
	for (let index = 0; index < header.value.modules; index++) {
		if (at + RECORD_BYTES > image.length) return undefined;
		const [record, flags, nameBytes, symbolBytes, codeBytes] = [0, 4, 8, 12, 16].map((offset) =>
			view.getUint32(at + offset, true),
		) as [number, number, number, number, number];
		const nameAt = at + RECORD_BYTES;
		if (
			record < RECORD_BYTES ||
			at + record > image.length ||
			nameAt + nameBytes > at + record ||
			nameBytes === 0
		)
			return undefined;
		const name = String.fromCharCode(...image.subarray(nameAt, nameAt + nameBytes - 1));
		modules.push({ name, preload: (flags & PRELOAD) !== 0, bytes: symbolBytes + codeBytes });
		at += (record + 3) & ~3;
	}
	return modules;
}
