/**
 * Runs scenarios by one driver, one after the other, and reports. What a driver lacks makes a scenario "not possible" before anything of
 * it is done; an instrument that failed makes what it saw a failure; a scenario that does not end is given up, and what would come after
 * it is skipped, since nobody knows what it still does.
 */
import { plainColumns } from "../cli/plain-text.ts";
import { ABILITY_TEXTS, type Driver } from "./driver.ts";
import { LINE_CHARACTERS } from "./line-tail.ts";
import type { LockBench } from "./lock-bench.ts";
import { isChip, isProven, proofOf, provenScenarios } from "./proof.ts";
import { PulseBook } from "./pulses.ts";
import { Redactor } from "./redactor.ts";
import { type Outcome, REPORT_FORMAT, type RunReport, type ScenarioReport } from "./run-report.ts";
import { type BenchWifi, type Scenario, ScenarioSkip, Stage, shownBy } from "./scenario.ts";

export interface RunOptions {
	readonly driver: Driver;
	readonly bench: LockBench;
	readonly scenarios: readonly Scenario[];
	readonly release?: string;
	readonly wifi?: BenchWifi;
	/** The folder of runs on hardware that count. */
	readonly records: string;
	readonly say: (line: string) => void;
	readonly scenarioMs?: number;
}

const SCENARIO_MS = 900_000;
const LOG_LINES = 40;
const TEXT_MAX = 1_000;

interface Ended {
	readonly outcome: Outcome;
	readonly reason: string;
}

const LATE = Symbol("late");

/** Why a driver cannot do this scenario; undefined: it can. */
export function impossible(driver: Driver, scenario: Scenario): string | undefined {
	const lacks = scenario.needs.filter((need) => !driver.abilities.has(need));
	if (lacks.length === 0) return undefined;
	return `not possible with this driver: it cannot ${lacks.map((need) => ABILITY_TEXTS[need]).join(", nor ")}`;
}

async function act(stage: Stage, scenario: Scenario): Promise<Ended> {
	try {
		await stage.atRest();
		await scenario.run(stage);
		if (stage.can("sense")) await stage.judgeAlways();
	} catch (error) {
		const { driver } = stage;
		const outcome = error instanceof ScenarioSkip && driver.fault === undefined ? "skipped" : "failed";
		return { outcome, reason: driver.fault ?? (error as Error).message };
	}
	const { fault } = stage.driver;
	return fault === undefined ? { outcome: "passed", reason: "" } : { outcome: "failed", reason: fault };
}

async function within<Value>(work: Promise<Value>, ms: number): Promise<Value | typeof LATE> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<typeof LATE>((resolve) => {
		timer = setTimeout(() => resolve(LATE), ms);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** Secrets first: what is cut off before that leaves the beginning of one. */
function cleanReport(report: ScenarioReport, redactor: Redactor): ScenarioReport {
	return {
		...report,
		reason: redactor.short(report.reason, TEXT_MAX),
		steps: report.steps.map(({ text, ms }) => ({ text: redactor.short(text, TEXT_MAX), ms })),
		log: report.log.map((line) => redactor.short(line, TEXT_MAX, LINE_CHARACTERS)),
	};
}

export async function runScenarios(options: RunOptions): Promise<RunReport> {
	const { driver, bench, scenarios, scenarioMs = SCENARIO_MS } = options;
	// Secrets become known on the way.
	const redactor = (): Redactor => new Redactor(bench.secrets.values());
	const clean = (text: string): string => redactor().clean(text);
	const say = (line: string): void => options.say(plainColumns(clean(line)));
	// Before anything is done: what is wrong with the folder costs no run.
	const onRecord = provenScenarios(driver.name, options.records);
	const startedUnixMs = Date.now();
	const pulses = new PulseBook(driver.clock);
	const reports: ScenarioReport[] = [];
	let givenUp: string | undefined;
	for (const scenario of scenarios) {
		const stage = new Stage({
			driver,
			bench,
			pulses,
			say,
			...(options.release === undefined ? {} : { release: options.release }),
			...(options.wifi === undefined ? {} : { wifi: options.wifi }),
		});
		driver.trace.clear();
		const startedMs = performance.now();
		const why = impossible(driver, scenario);
		let ended: Ended | typeof LATE;
		if (why !== undefined) ended = { outcome: "not-possible", reason: why };
		else if (givenUp !== undefined) ended = { outcome: "skipped", reason: givenUp };
		else {
			say(`${scenario.name}`);
			ended = await within(act(stage, scenario), scenarioMs);
		}
		if (ended === LATE) {
			givenUp = `${scenario.name} did not end, and nobody knows what it still does`;
			ended = { outcome: "failed", reason: `not done in ${scenarioMs / 1_000} s` };
		}
		reports.push({
			name: scenario.name,
			shows: shownBy(scenario, driver.abilities),
			outcome: ended.outcome,
			reason: ended.reason,
			tookMs: Math.round(performance.now() - startedMs),
			steps: stage.steps.map(({ text, ms }) => ({ text, ms: Math.round(ms) })),
			edges: [...driver.trace.edges],
			edgesCut: driver.trace.isCut,
			log: ended.outcome === "failed" ? driver.consoleLines.slice(-LOG_LINES) : [],
		});
		const took = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
		const behind = ended.reason === "" ? took : redactor().short(ended.reason, TEXT_MAX);
		say(`${scenario.name}\t${ended.outcome}\t${behind}`);
	}
	const { instrument, clock } = driver;
	const able = scenarios.filter((scenario) => impossible(driver, scenario) === undefined);
	const proof = proofOf(driver.name, isChip(bench.boardName), instrument);
	return {
		format: REPORT_FORMAT,
		driver: driver.name,
		proof,
		proven: isProven(
			able.map(({ name }) => name),
			onRecord,
		),
		board: clean(bench.boardName),
		firmware: clean(bench.firmware),
		instrument: clean(`${instrument.name} (${instrument.target})`),
		...clock,
		startedUnixMs,
		notes: driver.notes.map(clean),
		// Now, since what became known as a secret after a scenario may stand in its texts.
		scenarios: reports.map((report) => cleanReport(report, redactor())),
		pulses: pulses.rows,
	};
}
