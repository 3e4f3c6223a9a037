/** The whole product over real processes: the board on XS, the relay, the line, the phone. */
import { runFolder } from "../harness/run-folder.ts";

/** Some are a dozen commands, each a process, and a few trials long: minutes where the machine does other things, too. */
const TEST_MS = 300_000;

await runFolder("test/scenario", TEST_MS);
