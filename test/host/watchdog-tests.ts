/** The watchdog (DESIGN 9): a turn that does not end ends the board, with its outputs cut. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { PinSocket } from "../../tools/board/pin-socket.ts";
import { Board, newFolder, scratch } from "./board.ts";
import type { HostTest } from "./run.ts";
import { boot, slotImage } from "./slot-board.ts";

const words = ["--watchdog-ms", "300"];

export const watchdogTests: readonly HostTest[] = [
	{
		name: "a turn that does not end ends the board with the watchdog's code, not before its time, and leaves a fault",
		run: async () => {
			const state = newFolder();
			const image = slotImage("1.0.0");
			const startedMs = Date.now();
			const end = await boot(state, "hang", { image, words, slotKb: 0 });
			assert.ok(Date.now() - startedMs >= 300);
			assert.equal(end.status, 81, end.stderr);
			assert.match(end.stderr, /abort: watchdog: a turn does not end/);
			assert.equal((await boot(state, "fault", { image, slotKb: 0 })).lines[1], "fault watchdog");
		},
	},
	{
		name: "a boot that does not end is ended after four times as long",
		run: async () => {
			const startedMs = Date.now();
			const end = await boot(newFolder(), "bootHang", { image: slotImage("1.0.0"), words, slotKb: 0 });
			assert.equal(end.status, 81, end.stderr);
			assert.ok(Date.now() - startedMs >= 1200);
		},
	},
	{
		name: "waiting is no hang, and neither are many turns that are long together",
		run: async () => {
			const image = slotImage("1.0.0");
			assert.equal((await boot(newFolder(), "wait:1200", { image, words, slotKb: 0 })).status, 80);
			assert.equal(
				(await boot(newFolder(), "short:12", { image, words: ["--watchdog-ms", "600"], slotKb: 0 })).status,
				80,
			);
		},
	},
	{
		name: "a turn may last for ever when the watchdog is off",
		run: async () => {
			const more = ["--watchdog-ms", "0", "--arg", "do=hang", "--slot-kb", "0"];
			const board = new Board({ image: slotImage("1.0.0"), words: more, state: newFolder() });
			await board.until(({ stdout }) => stdout.includes("main file"));
			await new Promise((resolve) => setTimeout(resolve, 700));
			assert.equal((await board.stop()).status, 0);
		},
	},
	{
		name: "a hang with an output live ends with the output cut (T19)",
		run: async () => {
			const socket = join(scratch, "watchdog-pins");
			const levels: boolean[] = [];
			const pins = new PinSocket(socket, {
				onChange: ({ pin, level }) => {
					if (pin === BOARD_PINS["drive-throw"]) levels.push(level);
				},
				onConnected: () => undefined,
				onDisconnected: () => undefined,
			});
			const more = [...words, "--pins", socket];
			const end = await boot(newFolder(), "live", { image: slotImage("1.0.0"), words: more, slotKb: 0 });
			pins.close();
			assert.equal(end.status, 81, end.stderr);
			assert.deepEqual(levels.slice(-2), [true, false]);
		},
	},
];
