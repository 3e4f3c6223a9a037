/**
 * Holds the clock of a board and of this process (hosts/linux/virtual-time.h, process-clock.ts): both stand, and jump to the next timer
 * of either when nothing goes on.
 *
 * Sockets, TLS and the engine stay real, and what they do takes no time; so nothing may jump over an answer that is on its way, and
 * nothing depends on how busy the machine is. Nothing goes on when, twice in a row with nothing in between:
 *
 *   1. two turns of this process's loop had no event, no request to the system is under way, and no timer is due;
 *   2. the board, asked after that, answers that nothing is ready there. It answers behind all that it had to do, and what this process
 *      sent before it asked lies in the board's sockets by then;
 *   3. two more turns of this loop had no event: what the board sent before its answer would be one. On loopback bytes lie in the
 *      receiver's socket when the call that sends returns, or, at worst, within the turns of the second look;
 *   4. the board ran as many turns at the second look as at the first.
 *
 * A board that is off holds nothing up; one that boots does, until it answers.
 */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { ProcessClock } from "./process-clock.ts";

const US_PER_MS = 1_000;
/** Longer ways are several jumps: behind each of them intervals run (process-clock.ts). */
const JUMP_MAX_MS = 5_000;
const NO_BOARD_TURNS = -1;
const ANSWER = /^idle (\d+) (\d+|-)$/;
/** What process.getActiveResourcesInfo says of what goes on for ever. */
const LASTING =
	/^(?:.*(?:Socket|Server)Wrap|PipeWrap|ProcessWrap|Timeout|Immediate|TLSWrap|TTYWrap|SignalWrap)$/;

interface Look {
	/** Of the board. */
	readonly turns: number;
	/** Until its first timer. */
	readonly leftMs: number;
}

function turnOfLoop(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

function events(): number {
	return performance.nodeTiming.uvMetricsInfo.events;
}

/** In two more turns of the loop. libuv counts an event behind its callback: the turn in which one was asked for is not over. */
async function eventsSince(before: number): Promise<number> {
	await turnOfLoop();
	await turnOfLoop();
	return events() - before;
}

function hasRequests(): boolean {
	return process.getActiveResourcesInfo().some((name) => !LASTING.test(name));
}

export class ClockHolder {
	readonly #clock: ProcessClock;
	readonly #server: Server;
	readonly #isBoardOn: () => boolean;
	#board: Socket | undefined;
	#answered: ((line: string | undefined) => void) | undefined;
	#holds = 0;
	#isClosed = false;
	#isStanding = false;
	#done: Promise<void> = Promise.resolve();
	/** How often it jumped. */
	jumps = 0;

	private constructor(clock: ProcessClock, isBoardOn: () => boolean) {
		this.#clock = clock;
		this.#isBoardOn = isBoardOn;
		this.#server = createServer((socket) => this.#connected(socket));
	}

	/** The board's `--clock` is `path`. It does not jump before `run`. */
	static async open(path: string, clock: ProcessClock, isBoardOn: () => boolean): Promise<ClockHolder> {
		const holder = new ClockHolder(clock, isBoardOn);
		rmSync(path, { force: true });
		await new Promise<void>((resolve, reject) => {
			holder.#server.once("error", reject);
			holder.#server.listen(path, resolve);
		});
		return holder;
	}

	/** From now on time stands, and jumps. */
	run(): void {
		this.#isStanding = true;
		this.#clock.stand();
		this.#board?.write("stand\n");
		this.#done = this.#jumpOn();
	}

	/** No jump as long as `work` lasts. */
	async hold<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#holds++;
		try {
			return await work();
		} finally {
			this.#holds--;
		}
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		this.#board?.destroy();
		this.#answered?.(undefined);
		await this.#done;
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#connected(socket: Socket): void {
		this.#board?.destroy();
		this.#board = socket;
		let rest = "";
		socket.setEncoding("latin1").on("data", (text: string) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop()!;
			for (const line of lines) this.#answered?.(line);
		});
		socket.on("error", () => undefined);
		socket.on("close", () => {
			if (this.#board !== socket) return;
			this.#board = undefined;
			this.#answered?.(undefined);
		});
		socket.write(`jump ${Math.round(this.#clock.addedMs * US_PER_MS)}\n`);
		if (this.#isStanding) socket.write("stand\n");
	}

	async #jumpOn(): Promise<void> {
		let former: Look | undefined;
		while (!this.#isClosed) {
			const look = this.#holds > 0 ? undefined : await this.#look();
			if (look === undefined) await turnOfLoop();
			else if (former?.turns === look.turns) this.#jump(look);
			// After a jump everything is looked at anew.
			former = former?.turns === look?.turns ? undefined : look;
		}
	}

	#jump({ leftMs }: Look): void {
		if (this.#holds > 0) return;
		const firstMs = Math.min(leftMs, this.#clock.leftMs, JUMP_MAX_MS);
		// Whole microseconds, so that both clocks stay the same; at least one, so that it ends.
		const us = Math.max(1, Math.ceil(firstMs * US_PER_MS));
		this.jumps++;
		this.#board?.write(`jump ${us}\n`);
		this.#clock.jump(us / US_PER_MS);
	}

	/** Undefined: something goes on. */
	async #look(): Promise<Look | undefined> {
		if ((await eventsSince(events())) > 0 || this.#isAtWork()) return undefined;
		if (this.#board === undefined) {
			// Between its process and its first word nothing is known of it.
			if (this.#isBoardOn()) return undefined;
			return { turns: NO_BOARD_TURNS, leftMs: Number.POSITIVE_INFINITY };
		}
		const before = events();
		const answer = await this.#ask(this.#board);
		const match = ANSWER.exec(answer ?? "");
		// The answer is one.
		if (match === null || (await eventsSince(before)) !== 1 || this.#isAtWork()) return undefined;
		const leftMs = match[2] === "-" ? Number.POSITIVE_INFINITY : Number(match[2]) / US_PER_MS;
		return { turns: Number(match[1]), leftMs };
	}

	#isAtWork(): boolean {
		return hasRequests() || this.#clock.isBehind;
	}

	#ask(board: Socket): Promise<string | undefined> {
		return new Promise((resolve) => {
			this.#answered = (line) => {
				this.#answered = undefined;
				resolve(line);
			};
			board.write("idle?\n");
		});
	}
}
