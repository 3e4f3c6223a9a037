/** Hardware in the loop, without hardware: the scenarios by every driver, over the very ports and lines that hardware has. */
import { runFolder } from "../harness/run-folder.ts";

// Each file is a process, and nearly all of its time is a lock's own.
await runFolder("test/hil", { shards: 16, atOnce: 7 });
