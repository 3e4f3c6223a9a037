/**
 * Hours of a lock's life in minutes, on the 32-bit build in the memory of an ESP32-C3, and that nothing of it grows. With --slow a whole
 * day, twice (soak.test.ts).
 *
 *   node build/js/test/soak/run.js [--only PART-OF-PATH] [--slow]
 */
import { runFolder } from "../harness/run-folder.ts";

/** By the time of whoever asks, which jumps (process-clock.ts); the part has its own patience. */
const TEST_MS = 10 * 86_400_000;

await runFolder("test/soak", { testMs: TEST_MS });
