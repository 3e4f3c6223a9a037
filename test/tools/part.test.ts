/** The runner of `npm test`: whatever is wrong with a part, it is a failure. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { type Part, type PartOutcome, PartRunner } from "../part.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

function runPart(script: string, more: Partial<Part> = {}): Promise<PartOutcome> {
	const folder = temporaryFolder();
	const file = join(folder, "part.mjs");
	writeFileSync(file, script);
	return new PartRunner(folder).run({ name: "part", file, minutes: 1, ...more }, [], () => undefined);
}

export default function suite(t: Suite): void {
	t.test("a part counts by its last summary line", async () => {
		const outcome = await runPart(
			"console.log('1 passed, 0 failed'); console.log('7 passed, 0 failed, 2 skipped')",
		);
		check.deepEqual(outcome, { passed: 7, failed: 0, skipped: 2 });
	});

	t.test("failed tests, a crash after a clean summary and no summary at all are failures", async () => {
		check.equal((await runPart("console.log('3 passed, 2 failed'); process.exit(1)")).failed, 2);
		check.deepEqual(await runPart("console.log('3 passed, 0 failed'); process.exit(1)"), {
			passed: 3,
			failed: 1,
			skipped: 0,
			fault: "exit status 1",
		});
		check.equal((await runPart("console.log('all is well')")).failed, 1);
		check.equal((await runPart("console.log('so 3 passed, 0 failed')")).failed, 1);
	});

	t.test("a part that runs no tests, or is not there, is a failure", async () => {
		check.equal((await runPart("console.log('0 passed, 0 failed')")).fault, "ran no tests");
		check.equal((await runPart("console.log('0 passed, 0 failed, 9 skipped')")).failed, 1);
		check.ok((await runPart("", { file: "/no/such/part.js" })).fault?.includes("missing"));
	});

	t.test("a part that hangs is ended in time, with everything it started", async () => {
		const marker = join(temporaryFolder(), "alive");
		const child = `setInterval(() => require("fs").writeFileSync(${JSON.stringify(marker)}, ""), 20)`;
		const script = `import { spawn } from "node:child_process";
			spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" });
			console.log("5 passed, 0 failed"); setInterval(() => undefined, 1000);`;
		const outcome = await runPart(script, { minutes: 0.03 });
		check.equal(outcome.failed, 1);
		check.ok(outcome.fault?.includes("not done"));
		check.ok(existsSync(marker), "its child never ran");
		rmSync(marker);
		check.equal(await eventually(() => existsSync(marker), 300), false);
	});

	t.test("a part that leaves a child with its output behind still ends", async () => {
		const script = `import { spawn } from "node:child_process";
			spawn("sleep", ["60"], { stdio: "inherit" }).unref(); console.log("1 passed, 0 failed"); process.exit(0);`;
		check.deepEqual(await runPart(script), { passed: 1, failed: 0, skipped: 0 });
	});

	t.test("a check without a summary counts as one test by its status", async () => {
		check.deepEqual(await runPart("", { byStatus: true }), { passed: 1, failed: 0, skipped: 0 });
		check.equal((await runPart("process.exit(3)", { byStatus: true })).failed, 1);
	});
}
