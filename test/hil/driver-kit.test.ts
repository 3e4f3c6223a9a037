/** The driver of a kit: what it can do passes, what it cannot is said to be not possible and never passed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, outcomesOf, type Simulated, withSimulated } from "./hil-command.ts";

const PROMPT = /Hold the (button inside|exit button) for (\d+\.\d) s, then press Enter: /g;
const LOOK_MS = 50;
const IMPOSSIBLE = ["unlock", "jam", "power-cut", "wifi-loss", "ble", "update", "reset"];

/** Stands for the operator: does what the prompts say, and presses Enter. */
async function runWithHands(bench: Simulated, words: readonly string[]): Promise<HilCommand> {
	const run = new HilCommand([...bench.words, ...words, "--hands"]);
	let done = 0;
	let isOver = false;
	void run.ended.then(() => {
		isOver = true;
	});
	while (!isOver) {
		const prompt = [...run.text.matchAll(PROMPT)][done];
		if (prompt === undefined) {
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
			continue;
		}
		done++;
		const role = prompt[1] === "exit button" ? "exit" : "button";
		await bench.control(`press ${role} ${Math.round(Number(prompt[2]) * 1_000)}`);
		run.child.stdin!.write("\n");
	}
	return run;
}

export default function suite(t: Suite): void {
	t.test(
		"a kit with an operator is paired and drilled, with its reset by RTS and DTR; seven scenarios are not possible, and the run is not whole (T5, T7, T20)",
		() =>
			withSimulated("kit", ["--noise", "3"], async (bench) => {
				const run = await runWithHands(bench, []);
				const status = await run.ended;
				check.equal(status, 1, run.text);
				const report = bench.report();
				check.deepEqual(
					outcomesOf(report),
					["pair", "unlock", "jam", "power-cut", "wifi-loss", "ble", "trust-drill", "update", "reset"].map(
						(name) => `${name}: ${IMPOSSIBLE.includes(name) ? "not-possible" : "passed"}`,
					),
					run.text,
				);
				check.deepEqual([report.proof, report.proven], ["emulated", false]);
				check.ok(/^sum\t2 passed, 0 failed, 7 not possible, 0 skipped$/m.test(run.text), run.text);
				check.ok(/^note\t1 resets by RTS and DTR$/m.test(run.text), run.text);
				const unlock = report.scenarios.find(({ name }) => name === "unlock")!;
				check.ok(/^not possible with this driver: it cannot see the lock's outputs/.test(unlock.reason));
				check.ok(unlock.steps.length === 0 && unlock.edges.length === 0);
				const junit = readFileSync(join(bench.at("report"), "junit.xml"), "utf8");
				check.ok(/tests="9" failures="0" skipped="7"/.test(junit), junit);

				const drill = new HilCommand([...bench.words, ...only("trust-drill")]);
				check.equal(await drill.ended, 0, drill.text);
			}),
	);

	t.test("a kit without hands pairs nobody: that is not possible, never passed", () =>
		withSimulated("kit", [], async (bench) => {
			const run = new HilCommand([...bench.words, ...only("pair")]);
			check.equal(await run.ended, 1, run.text);
			check.deepEqual(outcomesOf(bench.report()), ["pair: not-possible"]);
			check.ok(bench.report().scenarios[0]!.reason.includes("press the lock's buttons"));
		}),
	);
}
