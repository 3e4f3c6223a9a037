/**
 * Keeps one simulated board running: starts the host binary, starts it again ("reboots" it) when it resets itself or
 * crashes, tells each boot why it happened, forwards its log. It never leaves the process behind.
 *
 * A board that resets soon after its boot is started again after ever longer pauses, so that a boot loop costs
 * nothing; one that ran for a while is started at once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import type { ResetReason } from "../../modules/platform/system.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { PATHS } from "../setup/paths.ts";
import { needsFlash } from "./flashed-image.ts";
import { localPort, localWords, radioPort, radioWords } from "./local-words.ts";
import { type BoardEnd, readBoardEnd } from "./reset-reason.ts";

export interface SupervisorOptions {
	/** The board's flash and records. */
	readonly dir: string;
	/** The firmware image; the default is the one that the build made. */
	readonly image?: string;
	readonly heapKb?: number;
	/** KiB of each firmware slot; the default is 1536. 0: none, the image runs from its file. */
	readonly slotKb?: number;
	/** What runs when neither slot boots; the default is the one that the build made, where it did. */
	readonly recovery?: string;
	/** Where to put a link to the board's serial line. */
	readonly serialLink?: string;
	/** Where to put the pins socket. */
	readonly pinsSocket?: string;
	/** The host binary; the default is the one that the build made. */
	readonly binary?: string;
	/** Where its local network is, an address in digits; for port 0 the system chooses at the first boot, and it stays there. */
	readonly local?: Endpoint;
	/** Where the air of its radio is, in the same way. */
	readonly radio?: Endpoint;
	/** More words for the host binary, as `--arg key=value`. */
	readonly words?: readonly string[];
	readonly onLine?: (line: string) => void;
	readonly onEvent?: (event: SupervisorEvent) => void;
	/** The first pause of a boot loop, and its longest; the defaults are 100 ms and 10 s. */
	readonly pauseFirstMs?: number;
	readonly pauseMaxMs?: number;
	/** A run at least this long ends a boot loop; the default is 30 s. */
	readonly steadyMs?: number;
}

export type SupervisorEvent =
	| { readonly kind: "boot"; readonly reason: ResetReason; readonly pid: number }
	| { readonly kind: "end"; readonly end: BoardEnd; readonly pauseMs: number };

const SLOT_KB = 1536;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 10_000;
const STEADY_MS = 30_000;
const STOP_MS = 3_000;
const OUTPUT_MS = 500;
const LINE_MAX = 4_096;

export class Supervisor {
	readonly #options: SupervisorOptions;
	readonly #killAtExit = (): void => void this.#child?.kill("SIGKILL");
	#child: ChildProcess | undefined;
	#ended: Promise<void> = Promise.resolve();
	#restart: NodeJS.Timeout | undefined;
	#pauseMs = 0;
	/** Of all boots. */
	#localPort: number | undefined;
	#radioPort: number | undefined;
	/** Of this boot. */
	#listens = false;
	#isOnAir = false;
	#powered = false;
	#refusedStatus: number | undefined;
	#settleDone: (() => void) | undefined;
	#done: Promise<void> | undefined;

	constructor(options: SupervisorOptions) {
		this.#options = options;
	}

	get pid(): number | undefined {
		return this.#child?.pid;
	}

	/** Where this boot listens on its local network; undefined before it says so. */
	get localPort(): number | undefined {
		return this.#listens ? this.#localPort : undefined;
	}

	/** Where the air of this boot's radio is; undefined before it says so. */
	get radioPort(): number | undefined {
		return this.#isOnAir ? this.#radioPort : undefined;
	}

	/** Set when the board cannot run at all and is not started again. */
	get refusedStatus(): number | undefined {
		return this.#refusedStatus;
	}

	/** Switches the power on. A board that is on stays on. */
	start(): void {
		if (this.#powered) return;
		this.#powered = true;
		this.#refusedStatus = undefined;
		this.#pauseMs = 0;
		this.#done = new Promise((resolve) => {
			this.#settleDone = resolve;
		});
		mkdirSync(this.#options.dir, { recursive: true });
		process.on("exit", this.#killAtExit);
		this.#boot("power-on");
	}

	/** Resolves when the board is off for good: stopped, cut, or refused to run. */
	async wait(): Promise<void> {
		await this.#done;
	}

	/** Stops the board in good order (SIGTERM), by force when it does not within 3 s. */
	async stop(): Promise<void> {
		const child = this.#child;
		this.#powerOff();
		child?.kill("SIGTERM");
		const force = setTimeout(() => child?.kill("SIGKILL"), STOP_MS);
		await this.#ended;
		clearTimeout(force);
	}

	/** Takes the power away between two instructions (SIGKILL). */
	async cutPower(): Promise<void> {
		const child = this.#child;
		this.#powerOff();
		child?.kill("SIGKILL");
		await this.#ended;
	}

	#powerOff(): void {
		this.#powered = false;
		clearTimeout(this.#restart);
		if (this.#child === undefined) this.#finish();
	}

	#finish(): void {
		process.removeListener("exit", this.#killAtExit);
		this.#settleDone?.();
	}

	#boot(reason: ResetReason): void {
		const startedMs = performance.now();
		this.#listens = false;
		this.#isOnAir = false;
		const child = spawn(this.#options.binary ?? PATHS.boardBinary, this.#words(reason), {
			stdio: ["ignore", "pipe", "pipe"],
			// Its own process group: Ctrl-C at the terminal reaches the board only through `stop`.
			detached: true,
		});
		this.#child = child;
		for (const stream of [child.stdout!, child.stderr!]) this.#forward(stream);
		this.#ended = new Promise((resolve) => {
			const finish = (end: BoardEnd): void => {
				if (this.#child !== child) return;
				this.#child = undefined;
				killGroup(child);
				this.#afterEnd(end, performance.now() - startedMs);
				resolve();
			};
			child.on("error", (error) => {
				this.#options.onLine?.(error.message);
				finish({ kind: "refused", status: 127 });
			});
			child.on("close", (status, signal) => finish(readBoardEnd(status, signal)));
			// Its output may stay open in other hands.
			child.on("exit", (status, signal) => {
				setTimeout(() => finish(readBoardEnd(status, signal)), OUTPUT_MS).unref();
			});
		});
		if (child.pid !== undefined) this.#options.onEvent?.({ kind: "boot", reason, pid: child.pid });
	}

	#words(reason: ResetReason): string[] {
		const { dir, heapKb, serialLink, pinsSocket } = this.#options;
		const image = this.#options.image ?? PATHS.firmwareImage;
		const words = ["--dir", dir, "--image", image, "--reset-reason", reason];
		words.push(...this.#slotWords(dir, image));
		// However this process ends, its board does not go on alone.
		words.push("--parent", String(process.pid));
		if (heapKb !== undefined) words.push("--heap-kb", String(heapKb));
		if (serialLink !== undefined) words.push("--serial", serialLink);
		if (pinsSocket !== undefined) words.push("--pins", pinsSocket);
		const { local, radio } = this.#options;
		if (local !== undefined) words.push(...localWords({ ...local, port: this.#localPort ?? local.port }));
		if (radio !== undefined) words.push(...radioWords({ ...radio, port: this.#radioPort ?? radio.port }));
		return [...words, ...(this.#options.words ?? [])];
	}

	/** An image that was built since the last flashing runs; what an update installed stays otherwise. */
	#slotWords(dir: string, image: string): string[] {
		const { slotKb = SLOT_KB, recovery = PATHS.recoveryImage } = this.#options;
		if (slotKb === 0) return [];
		const words = ["--slot-kb", String(slotKb)];
		if (existsSync(recovery)) words.push("--recovery", recovery);
		if (needsFlash(dir, image)) words.push("--flash");
		return words;
	}

	#afterEnd(end: BoardEnd, ranMs: number): void {
		if (this.#powered && end.kind === "reset") {
			const steady = ranMs >= (this.#options.steadyMs ?? STEADY_MS);
			const first = this.#options.pauseFirstMs ?? PAUSE_FIRST_MS;
			const pauseMs = steady ? 0 : this.#pauseMs;
			this.#pauseMs = steady
				? 0
				: Math.min(Math.max(first, 2 * this.#pauseMs), this.#options.pauseMaxMs ?? PAUSE_MAX_MS);
			this.#restart = setTimeout(() => this.#boot(end.reason), pauseMs);
			this.#options.onEvent?.({ kind: "end", end, pauseMs });
			return;
		}
		if (this.#powered && end.kind === "refused") this.#refusedStatus = end.status;
		this.#powered = false;
		this.#options.onEvent?.({ kind: "end", end, pauseMs: 0 });
		this.#finish();
	}

	#forward(stream: NodeJS.ReadableStream): void {
		let rest = "";
		stream.setEncoding("utf8");
		stream.on("data", (text: string) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop()!.slice(0, LINE_MAX);
			for (const line of lines) this.#tell(line.slice(0, LINE_MAX));
		});
		stream.on("end", () => {
			if (rest !== "") this.#tell(rest);
		});
	}

	#tell(line: string): void {
		const port = localPort(line);
		if (port !== undefined) {
			this.#localPort = port;
			this.#listens = true;
		}
		const air = radioPort(line);
		if (air !== undefined) {
			this.#radioPort = air;
			this.#isOnAir = true;
		}
		this.#options.onLine?.(line);
	}
}

/** What a board left behind in its process group, usually nothing. */
function killGroup(child: ChildProcess): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
	} catch {
		// The group is empty.
	}
}
