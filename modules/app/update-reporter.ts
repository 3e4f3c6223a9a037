/** How a lock's update stands (docs/UPDATE.md 8), put together anew each time it is asked for. It changes nothing. */
import type { DownloadState } from "../update/download-step.ts";
import type { DownloadProgress } from "../update/downloader.ts";
import type { UpdateReport, UpdateState } from "../wire/update-report.ts";
import type { UpdateHost, UpdateRecords } from "./update-host.ts";

export interface UpdateStanding {
	readonly onTrial: boolean;
	readonly download: DownloadState["kind"];
	readonly progress: DownloadProgress;
	/** Of the plan. */
	readonly offered: number | undefined;
}

export function updateReport(
	{ firmware, trust, time }: UpdateHost,
	{ floors, freshness, history }: UpdateRecords,
	standing: UpdateStanding,
): UpdateReport {
	const offered = standing.offered ?? history.parkedSequence;
	const { result, resultSequence } = history;
	const freshUntil = freshness.freshUntilUnixSeconds;
	return {
		state: stateOf(standing, history.parkedSequence !== undefined),
		version: firmware.version,
		sequence: firmware.sequence,
		securityVersion: firmware.securityVersion,
		sequenceFloor: floors.current.sequence,
		securityFloor: floors.current.securityVersion,
		trustVersion: trust.version,
		...(offered === undefined ? {} : { offered }),
		...standing.progress,
		result,
		...(resultSequence === undefined ? {} : { resultSequence }),
		reverts: history.reverts?.count ?? 0,
		...(freshUntil === undefined ? {} : { freshUntilUnixSeconds: freshUntil }),
		stale: freshness.isStale(time.tlsTime()),
	};
}

function stateOf({ onTrial, download }: UpdateStanding, isParked: boolean): UpdateState {
	if (onTrial) return "trial";
	switch (download) {
		case "surveying":
		case "fetching":
			return "downloading";
		case "checking":
		case "patching":
			return "patching";
		case "verifying":
			return "verifying";
		case "complete":
			return "waiting";
		default:
			return isParked ? "parked" : "idle";
	}
}
