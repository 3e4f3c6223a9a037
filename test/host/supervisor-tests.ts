/** The supervisor with real boards: what the watchdog ends starts again, and a built image is flashed once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Supervisor, type SupervisorEvent } from "../../tools/board/supervisor.ts";
import { binaryOf, newFolder } from "./board.ts";
import type { HostTest } from "./run.ts";
import { slotImage } from "./slot-board.ts";

const LIMIT_MS = 15_000;

interface Life {
	readonly reasons: readonly string[];
	readonly lines: readonly string[];
}

/** Runs a board until it has booted so often, then stops it. */
async function live(dir: string, image: string, action: string, boots: number): Promise<Life> {
	const reasons: string[] = [];
	const lines: string[] = [];
	let enough = (): void => undefined;
	const booted = new Promise<void>((resolve) => {
		enough = resolve;
	});
	const supervisor = new Supervisor({
		dir,
		image,
		binary: binaryOf("plain"),
		slotKb: 96,
		pauseFirstMs: 5,
		words: ["--watchdog-ms", "300", "--arg", `do=${action}`],
		onEvent: (event: SupervisorEvent) => {
			if (event.kind === "boot") reasons.push(event.reason);
		},
		onLine: (line) => {
			if (line.startsWith("main ")) lines.push(line);
			if (lines.length === boots) enough();
		},
	});
	supervisor.start();
	const late = setTimeout(enough, LIMIT_MS);
	await booted;
	clearTimeout(late);
	await supervisor.cutPower();
	return { reasons, lines };
}

export const supervisorTests: readonly HostTest[] = [
	{
		name: "a board whose JavaScript loops for ever is ended and started again, and told why (I10)",
		run: async () => {
			const { reasons } = await live(join(newFolder(), "board"), slotImage("1.0.0"), "hang", 3);
			assert.deepEqual(reasons.slice(0, 3), ["power-on", "watchdog", "watchdog"]);
		},
	},
	{
		name: "the supervisor flashes an image that was built anew once, and leaves alone what an update installed since",
		run: async () => {
			const dir = join(newFolder(), "board");
			const first = slotImage("1.0.0");
			const factory = "main 1.0.0 slot 0 unset,unset floor 0";
			assert.deepEqual((await live(dir, first, "none", 2)).lines.slice(0, 2), [factory, factory]);
			const installed = await live(dir, first, `install:${slotImage("2.0.0")}`, 2);
			assert.deepEqual(installed.lines.slice(0, 2), [factory, "main 2.0.0 slot 1 unset,pending floor 0"]);
			const rebuilt = await live(dir, slotImage("3.0.0"), "none", 2);
			assert.deepEqual(rebuilt.lines.slice(0, 2), Array(2).fill("main 3.0.0 slot 0 unset,unset floor 0"));
		},
	},
];
