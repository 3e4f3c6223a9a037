/** The native cut-off of the real firmware (T19): whatever JavaScript does, and beside a plain C program. `npm run bench -- cutoff` has the figures. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildImage } from "../../tools/bench/bench-build.ts";
import { PULSE_MODULE, PULSE_READY, pulseWords, timePulses } from "../../tools/bench/cut-timer.ts";
import { percentile } from "../../tools/bench/percentile.ts";
import { Board, scratch } from "./board.ts";
import { cutLife, isCut, type Misbehaviour } from "./cut-lives.ts";
import type { HostTest } from "./run.ts";

const LIVES = 10;
const PULSES = 100;
const PULSE_MS = 40;
const GAP_MS = 10;
const LIMIT_MS = 60_000;
/** What the board may add to a plain timer. */
const ADDED_US = 2_000;
/** A hundred pulses are too few for a hundredth of them. */
const PERCENT = 90;

function livesTest(after: Misbehaviour, what: string): HostTest {
	return {
		name: `the firmware that ${what} while an output is energised has it cut by its deadline, ${LIVES} times of ${LIVES} (T19)`,
		run: async () => {
			const image = buildImage("cutoff", [PULSE_MODULE]);
			for (let life = 0; life < LIVES; life++) {
				const lived = await cutLife(image, after);
				assert.ok(isCut(lived, after), `life ${life}: ${JSON.stringify(lived)}`);
			}
		},
	};
}

export const cutoffTests: readonly HostTest[] = [
	livesTest("hang", "hangs"),
	livesTest("memory", "uses up its memory"),
	livesTest("exception", "throws"),
	{
		name: "the native cut comes at most 2 ms after a plain C timer that was set to the same instant (T19)",
		run: async () => {
			const socket = join(scratch, "cutoff-pins");
			const image = buildImage("cutoff", [PULSE_MODULE]);
			const board = new Board({ image, words: ["--pins", socket, ...pulseWords(PULSE_MS, "nothing")] });
			await board.until(({ stdout, stderr }) => (stdout + stderr).includes(PULSE_READY));
			const pulses = await timePulses({
				socket,
				pulseMs: PULSE_MS,
				gapMs: GAP_MS,
				count: PULSES,
				limitMs: LIMIT_MS,
			});
			await board.stop();
			const plain = pulses.filter(({ plainSet }) => plainSet);
			assert.ok(plain.length > PULSES / 2, `${plain.length} pulses whose plain timer was set in time`);
			const cutUs = percentile(
				pulses.map((pulse) => pulse.cutUs),
				PERCENT,
			);
			const plainUs = percentile(
				plain.map((pulse) => pulse.plainUs),
				PERCENT,
			);
			process.stdout.write(`# cut ${cutUs} us late, a plain timer ${plainUs} us, at p${PERCENT}\n`);
			assert.ok(cutUs - plainUs <= ADDED_US, `${cutUs} us, and ${plainUs} us`);
			// A cut that comes too early would be no deadline.
			assert.ok(Math.min(...pulses.map((pulse) => pulse.cutUs)) > -ADDED_US);
		},
	},
];
