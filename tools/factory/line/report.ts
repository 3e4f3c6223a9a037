/** What a run of the line came to: yield, times, failures by cause. Pure; from the journal's rows. It names serials, and no secret is known to it. */
import { CAUSES, type Cause } from "./cause.ts";
import type { BoardRow, StepRow } from "./journal-rows.ts";
import { STEPS, type Step } from "./steps.ts";

export interface StepFigures {
	readonly step: Step;
	readonly done: number;
	readonly failed: number;
	readonly medianMs: number;
	readonly p95Ms: number;
	readonly maxMs: number;
}

export interface LineReport {
	readonly format: 1;
	readonly line: string;
	readonly run: number;
	/** Whether security eFuses were to be burned. */
	readonly burn: boolean;
	readonly seconds: number;
	/** Of the boards that this run worked on. */
	readonly boards: { readonly done: number; readonly failed: number; readonly unfinished: number };
	/** How often a board was set aside, by cause. */
	readonly setAside: Readonly<Record<string, number>>;
	/** done / (done + failed); absent when there are none. */
	readonly yield?: number;
	/** The same of boards without a single failure. */
	readonly firstPassYield?: number;
	readonly steps: readonly StepFigures[];
	/** How often each cause was met, those that passed by themselves too. */
	readonly failures: Readonly<Record<string, number>>;
	readonly serials: readonly string[];
	/** Of all runs: scrapped, and the registry would not revoke them. Somebody has to look at them. */
	readonly unrevoked: readonly string[];
}

export interface RunFacts {
	readonly line: string;
	readonly run: number;
	readonly burn: boolean;
	readonly seconds: number;
	readonly setAside: ReadonlyMap<Cause, number>;
}

export function reportOf(facts: RunFacts, rows: readonly StepRow[], boards: readonly BoardRow[]): LineReport {
	const byBoard = new Map<number, StepRow[]>();
	for (const row of rows) byBoard.set(row.board, [...(byBoard.get(row.board) ?? []), row]);
	const stateOf = new Map(boards.map((board) => [board.id, board]));
	const worked = [...byBoard.keys()];
	const done = worked.filter((id) => stateOf.get(id)?.state === "done");
	const failed = worked.filter((id) => !done.includes(id) && byBoard.get(id)?.at(-1)?.failure !== undefined);
	const clean = done.filter((id) => byBoard.get(id)?.every(({ failure }) => failure === undefined));
	const ended = done.length + failed.length;
	const part = (count: number): number => Math.round((10_000 * count) / ended) / 10_000;
	const failures = new Map<string, number>();
	for (const { failure } of rows) {
		if (failure !== undefined) failures.set(failure, (failures.get(failure) ?? 0) + 1);
	}
	return {
		format: 1,
		line: facts.line,
		run: facts.run,
		burn: facts.burn,
		seconds: Math.round(facts.seconds * 10) / 10,
		boards: { done: done.length, failed: failed.length, unfinished: worked.length - ended },
		setAside: Object.fromEntries(facts.setAside),
		...(ended === 0 ? {} : { yield: part(done.length), firstPassYield: part(clean.length) }),
		steps: STEPS.map((step) => figuresOf(step, rows)).filter(({ done, failed }) => done + failed > 0),
		failures: Object.fromEntries(failures),
		serials: done.flatMap((id) => stateOf.get(id)?.serial ?? []),
		unrevoked: boards.flatMap(({ state, serial, mac }) => (state === "unrevoked" ? [serial ?? mac] : [])),
	};
}

function figuresOf(step: Step, rows: readonly StepRow[]): StepFigures {
	const own = rows.filter((row) => row.step === step);
	const times = own
		.filter(({ failure }) => failure === undefined)
		.map(({ elapsedMs }) => elapsedMs)
		.sort((one, other) => one - other);
	const at = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
	return {
		step,
		done: times.length,
		failed: own.length - times.length,
		medianMs: at(0.5),
		p95Ms: at(0.95),
		maxMs: at(1),
	};
}

/** For the operator, at the end of a run. */
export function reportText(report: LineReport): string {
	const { boards, steps, failures, setAside } = report;
	const percent = (share: number | undefined): string =>
		share === undefined ? "-" : `${(100 * share).toFixed(1)} %`;
	const lines = [
		`boards: ${boards.done} done, ${boards.failed} failed, ${boards.unfinished} unfinished in ${report.seconds} s`,
		`yield ${percent(report.yield)}, at the first pass ${percent(report.firstPassYield)}`,
		`step         done  failed  median ms   95 % ms    max ms`,
		...steps.map(
			({ step, done, failed, medianMs, p95Ms, maxMs }) =>
				`${step.padEnd(10)} ${cell(done, 6)} ${cell(failed, 7)} ${cell(medianMs, 10)} ${cell(p95Ms, 9)} ${cell(maxMs, 9)}`,
		),
		...causes("failure", failures),
		...causes("set aside", setAside),
	];
	for (const who of report.unrevoked)
		lines.push(`NOT REVOKED: ${who} is scrapped, and the registry would not revoke it`);
	if (!report.burn) lines.push("NOT BURNED: these are development boards (--burn burns security eFuses)");
	return `${lines.join("\n")}\n`;
}

function cell(value: number, width: number): string {
	return String(value).padStart(width);
}

function causes(word: string, counts: Readonly<Record<string, number>>): readonly string[] {
	return Object.entries(counts)
		.sort(([, one], [, other]) => other - one)
		.map(([failure, count]) => `${word}: ${count} x ${failure} (${CAUSES[failure as Cause] ?? "?"})`);
}
