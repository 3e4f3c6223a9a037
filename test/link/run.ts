/**
 * The link on the engine, with the product's TLS and WebSocket, against relays and captive portals on real sockets.
 * Prints `ok - name` or `not ok - name`, and last `N passed, N failed`.
 *
 *   node build/js/test/link/run.js [--only PART-OF-NAME] [--slow]
 */
import { parseArgs } from "node:util";
import type { LinkCase } from "./cases.ts";
import { CYCLE_CASES } from "./cycles.ts";
import { HALF_OPEN_CASES } from "./half-open.ts";
import { PORTAL_CASES } from "./portals.ts";

const { values } = parseArgs({ options: { only: { type: "string" }, slow: { type: "boolean" } } });
/** Cases that run side by side: most of their time is waiting. */
const AT_ONCE = 2;

const cases: LinkCase[] = [...CYCLE_CASES, ...HALF_OPEN_CASES, ...PORTAL_CASES].filter(
	({ name, slow }) =>
		(values.only === undefined || name.includes(values.only)) && (slow !== true || values.slow === true),
);
let passed = 0;
let failed = 0;

async function runAll(): Promise<void> {
	for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
		try {
			await next.run();
			passed++;
			process.stdout.write(`ok - ${next.name}\n`);
		} catch (error) {
			failed++;
			const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
			process.stdout.write(`not ok - ${next.name}\n#   ${reason.replaceAll("\n", "\n#   ")}\n`);
		}
	}
}

await Promise.all(Array.from({ length: AT_ONCE }, runAll));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
