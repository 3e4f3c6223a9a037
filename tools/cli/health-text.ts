/** A lock's report (PROTOCOL 12) for people and for scripts. What cannot be read is said to be so, and is no fault. */
import { LINK_FAILURES } from "../../modules/link/link-failure.ts";
import { decodeReport, type Report } from "../../modules/wire/report.ts";
import { plainJson, plainText } from "./plain-text.ts";

function failureName(reason: number): string {
	const known = Object.entries(LINK_FAILURES).find(([, number]) => number === reason);
	return known?.[0] ?? `reason ${reason}`;
}

function failures(report: Report): readonly (readonly [string, number])[] {
	return [...report.health.linkFailures].map(([reason, count]) => [failureName(reason), count]);
}

function lines(report: Report): string[] {
	const { health } = report;
	const resets = health.resets.map(({ boot, reason }) => `${boot} ${plainText(reason)}`);
	const counts = failures(report).map(([name, count]) => `${name} ${count}`);
	return [
		`firmware\t${plainText(report.firmware)}`,
		`trust\tversion ${report.trustVersion}`,
		`certificate\t${report.credential}`,
		`time\t${report.timeSource}; last from ${health.lastTimeSource}`,
		`boots\t${health.boots}`,
		`resets\t${resets.join(", ") || "none"}`,
		`last fault\t${health.stack === undefined ? "none" : plainText(health.stack)}`,
		`least heap\t${health.leastFreeBytes === undefined ? "unknown" : `${health.leastFreeBytes} bytes free`}`,
		`link failed\t${counts.join(", ") || "never"}`,
	];
}

/** One fact a line, or one JSON object. */
export function healthText(bytes: Uint8Array, json: boolean): string {
	const report = decodeReport(bytes);
	if (!report.ok) return json ? '{"unreadable":true}\n' : "unreadable\t(of a newer firmware?)\n";
	if (!json) return `${lines(report.value).join("\n")}\n`;
	const { health, ...rest } = report.value;
	const linkFailures = Object.fromEntries(failures(report.value));
	return `${plainJson({ ...rest, health: { ...health, linkFailures } })}\n`;
}
