/** The deadline of a trial, which stands in three places: the firmware's own patience ends first, and C's default is the contract's. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { LIMITS } from "../../modules/base/limits.ts";
import { TRIAL_DEADLINE_MS } from "../../modules/platform/slots.ts";
import { binaryOf } from "./board.ts";
import type { HostTest } from "./run.ts";

export const trialDeadlineTests: readonly HostTest[] = [
	{
		name: "the host's deadline of a trial is the contract's, and longer than the firmware's own (I4)",
		run: () => {
			const usage = execFileSync(binaryOf("plain"), ["--help"], { encoding: "utf8", timeout: 10_000 });
			const said = /--trial-ms MS .*\(default (\d+)\)/.exec(usage)?.[1];
			assert.equal(Number(said), TRIAL_DEADLINE_MS);
			assert.ok(LIMITS.trialMs < TRIAL_DEADLINE_MS);
		},
	},
];
