/**
 * A factory: a PKI and a registry, stations with simulated boards, tools that share one journal and have stations each, and an
 * operator who takes out what is done and puts in the next. Tools are killed, power is cut and cables are pulled at points that
 * a seeded generator chooses, counted in steps of boards; the moment after that is the machine's.
 */
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchStation } from "../../tools/factory/line/bench.ts";
import { BenchBoard, type BenchBoardOptions, VIRTUAL_CHIP } from "../../tools/factory/line/bench-board.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import { reportOf } from "../../tools/factory/line/report.ts";
import { STEPS } from "../../tools/factory/line/steps.ts";
import { ensurePki } from "../../tools/factory/pki.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { ensureTrust } from "../../tools/trust/development-trust.ts";
import type { Random } from "../harness/random.ts";
import { makeBootKey, makeProgram } from "../tools/support/signed-images.ts";
import { Tool, type ToolNews } from "./tool.ts";

export const PREFIX = "LK-F-";
const LOOK_MS = 60;
const OFF_MS_MAX = 250;
const PUT_IN_AGAIN_MAX = 4;
/** After the step that a cut follows, up to so long. */
const CUT_DELAY_MS = 120;
const RECORD_HEADER_BYTES = 16;

/** Of a line that burns. */
export const BURNING: Readonly<Record<string, unknown>> = Object.freeze({
	fuses: [
		{ block: "BLOCK_KEY0", purpose: "SECURE_BOOT_DIGEST0", digest: "digest.bin" },
		{ field: "SECURE_BOOT_EN", value: 1 },
		{ field: "SECURE_BOOT_KEY_REVOKE1", value: 1 },
		{ field: "SECURE_BOOT_KEY_REVOKE2", value: 1 },
		{ field: "SOFT_DIS_JTAG", value: 7 },
		{ field: "ENABLE_SECURITY_DOWNLOAD", value: 1 },
	],
	production: {
		images: [
			{ offset: 0, file: "loader.bin" },
			{ offset: 65_536, file: PATHS.firmwareImage },
		],
		firstStartMs: 20_000,
	},
});

export interface WorldOptions {
	readonly random: Random;
	readonly stations: number;
	readonly tools: number;
	readonly boards: number;
	readonly config?: Readonly<Record<string, unknown>>;
}

export type CutKind = "tool-killed" | "power-cut" | "cable-pulled";

interface Place {
	readonly station: BenchStation;
	readonly name: string;
	/** Steps since the board came, in this tool's words. */
	atWork: boolean;
	busy: boolean;
}

export class LineWorld {
	readonly dir = mkdtempSync(join(tmpdir(), "lk-line-"));
	readonly options: WorldOptions;
	/** What every tool is started with, besides its configuration. */
	words: readonly string[] = [];
	readonly boards: BenchBoard[] = [];
	readonly cuts: { kind: CutKind; step: string }[] = [];
	/** Numbers of boards that came out done, in their order. */
	readonly done: number[] = [];
	/** Numbers of boards that nothing more is done with, with the last cause. */
	readonly setAside = new Map<number, string>();
	readonly failures = new Map<string, number>();
	/** Called when a board is set aside; true: it is put in again later. */
	onSetAside: (board: BenchBoard, failure: string, serial: string | undefined) => Promise<boolean> | boolean =
		() => true;
	/** Called after each step. */
	onStep: (board: BenchBoard, step: string, place: BenchStation) => void = () => undefined;
	readonly #places: Place[] = [];
	readonly #shelf: BenchBoard[] = [];
	readonly #tools: Tool[] = [];
	readonly #tries = new Map<number, number>();
	#stepsToCut = Number.POSITIVE_INFINITY;
	#cutsWanted = 0;
	#cutsPlanned = 0;
	#stepsBetween = 1;
	#pending: Promise<unknown>[] = [];
	#over = false;
	readonly #kinds = new Set<string>();
	#lastStep = "none";
	#fault: Error | undefined;

	private constructor(options: WorldOptions) {
		this.options = options;
	}

	static async open(options: WorldOptions): Promise<LineWorld> {
		const world = new LineWorld(options);
		await world.#open();
		return world;
	}

	at(...names: readonly string[]): string {
		return join(this.dir, ...names);
	}

	get log(): string {
		return readFileSync(this.at("tools.log"), "utf8");
	}

	configPath(tool: number): string {
		return this.at(`line-${tool}.json`);
	}

	async #open(): Promise<void> {
		const { boards, stations, tools } = this.options;
		for (const name of ["tmp", "bench", "boards"]) mkdirSync(this.at(name));
		writeFileSync(this.at("tools.log"), "");
		const key = makeBootKey();
		writeFileSync(this.at("digest.bin"), key.digest);
		writeFileSync(this.at("loader.bin"), makeProgram("first-boot", [key]));
		await ensurePki(this.at("pki"), ["localhost"]);
		ensureTrust(this.at("pki"), [{ host: "127.0.0.1", port: 7443, name: "localhost" }]);
		await (await openRegistry(this.at("relay.db"))).close();
		for (let number = 1; number <= stations; number++) {
			const station = await BenchStation.open(this.at("bench", String(number)));
			this.#places.push({ station, name: String(number), atWork: false, busy: false });
		}
		for (let tool = 0; tool < tools; tool++) this.#writeConfig(tool);
		for (let number = 1; number <= boards; number++) this.#shelf.push(this.newBoard(number));
	}

	newBoard(number: number, more: Partial<BenchBoardOptions> = {}): BenchBoard {
		const board = new BenchBoard({ dir: this.at("boards", String(number)), number, ...more });
		this.boards[number - 1] = board;
		return board;
	}

	/** Instead of the board of this number on the shelf. */
	replace(number: number, more: Partial<BenchBoardOptions>): void {
		const index = this.#shelf.findIndex((board) => board.options.number === number);
		this.#shelf[index] = this.newBoard(number, more);
	}

	/** The same board, whole. */
	replaceBoard(number: number): void {
		this.newBoard(number);
	}

	#writeConfig(tool: number): void {
		const own = this.#places.filter((_, index) => index % this.options.tools === tool);
		const config = {
			format: 1,
			name: `line-${tool}`,
			journal: "line.db",
			registry: "relay.db",
			pki: "pki",
			serials: { prefix: PREFIX, digits: 6 },
			hardwareClass: "latchkey-linux",
			chip: VIRTUAL_CHIP,
			driver: { kind: "virtual" },
			images: [{ offset: 0, file: PATHS.firmwareImage }],
			stations: own.map(({ name }) => ({ name, port: `bench/${name}` })),
			selfTest: { flash: "may-lack" },
			labels: { title: "Latchkey", folder: "labels", formats: ["svg", "pdf", "zpl"] },
			lookMs: LOOK_MS,
			...this.options.config,
		};
		writeFileSync(this.configPath(tool), JSON.stringify(config));
	}

	/** Until every board is done or set aside; `cuts` in between. Rejects when that takes longer. */
	async run(cuts: number, withinMs: number): Promise<void> {
		const { boards, random, tools } = this.options;
		const steps = boards * STEPS.length;
		this.#cutsWanted = cuts;
		this.#stepsBetween = Math.max(1, Math.floor((0.75 * steps) / Math.max(1, cuts)));
		if (cuts > 0) this.#stepsToCut = 1 + random.below(2 * this.#stepsBetween - 1);
		for (let tool = 0; tool < tools; tool++) this.#startTool(tool);
		const deadline = performance.now() + withinMs;
		while (this.done.length + this.setAside.size < boards) {
			this.#serve();
			if (this.#fault !== undefined) throw this.#fault;
			if (performance.now() > deadline)
				throw new Error(
					`not done after ${withinMs} ms: ${this.standing()}\n${this.log.split("\n").slice(-40).join("\n")}`,
				);
			await pause(20);
		}
		this.#over = true;
		await Promise.all(this.#pending);
	}

	/** What the steps took. */
	medians(): string {
		const journal = Journal.open(this.at("line.db"));
		try {
			const facts = { line: "", run: 0, burn: true, seconds: 0, setAside: new Map() };
			const { steps } = reportOf(facts, journal.steps(), journal.boards());
			return steps.map(({ step, medianMs }) => `${step} ${medianMs}`).join(", ");
		} finally {
			journal.close();
		}
	}

	standing(): string {
		const inside = this.#places.map(({ station }) => station.board?.options.number ?? "-").join(" ");
		return `${this.done.length} done, ${this.setAside.size} set aside, ${this.#shelf.length} on the shelf, in stations ${inside}; ${this.cuts.length} cuts`;
	}

	/** Ends the tools in good order; their exit statuses. */
	async stop(): Promise<readonly (number | null)[]> {
		this.#over = true;
		return await Promise.all(this.#tools.map((tool) => tool.stop()));
	}

	async close(): Promise<void> {
		this.#over = true;
		await Promise.all(this.#pending);
		for (const tool of this.#tools) await tool.kill();
		for (const { station } of this.#places) await station.close();
		rmSync(this.dir, { recursive: true, force: true });
	}

	// ---- the operator ----

	#serve(): void {
		for (const place of this.#places) {
			if (place.busy || place.station.board !== undefined) continue;
			const next = this.#shelf.shift();
			if (next === undefined) continue;
			place.atWork = true;
			place.station.insert(next);
		}
	}

	#later(work: () => Promise<void>): void {
		this.#pending.push(
			work().catch((error: Error) => {
				this.#fault = error;
			}),
		);
	}

	/** Resolves when a tool has said something of this kind. */
	async heard(kind: string): Promise<void> {
		const deadline = performance.now() + 30_000;
		while (!this.#kinds.has(kind)) {
			if (performance.now() > deadline) throw new Error(`no tool said ${kind}`);
			await pause(10);
		}
	}

	#heard(news: ToolNews): void {
		this.#kinds.add(news.kind);
		const place = this.#places.find(({ name }) => name === news.station);
		if (place === undefined) return;
		if (news.kind === "stepped") {
			this.#lastStep = news.step ?? "none";
			const board = place.station.board;
			if (board !== undefined) this.onStep(board, this.#lastStep, place.station);
			if (--this.#stepsToCut <= 0) this.#cutSoon();
		}
		if (news.kind === "stumbled" && news.failure !== undefined)
			this.failures.set(news.failure, (this.failures.get(news.failure) ?? 0) + 1);
		if (news.kind !== "take-out") return;
		place.atWork = false;
		this.#later(() => this.#takeOut(place, news));
	}

	async #takeOut(place: Place, { outcome, failure, serial }: ToolNews): Promise<void> {
		while (place.busy) await pause(10);
		const inside = place.station.board;
		// Word of a board that is out already, by a tool that did not see it go. One without its keys is not called anything.
		const isOther = serial !== undefined && failure !== "key-differs" && inside?.isCalled(serial) === false;
		if (inside === undefined || isOther) return;
		place.busy = true;
		try {
			const board = await place.station.remove();
			if (board === undefined) return;
			const { number } = board.options;
			if (outcome !== "failed") {
				this.done.push(number);
				return;
			}
			const tries = (this.#tries.get(number) ?? 0) + 1;
			this.#tries.set(number, tries);
			const again = await this.onSetAside(board, failure ?? "none", serial);
			if (again && tries < PUT_IN_AGAIN_MAX) this.#shelf.push(this.boards[number - 1]!);
			else this.setAside.set(number, failure ?? "none");
		} finally {
			place.busy = false;
		}
	}

	// ---- mishaps ----

	#cutSoon(): void {
		const { random } = this.options;
		if (this.#cutsPlanned >= this.#cutsWanted || this.#over) {
			this.#stepsToCut = Number.POSITIVE_INFINITY;
			return;
		}
		this.#stepsToCut = 1 + random.below(2 * this.#stepsBetween - 1);
		this.#cutsPlanned++;
		const kind = random.pick<CutKind>([
			"tool-killed",
			"tool-killed",
			"power-cut",
			"power-cut",
			"cable-pulled",
		]);
		const delayMs = random.below(CUT_DELAY_MS);
		const choice = random.below(1_000);
		const offMs = random.below(OFF_MS_MAX);
		this.#later(async () => {
			await pause(delayMs);
			const before = this.cuts.length;
			if (kind === "tool-killed") await this.#killTool(choice);
			else await this.#cutPower(kind, choice, offMs);
			if (this.cuts.length > before) return;
			// It met nobody at work.
			this.#cutsPlanned--;
			this.#stepsToCut = 1;
		});
	}

	#startTool(index: number): void {
		this.#tools[index] = new Tool({
			config: this.configPath(index),
			words: this.words,
			log: this.at("tools.log"),
			tmp: this.at("tmp"),
			onNews: (news) => this.#heard(news),
		});
		const tool = this.#tools[index];
		void tool.ended.then((status) => {
			if (status !== null && !this.#over) this.#fault = new Error(`a tool ended by itself: status ${status}`);
		});
	}

	async #killTool(choice: number): Promise<void> {
		const index = choice % this.#tools.length;
		const tool = this.#tools[index]!;
		if (!tool.alive || this.#over) return;
		this.cuts.push({ kind: "tool-killed", step: this.#lastStep });
		await tool.kill();
		if (!this.#over) this.#startTool(index);
	}

	/** Of a board that is being worked on: nothing is learnt from others. */
	async #cutPower(kind: CutKind, choice: number, offMs: number): Promise<void> {
		const working = this.#places.filter(
			({ atWork, busy, station }) => atWork && !busy && station.board !== undefined,
		);
		const place = working[choice % Math.max(1, working.length)];
		if (place === undefined || this.#over) return;
		this.cuts.push({ kind, step: this.#lastStep });
		if (kind === "power-cut") return await place.station.cut(offMs);
		await this.#pull(place, () => pause(offMs));
	}

	/** Takes the board out of its station for a moment, while nobody else does. */
	async pull(station: BenchStation, meanwhile: (board: BenchBoard) => void | Promise<void>): Promise<void> {
		const place = this.#places.find((each) => each.station === station);
		if (place !== undefined) await this.#pull(place, meanwhile);
	}

	async #pull(place: Place, meanwhile: (board: BenchBoard) => void | Promise<void>): Promise<void> {
		while (place.busy) await pause(10);
		place.busy = true;
		try {
			const board = await place.station.remove();
			if (board === undefined) return;
			await meanwhile(board);
			place.station.insert(board);
		} finally {
			place.busy = false;
		}
	}

	// ---- what is left behind ----

	/** Private keys and setup secret of a board, as its flash has them. */
	secretsOf(board: BenchBoard): ReadonlyMap<string, Uint8Array> {
		const secrets = new Map<string, Uint8Array>();
		if (!existsSync(board.flashFolder)) return secrets;
		for (const file of readdirSync(board.flashFolder)) {
			const name = /^keys,(.+)\.rec$/.exec(file)?.[1];
			if (name === undefined) continue;
			const record = readFileSync(join(board.flashFolder, file)).subarray(RECORD_HEADER_BYTES);
			secrets.set(name, new Uint8Array(record.subarray(3, 3 + record[2]!)));
		}
		return secrets;
	}

	/** Every file that is not a board's own flash, nor in the folder of the labels. */
	files(): readonly string[] {
		return readdirSync(this.dir, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name))
			.filter((path) => !path.startsWith(this.at("boards")) && !path.startsWith(this.at("labels")));
	}
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
