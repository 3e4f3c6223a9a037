/**
 * The board that the scenarios run on: the 32-bit build, whose slots have 16 bytes as on an ESP32, with the engine's memory of the
 * emulated ESP32-C3 (boards/esp32c3-emulated.json). What does not fit there ends the board, and with it the scenario.
 *
 * `LATCHKEY_SCENARIO_BOARD=64` takes the build of the machine itself, with the memory that it has by default: `npm run test:slow`
 * runs everything once more so (run-64.ts). Where no 32-bit build can be, as on another processor, it is that one always, and
 * memory.test.ts says what was not shown.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { heapWords } from "../../tools/board/heap-words.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { canBuild32, type Variant } from "../host/board.ts";

/** Whose memory it is. */
export const SCENARIO_BOARD = "esp32c3-emulated";
export const SMALL_SLOT_BYTES = 16;
const BUILD_MS = 600_000;

let small: boolean | undefined;

export function isSmall(): boolean {
	small ??= process.env.LATCHKEY_SCENARIO_BOARD !== "64" && canBuild32();
	return small;
}

/** Of the host's own builds. */
export function scenarioVariant(): Variant {
	return isSmall() ? "32" : "plain";
}

/** Words for it. */
export function memoryWords(): readonly string[] {
	return isSmall() ? heapWords(SCENARIO_BOARD) : [];
}

export interface ScenarioBoard {
	readonly binary: string;
	readonly boardWords: readonly string[];
}

/** With more words. */
export function scenarioBoard(...words: readonly string[]): ScenarioBoard {
	return boardOf(isSmall() ? "32" : "plain", words);
}

/** The same in the bindings' test build. */
export function scenarioTestBoard(...words: readonly string[]): ScenarioBoard {
	return boardOf(isSmall() ? "32-testkeys" : "testkeys", words);
}

function boardOf(variant: string, words: readonly string[]): ScenarioBoard {
	return {
		binary: join(PATHS.hostBuild, variant, "latchkey-board"),
		boardWords: [...memoryWords(), ...words],
	};
}

/** Both, and the tool for images. Another process may build beside this one. */
export function buildScenarioBoards(): void {
	const bits = isSmall() ? ["BITS=32"] : [];
	for (const settings of [bits, [...bits, "TESTKEYS=1"]]) {
		const make = ["--silent", "-j2", "-C", join(PATHS.root, "hosts/linux"), ...settings, "board", "tool"];
		execFileSync("make", make, { timeout: BUILD_MS, stdio: ["ignore", "ignore", "inherit"] });
	}
}
