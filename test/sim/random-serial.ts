/** Serials of locks within their bounds. */
import type { Random } from "../harness/random.ts";

export function randomSerial(random: Random): string {
	return random.pick(["LK-0001", "ABCD", "A-1-B-2-C-3-D-4-E-5-F-6-", "0000"]);
}
