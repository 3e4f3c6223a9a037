/**
 * How a fleet stands (docs/UPDATE.md 8, 9): what each lock says of its update, what it attested, and what does not fit together. Only an
 * attestation that verifies here, by the key that the registry has for its lock, counts as one: neither a running relay nor
 * what it stored is believed. What an attestation proves, and what not without secure boot, is said in docs/UPDATE.md 9.
 */
import { bytesEqual, fromHex, toHex } from "../../modules/base/bytes.ts";
import type { Manifest } from "../../modules/update/manifest.ts";
import type { Attestation } from "../../modules/wire/attestation.ts";
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import type { StoredAttestation } from "./attestation-table.ts";
import { type AttestedHeights, heightsOf, higher, isBelow, NO_HEIGHTS } from "./attested-heights.ts";
import { judgeAttestation } from "./attestor.ts";
import { challengeNonce } from "./challenge.ts";
import type { AttestationRank } from "./update-schema.ts";

/** What is known of one lock, as it came. */
export interface FleetRecord {
	readonly serial: string;
	/** The factory key, hexadecimal. */
	readonly publicKey: string;
	readonly revoked: boolean;
	readonly report: { readonly bytes: Uint8Array; readonly receivedAt: string } | undefined;
	readonly attestations: readonly StoredAttestation[];
	/** Only the registry of reference knows it. */
	readonly missing?: true;
}

/** Somebody must look: what locks sign does not fit together. */
export const ALARMS = Object.freeze([
	"unknown-image", // the running image is no release's of this board and sequence
	"differs-from-report", // the lock says one thing and signs another
	"went-backwards", // it signed a higher sequence, or a higher floor, before
	"split", // another lock runs another image under the same sequence
	"floor-above-running",
	"missing", // the reference registry has it, and what was judged has not
	"unanswered", // it signed nothing over the auditor's challenge
	"bad-date", // of receipt: none, or in the future
	"bad-attestation", // signed by another key, in another's name, over another nonce
] as const);
/** What an operator wants to see. */
export const NOTICES = Object.freeze([
	"never-attested",
	"old-attestation",
	"unmeasured", // it signed that it has not measured its image, or runs in no slot
	"unsealed",
	"fuse-below-floor",
	"parked",
	"stale",
] as const);
/** Of the relay and of whoever judges. */
const CLOCKS_APART_MS = 600_000;

export type FleetFlag = (typeof ALARMS)[number] | (typeof NOTICES)[number];

export interface FleetRow {
	readonly serial: string;
	readonly revoked: boolean;
	readonly report: UpdateReport | undefined;
	readonly reportedAt: string | undefined;
	readonly attestation: Attestation | undefined;
	readonly attestedAt: string | undefined;
	readonly flags: readonly FleetFlag[];
	/** Why the last one that did not verify was refused. */
	readonly refused: string | undefined;
}

export interface FleetReference {
	/** What locks may run. */
	readonly manifests: readonly Manifest[];
	/** Milliseconds since 1970. */
	readonly nowMs: number;
	/** An attestation that is older is flagged. */
	readonly oldMs: number;
	/** What answers it alone counts as what a lock runs. */
	readonly challenge?: Uint8Array | undefined;
}

interface Words {
	readonly record: FleetRecord;
	readonly report: UpdateReport | undefined;
	readonly latest: Attestation | undefined;
	readonly latestAt: string | undefined;
	readonly heights: AttestedHeights;
	readonly refused: string | undefined;
}

/** Ordered by serial. */
export function judgeFleet(records: readonly FleetRecord[], reference: FleetReference): readonly FleetRow[] {
	const words = records
		.map((record) => readWords(record, reference.challenge))
		.sort((a, b) => (a.record.serial < b.record.serial ? -1 : 1));
	const images = new Map<string, Set<string>>();
	for (const { latest } of words) {
		if (latest?.runningDigest === undefined) continue;
		const key = numberOf(latest);
		images.set(key, (images.get(key) ?? new Set()).add(toHex(latest.runningDigest)));
	}
	return words.map((each) => ({
		serial: each.record.serial,
		revoked: each.record.revoked,
		report: each.report,
		reportedAt: each.record.report?.receivedAt,
		attestation: each.latest,
		attestedAt: each.latestAt,
		flags: [...attestedFlags(each, reference, images), ...reportedFlags(each)],
		refused: each.refused,
	}));
}

export function isAlarm(flag: FleetFlag): boolean {
	return (ALARMS as readonly string[]).includes(flag);
}

function numberOf({ board, sequence }: Attestation): string {
	return `${board} ${sequence}`;
}

function readWords(record: FleetRecord, challenge: Uint8Array | undefined): Words {
	const report = record.report && decodeUpdateReport(record.report.bytes);
	const publicKey = fromHex(record.publicKey) ?? new Uint8Array(0);
	const of = (rank: AttestationRank): StoredAttestation | undefined =>
		record.attestations.find((each) => each.rank === rank);
	let broken: string | undefined;
	const verified = (stored: StoredAttestation | undefined): Attestation | undefined => {
		if (stored === undefined) return undefined;
		const judged = judgeAttestation(record.serial, publicKey, stored.nonce, stored.statement);
		if (judged.ok) return judged.value;
		broken = judged.reason;
		return undefined;
	};
	const nonce = challenge && challengeNonce(challenge, record.serial);
	const latest =
		nonce === undefined
			? of("latest")
			: record.attestations.find((each) => each.rank !== "refused" && bytesEqual(each.nonce, nonce));
	const refused = of("refused");
	const latestWord = verified(latest);
	let heights = NO_HEIGHTS;
	for (const each of record.attestations) {
		const word = each.rank === "refused" ? undefined : verified(each);
		if (word !== undefined) heights = higher(heights, heightsOf(word));
	}
	// One that was refused before a good one came is history.
	const isRefused = refused !== undefined && refused.receivedAt > (latest?.receivedAt ?? "");
	return {
		record,
		report: report?.ok === true ? report.value : undefined,
		latest: latestWord,
		latestAt: latestWord && latest?.receivedAt,
		heights,
		refused: broken ?? (isRefused ? (refused.reason ?? "refused") : undefined),
	};
}

function attestedFlags(
	{ record, report, latest, latestAt, heights, refused }: Words,
	{ manifests, nowMs, oldMs, challenge }: FleetReference,
	images: ReadonlyMap<string, ReadonlySet<string>>,
): FleetFlag[] {
	const flags: FleetFlag[] = refused === undefined ? [] : ["bad-attestation"];
	if (record.missing) return [...flags, "missing"];
	if (latest === undefined || latestAt === undefined) {
		const isOut = challenge !== undefined && !record.revoked;
		return [...flags, isOut ? "unanswered" : "never-attested"];
	}
	const { runningDigest, sequence, board } = latest;
	if (runningDigest === undefined) flags.push("unmeasured");
	else {
		const digest = toHex(runningDigest);
		const isRelease = manifests.some(
			(each) => each.board === board && each.sequence === sequence && toHex(each.image.digest) === digest,
		);
		if (!isRelease) flags.push("unknown-image");
		if ((images.get(numberOf(latest))?.size ?? 0) > 1) flags.push("split");
	}
	if (report !== undefined && differs(report, latest)) flags.push("differs-from-report");
	if (isBelow(latest, heights)) flags.push("went-backwards");
	if (latest.sequenceFloor > sequence || latest.securityFloor > latest.securityVersion)
		flags.push("floor-above-running");
	if (latest.securityFuse < latest.securityFloor) flags.push("fuse-below-floor");
	if (!latest.sealed) flags.push("unsealed");
	const ageMs = nowMs - Date.parse(latestAt);
	if (!(ageMs >= -CLOCKS_APART_MS)) flags.push("bad-date");
	else if (ageMs > oldMs) flags.push("old-attestation");
	return flags;
}

function differs(report: UpdateReport, attestation: Attestation): boolean {
	return (
		report.version !== attestation.version ||
		report.sequence !== attestation.sequence ||
		report.securityVersion !== attestation.securityVersion
	);
}

function reportedFlags({ report }: Words): FleetFlag[] {
	if (report === undefined) return [];
	return [
		...(report.state === "parked" ? (["parked"] as const) : []),
		...(report.stale ? (["stale"] as const) : []),
	];
}
