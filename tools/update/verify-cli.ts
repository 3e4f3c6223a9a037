/** `latchkey update verify`: judges a release as a lock in a given state would; status 1 when it would refuse. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { FIRMWARE_VENDOR } from "../../modules/base/version.ts";
import { SECTOR_BYTES } from "../../modules/platform/slots.ts";
import { existingFile, existingFolder, isoTime, several, wholeNumber } from "../cli/arguments.ts";
import { readRelease } from "./release.ts";
import { runUpdate, say } from "./run-update.ts";
import { UpdateFault } from "./update-fault.ts";
import { readTrust } from "./update-trust.ts";
import { judgeRelease, type LockState, type Verdict } from "./verdict.ts";

interface VerifyArguments {
	readonly release: string;
	readonly trust: string;
	readonly hardwareClass: string;
	readonly board: string;
	readonly running: number;
	readonly runningSecurity: number;
	readonly floor?: number;
	readonly securityFloor?: number;
	readonly fuse: number;
	readonly slotBytes: number;
	readonly parked?: number;
	readonly time?: number;
	readonly from?: readonly string[];
	readonly json?: true;
}

const sequence = wholeNumber(0, LIMITS.sequenceMax);
const security = wholeNumber(0, LIMITS.securityVersionMax);

export function registerUpdateVerify(update: Command): void {
	update
		.command("verify")
		.description("Judge a release as a lock would, and check its files; status 1 when a lock would refuse it")
		.requiredOption("--release <dir>", "the release", existingFolder)
		.requiredOption("--trust <file>", "the lock's trust bundle", existingFile)
		.requiredOption("--hardware-class <name>", "the lock's hardware class")
		.requiredOption("--running <n>", "sequence of the image that the lock runs", sequence)
		.option("--running-security <n>", "security version of the image that the lock runs", security, 0)
		.option("--floor <n>", "the lock's sequence floor (default: what it runs)", sequence)
		.option("--security-floor <n>", "the lock's security floor (default: what it runs)", security)
		.option("--fuse <n>", "the security version that is burnt into the lock", security, 0)
		.option("--board <name>", "which build the lock runs", "linux")
		.option(
			"--slot-bytes <n>",
			"size of the lock's slots",
			wholeNumber(SECTOR_BYTES, LIMITS.imageBytes),
			LIMITS.imageBytes,
		)
		.option("--parked <n>", "a sequence that the lock has parked", sequence)
		.option("--time <time>", "what the lock takes for the time (default: now)", isoTime)
		.option(
			"--from <file>",
			"image that a delta starts from, to try it; may be repeated",
			several(existingFile),
		)
		.option("--json", "as JSON")
		.action((options: VerifyArguments) => runUpdate(async () => verify(options)));
}

function verify(options: VerifyArguments): void {
	const release = readRelease(options.release);
	const sources = (options.from ?? []).map((path) => ({
		name: path,
		bytes: new Uint8Array(readFileSync(path)),
	}));
	const verdict = judgeRelease(release, lockState(options), sources);
	say(options.json ? JSON.stringify(verdict, null, "\t") : verdictText(verdict));
	if (!verdict.accepted) throw new UpdateFault(`a lock would refuse it: ${verdict.reason}`);
}

function lockState(options: VerifyArguments): LockState {
	return {
		names: { vendor: FIRMWARE_VENDOR, hardwareClass: options.hardwareClass, board: options.board },
		trust: readTrust(options.trust),
		unixMs: options.time ?? Date.now(),
		running: { sequence: options.running, securityVersion: options.runningSecurity },
		floors: {
			sequence: options.floor ?? options.running,
			securityVersion: options.securityFloor ?? options.runningSecurity,
		},
		securityFuse: options.fuse,
		slotBytes: options.slotBytes,
		parkedSequence: options.parked,
	};
}

function verdictText({ files, freshness, reason }: Verdict): string {
	return [
		...files.map(({ name, found }) => `${name}\t${found}`),
		`fresh\t${freshness}`,
		`a lock says\t${reason ?? "accepted"}`,
	].join("\n");
}
