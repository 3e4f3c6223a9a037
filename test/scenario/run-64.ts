/**
 * The scenarios once more, on the 64-bit build with the memory that it has by default (`npm run test:slow`): slots of another size,
 * pointers that do not fit 32 bits, and a heap so large that collections come at other moments.
 */
import { runFolder } from "../harness/run-folder.ts";

process.env.LATCHKEY_SCENARIO_BOARD = "64";
await runFolder("test/scenario", { shards: 5, atOnce: 2 });
