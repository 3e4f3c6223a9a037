/**
 * A release as a folder, what `latchkey update pack` writes and everything else reads (docs/UPDATE.md 1):
 *
 *   RELEASE/manifest.cbor    COSE_Sign, without signatures at first
 *   RELEASE/image.bin        what the manifest calls the image
 *   RELEASE/delta-1.bin ...  its deltas, in the manifest's order, from 1
 *   RELEASE/freshness.cbor   the statement that was issued last, when there is one
 *
 * What leaves `readRelease` is what the manifest says, byte for byte; who signed it, and whether a lock takes it, is
 * verdict.ts.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSign } from "../../modules/cose/sign.ts";
import type { UpdateObject } from "../../modules/update/manifest.ts";
import { FRESHNESS_BYTES_MAX } from "../../modules/wire/freshness.ts";
import { type ManifestFile, readManifestFile, writeManifestFile } from "./manifest-file.ts";
import { UpdateFault } from "./update-fault.ts";
import { objectDifference } from "./update-object.ts";
import { writeWhole } from "./whole-file.ts";

export const RELEASE_FILES = Object.freeze({
	manifest: (dir: string) => join(dir, "manifest.cbor"),
	image: (dir: string) => join(dir, "image.bin"),
	/** From 0, as in the manifest. */
	delta: (dir: string, index: number) => join(dir, `delta-${index + 1}.bin`),
	freshness: (dir: string) => join(dir, "freshness.cbor"),
});

export interface Release {
	readonly file: ManifestFile;
	/** The signed message as it goes to locks. */
	readonly message: Uint8Array;
	readonly image: Uint8Array;
	/** In the order of the manifest's deltas. */
	readonly deltas: readonly Uint8Array[];
	/** A freshness statement as it goes to locks, not verified; at most FRESHNESS_BYTES_MAX bytes. */
	readonly statement: Uint8Array | undefined;
}

/** Throws UpdateFault when a file is missing or is not what the manifest says. */
export function readRelease(dir: string): Release {
	const file = readManifestFile(requireFile(RELEASE_FILES.manifest(dir)));
	return {
		file,
		message: encodeSign(file),
		image: readObject(RELEASE_FILES.image(dir), file.manifest.image),
		deltas: file.manifest.deltas.map(({ object }, index) =>
			readObject(RELEASE_FILES.delta(dir, index), object),
		),
		statement: readStatement(RELEASE_FILES.freshness(dir)),
	};
}

function requireFile(path: string): string {
	if (!existsSync(path)) throw new UpdateFault(`${path} is missing: the release is not whole`);
	return path;
}

function readObject(path: string, object: UpdateObject): Uint8Array {
	// Before anything is read: whoever made the folder decides how much there is.
	const size = statSync(requireFile(path)).size;
	if (size !== object.bytes)
		throw new UpdateFault(`${path}: it has ${size} bytes, and the manifest says ${object.bytes}`);
	const bytes = new Uint8Array(readFileSync(path));
	const difference = objectDifference(object, bytes);
	if (difference !== undefined) throw new UpdateFault(`${path}: ${difference}`);
	return bytes;
}

/** Undefined when there is none. Throws UpdateFault when it is longer than any statement. */
export function readStatement(path: string): Uint8Array | undefined {
	if (!existsSync(path)) return undefined;
	const bytes = new Uint8Array(readFileSync(path));
	if (bytes.length === 0 || bytes.length > FRESHNESS_BYTES_MAX)
		throw new UpdateFault(`${path} is no freshness statement`);
	return bytes;
}

/** The folder appears whole. Throws UpdateFault when it is there already: a release is never written over. */
export function writeRelease(dir: string, release: Omit<Release, "message" | "statement">): void {
	if (existsSync(dir)) throw new UpdateFault(`${dir} is there already`);
	const draft = `${dir}.${process.pid}.new`;
	rmSync(draft, { recursive: true, force: true });
	mkdirSync(draft);
	try {
		writeFileSync(RELEASE_FILES.image(draft), release.image);
		for (const [index, delta] of release.deltas.entries())
			writeFileSync(RELEASE_FILES.delta(draft, index), delta);
		writeManifestFile(RELEASE_FILES.manifest(draft), release.file);
		renameSync(draft, dir);
	} catch (error) {
		rmSync(draft, { recursive: true, force: true });
		throw error;
	}
}

/** Replaces the statement whole: locks and relays that read meanwhile have the old one or the new one. */
export function writeStatement(dir: string, statement: Uint8Array): void {
	writeWhole(RELEASE_FILES.freshness(dir), statement);
}
