/**
 * What a lock says of itself (PROTOCOL 12): the same bytes over the link, in a session and on the serial line. Written by
 * the lock; read by relay, phone and line, who believe none of it and ignore keys that they do not know. Nothing in it is
 * secret. Decoders never throw.
 */
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { decodeCborMap } from "./cbor-decode.ts";
import { type CborFields, encodeCbor } from "./cbor-encode.ts";
import { asArray, asText, asUint, type CborMap } from "./cbor-map.ts";

const FORMAT = 1;

/** In the order of their numbers. */
export const TIME_SOURCES = Object.freeze(["none", "owner", "time-role"] as const);
export type TimeSource = (typeof TIME_SOURCES)[number];

/** In the order of their numbers: with which certificate the lock goes to its relay (PROTOCOL 8). */
export const REPORT_CREDENTIALS = Object.freeze(["factory", "operational"] as const);
export type ReportCredential = (typeof REPORT_CREDENTIALS)[number];

/** Counters end here. */
export const HEALTH_COUNT_MAX = 4294967295;
/** Numbers of reasons why a link failed (docs/WEBSOCKET.md). */
export const LINK_FAILURE_MAX = 255;
export const RESET_REASON_BYTES = 16;
export const FIRMWARE_VERSION_BYTES = 64;

export interface HealthReset {
	/** Which boot it led to, counted from 1. */
	readonly boot: number;
	/** Of the list of platform/system. */
	readonly reason: string;
}

/** What outlives a reboot: keys 0 to 5. */
export interface HealthFigures {
	readonly boots: number;
	/** The newest last, at most LIMITS.healthResets. */
	readonly resets: readonly HealthReset[];
	/** Names of functions and lines of the last fault. */
	readonly stack?: string;
	/** Since the last power-on. */
	readonly leastFreeBytes?: number;
	/** By number of the reason, at most LIMITS.healthFailureReasons. */
	readonly linkFailures: ReadonlyMap<number, number>;
	/** The last source of time that there was. */
	readonly lastTimeSource: TimeSource;
}

export interface Report {
	readonly trustVersion: number;
	readonly firmware: string;
	readonly credential: ReportCredential;
	readonly health: HealthFigures;
	/** Of the time that the lock has now. */
	readonly timeSource: TimeSource;
}

/** Keys 0 to 5 of `health`, moved up by `shift`. */
export function healthFields(figures: HealthFigures, shift: number): CborFields {
	const failures = [...figures.linkFailures].sort(([a], [b]) => a - b);
	return {
		[shift]: figures.boots,
		[shift + 1]: figures.resets.map(({ boot, reason }) => [boot, reason]),
		[shift + 2]: figures.stack,
		[shift + 3]: figures.leastFreeBytes,
		[shift + 4]: failures,
		[shift + 5]: TIME_SOURCES.indexOf(figures.lastTimeSource),
	};
}

/** Undefined when a field is missing or says what cannot be; other keys are its caller's business. */
export function readHealthFields(map: CborMap, shift: number): HealthFigures | undefined {
	const boots = map.uint(shift, HEALTH_COUNT_MAX);
	const resets = readResets(map, shift + 1);
	const stack = map.text(shift + 2, LIMITS.healthStackBytes);
	const leastFreeBytes = map.uint(shift + 3);
	const linkFailures = readFailures(map, shift + 4);
	const lastTimeSource = TIME_SOURCES[map.uint(shift + 5) ?? -1];
	if (boots === undefined || resets === undefined || linkFailures === undefined) return undefined;
	if (lastTimeSource === undefined) return undefined;
	if (map.has(shift + 2) && stack === undefined) return undefined;
	if (map.has(shift + 3) && leastFreeBytes === undefined) return undefined;
	return {
		boots,
		resets,
		...(stack === undefined ? {} : { stack }),
		...(leastFreeBytes === undefined ? {} : { leastFreeBytes }),
		linkFailures,
		lastTimeSource,
	};
}

export function encodeReport(report: Report): Uint8Array {
	const health = { ...healthFields(report.health, 0), 6: TIME_SOURCES.indexOf(report.timeSource) };
	return encodeCbor({
		0: FORMAT,
		1: report.trustVersion,
		2: report.firmware,
		3: REPORT_CREDENTIALS.indexOf(report.credential),
		4: health,
	});
}

/** For whoever shows it: unknown keys are ignored. */
export function decodeReport(bytes: Uint8Array): Result<Report, "malformed"> {
	if (bytes.length > LIMITS.reportBytes) return refuse("malformed");
	const map = decodeCborMap(bytes);
	if (!map.ok || map.value.uint(0) !== FORMAT) return refuse("malformed");
	const trustVersion = map.value.uint(1);
	const firmware = map.value.text(2, FIRMWARE_VERSION_BYTES);
	const credential = REPORT_CREDENTIALS[map.value.uint(3) ?? -1];
	const fields = map.value.map(4);
	const health = fields && readHealthFields(fields, 0);
	const timeSource = TIME_SOURCES[fields?.uint(6) ?? -1];
	if (trustVersion === undefined || firmware === undefined || credential === undefined)
		return refuse("malformed");
	if (health === undefined || timeSource === undefined) return refuse("malformed");
	return accept({ trustVersion, firmware, credential, health, timeSource });
}

function readResets(map: CborMap, key: number): readonly HealthReset[] | undefined {
	const items = map.array(key, { min: 0, max: LIMITS.healthResets });
	const resets: HealthReset[] = [];
	for (const item of items ?? []) {
		const fields = asArray(item, 2);
		const boot = asUint(fields?.[0], HEALTH_COUNT_MAX);
		const reason = asText(fields?.[1], RESET_REASON_BYTES);
		if (boot === undefined || reason === undefined) return undefined;
		resets.push({ boot, reason });
	}
	return items && resets;
}

/** In ascending order of the reasons, each once. */
function readFailures(map: CborMap, key: number): ReadonlyMap<number, number> | undefined {
	const items = map.array(key, { min: 0, max: LIMITS.healthFailureReasons });
	const failures = new Map<number, number>();
	let former = -1;
	for (const item of items ?? []) {
		const fields = asArray(item, 2);
		const reason = asUint(fields?.[0], LINK_FAILURE_MAX);
		const count = asUint(fields?.[1], HEALTH_COUNT_MAX);
		if (reason === undefined || count === undefined || reason <= former) return undefined;
		failures.set(reason, count);
		former = reason;
	}
	return items && failures;
}
