/**
 * A watcher of a simulated board's pins over its Unix socket: hears every change of an output, sets inputs. Lines
 * (hosts/linux/pins.c): board -> watcher `pin <number> <0|1> <monotonic microseconds>`, watcher -> board
 * `set <number> <0|1>`. It connects again after a reboot and then sets every input as before.
 */
import { connect, type Socket } from "node:net";

export interface PinChange {
	readonly pin: number;
	readonly level: boolean;
	/** The board's monotonic clock. */
	readonly atUs: number;
}

const RETRY_MS = 20;
const LINE_MAX = 256;
const PIN_LINE = /^pin (\d{1,9}) ([01]) (\d{1,16})$/;

export interface PinSocketHandlers {
	onChange(change: PinChange): void;
	/** After every connection, once the inputs have been set. */
	onConnected(): void;
	onDisconnected(): void;
}

/** What carries levels to and from a board's pins: this socket, or a rig (tools/hil). */
export interface PinWire {
	/** Sets an input now, and again whenever the board starts over. */
	set(pin: number, level: boolean): void;
	close(): void;
}

/** Calls its handlers from the event loop only. */
export type OpenPinWire = (handlers: PinSocketHandlers) => PinWire;

export class PinSocket implements PinWire {
	readonly #path: string;
	readonly #handlers: PinSocketHandlers;
	readonly #inputs = new Map<number, boolean>();
	#socket: Socket | undefined;
	#retry: NodeJS.Timeout | undefined;
	#closed = false;

	constructor(path: string, handlers: PinSocketHandlers) {
		this.#path = path;
		this.#handlers = handlers;
		this.#connect();
	}

	/** Sets an input now, and again after each reboot of the board. */
	set(pin: number, level: boolean): void {
		this.#inputs.set(pin, level);
		this.#send(pin, level);
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#retry);
		this.#socket?.destroy();
	}

	#send(pin: number, level: boolean): void {
		if (this.#socket?.readyState === "open") this.#socket.write(setLine(pin, level));
	}

	#connect(): void {
		const socket = connect(this.#path);
		this.#socket = socket;
		let rest = "";
		let connected = false;
		socket.setEncoding("latin1");
		socket.on("connect", () => {
			connected = true;
			// In one write: a board that waits for its watcher looks once at what it says, and goes on.
			socket.write([...this.#inputs].map(([pin, level]) => setLine(pin, level)).join(""));
			this.#handlers.onConnected();
		});
		socket.on("data", (text: string) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop()!.slice(0, LINE_MAX);
			for (const line of lines) this.#receive(line);
		});
		socket.on("error", () => undefined);
		socket.on("close", () => {
			if (connected) this.#handlers.onDisconnected();
			if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
		});
	}

	#receive(line: string): void {
		const match = PIN_LINE.exec(line);
		if (match === null) return;
		this.#handlers.onChange({ pin: Number(match[1]), level: match[2] === "1", atUs: Number(match[3]) });
	}
}

function setLine(pin: number, level: boolean): string {
	return `set ${pin} ${level ? 1 : 0}\n`;
}
