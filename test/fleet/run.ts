/** A fleet of simulated boards against the real relay, in one process. */
import { runFolder } from "../harness/run-folder.ts";

await runFolder("test/fleet");
