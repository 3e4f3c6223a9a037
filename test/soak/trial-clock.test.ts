/** `--clock` is the test build's alone, and there a trial's deadline is kept by the clock that jumps (hosts/linux/virtual-time.h). */
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { Board, buildVariant, canBuild32, newFolder, runBoard, scratch } from "../host/board.ts";
import { SLOT_KB, slotImage, updatedBoard } from "../host/slot-board.ts";
import { realPause } from "./process-clock.ts";
import { buildSoakBoard } from "./soak-house.ts";

const REFUSED = 2;
const WATCHDOG = 81;
const TRIAL_MS = 400;
const US_PER_MS = 1_000;
const MARGIN_MS = 10;

/** Whoever holds a board's clock; `board` resolves when it is there and its time stands. */
async function holdClock(path: string): Promise<{ board: Promise<Socket>; close: () => void }> {
	rmSync(path, { force: true });
	const server = createServer();
	const board = new Promise<Socket>((resolve) => {
		server.once("connection", (socket) => {
			socket.on("error", () => undefined);
			socket.write("jump 0\nstand\n");
			resolve(socket);
		});
	});
	await new Promise<void>((resolve) => server.listen(path, resolve));
	return { board, close: () => void server.close() };
}

export default function suite(t: Suite): void {
	t.test("a board that is no test build has no clock for others to hold, and says so", async () => {
		buildVariant("plain");
		const clock = join(scratch, "plain-clock");
		const holder = await holdClock(clock);
		try {
			const image = slotImage("1.0.0");
			const end = await runBoard({ image, words: ["--arg", "do=none", "--clock", clock] });
			check.equal(end.status, REFUSED, end.stderr);
			check.ok(end.stderr.includes("unknown option --clock"), end.stderr);
			const without = await runBoard({ image, words: ["--arg", "do=none"] });
			check.equal(without.status, 80, without.stderr);
		} finally {
			holder.close();
		}
	});

	t.test(
		"a trial whose time stands is not ended, however long that takes, and is as soon as its deadline is jumped to (I4)",
		async ({ skip }) => {
			if (!canBuild32()) skip("the packages of the 32-bit build are missing");
			buildVariant("plain");
			const binary = buildSoakBoard();
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const clock = join(scratch, "trial-clock");
			const holder = await holdClock(clock);
			const words = ["--slot-kb", String(SLOT_KB), "--trial-ms", String(TRIAL_MS), "--clock", clock];
			const trial = new Board({ state, binary, words: [...words, "--arg", "do=stay"] });
			try {
				const driver = await holder.board;
				await trial.until(({ stdout }) => stdout.includes("main 2.0.0 slot 1 unset,pending"));
				const jump = (ms: number): void => void driver.write(`jump ${ms * US_PER_MS}\n`);
				await realPause(2 * TRIAL_MS);
				jump(TRIAL_MS - MARGIN_MS);
				await realPause(2 * TRIAL_MS);
				check.equal(trial.child.exitCode, null, trial.stderr);
				jump(MARGIN_MS);
				const end = await trial.end();
				check.equal(end.status, WATCHDOG, end.stderr);
				check.ok(end.stderr.includes("trial was not confirmed"), end.stderr);
			} finally {
				await trial.stop("SIGKILL");
				holder.close();
			}
		},
	);
}
