/** `latchkey update inspect`: what a manifest says; with a trust bundle, who signed it. */
import { dirname } from "node:path";
import type { Command } from "commander";
import { existingFile } from "../cli/arguments.ts";
import { inspectManifest, manifestInspectionText } from "./inspection.ts";
import { readManifestFile } from "./manifest-file.ts";
import { RELEASE_FILES, readStatement } from "./release.ts";
import { manifestPath, runUpdate, say } from "./run-update.ts";
import { readTrust } from "./update-trust.ts";

interface InspectArguments {
	readonly manifest: string;
	readonly trust?: string;
	readonly previous?: string;
	readonly json?: true;
}

export function registerUpdateInspect(update: Command): void {
	update
		.command("inspect")
		.description("Show what a manifest says, who signed it and what it changes")
		.requiredOption("--manifest <path>", "the manifest, or the folder of its release", manifestPath)
		.option("--trust <file>", "trust bundle: says who signed and whether they suffice", existingFile)
		.option("--previous <path>", "the release before, to show what changes", manifestPath)
		.option("--json", "as JSON")
		.action((options: InspectArguments) => runUpdate(async () => inspect(options)));
}

function inspect({ manifest, trust, previous, json }: InspectArguments): void {
	const inspection = inspectManifest(readManifestFile(manifest), {
		trust: trust === undefined ? undefined : readTrust(trust),
		previous: previous === undefined ? undefined : readManifestFile(previous).manifest,
		statement: readStatement(RELEASE_FILES.freshness(dirname(manifest))),
	});
	say(json ? JSON.stringify(inspection, null, "\t") : manifestInspectionText(inspection));
}
