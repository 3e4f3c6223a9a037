/**
 * The download of one release as a pure machine (docs/UPDATE.md 6): which chunks are there, who sends which, and what is to be
 * done next. It touches no flash and knows no digest; the driver (downloader.ts) does what effects say and tells what came of it.
 *
 *          begin                every chunk is there
 *   idle ────────▶ surveying ───────────────────────────────────────────▶ verifying ──▶ complete
 *                   │   │ ▲                                                 ▲      │
 *                   │   │ └────────── delta failed ──────────┐              │      │ not the image
 *        image      │   │ delta                              │              │      ▼
 *                   ▼   ▼                 object, source     │              │    failed
 *                  fetching ─────────────▶ checking ─────▶ patching ────────┘      ▲
 *                      └───────── every chunk of the image ────────────────▶ (verifying)
 *   begin and drop in any state; flash that does not take what is written: failed.
 *
 * Invariants: a chunk has one sender, a way in one chunk. Only a chunk whose digest was found right counts as good. Nothing
 * is remembered across boots: surveying finds out what flash holds. Who stands back does so across downloads.
 */
import { unreachable } from "../base/assert.ts";
import type { UpdateResult } from "../wire/update-report.ts";
import { type FetchingStep, goodBytes, stepFetching } from "./download-chunks.ts";
import { withoutOwed } from "./download-standing.ts";
import {
	DOWNLOAD_IDLE,
	type DownloadEffect,
	type DownloadEvent,
	type DownloadState,
	type DownloadStep,
	type Fetching,
	type Job,
	type SenderWay,
	type Standing,
	type Via,
} from "./download-step.ts";
import { chunkCount } from "./manifest.ts";

export function stepDownload(state: DownloadState, event: DownloadEvent, nowMs: number): DownloadStep {
	// First what there is most of.
	switch (event.kind) {
		case "piece":
		case "filled":
		case "ask":
		case "heard":
		case "chunk":
		case "unpaid":
		case "erased":
		case "lost":
		case "paid":
		case "tick":
			if (state.kind !== "fetching")
				return { state, effects: event.kind === "piece" ? [{ kind: "refuse" }] : [] };
			return fetched(state, stepFetching(state, event, nowMs));
		case "begin":
			return survey(keptIn(event.job, state), "image", [], [], [{ kind: "halt" }]);
		case "drop": {
			if (state.kind === "idle") return { state, effects: [] };
			const standings = standingsOf(state);
			return {
				state: standings.length === 0 ? DOWNLOAD_IDLE : { kind: "idle", standings },
				effects: [{ kind: "halt" }],
			};
		}
		case "removed":
			if (state.kind === "fetching") return stepFetching(state, event, nowMs);
			return { state: without(state, event.way), effects: [] };
		case "hashed":
			return stepHashed(state, event.isGood);
		case "patched":
			if (state.kind !== "patching") return { state, effects: [] };
			return event.isGood ? verify(state.job) : withoutDelta(state.job, "patch");
		case "broken":
			if (state.kind === "idle" || state.kind === "failed") return { state, effects: [] };
			return {
				state: { kind: "failed", job: keptIn(state.job, state), result: "slot-io" },
				effects: [{ kind: "halt" }],
			};
		default:
			return unreachable(event);
	}
}

/** What follows once every chunk is there. Looked at when another one is: not with each piece. */
function fetched(before: Fetching, step: FetchingStep): DownloadStep {
	const { state } = step;
	if (state.good === before.good || state.good.includes(false)) return step;
	const job = keptIn(state.job, state);
	return state.via === "image" ? verify(job) : check(job, state.image, "delta");
}

/** Of whoever sent what is fetched, or was fetched last. */
function standingsOf(state: DownloadState): readonly Standing[] {
	if (state.kind === "fetching") return state.standings;
	return (state.kind === "idle" ? state.standings : state.job.standings) ?? [];
}

/** A ban outlasts the object that was fetched (T10). */
function keptIn(job: Job, state: DownloadState): Job {
	const standings = withoutOwed(standingsOf(state));
	return standings.length === 0 && job.standings === undefined ? job : { ...job, standings };
}

function without(state: Exclude<DownloadState, Fetching>, gone: SenderWay): DownloadState {
	const standings = standingsOf(state).filter(({ way }) => way !== gone);
	if (standings.length === standingsOf(state).length) return state;
	return state.kind === "idle" ? { ...state, standings } : { ...state, job: { ...state.job, standings } };
}

function stepHashed(state: DownloadState, isGood: boolean): DownloadStep {
	switch (state.kind) {
		case "surveying": {
			const { job, via, image, delta } = state;
			if (via === "image") return survey(job, via, [...image, isGood], delta);
			return survey(job, via, image, [...delta, isGood]);
		}
		case "checking": {
			const { job, image, what } = state;
			if (!isGood) return withoutDelta(job, what === "delta" ? "object-digest" : "patch");
			if (what === "delta") return check(job, image, "source");
			return { state: { kind: "patching", job, image }, effects: [{ kind: "patch", image }] };
		}
		case "verifying":
			return {
				state: isGood
					? { kind: "complete", job: state.job }
					: { kind: "failed", job: state.job, result: "slot-digest" },
				effects: [],
			};
		case "idle":
		case "fetching":
		case "patching":
		case "complete":
		case "failed":
			return { state, effects: [] };
		default:
			return unreachable(state);
	}
}

/** Looks at the next chunk of `via`; when there is none, at what follows from what was found. */
function survey(
	job: Job,
	via: Via,
	image: readonly boolean[],
	delta: readonly boolean[],
	before: readonly DownloadEffect[] = [],
): DownloadStep {
	const next = via === "image" ? image.length : delta.length;
	const bytes = via === "image" ? job.imageBytes : (job.deltaBytes ?? 0);
	if (next < chunkCount(bytes)) {
		return {
			state: { kind: "surveying", job, via, image, delta },
			effects: [...before, { kind: "hash-chunk", via, chunk: next }],
		};
	}
	const missing = job.imageBytes - goodBytes(job.imageBytes, image);
	if (missing === 0) return verify(job);
	// What is left of the image may be less than the delta is.
	if (via === "image" && job.deltaBytes !== undefined && missing > job.deltaBytes)
		return survey(job, "delta", image, []);
	if (via === "delta" && delta.every((good) => good)) return check(job, image, "delta");
	const good = via === "image" ? image : delta;
	return {
		state: {
			kind: "fetching",
			job,
			via,
			image,
			good,
			touched: good.map(() => false),
			open: [],
			left: [],
			erasing: [],
			standings: job.standings ?? [],
		},
		effects: [],
	};
}

function check(job: Job, image: readonly boolean[], what: "delta" | "source"): DownloadStep {
	return { state: { kind: "checking", job, image, what }, effects: [{ kind: "hash", what }] };
}

function verify(job: Job): DownloadStep {
	return { state: { kind: "verifying", job }, effects: [{ kind: "hash", what: "image" }] };
}

/** What the delta left in the slot is looked at anew: some of it may be the image. */
function withoutDelta(job: Job, result: UpdateResult): DownloadStep {
	const full = { ...job, deltaBytes: undefined };
	return survey(full, "image", [], [], [{ kind: "halt" }, { kind: "delta-failed", result }]);
}
