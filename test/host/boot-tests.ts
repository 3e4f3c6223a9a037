/** The boot loader's rules on the real binary (T10, T12, I3, I4): each is a list of boots of one state directory. */
import assert from "node:assert/strict";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder, readBytes } from "./board.ts";
import type { HostTest } from "./run.ts";
import { boot, damage, SLOT_KB, slotImage, updatedBoard } from "./slot-board.ts";

export const bootTests: readonly HostTest[] = [
	{
		name: "without slots the image runs from its file, and slots cannot be asked for anything",
		run: async () => {
			const state = newFolder();
			const end = await boot(state, "touch", { image: slotImage("1.0.0"), slotKb: 0 });
			assert.equal(end.first, "main file slot none - floor 0");
			assert.match(end.lines[1]!, /has none.*has none.*has none/);
			assert.deepEqual(readdirSync(state), []);
		},
	},
	{
		name: "a first boot flashes the image as a factory line does; afterwards it is ignored, until it is flashed again",
		run: async () => {
			const state = newFolder();
			const first = slotImage("1.0.0");
			assert.equal((await boot(state, "raise:1", { image: first })).lines[1], "raise done 1");
			assert.deepEqual(readdirSync(state).sort(), ["boot", "flashed", "fuse", "slot-0", "slot-1"]);
			for (const slot of ["slot-0", "slot-1"]) assert.equal(statSync(join(state, slot)).size, SLOT_KB * 1024);
			assert.ok(readBytes(join(state, "slot-1")).every((byte) => byte === 0xff));
			assert.deepEqual(readBytes(join(state, "flashed")), readBytes(first).slice(0, 104));
			const second = slotImage("2.0.0", { securityVersion: 1 });
			rmSync(join(state, "fuse"));
			assert.equal(
				(await boot(state, "none", { image: second })).first,
				"main 1.0.0 slot 0 unset,unset floor 0",
			);
			assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,unset floor 0");
			await boot(state, "raise:1");
			const again = await boot(state, "none", { image: second, words: ["--flash"] });
			assert.equal(again.first, "main 2.0.0 slot 0 unset,unset floor 1");
		},
	},
	{
		name: "a new image boots on trial, and stays when it confirms",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const trial = await boot(state, "confirm");
			assert.deepEqual(trial.lines, ["main 2.0.0 slot 1 unset,pending floor 0", "confirm done valid"]);
			for (let round = 0; round < 2; round++) {
				assert.equal((await boot(state)).first, "main 2.0.0 slot 1 unset,valid floor 0");
			}
		},
	},
	{
		name: "a trial that ends without confirming is aborted, and the other slot runs (I4)",
		run: async () => {
			for (const [action, status] of [
				["none", 80],
				["throws", 69],
			] as const) {
				const state = newFolder();
				await updatedBoard(state, slotImage("2.0.0"));
				const trial = await boot(state, action);
				assert.equal(trial.first, "main 2.0.0 slot 1 unset,pending floor 0");
				assert.equal(trial.status, status, trial.stderr);
				for (let round = 0; round < 2; round++) {
					assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,aborted floor 0");
				}
			}
		},
	},
	{
		name: "a trial that hangs is ended by the watchdog, and reverts (I4)",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const trial = await boot(state, "hang", { words: ["--watchdog-ms", "300"] });
			assert.equal(trial.status, 81, trial.stderr);
			assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,aborted floor 0");
		},
	},
	{
		name: "a trial that runs well but never confirms is ended at its deadline, and reverts (I4)",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const startedMs = Date.now();
			const trial = await boot(state, "stay", { words: ["--trial-ms", "400"] });
			assert.ok(Date.now() - startedMs >= 400);
			assert.equal(trial.status, 81, trial.stderr);
			assert.match(trial.stderr, /trial was not confirmed/);
			assert.deepEqual((await boot(state, "fault")).lines, [
				"main 1.0.0 slot 0 unset,aborted floor 0",
				"fault trial-deadline",
			]);
		},
	},
	{
		name: "a trial that confirmed has no deadline any more, and a boot without a trial has none",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const words = ["--trial-ms", "300"];
			const trial = await boot(state, "waitAndConfirm:900", { words });
			assert.equal(trial.status, 80, trial.stderr);
			const later = await boot(state, "wait:600", { words });
			assert.equal(later.first, "main 2.0.0 slot 1 unset,valid floor 0");
			assert.equal(later.status, 80, later.stderr);
		},
	},
	{
		name: "a slot whose image is damaged anywhere does not boot, and the other one does (T12, I4)",
		run: async () => {
			const next = slotImage("2.0.0");
			for (const offset of [0, 8, 20, 41, 50, 103, 2000, readBytes(next).length - 1]) {
				const state = newFolder();
				await updatedBoard(state, next);
				damage(state, "slot-1", offset);
				const end = await boot(state);
				assert.equal(end.first, "main 1.0.0 slot 0 unset,aborted floor 0", `byte ${offset}`);
			}
		},
	},
	{
		name: "what is behind an image in its slot is nobody's",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			damage(state, "slot-1", SLOT_KB * 1024 - 1);
			assert.equal((await boot(state)).first, "main 2.0.0 slot 1 unset,pending floor 0");
		},
	},
	{
		name: "a confirmed image that is damaged later leaves the board to the other slot (I4)",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			await boot(state, "confirm");
			damage(state, "slot-1", 1000);
			assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,valid floor 0");
		},
	},
	{
		name: "an image for another board does not boot (T10)",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0", { board: "other" }));
			const end = await boot(state);
			assert.equal(end.first, "main 1.0.0 slot 0 unset,aborted floor 0");
			assert.match(end.stderr, /another board/);
			const flashed = await boot(newFolder(), "none", { image: slotImage("1.0.0", { board: "other" }) });
			assert.equal(flashed.status, 3);
			assert.match(flashed.stderr, /^image [^\n]*: is for another board \(other\)\n$/);
		},
	},
	{
		name: "an image below the security floor does not boot, and the floor never falls (T10, I3)",
		run: async () => {
			const state = newFolder();
			const old = slotImage("1.0.0", { securityVersion: 2 });
			await updatedBoard(state, slotImage("2.0.0", { securityVersion: 1 }), old);
			// The factory slot raises the floor before the trial is tried: an install and a raise in either order.
			const fresh = newFolder();
			await boot(fresh, "raise:2", { image: old });
			assert.equal((await boot(fresh, "raise:1")).lines[1], "raise done 2");
			await boot(fresh, `install:${slotImage("2.0.0", { securityVersion: 1 })}`);
			const end = await boot(fresh);
			assert.equal(end.first, "main 1.0.0 slot 0 unset,aborted floor 2");
			assert.match(end.stderr, /security version 1 is below the floor 2/);
			const flashed = await boot(fresh, "none", { image: slotImage("0.9.0"), words: ["--flash"] });
			assert.equal(flashed.status, 3, flashed.stderr);
			assert.match(flashed.stderr, /security version 0 is below the floor 2/);
		},
	},
	{
		name: "a security floor that cannot be read is not zero: the board does not start (I3)",
		run: async () => {
			const state = newFolder();
			await boot(state, "raise:3", { image: slotImage("1.0.0", { securityVersion: 3 }) });
			damage(state, "fuse", 5);
			const end = await boot(state);
			assert.equal(end.status, 3);
			assert.equal(end.stderr, "fuse: the security floor cannot be read\n");
		},
	},
	{
		name: "a fuse that cannot be read boots no slot but recovery, which writes it anew and never lower (I3, T12)",
		run: async () => {
			const words = ["--recovery", slotImage("rescue", { main: "recovery" })];
			for (const [to, after] of [
				[1, 2],
				[3, 3],
			] as const) {
				const state = newFolder();
				await boot(state, "raise:1", { image: slotImage("1.0.0", { securityVersion: 2 }) });
				damage(state, "fuse", 5);
				// The image that may boot says 2 at least; the slot beside it is the one that recovery writes.
				const mended = await boot(state, `mend:${to}`, { words });
				assert.match(mended.first, /^recovery .* slot none unset,unset floor 2$/);
				assert.equal(mended.lines[1], `false floor 2 target 1 slot/io / done ${after} true`);
				assert.match(mended.stderr, /fuse: the security floor cannot be read; it is 2 at least/);
				const next = await boot(state, "none", { words });
				if (after === 2) assert.equal(next.first, "main 1.0.0 slot 0 unset,unset floor 2");
				else assert.match(next.first, /^recovery .* floor 3$/);
			}
		},
	},
	{
		name: "beside a fuse that cannot be read an image that was chosen and never ran says nothing, and recovery writes its slot (I3, I4)",
		run: async () => {
			const words = ["--recovery", slotImage("rescue", { main: "recovery" })];
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0", { securityVersion: 2 }));
			writeFileSync(join(state, "fuse"), "no fuse");
			const mended = await boot(state, "mend:0", { words });
			assert.match(mended.first, /^recovery .* slot none unset,new floor 0$/);
			assert.equal(mended.lines[1], "false floor 0 target 1 slot/io / done 0 true");
			const trial = await boot(state, "none", { words });
			assert.equal(trial.first, "main 2.0.0 slot 1 unset,pending floor 0");
			assert.equal((await boot(state, "none", { words })).first, "main 1.0.0 slot 0 unset,aborted floor 0");
		},
	},
	{
		name: "a retired slot boots no more, not even when the other breaks, until it is selected (T10, I4)",
		run: async () => {
			const trial = newFolder();
			await updatedBoard(trial, slotImage("2.0.0"));
			assert.equal(
				(await boot(trial, "retire")).lines[1],
				"retire slots: the running image is on trial unset",
			);
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			await boot(state, "confirm");
			const retired = await boot(state, "retire");
			assert.deepEqual(retired.lines, ["main 2.0.0 slot 1 unset,valid floor 0", "retire done invalid"]);
			assert.equal((await boot(state)).first, "main 2.0.0 slot 1 invalid,valid floor 0");
			damage(state, "slot-1", 200);
			const end = await boot(state);
			assert.equal(end.status, 3);
			assert.match(end.stderr, /boot: slot 0 is not valid/);
		},
	},
	{
		name: "a damaged boot record is told, and slot 0 runs, or the other one when it is damaged (T12)",
		run: async () => {
			for (let byte = 0; byte < 12; byte++) {
				const state = newFolder();
				await updatedBoard(state, slotImage("2.0.0"));
				damage(state, "boot", byte);
				const end = await boot(state);
				assert.equal(end.first, "main 1.0.0 slot 0 unset,unset floor 0", `byte ${byte}`);
				assert.match(end.stderr, /boot record: damaged/);
				damage(state, "boot", byte);
				damage(state, "boot", (byte + 1) % 12);
				damage(state, "slot-0", 500);
				assert.equal((await boot(state)).first, "main 2.0.0 slot 1 unset,unset floor 0", `byte ${byte}`);
			}
		},
	},
	{
		name: "a revert marks the running image invalid and boots the other; without another it is refused (I4)",
		run: async () => {
			const state = newFolder();
			const alone = await boot(state, "revert", { image: slotImage("1.0.0") });
			assert.equal(alone.lines[1], "revert slot/no-image");
			await boot(state, `install:${slotImage("2.0.0")}`);
			const reverted = await boot(state, "revert");
			assert.equal(reverted.first, "main 2.0.0 slot 1 unset,pending floor 0");
			assert.equal(reverted.status, 80);
			assert.match(reverted.stderr, /boot: reverts/);
			assert.equal(
				(await boot(state, "revert")).lines.join("; "),
				"main 1.0.0 slot 0 unset,invalid floor 0; revert slot/no-image",
			);
			assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,invalid floor 0");
		},
	},
	{
		name: "while the running image is on trial the other slot cannot be touched (I4)",
		run: async () => {
			const state = newFolder();
			await updatedBoard(state, slotImage("2.0.0"));
			const before = readBytes(join(state, "slot-0"));
			const end = await boot(state, "touch");
			assert.match(end.lines[1]!, /on trial.*on trial.*on trial/);
			assert.deepEqual(readBytes(join(state, "slot-0")), before);
		},
	},
	{
		name: "an image that was written and not selected never boots, not even when the other breaks (I4, T10)",
		run: async () => {
			const state = newFolder();
			await boot(state, `put:${slotImage("2.0.0")}`, { image: slotImage("1.0.0") });
			assert.equal((await boot(state)).first, "main 1.0.0 slot 0 unset,invalid floor 0");
			damage(state, "slot-0", 300);
			const end = await boot(state);
			assert.equal(end.status, 3, end.stdout);
			assert.match(end.stderr, /boot: slot 1 is not valid\n/);
		},
	},
	{
		name: "what somebody gives the recovery program and cuts short does not boot by its checksum alone (I4, T10)",
		run: async () => {
			const words = ["--recovery", slotImage("rescue", { main: "recovery" })];
			for (const record of ["whole", "damaged"] as const) {
				const state = newFolder();
				await boot(state, "none", { image: slotImage("1.0.0"), words });
				damage(state, "slot-0", 200);
				if (record === "damaged") damage(state, "boot", 8);
				// Pieces reach flash before their digest is known; the image is whole by its own word.
				await boot(state, `put:${slotImage("stranger")}`, { words });
				const next = await boot(state, "recover", { words });
				assert.match(next.first, /^recovery .* slot none invalid,unset floor 0$/, record);
			}
		},
	},
	{
		name: "a choice that failed and is on flash all the same goes before the next erase (I4, T12)",
		run: async () => {
			const next = slotImage("2.0.0");
			const told = new Set<string>();
			for (let at = 0; at < 8; at++) {
				const state = newFolder();
				const chosen = await boot(state, `selectFails:${at} ${next}`, {
					image: slotImage("1.0.0"),
					variant: "recorder",
				});
				told.add(chosen.lines[1]!);
				const { first } = await boot(state);
				if (chosen.lines[1] === "select done") assert.equal(first, "main 2.0.0 slot 1 unset,pending floor 0");
				else assert.equal(first, "main 1.0.0 slot 0 unset,invalid floor 0", `operation ${at}`);
			}
			assert.deepEqual([...told], ["select slot/io", "select done"]);
		},
	},
	{
		name: "a slot that is being replaced is neither valid nor chosen any more",
		run: async () => {
			const state = newFolder();
			const next = slotImage("2.0.0");
			await updatedBoard(state, next);
			await boot(state, "confirm");
			await boot(state, `install:${slotImage("3.0.0")}`);
			await boot(state, "confirm");
			assert.equal((await boot(state)).first, "main 3.0.0 slot 0 valid,valid floor 0");
			await boot(state, `put:${next}`);
			assert.equal((await boot(state)).first, "main 3.0.0 slot 0 valid,invalid floor 0");
		},
	},
	{
		name: "when neither slot boots the board does not start, in one line a slot and one more",
		run: async () => {
			const state = newFolder();
			await boot(state, "none", { image: slotImage("1.0.0") });
			damage(state, "slot-0", 200);
			const end = await boot(state);
			assert.equal(end.status, 3);
			assert.equal(
				end.stderr,
				"boot: image slot-0: is damaged (checksum)\nboot: image slot-1: is no firmware image\nboot: neither slot boots, and there is no --recovery image\n",
			);
		},
	},
	{
		name: "when neither slot boots the recovery image runs, in no slot, and what it installs is tried and stays",
		run: async () => {
			const state = newFolder();
			const words = ["--recovery", slotImage("rescue", { main: "recovery" })];
			await boot(state, "none", { image: slotImage("1.0.0"), words });
			damage(state, "slot-0", 200);
			const rescue = await boot(state, "recover", { words });
			assert.equal(rescue.first, "recovery 1.0.0 slot none unset,unset floor 0");
			assert.match(rescue.lines[1]!, /^target 0 .*none runs.* slot\/no-image$/);
			await boot(state, `install:${slotImage("2.0.0")}`, { words });
			const trial = await boot(state, "confirm", { words });
			assert.equal(trial.first, "main 2.0.0 slot 0 pending,unset floor 0");
			assert.equal((await boot(state, "none", { words })).first, "main 2.0.0 slot 0 valid,unset floor 0");
		},
	},
	{
		name: "recovery writes slot 1 when slot 0 alone holds a whole image",
		run: async () => {
			const state = newFolder();
			const words = ["--recovery", slotImage("rescue", { main: "recovery" })];
			await updatedBoard(state, slotImage("2.0.0"));
			await boot(state, "confirm");
			await boot(state, `install:${slotImage("3.0.0")}`);
			await boot(state, "none");
			damage(state, "slot-1", 200);
			const rescue = await boot(state, "recover", { words });
			assert.match(rescue.first, /^recovery .* slot none aborted,valid floor 0$/);
			assert.match(rescue.lines[1]!, /^target 1 /);
		},
	},
	{
		name: "a slot of another size is made anew, and a board without record and image says so",
		run: async () => {
			const state = newFolder();
			const end = await boot(state);
			assert.equal(end.status, 3);
			assert.equal(end.stderr, "boot: slots without a boot record, and no --image to flash\n");
			const small = await boot(newFolder(), "none", { image: slotImage("1.0.0"), slotKb: 4 });
			assert.equal(small.status, 3);
			assert.match(small.stderr, /do not fit a slot of 4096/);
			for (const words of [
				["--slot-kb", "5"],
				["--slot-kb", "0", "--flash"],
				["--watchdog-ms", "-1"],
			]) {
				assert.equal(
					(await boot(newFolder(), "none", { image: slotImage("1.0.0"), words })).status,
					2,
					words.join(" "),
				);
			}
		},
	},
	{
		name: "a whole life of slots is clean under the sanitizers: flash, install, trial, confirm, revert, recovery",
		run: async () => {
			const state = newFolder();
			const recovery = ["--recovery", slotImage("rescue", { main: "recovery" })];
			const options = { variant: "sanitize", words: [...recovery, "--watchdog-ms", "20000"] } as const;
			const said: string[] = [];
			const live = async (action: string, image?: string): Promise<void> => {
				const end = await boot(state, action, image === undefined ? options : { ...options, image });
				assert.equal(end.status, 80, end.stderr);
				assert.ok(!/ERROR|runtime error/.test(end.stderr), end.stderr);
				said.push(end.first);
			};
			await live("raise:1", slotImage("1.0.0", { securityVersion: 1 }));
			await live(`install:${slotImage("2.0.0", { securityVersion: 1 })}`);
			await live("confirm");
			await live("revert");
			await live(`install:${slotImage("3.0.0")}`);
			await live("touch");
			damage(state, "slot-0", 700);
			await live("recover");
			assert.deepEqual(said, [
				"main 1.0.0 slot 0 unset,unset floor 0",
				"main 1.0.0 slot 0 unset,unset floor 1",
				"main 2.0.0 slot 1 unset,pending floor 1",
				"main 2.0.0 slot 1 unset,valid floor 1",
				"main 1.0.0 slot 0 unset,invalid floor 1",
				"main 1.0.0 slot 0 unset,aborted floor 1",
				"recovery 1.0.0 slot none unset,aborted floor 1",
			]);
		},
	},
];
