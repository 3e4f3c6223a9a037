/**
 * What is written to boards, as files: read once when the line starts, and refused there when it would burn what it must not, or
 * would not start behind what is burned (docs/FACTORY.md, Security eFuses). Nothing here writes to a board.
 *
 *   - The line's images burn nothing: each program in them says so itself.
 *   - The production images burn at their first start, and each is signed by keys that the plan burns and does not revoke.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { burnMarkOf, isChipImage } from "./burn-mark.ts";
import type { ImageFile } from "./chip-driver.ts";
import type { Fuse } from "./fuses.ts";
import { LineFault } from "./line-fault.ts";
import { signersOf } from "./signed-image.ts";

export interface ImageSet {
	/** In the order of their places. */
	readonly files: readonly ImageFile[];
	/** Of all images with their places. */
	readonly digest: string;
}

export interface ProductionSet extends ImageSet {
	/** What starts everything else; without it nothing starts. */
	readonly loader: ImageFile;
	readonly rest: readonly ImageFile[];
}

interface Read extends ImageFile {
	readonly bytes: Uint8Array;
}

/** Images that a board gets on the line. Throws LineFault. */
export function readLineImages(images: readonly ImageFile[], flashBytes: number): ImageSet {
	const files = readAll(images, flashBytes);
	for (const { path, bytes } of programs(files)) {
		if (burnMarkOf(bytes) !== "nothing")
			throw new LineFault(
				`${path} does not say of itself that it burns no eFuses: the line starts these images before --burn`,
			);
	}
	return setOf(files);
}

/** Images that a board keeps. Throws LineFault. */
export function readProductionImages(
	images: readonly ImageFile[],
	flashBytes: number,
	plan: readonly Fuse[],
): ProductionSet {
	const files = readAll(images, flashBytes);
	const [loader, ...others] = programs(files);
	if (loader === undefined) throw new LineFault("production: there is no boot loader in it");
	if (burnMarkOf(loader.bytes) !== "first-boot")
		throw new LineFault(`${loader.path} is no boot loader that turns flash encryption on`);
	const planned = plan.flatMap((fuse) => (fuse.kind === "digest" ? [fuse.hex] : []));
	for (const { path, bytes } of [loader, ...others]) {
		const signers = signersOf(bytes);
		if (signers.length === 0) throw new LineFault(`${path} is signed by nobody: a board would not start it`);
		const stranger = signers.find((signer) => !planned.includes(signer));
		if (stranger !== undefined)
			throw new LineFault(`${path} is signed by the key ${stranger}, which no eFuse of the plan holds`);
	}
	const set = setOf(files);
	const rest = set.files.filter(({ offset }) => offset !== loader.offset);
	return { ...set, loader: { offset: loader.offset, path: loader.path }, rest };
}

function programs(files: readonly Read[]): readonly Read[] {
	return files.filter(({ bytes }) => isChipImage(bytes));
}

function setOf(files: readonly Read[]): ImageSet {
	const whole = createHash("sha256");
	for (const { offset, bytes } of files) whole.update(`${offset}:${bytes.length}:`).update(bytes);
	return { files: files.map(({ offset, path }) => ({ offset, path })), digest: whole.digest("hex") };
}

function readAll(images: readonly ImageFile[], flashBytes: number): readonly Read[] {
	let end = 0;
	return [...images]
		.sort((one, other) => one.offset - other.offset)
		.map(({ offset, path }) => {
			const bytes = readFile(path);
			if (offset < end) throw new LineFault(`${path} begins inside the image before it`);
			end = offset + bytes.length;
			if (end > flashBytes) throw new LineFault(`${path} does not fit into the flash`);
			return { offset, path, bytes };
		});
}

/** Throws LineFault. */
export function readFile(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		throw new LineFault(`${path}: ${(error as Error).message}`);
	}
}
