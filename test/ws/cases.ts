/** How the cases of this folder are written and checked. */
import { type ProbeEnd, type ProbeOptions, runProbe } from "./probe-run.ts";
import { type RawPeer, serveRaw } from "./raw-server.ts";

export interface Case {
	readonly name: string;
	/** Waits for long patiences of the client: started first, beside the others. */
	readonly long?: true;
	readonly run: () => Promise<void>;
}

export class CaseFailure extends Error {}

export function expect(condition: boolean, message: string): asserts condition {
	if (!condition) throw new CaseFailure(message);
}

export function same<Value>(actual: Value, expected: Value, what: string): void {
	expect(Object.is(actual, expected), `${what}: ${String(actual)}, expected ${String(expected)}`);
}

/** Longer than any case takes that does not wait for a patience of the client, even on a machine with other work. */
const BOUND_MS = 30_000;
/**
 * What the process holds besides the engine's heap: program, libraries, the frozen part. A message of the server's on
 * its way through the socket's queue counts too.
 */
const BASE_KB = 8_192;
let peakKb = 0;
let longestMs = 0;

/** The most that any probe took so far, for the record. */
export function mostTaken(): string {
	return `longest probe ${Math.round(longestMs)} ms, most memory beside the engine's heap ${peakKb} KiB`;
}

function withinBounds(end: ProbeEnd, boundMs: number): void {
	const besidesKb = end.peakKb - end.heapKb;
	peakKb = Math.max(peakKb, besidesKb);
	longestMs = Math.max(longestMs, end.ms);
	expect(end.ms <= boundMs, `the probe took ${Math.round(end.ms)} ms, allowed are ${boundMs}`);
	expect(end.peakKb > 0, `the probe did not say what it held: ${end.output}`);
	expect(besidesKb <= BASE_KB, `the probe held ${end.peakKb} KiB with a heap of ${end.heapKb} KiB`);
}

/** One probe against one scripted server; both must come to their end, within bounds of time and memory. */
export async function against(
	script: (peer: RawPeer) => Promise<void>,
	options: ProbeOptions = {},
	host?: string,
): Promise<ProbeEnd> {
	const scripts: Promise<void>[] = [];
	let fault: unknown;
	const server = await serveRaw(
		(peer) => {
			const running = script(peer);
			scripts.push(running);
			return running;
		},
		(error) => {
			fault = error;
		},
		host,
	);
	try {
		const end = await runProbe(server.port, { ...options, ...(host === undefined ? {} : { host }) });
		await Promise.allSettled(scripts);
		if (fault !== undefined) throw fault;
		expect(end.status !== null, "the probe hung");
		withinBounds(end, options.boundMs ?? BOUND_MS);
		return end;
	} finally {
		server.close();
	}
}

/** The probe ended unclean, for this reason, without any other fault. */
export function failed(end: ProbeEnd, reason: string, code?: number): void {
	same(end.reason, reason, `reason (${end.output.trim()})`);
	same(end.status, 1, "status");
	if (code !== undefined) same(end.code, code, "code");
}

export function clean(end: ProbeEnd, code: number): void {
	same(end.reason, "ok", `reason (${end.output.trim()})`);
	same(end.status, 0, "status");
	same(end.code, code, "code");
}
