/** `latchkey update push`: one release to one lock, through a phone's session or the verbs of a serial line. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { existingFile, existingFolder, serialLine, several, wholeNumber } from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { Progress } from "../cli/progress.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { PhoneFault } from "../phone/lock-client.ts";
import { Phone } from "../phone/phone.ts";
import { TransportFault } from "../phone/transport.ts";
import { Wallet, WalletFault } from "../phone/wallet.ts";
import { openWay, type Way, wayOptions } from "../phone/way.ts";
import { Push, type PushEnd } from "./push.ts";
import { LineWay, SessionWay, type UpdateWay, WayRefusal } from "./push-way.ts";
import { readRelease } from "./release.ts";
import { runUpdate } from "./run-update.ts";

interface PushArguments extends Omit<Way, "dir"> {
	readonly release: string;
	readonly bundle?: readonly string[];
	readonly dir?: string;
	readonly line?: string;
	readonly wait: boolean;
	readonly trialSeconds: number;
}

/** Longer than the host's own deadline of a trial (UPDATE 7), and the quiet before it. */
const TRIAL_SECONDS = 900;

const ENDS: Readonly<Record<PushEnd, string>> = Object.freeze({
	installed: "installed and confirmed",
	present: "the lock runs it already",
	delivered: "the lock has all of it",
});

export function registerUpdatePush(update: Command): void {
	const push = update
		.command("push")
		.description(
			"Bring a release to one lock, go on where it was cut, wait for its trial and say how it ended",
		)
		.requiredOption("--release <dir>", "the release's folder, signed", existingFolder)
		.option(
			"--bundle <file>",
			"trust bundle to bring first, in order; may be repeated",
			several(existingFile),
		)
		.option("--dir <dir>", "folder of the phone whose session it is (latchkey phone)", existingFolder);
	wayOptions(push, true)
		.option(
			"--line <device>",
			"by the serial line's verbs: a board before its seal, or in recovery",
			serialLine,
		)
		.option("--no-wait", "end when the lock has all of it")
		.option(
			"--trial-seconds <n>",
			"how long restart and trial may take",
			wholeNumber(1, 86_400),
			TRIAL_SECONDS,
		)
		.action((options: PushArguments) => runUpdate(() => runPush(options)));
}

async function runPush(options: PushArguments): Promise<void> {
	const open = wayOf(options);
	const release = readRelease(options.release);
	const bundles = (options.bundle ?? []).map(readBundle);
	const progress = new Progress(process.stdout);
	const { manifest } = release.file;
	progress.say(`release\t${manifest.version}, sequence ${manifest.sequence}, ${release.image.length} bytes`);
	try {
		await explaining([PhoneFault, TransportFault, WalletFault, SerialFault, WayRefusal], async () => {
			const end = await new Push({
				release,
				bundles,
				open,
				onProgress: (name, done, total) => progress.show(name, done, total),
				say: (line) => progress.say(line),
				wait: options.wait,
				trialMs: options.trialSeconds * 1000,
			}).run();
			progress.say(`done\t${ENDS[end]}`);
		});
	} finally {
		progress.end();
	}
}

/** Throws CliFault when the options name no way, or several. */
function wayOf(options: PushArguments): () => Promise<UpdateWay> {
	const { line, dir, relay, local, serialLine: sessionLine } = options;
	if (line !== undefined) {
		if (dir !== undefined || relay !== undefined || local !== undefined || sessionLine !== undefined)
			throw new CliFault("--line goes without a phone's --dir, --relay, --local and --serial-line", 2);
		return async () => new LineWay(line);
	}
	if (dir === undefined) throw new CliFault("--line, or --dir with a way to the lock is needed", 2);
	const way: Way = { ...options, dir };
	return async () => {
		mkdirSync(dir, { recursive: true, mode: 0o700 });
		const wallet = Wallet.open(join(dir, "wallet.json"));
		const lock = wallet.lock(way.serial);
		const transport = await openWay(way);
		try {
			const context = {
				crypto: new NobleCrypto(),
				keys: wallet.keys,
				transport,
				nowMs: () => performance.now(),
			};
			return new SessionWay(await Phone.open(context, lock), () => transport.close());
		} catch (error) {
			transport.close();
			throw error;
		}
	};
}

function readBundle(path: string): Uint8Array {
	const message = new Uint8Array(readFileSync(path));
	if (message.length === 0 || message.length > LIMITS.bundleBytes)
		throw new CliFault(`${path} is no trust bundle`);
	return message;
}
