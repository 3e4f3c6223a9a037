/** The runner of `npm test`: whatever is wrong with a part, it is a failure. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compiledPath } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { type Part, type PartOutcome, PartRunner } from "../part.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

function runPart(script: string, more: Partial<Part> = {}): Promise<PartOutcome> {
	const folder = temporaryFolder();
	const file = join(folder, "part.mjs");
	writeFileSync(file, script);
	return new PartRunner(folder).run({ name: "part", file, minutes: 1, ...more }, [], () => undefined);
}

/** A child in a group of its own that makes a file again and again. */
function leaver(marker: string): string {
	const child = `setInterval(() => require("fs").writeFileSync(${JSON.stringify(marker)}, ""), 20)`;
	return `import { spawn } from "node:child_process"; import { existsSync } from "node:fs";
		spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore", detached: true }).unref();`;
}

/** Passes and ends as soon as the file is there. */
function passOnce(marker: string): string {
	return `setInterval(() => { if (!existsSync(${JSON.stringify(marker)})) return;
		console.log("1 passed, 0 failed"); process.exit(0); }, 20);`;
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
		const outcome = await runPart(script, { minutes: 0.1 });
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

	t.test("what a part started in a group of its own ends with the part", async () => {
		const marker = join(temporaryFolder(), "alive");
		const outcome = await runPart(`${leaver(marker)} ${passOnce(marker)}`);
		check.deepEqual(outcome, { passed: 1, failed: 0, skipped: 0 });
		rmSync(marker);
		check.equal(await eventually(() => existsSync(marker), 300), false);
	});

	t.test(
		"told to stop, it ends all parts that run, with what left their groups, and begins none",
		async () => {
			const folder = temporaryFolder();
			const runner = new PartRunner(folder);
			const markers = ["a", "b"].map((name) => join(folder, name));
			const outcomes = markers.map((marker, index) => {
				const file = join(folder, `${index}.mjs`);
				writeFileSync(file, `${leaver(marker)} setInterval(() => undefined, 1000);`);
				return runner.run({ name: "part", file, minutes: 1 }, [], () => undefined);
			});
			check.ok(
				await eventually(() => markers.every((marker) => existsSync(marker)), 20_000),
				"they never ran",
			);
			await runner.kill();
			for (const outcome of await Promise.all(outcomes)) check.equal(outcome.failed, 1);
			for (const marker of markers) rmSync(marker);
			check.equal(await eventually(() => markers.some((marker) => existsSync(marker)), 300), false);
			const file = join(folder, "0.mjs");
			check.equal(
				(await runner.run({ name: "part", file, minutes: 1 }, [], () => undefined)).fault,
				"stopped",
			);
		},
	);

	t.test(
		"shards run side by side print in their order, and what one lacks is a failure of the whole",
		async () => {
			const shards = JSON.stringify(compiledPath("test/harness/shards.ts"));
			const script = (third: string): string => `import { fileURLToPath } from "node:url";
			import { runShards } from ${shards};
			const at = process.argv.indexOf("--shard");
			if (at < 0) await runShards({ file: fileURLToPath(import.meta.url), count: 3, atOnce: 2, minutes: 1, words: [] });
			const shard = process.argv[at + 1];
			if (shard === "0/3") await new Promise((resolve) => setTimeout(resolve, 200));
			console.log("ok - of shard " + shard);
			if (shard === "2/3") { ${third} }
			console.log("2 passed, 0 failed, 1 skipped");`;
			let said = "";
			const folder = temporaryFolder();
			const run = async (third: string): Promise<PartOutcome> => {
				said = "";
				const file = join(folder, "shards.mjs");
				writeFileSync(file, script(third));
				return await new PartRunner(folder).run({ name: "part", file, minutes: 1 }, [], (lines) => {
					said += lines;
				});
			};
			check.deepEqual(await run(""), { passed: 6, failed: 0, skipped: 3 });
			const lines = ["0/3", "1/3", "2/3"].map((shard) => `ok - of shard ${shard}\n`);
			check.equal(said, `${lines.join("")}6 passed, 0 failed, 3 skipped\n`);
			check.equal((await run("process.exit(0);")).failed, 1);
			check.ok(said.includes("not ok - shard 2/3"), said);
		},
	);

	t.test("a check without a summary counts as one test by its status", async () => {
		check.deepEqual(await runPart("", { byStatus: true }), { passed: 1, failed: 0, skipped: 0 });
		check.equal((await runPart("process.exit(3)", { byStatus: true })).failed, 1);
	});
}
