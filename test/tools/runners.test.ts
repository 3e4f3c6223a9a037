/** The runners of tests: what they choose, how long a test may take, and what counts as a pass. */
import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { killMarked, markedProcesses } from "../faults/processes.ts";
import { compiledPath } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

const LIMIT_MS = 120_000;

interface RunnerEnd {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Node with these words, from the root of the tree. */
async function runNode(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<RunnerEnd> {
	const child = spawn(process.execPath, words, {
		cwd: PATHS.root,
		env: { ...process.env, ...environment },
		stdio: ["ignore", "pipe", "pipe"],
		timeout: LIMIT_MS,
		killSignal: "SIGKILL",
	});
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
	return { status, stdout, stderr };
}

/** A runner of named tests with these suites, as JavaScript. */
function namedRunner(suites: string, minutes = 1): string {
	const file = join(temporaryFolder(), "run.mjs");
	const module = (path: string): string => JSON.stringify(compiledPath(path));
	writeFileSync(
		file,
		`import { fileURLToPath } from "node:url";
		import { runNamed } from ${module("test/harness/named-tests.ts")};
		import { SkipTest } from ${module("test/harness/test.ts")};
		const skips = { name: "skips", run() { throw new SkipTest("no such build"); } };
		const passes = { name: "passes", run() {} };
		const hangs = { name: "hangs", run: () => new Promise((resolve) => setTimeout(resolve, 600_000)) };
		const blocks = { name: "blocks", run() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); } };
		await runNamed({
			file: fileURLToPath(import.meta.url), suites: () => ${suites}, prepare() {},
			shards: 2, atOnce: 2, minutes: ${minutes}, testMs: 100,
		});`,
	);
	return file;
}

export default function suite(t: Suite): void {
	t.test("a named test that is skipped is no pass, and the summary counts it", async () => {
		const whole = await runNode([namedRunner("[[skips, passes]]")]);
		check.equal(whole.stdout, "skip - skips # no such build\nok - passes\n1 passed, 0 failed, 1 skipped\n");
		check.equal(whole.status, 0);
		const shards = await runNode([namedRunner("[[passes, skips], [passes]]")]);
		check.ok(shards.stdout.endsWith("\n2 passed, 0 failed, 1 skipped\n"), shards.stdout);
		const none = await runNode([namedRunner("[[skips], [passes]]"), "--only", "skips"]);
		check.ok(none.stdout.endsWith("\n0 passed, 0 failed, 1 skipped\n"), none.stdout);
		check.equal(none.status, 1);
	});

	t.test("a named test that hangs fails in its time, and the others run", async () => {
		const { status, stdout } = await runNode([namedRunner("[[hangs, passes]]")]);
		check.ok(stdout.startsWith("not ok - hangs\n#   Error: not done after 100 ms\n"), stdout);
		check.ok(stdout.endsWith("\nok - passes\n1 passed, 1 failed\n"), stdout);
		check.equal(status, 1);
	});

	t.test("a shard that a test blocks is ended in time, and says which test ended last", async () => {
		const { status, stdout } = await runNode([namedRunner("[[passes, blocks], [passes, skips]]", 0.1)]);
		check.ok(
			stdout.includes("not ok - shard 0/2: it runs to its end\n#   not done after 0.1 minutes"),
			stdout,
		);
		check.ok(stdout.includes("the last test that ended: passes\n"), stdout);
		check.ok(stdout.endsWith("\n1 passed, 1 failed, 1 skipped\n"), stdout);
		check.equal(status, 1);
	});

	t.test("LATCHKEY_SEED repeats a folder's run, and --seed comes before it", async () => {
		const words = [compiledPath("test/tools/run.ts"), "--only", "no-such-file"];
		for (const [more, seed] of [
			[[], 77],
			[["--seed", "78"], 78],
		] as const) {
			const { stdout } = await runNode([...words, ...more], { LATCHKEY_SEED: "77" });
			check.ok(stdout.startsWith(`# seed ${seed}\n`), stdout);
		}
	});

	t.test("a folder is run in no more processes than it has files", async () => {
		// It has no runner of its own: each shard says so.
		const folder = "test/property";
		const files = readdirSync(join(PATHS.root, folder)).filter((name) => name.endsWith(".test.ts")).length;
		for (const [shards, count] of [
			[files + 3, files],
			[2, 2],
		] as const) {
			const file = join(temporaryFolder(), "run.mjs");
			writeFileSync(
				file,
				`import { runFolder } from ${JSON.stringify(compiledPath("test/harness/run-folder.ts"))};
				await runFolder(${JSON.stringify(folder)}, { shards: ${shards} });`,
			);
			const { stdout } = await runNode([file]);
			check.ok(stdout.endsWith(`\n0 passed, ${count} failed\n`), stdout);
			check.ok(stdout.includes(`not ok - shard ${count - 1}/${count}: `), stdout);
		}
	});

	t.test(
		"npm test refuses a part that it does not know, and a slow one without --slow, by name",
		async () => {
			const run = compiledPath("test/run.ts");
			for (const [name, said] of [
				["trials", /^no part is named trials: variants, tidy, /],
				["faults", /^faults needs --slow: variants, tidy, /],
			] as const) {
				const { status, stdout, stderr } = await runNode([run, "--only", name]);
				check.deepEqual([status, stdout], [2, ""], stderr);
				check.ok(said.test(stderr), stderr);
			}
		},
	);

	t.test("what begins processes while it is being killed is killed with all of them", async () => {
		const name = "LATCHKEY_TEST_MARKED";
		const value = `${process.pid}-${performance.now()}`;
		const script = "i=0; while [ $i -lt 3000 ]; do sleep 60 & i=$((i+1)); done; wait";
		const shell = spawn("sh", ["-c", script], {
			stdio: "ignore",
			detached: true,
			env: { ...process.env, [name]: value },
		});
		const ended = new Promise((resolve) => shell.on("exit", resolve));
		check.ok(await eventually(() => markedProcesses(name, value).length > 5, 20_000), "it began nothing");
		check.ok(killMarked(name, value) > 5);
		check.ok(await eventually(() => markedProcesses(name, value).length === 0, 10_000), "some go on");
		await ended;
		check.equal(killMarked(name, value), 0);
	});
}
