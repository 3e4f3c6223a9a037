/** `latchkey update freshness`: says that a release is the newest, for so many days. Made for a timer: it asks nothing. */
import type { Command } from "commander";
import { existingFile, existingFolder, issuerKey, wholeNumber } from "../cli/arguments.ts";
import { FRESHNESS_DAYS_MAX, issueFreshness } from "./freshness-statement.ts";
import { readManifestFile } from "./manifest-file.ts";
import { RELEASE_FILES, readStatement, writeStatement } from "./release.ts";
import { manifestPath, runUpdate, say } from "./run-update.ts";
import { readTrust } from "./update-trust.ts";

const DAYS = 30;
const DAY_MS = 86_400_000;

interface FreshnessArguments {
	readonly release: string;
	readonly key: string;
	readonly trust: string;
	readonly days: number;
}

export function registerUpdateFreshness(update: Command): void {
	update
		.command("freshness")
		.description(
			"Sign that a release is the newest, with the online key; run it again before the days are over",
		)
		.requiredOption("--release <dir>", "the release, signed by its threshold", existingFolder)
		.requiredOption("--key <file|uri>", "the freshness role's private key, or a pkcs11: URI", issuerKey)
		.requiredOption("--trust <file>", "the newest trust bundle", existingFile)
		.option("--days <n>", "days until locks report stale", wholeNumber(1, FRESHNESS_DAYS_MAX), DAYS)
		.action((options: FreshnessArguments) => runUpdate(() => runFreshness(options)));
}

async function runFreshness({ release, key, trust, days }: FreshnessArguments): Promise<void> {
	const nowUnixMs = Date.now();
	const file = readManifestFile(manifestPath(release));
	const statement = await issueFreshness({
		trust: readTrust(trust),
		file,
		key,
		nowUnixMs,
		days,
		former: readStatement(RELEASE_FILES.freshness(release)),
	});
	writeStatement(release, statement);
	const until = new Date(Math.floor(nowUnixMs / 1_000) * 1_000 + days * DAY_MS).toISOString();
	say(`sequence ${file.manifest.sequence}: fresh until ${until}`);
}
