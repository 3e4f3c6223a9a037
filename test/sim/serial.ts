/** The service line in memory: the board's side, and the side of the computer at its other end. */
import { concatBytes } from "../../modules/base/bytes.ts";
import type { Clock } from "../../modules/platform/clock.ts";
import type { SerialPort } from "../../modules/platform/serial.ts";
import type { SimTime } from "./time.ts";

export class SimSerial {
	readonly #time: SimTime;
	#toBoard: Uint8Array[] = [];
	#toLine: Uint8Array[] = [];
	#toLineBytes = 0;
	#roomBytes = 4096;
	#short = false;
	#readable: () => void = () => undefined;
	#writable: () => void = () => undefined;
	/** Called with what the board wrote; without it `take` has it. */
	onData: ((bytes: Uint8Array) => void) | undefined;

	constructor(time: SimTime) {
		this.#time = time;
	}

	// ---- the computer's side ----

	write(bytes: Uint8Array): void {
		this.#toBoard.push(bytes.slice());
		this.#readable();
	}

	/** What the board wrote since the last call. */
	take(): Uint8Array {
		const bytes = concatBytes(...this.#toLine);
		this.#toLine = [];
		this.#toLineBytes = 0;
		if (this.#short) this.#writable();
		this.#short = false;
		return bytes;
	}

	/** The bytes that the board can write before somebody takes them; the default is 4096. */
	setRoom(bytes: number): void {
		this.#roomBytes = bytes;
	}

	// ---- the board's side ----

	/** What one boot sees; callbacks run as events of its clock. */
	connect(clock: Clock): SerialPort {
		return {
			read: () => {
				if (this.#toBoard.length === 0) return undefined;
				const bytes = concatBytes(...this.#toBoard);
				this.#toBoard = [];
				return bytes;
			},
			write: (bytes) => {
				const taken = Math.min(bytes.length, this.#roomBytes - this.#toLineBytes);
				if (taken < bytes.length) this.#short = true;
				if (taken === 0) return 0;
				this.#toLine.push(bytes.slice(0, taken));
				this.#toLineBytes += taken;
				this.#time.schedule(0, () => this.#deliver());
				return taken;
			},
			onReadable: (callback) => {
				this.#readable = () => {
					clock.after(0, () => {
						if (this.#toBoard.length > 0) callback();
					});
				};
				if (this.#toBoard.length > 0) this.#readable();
			},
			onWritable: (callback) => {
				this.#writable = () => {
					clock.after(0, callback);
				};
			},
		};
	}

	/** The board is gone, with what it had not read. */
	disconnect(): void {
		this.#readable = () => undefined;
		this.#writable = () => undefined;
		this.#toBoard = [];
	}

	#deliver(): void {
		if (this.onData === undefined || this.#toLineBytes === 0) return;
		this.onData(this.take());
	}
}
