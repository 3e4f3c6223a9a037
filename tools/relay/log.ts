/**
 * The relay's log: one JSON object a line. It holds who connected and what was refused; never the content of a frame,
 * never a key. Which fields there are is decided here, by type.
 */
export type LogLevel = "info" | "warning" | "error";

export interface LogFields {
	readonly listener?: "device" | "app";
	readonly serial?: string;
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
}

export type LogSink = (line: string) => void;

const TEXT_MAX = 200;

export class RelayLog {
	readonly #sink: LogSink;
	readonly #now: () => number;

	constructor(sink: LogSink, now: () => number = Date.now) {
		this.#sink = sink;
		this.#now = now;
	}

	write(level: LogLevel, event: string, fields: LogFields = {}): void {
		const entry: Record<string, string | number> = { at: new Date(this.#now()).toISOString(), level, event };
		for (const [name, value] of Object.entries(fields)) {
			if (value !== undefined) entry[name] = typeof value === "string" ? value.slice(0, TEXT_MAX) : value;
		}
		this.#sink(JSON.stringify(entry));
	}
}
