/** The whole product over real processes: the board on XS, the relay, the line, the phone. */
import { runFolder } from "../harness/run-folder.ts";

await runFolder("test/scenario", { shards: 5, atOnce: 2 });
