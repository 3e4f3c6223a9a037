/**
 * A release that is newer than what a lock runs: the one that somebody made, or for a simulated board this checkout's firmware under
 * the next numbers, signed by the development holders of the bench.
 */
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import { manifestAad } from "../../modules/update/manifest.ts";
import { readBundleFile } from "../trust/bundle-file.ts";
import { newestBundlePath, TRUST_FILES } from "../trust/development-trust.ts";
import { issueFreshness } from "../update/freshness-statement.ts";
import { addManifestSignature } from "../update/manifest-file.ts";
import { numberedImage } from "../update/numbered-image.ts";
import { pack } from "../update/pack.ts";
import { type Release, readRelease } from "../update/release.ts";
import { signAs } from "../update/role-signature.ts";
import type { LockBench } from "./lock-bench.ts";

const SIMULATED_BOARD = "linux";
export const SIMULATED_CLASS = "latchkey-linux";
const DAYS = 30;

/** Undefined: none was named, and none can be made for this board. */
export async function nextRelease(order: {
	readonly bench: LockBench;
	readonly folder: string | undefined;
	readonly sequence: number;
}): Promise<Release | undefined> {
	const { bench, folder, sequence } = order;
	if (folder !== undefined) return readRelease(folder);
	if (bench.boardName !== SIMULATED_BOARD) return undefined;
	const image = numberedImage({ version: `0.9.${sequence}`, sequence });
	return await signedRelease(bench, image);
}

async function signedRelease(bench: LockBench, image: Uint8Array): Promise<Release> {
	const trust = readBundleFile(newestBundlePath(bench.pkiDir)!).bundle;
	const { release } = pack({
		image: { name: "the next image", bytes: image },
		from: [],
		hardwareClass: bench.hardwareClass ?? SIMULATED_CLASS,
		trustVersion: trust.version,
		signedUnixMs: Date.now(),
	});
	let file = release.file;
	const structure = signStructure(manifestAad(), file.payload);
	for (const holder of ["release-1", "release-2"]) {
		const key = TRUST_FILES.key(bench.pkiDir, holder);
		const added = await signAs(trust.updateRole.keys, "update manifests", key, structure);
		file = { ...addManifestSignature(file, added), manifest: file.manifest };
	}
	const key = TRUST_FILES.key(bench.pkiDir, "freshness");
	const statement = await issueFreshness({
		trust,
		file,
		key,
		nowUnixMs: Date.now(),
		days: DAYS,
		former: undefined,
	});
	return { ...release, file, message: encodeSign(file), statement };
}
