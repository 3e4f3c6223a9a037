/** Tests of the host-side programs: real TLS, real files, real processes on loopback. */
import { runFolder } from "../harness/run-folder.ts";

await runFolder("test/tools", { shards: 6, atOnce: 3 });
