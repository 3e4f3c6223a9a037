/**
 * The relay's log: one JSON object a line. It holds who connected and what was refused; never the content of a frame,
 * never a key. Which fields there are is decided here, by type. Each event has a rate, so that nobody fills a disk from
 * outside; what was left out is counted in the next line of that event.
 */
import { TokenBucket } from "./token-bucket.ts";

export type LogLevel = "info" | "warning" | "error";

export interface LogFields {
	readonly listener?: "device" | "app";
	readonly serial?: string;
	readonly credential?: "factory" | "operational";
	/** The peer's network address. */
	readonly address?: string;
	/** A word of a closed list of this program, or the message of a system error. */
	readonly reason?: string;
	readonly port?: number;
	readonly connection?: number;
	readonly channel?: number;
	readonly bytes?: number;
	readonly count?: number;
	readonly code?: number;
	/** Of a release. */
	readonly sequence?: number;
}

export type LogSink = (line: string) => void;

const TEXT_MAX = 200;
const LINES_BURST = 500;
const LINES_PER_MINUTE = 600;

export class RelayLog {
	readonly #sink: LogSink;
	readonly #now: () => number;
	readonly #monotonic: () => number;
	readonly #events = new Map<string, { readonly rate: TokenBucket; omitted: number }>();

	/** `now` in milliseconds since 1970, `monotonic` in milliseconds that never go back. */
	constructor(
		sink: LogSink,
		now: () => number = Date.now,
		monotonic: () => number = () => performance.now(),
	) {
		this.#sink = sink;
		this.#now = now;
		this.#monotonic = monotonic;
	}

	write(level: LogLevel, event: string, fields: LogFields = {}): void {
		const omitted = this.#admit(event);
		if (omitted === undefined) return;
		const entry: Record<string, string | number> = { at: new Date(this.#now()).toISOString(), level, event };
		if (omitted > 0) entry.omitted = omitted;
		for (const [name, value] of Object.entries(fields)) {
			if (value !== undefined) entry[name] = typeof value === "string" ? value.slice(0, TEXT_MAX) : value;
		}
		this.#sink(JSON.stringify(entry));
	}

	/** How many lines of this event were left out before this one; undefined when this one is too. */
	#admit(event: string): number | undefined {
		const nowMs = this.#monotonic();
		const state = this.#events.get(event) ?? {
			rate: new TokenBucket(LINES_BURST, LINES_PER_MINUTE, nowMs),
			omitted: 0,
		};
		this.#events.set(event, state);
		const { omitted } = state;
		const admitted = state.rate.take(1, nowMs);
		state.omitted = admitted ? 0 : omitted + 1;
		return admitted ? omitted : undefined;
	}
}
