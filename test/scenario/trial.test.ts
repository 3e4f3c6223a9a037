/**
 * Releases that are on trial in a house and fail (docs/UPDATE.md 7), as processes: one that reaches nobody where the image before it did, and
 * one that crashes until it is parked, and that its owner lets try again. Of the other ways to fail test/sweep knows.
 */
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { check, type Suite } from "../harness/test.ts";
import { HostBoot } from "../sweep/host-lock.ts";
import { tryUntilParked } from "../sweep/trial-loop.ts";
import { eventually } from "../tools/support/temporary.ts";
import { withHome } from "./home-test.ts";
import { memoryWords, scenarioVariant } from "./scenario-board.ts";
import { UpdateHome } from "./update-home.ts";

const MAIN = "test/sweep/board-main";
/** The supervisor's. */
const SLOT_KB = 1536;
const TRIAL_MS = 60_000;

function openWith(fault: string, ...words: readonly string[]): () => Promise<UpdateHome> {
	return () => UpdateHome.open({ main: MAIN, boardWords: ["--arg", `fault=${fault}`, ...words] });
}

/** Of updates, oldest first, as `phone log` prints them: "2: began". */
async function stepsOf(home: UpdateHome): Promise<readonly string[]> {
	const { stdout } = home.succeeded(await home.phone("log"));
	return [...stdout.matchAll(/update (\d+: [a-z-]+)/g)].map((match) => match[1]!);
}

export default function suite(t: Suite): void {
	t.test(
		"a release that reaches nobody, where the one before it did, is reverted after its ten minutes, and its owner's phone is told (T10, T20, I4)",
		({ note }) =>
			// Only its ten minutes are short: ten seconds.
			withHome(
				async (home) => {
					await home.release("two", home.image({ version: "0.2.0", sequence: 2 }));
					const pushed = await (await home.pushLocally("two")).ended;
					note(pushed.stderr.trim());
					home.refused(pushed, /reverted release 2 and runs 0\.1\.0: /);
					check.ok(
						/sweep: 2 runs, pending[\s\S]*given up, trial-unreachable[\s\S]*sweep: 1 runs/.test(home.log),
						home.log,
					);
					check.ok(/sequence 2 was reverted, trial-unreachable, 1 of 3/.test(home.log), home.log);
					const stands = home.succeeded(await home.phoneUpdate("status"));
					check.ok(/^sequence\t1, floor 1$/m.test(stands.stdout), stands.stdout);
					check.deepEqual(await stepsOf(home), ["2: began", "2: chosen", "2: reverted"]);
					check.ok(/^firmware\t0\.1\.0$/m.test(home.succeeded(await home.phone("status")).stdout));
					home.succeeded(await home.phone("unlock"));
				},
				openWith("2:mute", "--arg", "hurry=2:60"),
			),
	);

	t.test(
		"a release that crashes in each trial is parked after three, and its owner's word has it tried again; the log says all of it (T9, T10, I4)",
		() =>
			withHome(async (home) => {
				const { house } = home;
				const board = join(home.dir, "board");
				await home.release("two", home.image({ version: "0.2.0", sequence: 2 }));
				home.refused(await (await home.pushLocally("two")).ended, /reverted release 2 and runs 0\.1\.0: /);
				check.ok(
					/abort: uncaught exception[\s\S]*the trial of slot \d did not confirm/.test(home.log),
					home.log,
				);
				check.deepEqual(await stepsOf(home), ["2: began", "2: chosen", "2: reverted"]);

				await house.cutPower();
				const sameBoard = { slotKb: SLOT_KB, variant: scenarioVariant(), words: memoryWords() };
				const words = { ...sameBoard, fault: "2:throws" };
				const trials = await tryUntilParked(board, words, 2);
				check.equal(trials.length, LIMITS.revertsMax - 1, trials.join("\n"));
				await house.startBoard();
				const stands = home.succeeded(await home.phoneUpdate("status"));
				check.ok(/^state\tparked$/m.test(stands.stdout), stands.stdout);
				// The command shows the newest entries.
				const tried = ["2: chosen", "2: reverted", "2: chosen", "2: reverted", "2: parked"];
				check.deepEqual((await stepsOf(home)).slice(-tried.length), tried);
				home.refused(await (await home.pushLocally("two")).ended, /parked/);

				home.succeeded(await home.phoneUpdate("retry"));
				await house.cutPower();
				// The hour that it waits for, and this trial is a good one.
				let isConfirmed = false;
				for (let boots = 0; boots <= 2 * LIMITS.revertsMax && !isConfirmed; boots++) {
					const boot = await HostBoot.start(board, { ...sameBoard, hurry: "1:3600" });
					const isOver = (): boolean => boot.hasEnded || boot.log.includes("sequence 2 is confirmed");
					check.ok(await eventually(isOver, TRIAL_MS), boot.log);
					isConfirmed = !boot.hasEnded;
					await boot.cut();
				}
				check.ok(isConfirmed, "never confirmed");
				await house.startBoard();
				check.ok(/^firmware\t0\.2\.0$/m.test(home.succeeded(await home.phone("status")).stdout));
				check.deepEqual((await stepsOf(home)).slice(-3), ["2: retried", "2: chosen", "2: confirmed"]);
				home.succeeded(await home.phone("unlock"));
			}, openWith("2:throws")),
	);
}
