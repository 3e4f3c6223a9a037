/**
 * A release that is newer than what a lock runs: the one that somebody made, or for a simulated board this checkout's firmware under
 * the next numbers, signed by the development holders of the bench.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import { manifestAad } from "../../modules/update/manifest.ts";
import { PATHS } from "../setup/paths.ts";
import { readBundleFile } from "../trust/bundle-file.ts";
import { newestBundlePath, TRUST_FILES } from "../trust/development-trust.ts";
import { issueFreshness } from "../update/freshness-statement.ts";
import { addManifestSignature } from "../update/manifest-file.ts";
import { pack } from "../update/pack.ts";
import { type Release, readRelease } from "../update/release.ts";
import { signAs } from "../update/role-signature.ts";
import { HilFault } from "./hil-fault.ts";
import type { LockBench } from "./lock-bench.ts";

export interface Numbers {
	readonly version: string;
	readonly sequence: number;
}

const SIMULATED_BOARD = "linux";
const TOOL_MS = 120_000;
const DAYS = 30;
const runFile = promisify(execFile);

/** Undefined: none was named, and none can be made for this board. */
export async function nextRelease(order: {
	readonly bench: LockBench;
	readonly folder: string | undefined;
	readonly sequence: number;
}): Promise<Release | undefined> {
	const { bench, folder, sequence } = order;
	if (folder !== undefined) return readRelease(folder);
	if (bench.boardName !== SIMULATED_BOARD) return undefined;
	const image = await numberedImage({ version: `0.9.${sequence}`, sequence });
	return await signedRelease(bench, image);
}

async function signedRelease(bench: LockBench, image: Uint8Array): Promise<Release> {
	const trust = readBundleFile(newestBundlePath(bench.pkiDir)!).bundle;
	const { release } = pack({
		image: { name: "the next image", bytes: image },
		from: [],
		hardwareClass: bench.hardwareClass,
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

/** The firmware of this checkout, as it was built, under other numbers. */
export async function numberedImage(numbers: Numbers): Promise<Uint8Array> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-next-"));
	const at = (name: string): string => join(dir, name);
	try {
		writeFileSync(at("version"), numberedVersion(numbers));
		const own = new Map([["modules/base/version", at("version")]]);
		const modules = imageModules([join(PATHS.root, "hosts/linux/manifest.json")], own);
		writeFileSync(at("list"), imageListText(modules));
		const words = ["--sequence", String(numbers.sequence), "--version", numbers.version];
		await runFile(
			join(PATHS.hostBuild, "latchkey-image"),
			[...words, "--list", at("list"), "--output", at("image")],
			{ timeout: TOOL_MS },
		);
		return new Uint8Array(readFileSync(at("image")));
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

function numberedVersion({ version, sequence }: Numbers): string {
	const text = readFileSync(join(PATHS.javascript, "modules/base/version.js"), "utf8")
		.replace(/FIRMWARE_VERSION = "[^"]+"/, `FIRMWARE_VERSION = "${version}"`)
		.replace(/FIRMWARE_SEQUENCE = \d+/, `FIRMWARE_SEQUENCE = ${sequence}`);
	if (!text.includes(`"${version}"`) || !text.includes(`= ${sequence};`))
		throw new HilFault("the firmware's version cannot be numbered anew");
	return text;
}
