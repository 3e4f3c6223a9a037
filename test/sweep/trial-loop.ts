/** The hours in which a board tries a release again that broke each time, until it parks it: real boots, an hour a second. */
import assert from "node:assert/strict";
import { LIMITS } from "../../modules/base/limits.ts";
import { type BootWords, HostBoot } from "./host-lock.ts";

/** Hours in which a parked release is not tried. */
const PARKED_MS = 4000;
const BOOT_MS = 60_000;
const LOOK_MS = 30;

/**
 * What each trial said. The board is off and has parked the release; nobody talked to it, since its line would be as hurried. `words` have the
 * fault of the release that is tried.
 */
export async function tryUntilParked(
	state: string,
	words: BootWords,
	sequence: number,
): Promise<readonly string[]> {
	const trials: string[] = [];
	for (let boots = 0; boots <= 2 * LIMITS.revertsMax; boots++) {
		const boot = await HostBoot.start(state, { ...words, mayBreak: true, hurry: `${sequence - 1}:3600` });
		const endMs = performance.now() + BOOT_MS;
		const isParked = (): boolean => boot.log.includes(`reverted, trial-crashed, ${LIMITS.revertsMax} of`);
		while (!boot.hasEnded && !isParked()) {
			assert.ok(performance.now() < endMs, `not in time\n${boot.log}`);
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
		if (boot.log.includes(`sweep: ${sequence} runs, pending`)) trials.push(boot.log);
		if (boot.hasEnded) {
			await boot.ended();
			continue;
		}
		await new Promise((resolve) => setTimeout(resolve, PARKED_MS));
		assert.ok(!boot.hasEnded, `a parked release was tried again\n${boot.log}`);
		await boot.cut();
		return trials;
	}
	throw new Error(`never parked\n${trials.join("\n")}`);
}
