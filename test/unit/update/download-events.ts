/** Events of the download machine for its tests, and what it makes of a list of them. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { stepDownload } from "../../../modules/update/download-state.ts";
import {
	DOWNLOAD_IDLE,
	type DownloadEffect,
	type DownloadEvent,
	type DownloadState,
	type Job,
	LINE_SENDER,
	LINK_SENDER,
	sessionSender,
} from "../../../modules/update/download-step.ts";

export const CHUNK = LIMITS.chunkBytes;
export const JOB: Job = { imageBytes: 2 * CHUNK + 100, deltaBytes: undefined };
export const DELTA_JOB: Job = { imageBytes: 2 * CHUNK + 100, deltaBytes: 1000 };

/** The state after these events, and what the last one asked for. */
export function run(
	events: readonly DownloadEvent[],
	nowMs = 0,
	from: DownloadState = DOWNLOAD_IDLE,
): { state: DownloadState; effects: readonly DownloadEffect[] } {
	let state = from;
	let effects: readonly DownloadEffect[] = [];
	for (const event of events) ({ state, effects } = stepDownload(state, event, nowMs));
	return { state, effects };
}

export const hashed = (...good: boolean[]): DownloadEvent[] =>
	good.map((isGood) => ({ kind: "hashed", isGood }));
export const begin: DownloadEvent = { kind: "begin", job: JOB };
export const ask = (sender: number, mayRetry = true): DownloadEvent => ({ kind: "ask", sender, mayRetry });
export const lost = (sender: number): DownloadEvent => ({ kind: "lost", sender });
export const tick: DownloadEvent = { kind: "tick" };
export const chunkOf = (sender: number, isGood: boolean, mayRetry = true): DownloadEvent => ({
	kind: "chunk",
	sender,
	isGood,
	mayRetry,
});
/** The senders of the three ways in. */
export const LINK = LINK_SENDER;
export const LINE = LINE_SENDER;
/** Two sessions of one phone follow each other; another phone is another way. */
export const SESSION = sessionSender(1, 0);
export const PHONE = sessionSender(2, 1);
export const HOUR = 3600000;
export const piece = (sender: number, offset: number, count: number): DownloadEvent => ({
	kind: "piece",
	sender,
	via: "image",
	offset,
	count,
});
