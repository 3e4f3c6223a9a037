/** How a run ends its scenarios, whatever they do: with a driver and a bench that are nobody's. */
import type { Ability, Driver } from "../../tools/hil/driver.ts";
import { HilFault } from "../../tools/hil/hil-fault.ts";
import type { LockBench } from "../../tools/hil/lock-bench.ts";
import { runScenarios } from "../../tools/hil/run.ts";
import type { RunReport } from "../../tools/hil/run-report.ts";
import {
	type Scenario,
	ScenarioFailure,
	ScenarioSkip,
	type Stage,
	shownBy,
} from "../../tools/hil/scenario.ts";
import { PAIR } from "../../tools/hil/scenarios/pair.ts";
import { UPDATE } from "../../tools/hil/scenarios/update.ts";
import { Trace } from "../../tools/hil/trace.ts";
import { PhoneFault } from "../../tools/phone/lock-client.ts";
import { check, type Suite } from "../harness/test.ts";

const SCENARIO_MS = 150;
/** For one that waits until brakes are over. */
const PATIENT_MS = 10_000;

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

function fakeBench(fields: object = {}): LockBench {
	const nothing = async (): Promise<void> => undefined;
	const bench = {
		secrets: new Map(),
		boardName: "linux",
		firmware: "1",
		awaitBoard: nothing,
		setPower: nothing,
		boots: async () => 1,
		...fields,
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
	return runWith(driver, fakeBench(), scenarios);
}

function runWith(
	driver: Driver,
	bench: LockBench,
	scenarios: readonly Scenario[],
	say: (line: string) => void = () => undefined,
	scenarioMs = SCENARIO_MS,
): Promise<RunReport> {
	return runScenarios({ driver, bench, scenarios, records: "/nowhere", say, scenarioMs });
}

/** A lock that a phone can pair with once; each attempt of a stranger is one more boot where `dies` says so. */
function claimableBench(dies: "never" | "restarts" | "for good"): LockBench {
	let claimed = false;
	let boots = 7;
	let isDead = false;
	return fakeBench({
		isPaired: async () => claimed,
		boots: async () => {
			if (isDead) throw new HilFault("nothing answers");
			return boots;
		},
		pair: async (name: string) => {
			if (name === "owner") {
				claimed = true;
				return;
			}
			if (dies === "restarts") boots++;
			isDead = dies === "for good";
			throw new PhoneFault("unreachable", "the lock is unreachable");
		},
		withPhone: async (work: (phone: object) => unknown) =>
			work({ status: async () => ({}), listMembers: async () => [{}] }),
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
		"a stranger that is turned away by a lock that died of it, or started over, fails (T16)",
		async () => {
			for (const [dies, expected] of [
				["never", "passed: "],
				["restarts", "failed: pairing without the button: the lock started over"],
				[
					"for good",
					"failed: after pairing without the button the lock does not say how it is: nothing answers",
				],
			] as const)
				check.deepEqual(
					said(await runWith(fakeDriver(["hands"]), claimableBench(dies), [PAIR], undefined, PATIENT_MS)),
					[expected],
					dies,
				);
		},
	);

	t.test("what a driver cannot look at is not among what its report says was shown", async () => {
		const shows = (abilities: readonly Ability[]): readonly string[] =>
			[PAIR, UPDATE].map((each) => shownBy(each, new Set(abilities)));
		for (const text of shows(["hands", "power"])) check.ok(!/bolt|door|window is shown/.test(text), text);
		for (const text of shows(["hands", "power", "sense"])) check.ok(text.includes("no bolt moves"), text);
		check.ok(shows(["power", "sense", "bolt"])[1]!.includes("the door works"));
		const report = await run(fakeDriver([]), {
			...scenario("half", async () => undefined),
			alsoShows: [
				{ needs: ["sense"], text: "the unseen" },
				{ needs: [], text: "the seen" },
			],
		});
		check.equal(report.scenarios[0]!.shows, "something; the seen");
	});

	t.test(
		"more edges than are kept fail a scenario of a driver with eyes: what came later nobody looked at (T19)",
		async () => {
			for (const [abilities, expected] of [
				[["sense"], "failed: there were more edges than are kept: what came after them nobody looked at"],
				[[], "passed: "],
			] as const) {
				const driver = fakeDriver(abilities);
				const many = scenario("many", async () => {
					for (let count = 0; count <= 4_096; count++) driver.trace.record("exit", count % 2 === 0, count);
				});
				const report = await runWith(driver, fakeBench(), [many], undefined, PATIENT_MS);
				check.deepEqual(said(report), [expected]);
			}
		},
	);

	t.test(
		"what is energised at a mark, or at the end, is seen without an edge of its own (I2, T19)",
		async () => {
			for (const [level, expected] of [
				[true, "failed: drive-throw was energised by a stranger"],
				[false, "passed: "],
			] as const) {
				const driver = fakeDriver(["sense"]);
				const one = scenario("one", async (stage) => {
					driver.trace.record("drive-throw", level, 1);
					driver.trace.clear();
					stage.notDriven(stage.mark(), "by a stranger");
				});
				check.deepEqual(said(await runWith(driver, fakeBench(), [one], undefined, PATIENT_MS)), [expected]);
			}
			const driver = fakeDriver(["sense"]);
			const stays = scenario("stays", async () => {
				driver.trace.record("brake", true, 1);
				driver.trace.clear();
			});
			check.deepEqual(said(await runWith(driver, fakeBench(), [stays], undefined, PATIENT_MS)), [
				"failed: brake is energised at the end",
			]);
		},
	);

	t.test(
		"nothing that a lock says makes a line of its own, or moves the cursor, at the terminal (T15)",
		async () => {
			const lines: string[] = [];
			const hostile = scenario("hostile", async () => {
				throw new ScenarioFailure("\u001b[2J\r\nsum\t9 passed, 0 failed");
			});
			await runWith(fakeDriver([]), fakeBench(), [hostile], (line) => void lines.push(line));
			check.ok(
				lines.some((line) => line.includes("9 passed")),
				lines.join("|"),
			);
			check.ok(!lines.some((line) => /[^ -~\t]/.test(line)), JSON.stringify(lines));
		},
	);

	t.test(
		"a secret that becomes known later is taken out of earlier scenarios too, also where texts are cut (I1)",
		async () => {
			const secrets = new Map<string, string>();
			const secret = "the-passphrase-of-later";
			const early = [
				scenario("early", async (stage) => {
					await stage.step(`a step about ${secret}`, async () => undefined);
					throw new ScenarioFailure(`${"x".repeat(990)}${secret}`);
				}),
				scenario("later", async () => void secrets.set("it", secret)),
			];
			const report = await runWith(fakeDriver([]), fakeBench({ secrets }), early);
			const text = JSON.stringify(report);
			check.ok(!text.includes("the-pass"), text);
			check.ok(text.includes("a step about [secret]"));
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
