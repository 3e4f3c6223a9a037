/** No turn of the event loop is long for an update (T16, I8; DESIGN 10, docs/UPDATE.md 6): on the real binary, over the real relay. */
import assert from "node:assert/strict";
import { buildImage } from "../../tools/bench/bench-build.ts";
import { longestUpdateTurn } from "../../tools/bench/update-turns.ts";
import { binaryOf } from "./board.ts";
import type { HostTest } from "./run.ts";

const IMAGE_BYTES = 200_000;
/** About 92,000, of which judging an offer is the most; a turn that judges two has 130,000. */
const CODES_MAX = 120_000;
/** An offer that is judged, a piece that is decoded: less than that, and nothing was measured. */
const CODES_MIN = 20_000;

export const turnTests: readonly HostTest[] = [
	{
		name: "from its offer until it is read back no turn of an update is long (T16, I8)",
		run: async () => {
			const longest = await longestUpdateTurn(binaryOf("meter"), buildImage("turns", []), IMAGE_BYTES);
			process.stdout.write(`# the longest turn of an update: ${longest} byte codes\n`);
			assert.ok(longest > CODES_MIN && longest < CODES_MAX, `${longest} byte codes`);
		},
	},
];
