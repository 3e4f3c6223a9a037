/** A fleet of simulated boards against the real relay, in one process. */
import { runFolder } from "../harness/run-folder.ts";

/** A slow machine, or one that is busy, takes longer; a fleet that stands still is found by its stages. */
const TEST_MS = 1_100_000;

await runFolder("test/fleet", { testMs: TEST_MS });
