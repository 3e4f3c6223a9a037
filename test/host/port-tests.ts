/** The C contract between host and bindings (hosts/bindings/port.h), exercised from C (port-test.c). */
import assert from "node:assert/strict";
import { Board, sourceImage } from "./board.ts";
import type { HostTest } from "./run.ts";

const EXPECTED = [
	"cut: disarmed",
	"cut: on time",
	"cut: refuses a bad slot or time",
	"cut: replaced",
	"entropy: differs",
	"lookup four: v4",
	"lookup nowhere: none",
	"lookup six: v6",
	"lookup: bounded",
	"lookup: refuses a long name",
	"posts: a full queue refuses",
	"posts: all, in order",
	"timers: none after removal",
	"watches: bounded",
	"watches: one call",
] as const;

export const portTests: readonly HostTest[] = [
	{
		name: "posts, watches, timers, look-ups and cut timers do what port.h says, also when they are removed",
		run: async () => {
			const board = new Board({
				variant: "recorder",
				main: "main",
				image: sourceImage("port", 'native("xs_port_test")();'),
			});
			const lines = (): string[] => board.stderr.split("\n").slice(0, -1);
			await board.until(() => lines().length >= EXPECTED.length && board.stderr.includes("nowhere"));
			await board.stop();
			assert.deepEqual(lines().sort(), [...EXPECTED]);
		},
	},
];
