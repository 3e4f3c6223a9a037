/** A fleet as a table for people, and as JSON for programs. */
import { toHex } from "../../modules/base/bytes.ts";
import { plainText } from "../cli/plain-text.ts";
import { type FleetRow, isAlarm } from "../relay/fleet.ts";
import { countOutcomes, type OutcomeCount } from "../relay/offer-outcome.ts";
import type { FormerOffer, PublishedRelease, Rollout } from "../relay/rollout.ts";

const HEADINGS = Object.freeze([
	"SERIAL",
	"VERSION",
	"SEQUENCE",
	"FLOOR",
	"STATE",
	"LAST RESULT",
	"FRESH UNTIL",
	"ATTESTED",
	"FLAGS",
]);
const NONE = "-";

export function fleetTable(rows: readonly FleetRow[]): string {
	return table([HEADINGS, ...rows.map(cells)]);
}

function cells({
	serial,
	revoked,
	report,
	attestation,
	attestedAt,
	flags,
	refused,
}: FleetRow): readonly string[] {
	const words = flags.map((flag) => {
		const word = flag === "bad-attestation" && refused !== undefined ? `${flag} (${refused})` : flag;
		return isAlarm(flag) ? word.toUpperCase() : word;
	});
	const result = report && report.result !== "none" ? report.result : NONE;
	const about = report?.resultSequence === undefined || result === NONE ? "" : ` ${report.resultSequence}`;
	return [
		serial,
		report?.version ?? attestation?.version ?? NONE,
		String(report?.sequence ?? attestation?.sequence ?? NONE),
		report === undefined ? NONE : `${report.sequenceFloor}/${report.securityFloor}`,
		report === undefined ? NONE : progress(report),
		`${result}${about}`,
		report?.freshUntilUnixSeconds === undefined
			? NONE
			: new Date(report.freshUntilUnixSeconds * 1_000).toISOString().slice(0, 16),
		attestedAt?.slice(0, 16) ?? NONE,
		[...(revoked ? ["revoked"] : []), ...words].join(", ") || NONE,
	];
}

function progress({ state, goodBytes, totalBytes, offered }: NonNullable<FleetRow["report"]>): string {
	if (state === "idle") return state;
	const target = offered === undefined ? "" : ` ${offered}`;
	if (state !== "downloading" || totalBytes === 0) return `${state}${target}`;
	return `${state}${target} ${Math.floor((goodBytes / totalBytes) * 100)} %`;
}

export function table(texts: readonly (readonly string[])[]): string {
	const rows = texts.map((row) => row.map(plainText));
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	return rows
		.map((row) =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

export function fleetJson(rows: readonly FleetRow[]): readonly object[] {
	return rows.map(({ serial, revoked, report, reportedAt, attestation, attestedAt, flags, refused }) => ({
		serial,
		revoked,
		report: report ?? null,
		reportedAt: reportedAt ?? null,
		attestation: attestation
			? {
					...attestation,
					nonce: toHex(attestation.nonce),
					runningDigest: attestation.runningDigest ? toHex(attestation.runningDigest) : null,
					runningSlot: attestation.runningSlot ?? null,
				}
			: null,
		attestedAt: attestedAt ?? null,
		flags,
		refused: refused ?? null,
	}));
}

export interface RolloutView {
	readonly rollout: Rollout;
	readonly release: PublishedRelease;
	/** By serial. */
	readonly offers: ReadonlyMap<string, FormerOffer>;
}

export function rolloutJson({ rollout, release, offers }: RolloutView): object {
	const { vendor, hardwareClass, board, sequence, version } = release.manifest;
	return {
		digest: rollout.digest,
		...{ vendor, hardwareClass, board, sequence, version },
		state: rollout.state,
		reason: rollout.reason ?? null,
		percent: rollout.percent,
		cohort: rollout.cohort.size,
		haltRate: rollout.haltRate,
		haltMinimum: rollout.haltMinimum,
		refusalRate: rollout.refusalRate,
		silentHours: rollout.silentHours,
		counts: countsJson(countOutcomes(offers.values())),
		failed: [...offers].flatMap(([serial, { outcome, result }]) =>
			outcome === "failed" || outcome === "refused" ? [{ serial, outcome, result: result ?? null }] : [],
		),
	};
}

/** `unfit` stands inside what it is a part of: who adds the others up has every lock once. */
function countsJson({ installed, failed, refused, offered, unfit }: OutcomeCount): object {
	return { installed, failed, refused: { all: refused, unfit }, offered };
}

export function rolloutText({ rollout, release, offers }: RolloutView): string {
	const { board, hardwareClass, sequence, version } = release.manifest;
	const { installed, failed, refused, offered, unfit } = countOutcomes(offers.values());
	const cohort = rollout.cohort.size === 0 ? "" : ` and ${rollout.cohort.size} by serial`;
	const reason = rollout.reason === undefined ? "" : `: ${rollout.reason}`;
	// Only these count for the refusal rate.
	const ofThem = unfit === 0 ? "" : ` (of them ${unfit} for what it is)`;
	const lines = [
		`sequence ${sequence} (${version}) for ${hardwareClass} ${board}: ${rollout.state}${reason}`,
		`  to ${rollout.percent} %${cohort}; halts beyond ${rollout.haltRate} % failures, from ${rollout.haltMinimum} outcomes on`,
		`  or beyond ${rollout.refusalRate} % refusals of what it is; silent for ${rollout.silentHours} h is failed`,
		`  ${installed} installed, ${failed} failed, ${refused} refused${ofThem}, ${offered} on their way`,
	];
	for (const [serial, { outcome, result }] of offers) {
		if (outcome === "failed" || outcome === "refused")
			lines.push(`  ${serial}: ${outcome}, ${result ?? NONE}`);
	}
	return lines.join("\n");
}
