/** A run as JUnit XML, as continuous integration reads it. What was not possible, or skipped, is a skipped test and never a passed one. */
import { escapeMarkup } from "./markup.ts";
import { proofText } from "./proof.ts";
import { countOutcomes, type RunReport, type ScenarioReport } from "./run-report.ts";

function seconds(ms: number): string {
	return (ms / 1_000).toFixed(3);
}

function inside({ outcome, reason, steps, log }: ScenarioReport): string {
	const message = escapeMarkup(reason);
	const said = [...steps.map(({ text, ms }) => `${ms} ms  ${text}`), ...log].map(escapeMarkup).join("\n");
	const out = said === "" ? "" : `\t\t<system-out>${said}</system-out>\n`;
	if (outcome === "passed") return out;
	if (outcome === "failed") return `\t\t<failure message="${message}"/>\n${out}`;
	return `\t\t<skipped message="${message}"/>\n${out}`;
}

export function junitOf(report: RunReport): string {
	const { driver, scenarios, pulses } = report;
	const { failed, skipped, "not-possible": impossible } = countOutcomes(scenarios);
	const all = scenarios.reduce((sum, { tookMs }) => sum + tookMs, 0);
	const properties: readonly (readonly [string, string])[] = [
		["driver", driver],
		["proof", proofText(report)],
		["board", report.board],
		["firmware", report.firmware],
		["instrument", report.instrument],
		["resolution-us", String(report.resolutionUs)],
		...pulses.map(
			({ name, minUs, medianUs, maxUs, ok }) =>
				[`pulse: ${name}`, `${minUs} ${medianUs} ${maxUs} us${ok ? "" : ", wrong"}`] as const,
		),
	];
	const counts = `tests="${scenarios.length}" failures="${failed}" skipped="${skipped + impossible}"`;
	const lines = [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuite name="latchkey hil ${escapeMarkup(driver)}" ${counts} errors="0" time="${seconds(all)}">`,
		"\t<properties>",
		...properties.map(
			([name, value]) => `\t\t<property name="${escapeMarkup(name)}" value="${escapeMarkup(value)}"/>`,
		),
		"\t</properties>",
		...scenarios.map((scenario) => {
			const head = `\t<testcase classname="hil.${escapeMarkup(driver)}" name="${escapeMarkup(scenario.name)}" time="${seconds(scenario.tookMs)}"`;
			const body = inside(scenario);
			return body === "" ? `${head}/>` : `${head}>\n${body}\t</testcase>`;
		}),
		"</testsuite>",
	];
	return `${lines.join("\n")}\n`;
}
