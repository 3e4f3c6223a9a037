/** A run for people, as one HTML file: no script, nothing fetched, every text escaped. */
import { escapeMarkup } from "./markup.ts";
import { proofText } from "./proof.ts";
import type { PulseRow } from "./pulses.ts";
import { countOutcomes, type RunReport, type ScenarioReport } from "./run-report.ts";
import { drawTrace } from "./trace-drawing.ts";

const STYLE =
	"body{font:14px sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}td,th{padding:.2em .8em;border:1px solid #ccc;text-align:left}.passed{color:#060}.failed{color:#b00}.not-possible,.skipped{color:#850}svg{display:block;margin:.5em 0}pre{background:#f4f4f4;padding:.5em;overflow:auto}";

const OUTCOME_TEXTS = Object.freeze({
	passed: "passed",
	failed: "failed",
	"not-possible": "not possible",
	skipped: "skipped",
} as const);

function millis(us: number): string {
	return (us / 1_000).toFixed(3);
}

function pulseRow({
	name,
	rule,
	expectedMs,
	count,
	minUs,
	medianUs,
	maxUs,
	toleranceUs,
	ok,
}: PulseRow): string {
	const expected =
		expectedMs === undefined ? "measured" : `${rule} ${expectedMs} ms ± ${millis(toleranceUs)}`;
	const verdict = expectedMs === undefined ? "" : ok ? "right" : "wrong";
	const cells = [name, expected, String(count), millis(minUs), millis(medianUs), millis(maxUs), verdict];
	return `<tr>${cells.map((cell) => `<td>${escapeMarkup(cell)}</td>`).join("")}</tr>`;
}

function section(scenario: ScenarioReport): string {
	const { name, shows, outcome, reason, tookMs, steps, edges, edgesCut, log } = scenario;
	const parts = [
		`<h2>${escapeMarkup(name)}: <span class="${outcome}">${OUTCOME_TEXTS[outcome]}</span></h2>`,
		`<p>Shows: ${escapeMarkup(shows)}.</p>`,
	];
	if (reason !== "") parts.push(`<p class="${outcome}">${escapeMarkup(reason)}</p>`);
	if (steps.length > 0) {
		const items = steps.map(({ text, ms }) => `<li>${escapeMarkup(text)} (${ms} ms)</li>`);
		parts.push(`<p>${tookMs} ms</p><ol>${items.join("")}</ol>`);
	}
	parts.push(drawTrace(edges));
	if (edgesCut) parts.push("<p>There were more edges than are kept.</p>");
	if (log.length > 0) parts.push(`<pre>${log.map(escapeMarkup).join("\n")}</pre>`);
	return parts.join("\n");
}

export function htmlOf(report: RunReport): string {
	const { driver, scenarios, pulses, notes } = report;
	const counts = countOutcomes(scenarios);
	const facts: readonly (readonly [string, string])[] = [
		["driver", driver],
		["proof", proofText(report)],
		["board", `${report.board}, firmware ${report.firmware}`],
		["instrument", report.instrument],
		["resolution", `${report.resolutionUs} µs, drift ${report.driftPpm} ppm`],
		["begun", new Date(report.startedUnixMs).toISOString()],
		...notes.map((note) => ["note", note] as const),
	];
	const heads = ["pulse", "must be", "count", "min ms", "median ms", "max ms", ""];
	return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>latchkey hil ${escapeMarkup(driver)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style></head><body>
<h1>Hardware in the loop: ${escapeMarkup(driver)} (${escapeMarkup(proofText(report))})</h1>
<p>${counts.passed} passed, ${counts.failed} failed, ${counts["not-possible"]} not possible, ${counts.skipped} skipped</p>
<table>${facts.map(([name, value]) => `<tr><th>${escapeMarkup(name)}</th><td>${escapeMarkup(value)}</td></tr>`).join("")}</table>
<h2>Pulses</h2>
<table><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr>${pulses.map(pulseRow).join("")}</table>
${scenarios.map(section).join("\n")}
</body></html>
`;
}
