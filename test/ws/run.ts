/**
 * The product's WebSocket client, on the engine, against strict, hostile and legal servers on real sockets.
 * Prints `ok - name` or `not ok - name`, and last `N passed, N failed`.
 *
 *   node build/js/test/ws/run.js [--only PART-OF-NAME]
 */
import { parseArgs } from "node:util";
import { probeImage } from "../../tools/probe/image.ts";
import { type Case, mostTaken } from "./cases.ts";
import { CLOSING_CASES } from "./closing.ts";
import { COMMAND_CASES } from "./command.ts";
import { FRAMING_CASES } from "./framing.ts";
import { HANDSHAKE_CASES } from "./handshake.ts";
import { HOSTILE_CASES } from "./hostile.ts";
import { LEGAL_CASES } from "./legal.ts";
import { LIMIT_CASES } from "./limits.ts";
import { NATIVE_CASES } from "./native.ts";
import { SECURE_CASES } from "./secure.ts";
import { TWIN_CASES } from "./twins.ts";

const { values } = parseArgs({ options: { only: { type: "string" }, slow: { type: "boolean" } } });
const CASE_MS = 100_000;
/** Cases that run side by side; the long ones only wait. */
const AT_ONCE = 3;

const cases = [
	...HANDSHAKE_CASES,
	...FRAMING_CASES,
	...CLOSING_CASES,
	...HOSTILE_CASES,
	...TWIN_CASES,
	...LIMIT_CASES,
	...LEGAL_CASES,
	...SECURE_CASES,
	...NATIVE_CASES,
	...COMMAND_CASES,
].filter((each) => values.only === undefined || each.name.includes(values.only));
let passed = 0;
let failed = 0;

async function runCase(each: Case): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(() => reject(new Error(`not done after ${CASE_MS} ms`)), CASE_MS);
	});
	try {
		await Promise.race([each.run(), late]);
		passed++;
		process.stdout.write(`ok - ${each.name}\n`);
	} catch (error) {
		failed++;
		const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
		process.stdout.write(`not ok - ${each.name}\n#   ${reason.replaceAll("\n", "\n#   ")}\n`);
	} finally {
		clearTimeout(timer);
	}
}

async function runAll(queue: Case[]): Promise<void> {
	for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runCase(next);
}

probeImage("probe-ws");
const short = cases.filter((each) => each.long !== true);
await Promise.all([
	...cases.filter((each) => each.long === true).map(runCase),
	...Array.from({ length: AT_ONCE }, () => runAll(short)),
]);
process.stdout.write(`# ${mostTaken()}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
