/**
 * What one run of scenarios found, as data (docs/RIG.md 6): report.json is exactly this, JUnit and HTML are made of it. It says no more
 * of the lock than its instruments said: "hardware" only where board and rig both are. The decoder takes anything and never throws.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { decodeUtf8 } from "../../modules/base/utf8.ts";
import { DRIVER_NAMES, type DriverName } from "./driver.ts";
import type { PulseRow, PulseRule } from "./pulses.ts";
import { RIG_ROLES } from "./rig-message.ts";
import type { Edge } from "./trace.ts";

export const REPORT_FORMAT = 1;

export const PROOFS = Object.freeze(["virtual", "emulated", "hardware"] as const);
export type Proof = (typeof PROOFS)[number];

export const OUTCOMES = Object.freeze(["passed", "failed", "not-possible", "skipped"] as const);
export type Outcome = (typeof OUTCOMES)[number];

export interface ScenarioReport {
	readonly name: string;
	readonly shows: string;
	readonly outcome: Outcome;
	/** Empty when it passed. */
	readonly reason: string;
	readonly tookMs: number;
	readonly steps: readonly { readonly text: string; readonly ms: number }[];
	readonly edges: readonly Edge[];
	/** There were more edges than are kept. */
	readonly edgesCut: boolean;
	/** Of a failure: the lock's last lines. */
	readonly log: readonly string[];
}

export interface RunReport {
	readonly format: typeof REPORT_FORMAT;
	readonly driver: DriverName;
	readonly proof: Proof;
	/** Whether each scenario that this driver can do is in a run on hardware that is on record. */
	readonly proven: boolean;
	/** As the lock and the instrument call themselves. */
	readonly board: string;
	readonly firmware: string;
	readonly instrument: string;
	readonly resolutionUs: number;
	readonly driftPpm: number;
	readonly startedUnixMs: number;
	readonly notes: readonly string[];
	readonly scenarios: readonly ScenarioReport[];
	readonly pulses: readonly PulseRow[];
}

export type OutcomeCounts = Readonly<Record<Outcome, number>>;

export function countOutcomes(scenarios: readonly ScenarioReport[]): OutcomeCounts {
	const counts: Record<Outcome, number> = { passed: 0, failed: 0, "not-possible": 0, skipped: 0 };
	for (const { outcome } of scenarios) counts[outcome]++;
	return counts;
}

/** Everything that was asked for passed, and something was. */
export function isWhole(scenarios: readonly ScenarioReport[]): boolean {
	return scenarios.length > 0 && countOutcomes(scenarios).passed === scenarios.length;
}

export function encodeRunReport(report: RunReport): string {
	return `${JSON.stringify(report, null, "\t")}\n`;
}

export const REPORT_BYTES_MAX = 16_777_216;
const TEXT_MAX = 4_096;
const LIST_MAX = 8_192;
const RULES: readonly PulseRule[] = Object.freeze(["exactly", "at most", "measured"]);

type Fields = Readonly<Record<string, unknown>>;

/** Every field that is missing or wrong makes the whole report malformed. */
class Reader {
	isWhole = true;

	fields(value: unknown): Fields {
		if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
		this.isWhole = false;
		return {};
	}

	list<Value>(value: unknown, read: (item: unknown) => Value): readonly Value[] {
		if (Array.isArray(value) && value.length <= LIST_MAX) return value.map(read);
		this.isWhole = false;
		return [];
	}

	text(value: unknown): string {
		if (typeof value === "string" && value.length <= TEXT_MAX) return value;
		this.isWhole = false;
		return "";
	}

	number(value: unknown): number {
		if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
		this.isWhole = false;
		return 0;
	}

	truth(value: unknown): boolean {
		if (typeof value !== "boolean") this.isWhole = false;
		return value === true;
	}

	oneOf<Value extends string>(value: unknown, values: readonly Value[]): Value {
		const found = values.find((each) => each === value);
		if (found === undefined) this.isWhole = false;
		return found ?? values[0]!;
	}
}

function readScenario(reader: Reader, value: unknown): ScenarioReport {
	const fields = reader.fields(value);
	return {
		name: reader.text(fields.name),
		shows: reader.text(fields.shows),
		outcome: reader.oneOf(fields.outcome, OUTCOMES),
		reason: reader.text(fields.reason),
		tookMs: reader.number(fields.tookMs),
		steps: reader.list(fields.steps, (item) => {
			const step = reader.fields(item);
			return { text: reader.text(step.text), ms: reader.number(step.ms) };
		}),
		edges: reader.list(fields.edges, (item) => {
			const edge = reader.fields(item);
			return {
				role: reader.oneOf(edge.role, RIG_ROLES),
				level: reader.truth(edge.level),
				atUs: reader.number(edge.atUs),
			};
		}),
		edgesCut: reader.truth(fields.edgesCut),
		log: reader.list(fields.log, (item) => reader.text(item)),
	};
}

function readPulses(reader: Reader, value: unknown): PulseRow {
	const fields = reader.fields(value);
	return {
		name: reader.text(fields.name),
		rule: reader.oneOf(fields.rule, RULES),
		...(fields.expectedMs === undefined ? {} : { expectedMs: reader.number(fields.expectedMs) }),
		count: reader.number(fields.count),
		minUs: reader.number(fields.minUs),
		medianUs: reader.number(fields.medianUs),
		maxUs: reader.number(fields.maxUs),
		toleranceUs: reader.number(fields.toleranceUs),
		ok: reader.truth(fields.ok),
	};
}

function parse(bytes: Uint8Array): unknown {
	const text = bytes.length > REPORT_BYTES_MAX ? undefined : decodeUtf8(bytes);
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

export function decodeRunReport(bytes: Uint8Array): Result<RunReport, "malformed"> {
	const reader = new Reader();
	const fields = reader.fields(parse(bytes));
	if (fields.format !== REPORT_FORMAT) return refuse("malformed");
	const report: RunReport = {
		format: REPORT_FORMAT,
		driver: reader.oneOf(fields.driver, DRIVER_NAMES),
		proof: reader.oneOf(fields.proof, PROOFS),
		proven: reader.truth(fields.proven),
		board: reader.text(fields.board),
		firmware: reader.text(fields.firmware),
		instrument: reader.text(fields.instrument),
		resolutionUs: reader.number(fields.resolutionUs),
		driftPpm: reader.number(fields.driftPpm),
		startedUnixMs: reader.number(fields.startedUnixMs),
		notes: reader.list(fields.notes, (item) => reader.text(item)),
		scenarios: reader.list(fields.scenarios, (item) => readScenario(reader, item)),
		pulses: reader.list(fields.pulses, (item) => readPulses(reader, item)),
	};
	return reader.isWhole ? accept(report) : refuse("malformed");
}
