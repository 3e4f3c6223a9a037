/**
 * The whole product over real processes: the board on XS, the relay, the line, the phone. On the 32-bit build, in the memory of an
 * ESP32-C3 (scenario-board.ts).
 */
import { runFolder } from "../harness/run-folder.ts";

await runFolder("test/scenario", { shards: 5, atOnce: 2 });
