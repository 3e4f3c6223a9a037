/** How a run ends its scenarios, whatever they do: with a driver and a bench that are nobody's. */
import type { Ability, Driver } from "../../tools/hil/driver.ts";
import { HilFault } from "../../tools/hil/hil-fault.ts";
import type { LockBench } from "../../tools/hil/lock-bench.ts";
import { runScenarios } from "../../tools/hil/run.ts";
import type { RunReport } from "../../tools/hil/run-report.ts";
import { type Scenario, ScenarioFailure, ScenarioSkip, type Stage } from "../../tools/hil/scenario.ts";
import { Trace } from "../../tools/hil/trace.ts";
import { check, type Suite } from "../harness/test.ts";

const SCENARIO_MS = 150;

interface FakeDriver extends Driver {
	fault: string | undefined;
}

function fakeDriver(abilities: readonly Ability[]): FakeDriver {
	const nothing = async (): Promise<void> => undefined;
	return {
		name: "rig",
		abilities: new Set(abilities),
		line: "/nowhere",
		instrument: { target: "virtual", name: "fake" },
		clock: { resolutionUs: 10, driftPpm: 0 },
		trace: new Trace(),
		mechanism: undefined,
		radio: undefined,
		fault: undefined,
		consoleLines: ["the lock's last line"],
		notes: [],
		reach: async (at) => at,
		settled: nothing,
		press: nothing,
		setPower: nothing,
		tripPower: nothing,
		untrip: nothing,
		restart: nothing,
		setAccessPoint: nothing,
		close: nothing,
	};
}

function fakeBench(): LockBench {
	const nothing = async (): Promise<void> => undefined;
	const bench = {
		secrets: new Map(),
		boardName: "linux",
		firmware: "1",
		awaitBoard: nothing,
		setPower: nothing,
	};
	return bench as unknown as LockBench;
}

function scenario(
	name: string,
	run: (stage: Stage) => Promise<void>,
	needs: readonly Ability[] = [],
): Scenario {
	return { name, shows: "something", needs, run };
}

function run(driver: Driver, ...scenarios: readonly Scenario[]): Promise<RunReport> {
	return runScenarios({
		driver,
		bench: fakeBench(),
		scenarios,
		records: "/nowhere",
		say: () => undefined,
		scenarioMs: SCENARIO_MS,
	});
}

function said({ scenarios }: RunReport): readonly string[] {
	return scenarios.map(({ outcome, reason }) => `${outcome}: ${reason}`);
}

export default function suite(t: Suite): void {
	t.test("what a driver lacks makes a scenario not possible, and nothing of it is run", async () => {
		let ran = false;
		const needy = scenario("needy", async () => {
			ran = true;
		}, ["sense", "power"]);
		const report = await run(fakeDriver(["power"]), needy);
		check.deepEqual(said(report), [
			"not-possible: not possible with this driver: it cannot see the lock's outputs",
		]);
		check.ok(!ran && report.scenarios[0]!.steps.length === 0);
	});

	t.test(
		"a failure has its reason and the lock's last lines, a skip its reason, and the next one runs",
		async () => {
			const report = await run(
				fakeDriver([]),
				scenario("fails", async (stage) => {
					await stage.step("a step", async () => {
						throw new ScenarioFailure("the bolt is open");
					});
				}),
				scenario("skips", async () => {
					throw new ScenarioSkip("not paired");
				}),
				scenario("passes", async () => undefined),
			);
			check.deepEqual(said(report), ["failed: the bolt is open", "skipped: not paired", "passed: "]);
			check.deepEqual(
				report.scenarios.map(({ log }) => log.length),
				[1, 0, 0],
			);
			check.deepEqual(
				report.scenarios[0]!.steps.map(({ text }) => text),
				["a step"],
			);
		},
	);

	t.test(
		"an instrument that failed meanwhile makes a scenario a failure, also one that passed or was skipped",
		async () => {
			for (const end of [undefined, new ScenarioSkip("not paired"), new HilFault("no answer")]) {
				const driver = fakeDriver([]);
				const report = await run(
					driver,
					scenario("blind", async () => {
						driver.fault = "the rig started over";
						if (end !== undefined) throw end;
					}),
				);
				check.deepEqual(said(report), ["failed: the rig started over"]);
			}
		},
	);

	t.test(
		"a scenario that does not end is given up as failed, and what comes after it is skipped",
		async () => {
			const report = await run(
				fakeDriver([]),
				scenario("endless", () => new Promise(() => undefined)),
				scenario("next", async () => undefined),
				scenario("needy", async () => undefined, ["radio"]),
			);
			check.deepEqual(said(report), [
				"failed: not done in 0.15 s",
				"skipped: endless did not end, and nobody knows what it still does",
				"not-possible: not possible with this driver: it cannot reach the lock's radio",
			]);
		},
	);
}
