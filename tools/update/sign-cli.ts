/** `latchkey update sign`: one holder's signature, after showing what is signed. No network is used. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { signStructure } from "../../modules/cose/sign.ts";
import { manifestAad } from "../../modules/update/manifest.ts";
import { existingFile, issuerKey } from "../cli/arguments.ts";
import { inspectManifest, manifestInspectionText } from "./inspection.ts";
import {
	addManifestSignature,
	type ManifestFile,
	readManifestFile,
	writeManifestFile,
} from "./manifest-file.ts";
import { signAs } from "./role-signature.ts";
import { manifestPath, runUpdate, say } from "./run-update.ts";
import { UpdateFault } from "./update-fault.ts";
import { objectDifference } from "./update-object.ts";
import { readTrust, requireTrustVersion } from "./update-trust.ts";

const DAY_MS = 86_400_000;

interface SignArguments {
	readonly manifest: string;
	readonly key: string;
	readonly trust: string;
	readonly previous?: string;
	readonly image?: string;
	readonly anyTime?: true;
	readonly yes?: true;
}

export function registerUpdateSign(update: Command): void {
	update
		.command("sign")
		.description("Add one holder's signature to a manifest, offline, after showing what is signed")
		.requiredOption("--manifest <path>", "the manifest, or the folder of its release", manifestPath)
		.requiredOption("--key <file|uri>", "the holder's private key, or a pkcs11: URI", issuerKey)
		.requiredOption("--trust <file>", "the trust bundle whose update role signs", existingFile)
		.option("--previous <path>", "the release before, to show what changes", manifestPath)
		.option("--image <file>", "the holder's own build: nothing is signed that is not it", existingFile)
		.option(
			"--any-time",
			"sign although the manifest's signing time is more than a day from this machine's clock",
		)
		.option("--yes", "sign without asking; needed where no terminal can be asked")
		.action((options: SignArguments) => runUpdate(() => runSign(options)));
}

async function runSign(options: SignArguments): Promise<void> {
	const trust = readTrust(options.trust);
	const file = readManifestFile(options.manifest);
	const previous = options.previous === undefined ? undefined : readManifestFile(options.previous).manifest;
	say(manifestInspectionText(inspectManifest(file, { trust, previous })));
	requireTrustVersion(trust, file.manifest);
	requireNearClock(file, options);
	if (options.image !== undefined) requireImage(file, options.image);
	await requireWord(options);
	const structure = signStructure(manifestAad(), file.payload);
	const added = await signAs(trust.updateRole.keys, "update manifests", options.key, structure);
	const signed = {
		...addManifestSignature(readAgain(options.manifest, file), added),
		manifest: file.manifest,
	};
	writeManifestFile(options.manifest, signed);
	const { trust: signers } = inspectManifest(signed, { trust });
	say(
		`signatures\t${signers!.signers.length} of ${signers!.threshold}: ${signers!.isMet ? "met" : "not met"}`,
	);
}

/** One wrong clock must not push the floor of every lock: each holder's own clock has a say. */
function requireNearClock({ manifest }: ManifestFile, { anyTime }: SignArguments): void {
	const distanceMs = Math.abs(manifest.signedUnixSeconds * 1_000 - Date.now());
	if (distanceMs > DAY_MS && anyTime !== true)
		throw new UpdateFault(
			"the manifest's signing time is more than a day from this machine's clock (--any-time signs it all the same)",
		);
}

function requireImage({ manifest }: ManifestFile, path: string): void {
	const difference = objectDifference(manifest.image, new Uint8Array(readFileSync(path)));
	if (difference !== undefined) throw new UpdateFault(`${path} is not the manifest's image: ${difference}`);
}

/** Other holders may have signed while this one looked: their signatures stay. What was not shown is not signed. */
function readAgain(path: string, shown: ManifestFile): ManifestFile {
	const now = readManifestFile(path);
	if (!bytesEqual(now.payload, shown.payload))
		throw new UpdateFault("the manifest has changed since it was shown: nothing is signed");
	return now;
}

/** A person's word, at a terminal or as an option: silence is none. */
async function requireWord({ yes }: SignArguments): Promise<void> {
	if (yes === true) return;
	if (!process.stdin.isTTY)
		throw new UpdateFault("nothing is signed: there is no terminal to ask at (--yes signs without asking)");
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	try {
		const answer = await terminal.question("Sign this? Type yes: ");
		if (answer.trim() !== "yes") throw new UpdateFault("nothing is signed");
	} finally {
		terminal.close();
	}
}
