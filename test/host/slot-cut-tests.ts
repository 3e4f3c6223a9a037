/**
 * I4: a power cut at any file operation of a factory line's flashing, of an install, a trial, a confirm and a revert leaves
 * a board that boots; and what a slot's write returned as durable is there.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { newFolder, readBytes, scratch } from "./board.ts";
import { everyCut, type Operation, parseJournal, writeState } from "./cut.ts";
import type { HostTest } from "./run.ts";
import { type BootOptions, boot, slotImage } from "./slot-board.ts";

const SEED = Number(process.env.LATCHKEY_SEED ?? 20261);
/** Small: every cut is a boot. */
const slotKb = 32;

let journals = 0;

/** One boot with the recorder; its journal. */
async function record(
	state: string,
	action: string,
	options: BootOptions = {},
	faults = "",
): Promise<Operation[]> {
	const journal = join(scratch, `slot-journal${journals++}`);
	const environment = { LATCHKEY_JOURNAL: journal, LATCHKEY_FILES_FAULT: faults };
	await boot(state, action, { ...options, slotKb, variant: "recorder", environment });
	return parseJournal(readBytes(journal));
}

async function bootAfterEveryCut(
	operations: readonly Operation[],
	image: string,
	judge: (first: string, at: number, stderr: string) => string | undefined,
): Promise<{ cuts: number; wrong: string[] }> {
	const wrong: string[] = [];
	let cuts = 0;
	for (const [at, files] of everyCut(operations, SEED)) {
		if (operations[at]?.kind === "exists" || isQuiet(operations[at - 1])) continue;
		const state = join(newFolder(), "state");
		writeState(state, files);
		const { first, stderr } = await boot(state, "none", { image, slotKb });
		const fault = judge(first, at, stderr);
		if (fault !== undefined) wrong.push(`cut ${at}: ${fault}: ${first} ${stderr}`);
		rmSync(state, { recursive: true });
		cuts++;
	}
	return { cuts, wrong };
}

/** After these a cut leaves what it left before them. */
function isQuiet(operation: Operation | undefined): boolean {
	return operation?.kind === "mark" || operation?.kind === "open";
}

function sayIfUnlike(pattern: RegExp): (first: string, at: number, stderr: string) => string | undefined {
	return (first, _, stderr) => {
		if (stderr.includes("damaged;")) return "the boot record is damaged";
		return pattern.test(first) ? undefined : "does not boot as it should";
	};
}

async function sweep(
	name: string,
	operations: readonly Operation[],
	image: string,
	pattern: RegExp,
): Promise<void> {
	const { cuts, wrong } = await bootAfterEveryCut(operations, image, sayIfUnlike(pattern));
	process.stdout.write(`# ${name}: ${cuts} cut points\n`);
	assert.ok(cuts > 4, `${cuts} cut points`);
	assert.deepEqual(wrong.slice(0, 3), []);
}

/** What slot 1 holds to the running board after each operation, and whether all of it was told to be durable. */
function slotWrites(operations: readonly Operation[]): Map<number, Uint8Array> {
	const durable = new Map<number, Uint8Array>();
	const numbers = new Set<number>();
	let content = new Uint8Array(0);
	for (const [index, operation] of operations.entries()) {
		if ((operation.kind === "exists" || operation.kind === "open") && operation.name === "slot-1") {
			numbers.add(operation.file);
			if (operation.kind === "exists") content = Uint8Array.from(operation.bytes);
		} else if (operation.kind === "write" && numbers.has(operation.file)) {
			content.set(operation.bytes, operation.offset);
		} else if (operation.kind === "mark" && operation.what === "done" && operation.name === "slot-1") {
			durable.set(index + 1, Uint8Array.from(content));
		}
	}
	return durable;
}

/** How many of the writes that were told to be durable a cut right behind them loses. */
function lostWrites(operations: readonly Operation[]): { writes: number; lost: number } {
	const durable = slotWrites(operations);
	let lost = 0;
	for (const [at, files] of everyCut(operations, SEED)) {
		const expected = durable.get(at);
		if (expected !== undefined && !Buffer.from(files.get("slot-1")!).equals(expected)) lost++;
	}
	return { writes: durable.size, lost };
}

export const slotCutTests: readonly HostTest[] = [
	{
		name: `a cut at any operation of the first flashing leaves a board that the next start flashes or boots (I4, T12; seed ${SEED})`,
		run: async () => {
			const image = slotImage("1.0.0");
			const operations = await record(join(newFolder(), "state"), "none", { image });
			await sweep("first flashing", operations, image, /^main 1\.0\.0 slot 0 unset,unset floor 0$/);
		},
	},
	{
		name: `a cut at any operation of flashing anew leaves the old image or the new one, and the floor (I3, I4; seed ${SEED})`,
		run: async () => {
			const state = newFolder();
			const image = slotImage("2.0.0", { securityVersion: 1 });
			await boot(state, "raise:1", { image: slotImage("1.0.0", { securityVersion: 1 }), slotKb });
			const operations = await record(state, "none", { image, words: ["--flash"] });
			await sweep("flashing anew", operations, image, /^main [12]\.0\.0 slot 0 unset,unset floor 1$/);
		},
	},
	{
		name: `a cut at any operation of an install and its selection leaves the old image, or the new one on trial (I4, T12; seed ${SEED})`,
		run: async () => {
			const state = newFolder();
			const image = slotImage("1.0.0");
			await boot(state, "none", { image, slotKb });
			const operations = await record(state, `install:${slotImage("2.0.0")}`);
			const pattern = /^main (1\.0\.0 slot 0 unset,(unset|invalid)|2\.0\.0 slot 1 unset,pending) floor 0$/;
			await sweep("install", operations, image, pattern);
		},
	},
	{
		name: `a cut at any operation of a trial's boot, its confirmation or its revert leaves an image that boots (I4, T12; seed ${SEED})`,
		run: async () => {
			const image = slotImage("1.0.0");
			for (const action of ["confirm", "revert"]) {
				const state = newFolder();
				await boot(state, `install:${slotImage("2.0.0")}`, { image, slotKb });
				const operations = await record(state, action);
				const pattern =
					/^main (1\.0\.0 slot 0 unset,(aborted|invalid)|2\.0\.0 slot 1 unset,(pending|valid)) floor 0$/;
				await sweep(action, operations, image, pattern);
			}
		},
	},
	{
		name: `a cut at any operation of raising the floor leaves the old floor or the new one (I3; seed ${SEED})`,
		run: async () => {
			const state = newFolder();
			const image = slotImage("1.0.0", { securityVersion: 5 });
			await boot(state, "raise:2", { image, slotKb });
			const operations = await record(state, "raise:5");
			await sweep("floor", operations, image, /^main 1\.0\.0 slot 0 unset,unset floor (2|5)$/);
		},
	},
	{
		name: `what a slot's erase or write told to be durable is there after any cut (I4; seed ${SEED})`,
		run: async () => {
			const state = newFolder();
			await boot(state, "none", { image: slotImage("1.0.0"), slotKb });
			const { writes, lost } = lostWrites(await record(state, `install:${slotImage("2.0.0")}`));
			process.stdout.write(`# ${writes} erases and writes\n`);
			assert.ok(writes >= 6, `${writes} erases and writes`);
			assert.equal(lost, 0);
		},
	},
	{
		name: "without the sync the same cuts lose what was told to be durable, and damage the boot record (I4)",
		run: async () => {
			const state = newFolder();
			const image = slotImage("1.0.0");
			await boot(state, "none", { image, slotKb });
			const operations = await record(state, `install:${slotImage("2.0.0")}`, {}, "skip-sync");
			assert.ok(lostWrites(operations).lost >= 3);
			const raised = await record(state, "raise:4", {}, "skip-sync");
			const judge = (first: string): string | undefined => (first === "" ? "does not start" : undefined);
			const { wrong } = await bootAfterEveryCut(raised, image, judge);
			assert.ok(wrong.length > 0);
		},
	},
];
