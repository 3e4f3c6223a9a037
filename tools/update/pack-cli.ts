/** `latchkey update pack`: a release out of this checkout, or of an image that was built before. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { existingFile, isoTime, newPath, several, wholeNumber } from "../cli/arguments.ts";
import { buildImage } from "./image-build.ts";
import { inspectManifest, manifestInspectionText } from "./inspection.ts";
import { type NamedImage, pack } from "./pack.ts";
import { writeRelease } from "./release.ts";
import { runUpdate, say } from "./run-update.ts";
import { readTrust } from "./update-trust.ts";

interface PackArguments {
	readonly out: string;
	readonly hardwareClass: string;
	readonly trust: string;
	readonly image?: string;
	readonly dirty?: true;
	readonly from?: readonly string[];
	readonly signed?: number;
}

export function registerUpdatePack(update: Command): void {
	update
		.command("pack")
		.description(
			"Build the image and write a release with an unsigned manifest; the same sources give the same image",
		)
		.requiredOption("--out <dir>", "the release's folder, new", newPath)
		.requiredOption("--hardware-class <name>", "what the factory line gave the boards", hardwareClass)
		.requiredOption(
			"--trust <file|n>",
			"the trust bundle, or the version, that a lock must have at least",
			bundleOrVersion,
		)
		.option("--image <file>", "an image that was built before, instead of this checkout's", existingFile)
		.option("--dirty", "for a try: build sources that are no commit's, of the time of SOURCE_DATE_EPOCH")
		.option(
			"--from <file>",
			`image that locks run now, for a delta; up to ${LIMITS.manifestDeltas} times`,
			several(existingFile),
		)
		.option(
			"--signed <time>",
			"signing time; it raises the floor of time in every lock (default: now)",
			isoTime,
		)
		.action((options: PackArguments) => runUpdate(() => runPack(options)));
}

function hardwareClass(text: string): string {
	if (!/^[0-9A-Za-z._-]{1,24}$/.test(text))
		throw new InvalidArgumentError("It must be 1 to 24 of letters, digits, point, underline and hyphen.");
	return text;
}

function bundleOrVersion(text: string): string {
	return /^\d+$/.test(text) ? String(wholeNumber(0, Number.MAX_SAFE_INTEGER)(text)) : existingFile(text);
}

async function runPack(options: PackArguments): Promise<void> {
	const { from = [] } = options;
	if (from.length > LIMITS.manifestDeltas)
		throw new InvalidArgumentError(`A manifest has at most ${LIMITS.manifestDeltas} deltas.`);
	const trustVersion = /^\d+$/.test(options.trust) ? Number(options.trust) : readTrust(options.trust).version;
	const image =
		options.image === undefined
			? { name: "the image of this checkout", bytes: await buildImage(options.dirty === true) }
			: readImage(options.image);
	const { release, without } = pack({
		image,
		from: from.map(readImage),
		hardwareClass: options.hardwareClass,
		trustVersion,
		signedUnixMs: options.signed ?? Date.now(),
	});
	writeRelease(options.out, release);
	for (const each of without) say(`no delta\t${each}`);
	say(manifestInspectionText(inspectManifest(release.file)));
}

function readImage(path: string): NamedImage {
	return { name: path, bytes: new Uint8Array(readFileSync(path)) };
}
