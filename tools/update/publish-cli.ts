/** `latchkey update publish`: a release, or a newer freshness statement, into a relay's folder; a running relay sees it. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Manifest } from "../../modules/update/manifest.ts";
import { existingFile, existingFolder } from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { ObjectFault } from "../relay/object-store.ts";
import type { Publication } from "../relay/publication.ts";
import { RegistryFault, registryPath } from "../relay/registry-file.ts";
import { readRelease, readStatement } from "./release.ts";
import { runUpdate, say } from "./run-update.ts";
import { UpdateFault } from "./update-fault.ts";

interface PublishArguments {
	readonly dir: string;
	readonly release?: string;
	readonly freshness?: string;
}

/** Throws CliFault unless there is a relay's database. */
export function requireRelay(dir: string): string {
	const path = registryPath(dir);
	if (!existsSync(path)) throw new CliFault(`there is no registry in ${dir}`, 2);
	return path;
}

export function registerUpdatePublish(update: Command): void {
	const publish = update
		.command("publish")
		.description("Put a signed release, or a newer freshness statement, into a relay's folder")
		.requiredOption("--dir <dir>", "folder of the relay's registry", existingFolder)
		.option("--release <dir>", "folder of the release", existingFolder)
		.option(
			"--freshness <file>",
			"a freshness statement (default: the release's own); alone, it renews a release that is there",
			existingFile,
		)
		.action((options: PublishArguments) => {
			if (options.release === undefined && options.freshness === undefined)
				publish.error("error: --release, --freshness or both must be given");
			return explaining([RegistryFault, ObjectFault], () => runUpdate(() => run(options)));
		});
}

async function run({ dir, release: folder, freshness }: PublishArguments): Promise<void> {
	requireRelay(dir);
	const statement = freshness === undefined ? undefined : readStatement(freshness);
	const { Publication } = await import("../relay/publication.ts");
	const publication = await Publication.open(dir);
	try {
		if (folder !== undefined) {
			const release = readRelease(folder);
			const whole = statement === undefined ? release : { ...release, statement };
			const outcome = await publication.release(whole, Date.now());
			const { sequence, version, board } = release.file.manifest;
			say(`sequence ${sequence} (${version}) for ${board}: ${outcome}`);
			if (whole.statement === undefined)
				say("it has no freshness statement: no lock takes it until one is published");
			else await warn(publication, release.file.manifest);
			return;
		}
		if (statement === undefined) throw new UpdateFault(`${freshness} is missing`);
		const { manifest } = await publication.freshness(statement, Date.now());
		say(`sequence ${manifest.sequence} (${manifest.version}) for ${manifest.board}: renewed`);
		await warn(publication, manifest);
	} finally {
		await publication.close();
	}
}

/** A lock takes the manifest that the statement of last names, and no other. */
async function warn(publication: Publication, manifest: Manifest): Promise<void> {
	const newer = await publication.newerThan(manifest);
	if (newer === undefined) return;
	say(
		`sequence ${newer} is newer: locks that get this statement refuse it until its own is issued again (docs/OPERATIONS.md)`,
	);
}
