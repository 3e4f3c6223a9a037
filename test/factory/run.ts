/** The factory line over real processes: the tool, which is killed, and boards, whose power is cut. With --slow a thousand boards. */
import { runFolder } from "../harness/run-folder.ts";

const TEST_MS = 7_200_000;

await runFolder("test/factory", { testMs: TEST_MS });
