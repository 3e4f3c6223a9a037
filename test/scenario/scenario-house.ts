/**
 * A house whose board runs the scenario image (board-main.ts) on the test build of the host, and whose relay is a
 * recorded process. The image is built once by each process of the tests.
 */
import { execFileSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { House, type HouseOptions } from "../../tools/start/house.ts";
import { RelayProcess } from "./relay-process.ts";
import { buildScenarioBoards, scenarioTestBoard } from "./scenario-board.ts";

const TOOL_MS = 600_000;
const OWN_MODULES = Object.freeze([
	"hosts/bindings/test-crypto",
	"test/harness/delegating-crypto",
	"test/scenario/crash",
	"test/scenario/recording-crypto",
	"test/scenario/board-main",
]);
const RECORD_HEADER_BYTES = 16;

let built: string | undefined;

/** Builds the boards and the scenario image; the image's path. */
export function buildScenarioImage(): string {
	if (built !== undefined) return built;
	buildScenarioBoards();
	const out = join(PATHS.root, "build", "scenario");
	mkdirSync(out, { recursive: true });
	const own = OWN_MODULES.map((name) => ({
		name,
		path: join(PATHS.javascript, `${name}.js`),
		preload: false,
	}));
	// Another process may build beside this one: whole files take each other's place.
	const list = join(out, `list.${process.pid}`);
	const image = join(out, "scenario.image");
	writeFileSync(
		list,
		imageListText([...imageModules([join(PATHS.root, "hosts/linux/manifest.json")]), ...own]),
	);
	const words = ["--lines", "--list", list, "--output", `${image}.${process.pid}`];
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), words, { timeout: TOOL_MS });
	renameSync(`${image}.${process.pid}`, image);
	rmSync(list);
	built = image;
	return image;
}

export interface ScenarioOptions {
	/** `--arg` of board-main.ts. */
	readonly args?: readonly string[];
	readonly phoneCrypto?: TestCrypto;
	/** More words for `latchkey relay`. */
	readonly relayWords?: readonly string[];
	readonly dir?: string;
}

export class ScenarioHouse {
	readonly house: House;
	readonly relay: RelayProcess;
	readonly dir: string;
	readonly #boardLines: string[];

	private constructor(house: House, relay: RelayProcess, dir: string, boardLines: string[]) {
		this.house = house;
		this.relay = relay;
		this.dir = dir;
		this.#boardLines = boardLines;
	}

	/** A provisioned lock that reached its relay; `close` it. */
	static async open(options: ScenarioOptions = {}): Promise<ScenarioHouse> {
		const dir = options.dir ?? mkdtempSync(join(tmpdir(), "latchkey-scenario-"));
		const relay = new RelayProcess(dir, options.relayWords);
		const boardLines: string[] = [];
		const words = ["--main", "test/scenario/board-main", "--report-heap"];
		for (const arg of options.args ?? []) words.push("--arg", arg);
		const houseOptions: HouseOptions = {
			dir,
			image: buildScenarioImage(),
			...scenarioTestBoard(...words),
			openRelay: () => relay,
			onBoardLine: (line) => void boardLines.push(line),
			...(options.phoneCrypto === undefined ? {} : { phoneCrypto: options.phoneCrypto }),
		};
		const scenario = new ScenarioHouse(await House.open(houseOptions), relay, dir, boardLines);
		try {
			await scenario.house.startRelay();
			await scenario.house.startBoard();
			await scenario.house.provision();
			await scenario.house.waitForLink();
		} catch (error) {
			await scenario.close();
			throw new Error(`${(error as Error).message}\n${boardLines.join("\n")}\n${relay.logText}`);
		}
		return scenario;
	}

	/** Every line that the board has printed. */
	get boardLog(): string {
		return this.#boardLines.join("\n");
	}

	/** Where the engine's arena lies in the running board. */
	get arena(): { readonly start: number; readonly end: number } {
		const lines = this.#boardLines.filter((line) => /arena 0x[0-9a-f]+ \d+/.test(line));
		const match = /arena (0x[0-9a-f]+) (\d+)/.exec(lines.at(-1) ?? "");
		if (match === null) throw new Error(`the board did not say where its arena is\n${this.boardLog}`);
		const start = Number.parseInt(match[1]!, 16);
		return { start, end: start + Number(match[2]) };
	}

	/** Private parts of the board's keys, from its flash: byte(1) || byte(kind) || byte(n) || n bytes. */
	get privateKeys(): ReadonlyMap<string, Uint8Array> {
		const keys = new Map<string, Uint8Array>();
		const board = join(this.dir, "board");
		for (const file of readdirSync(board)) {
			const name = /^keys,(.+)\.rec$/.exec(file)?.[1];
			if (name === undefined) continue;
			const record = readFileSync(join(board, file)).subarray(RECORD_HEADER_BYTES);
			keys.set(name, new Uint8Array(record.subarray(3, 3 + record[2]!)));
		}
		return keys;
	}

	/** Presses the button and claims the lock. */
	async pair(name: string): Promise<void> {
		await this.house.mechanism.press("button", 200);
		await this.house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2000);
		await this.house.pair(name);
	}

	async close(): Promise<void> {
		await this.house.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
