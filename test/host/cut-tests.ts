/** I5: whatever a power cut leaves, every record is the old one or the new one; and each fsync is needed for it. */
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fixtureImage, newFolder, readBytes, runBoard, scratch } from "./board.ts";
import { everyCut, type Operation, parseJournal, writeState } from "./cut.ts";
import type { HostTest } from "./run.ts";

const SEED = Number(process.env.LATCHKEY_SEED ?? 20261);
const NAMES = ["a", "floor", "grant.1", "0123456789abcde"] as const;
const BATCH = 400;
/** Broken records that prove the point. */
const ENOUGH = 20;

const tables = Array.from({ length: 256 }, (_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
	return crc >>> 0;
});

function crc32(bytes: Uint8Array): string {
	let crc = ~0;
	for (const byte of bytes) crc = (crc >>> 8) ^ tables[(crc ^ byte) & 255]!;
	return (~crc >>> 0).toString(16);
}

let journals = 0;

async function record(faults: string): Promise<Operation[]> {
	const journal = join(scratch, `journal${journals++}`);
	const end = await runBoard({
		variant: "recorder",
		main: "test/host/firmware/record-writer",
		image: fixtureImage("record-writer", ["record-writer"]),
		state: join(newFolder(), "flash"),
		words: ["--arg", `seed=${SEED}`],
		environment: { LATCHKEY_JOURNAL: journal, LATCHKEY_FILES_FAULT: faults },
	});
	assert.equal(end.stdout, "written\n", end.stderr);
	return parseJournal(readBytes(journal));
}

/** For each cut: what each record may read as. */
function expectations(operations: readonly Operation[]): ReadonlyMap<string, ReadonlySet<string>>[] {
	const certain = new Map<string, string>(NAMES.map((name) => [name, "absent"]));
	let pending: { name: string; value: string } | undefined;
	const all: Map<string, Set<string>>[] = [];
	const note = (): void => {
		const may = new Map([...certain].map(([name, value]) => [name, new Set([value])]));
		if (pending !== undefined) may.get(pending.name)!.add(pending.value);
		all.push(may);
	};
	note();
	for (const [index, operation] of operations.entries()) {
		if (operation.kind === "mark") {
			const name = operation.name.replace(/^domain,/, "").replace(/\.rec$/, "");
			if (operation.what === "write") pending = { name, value: checksumOf(operations, index) };
			else if (operation.what === "delete") pending = { name, value: "absent" };
			else if (pending !== undefined) {
				certain.set(name, pending.value);
				pending = undefined;
			}
		}
		note();
	}
	return all;
}

/** The checksum of the value that the write which begins here writes, without its header. */
function checksumOf(operations: readonly Operation[], from: number): string {
	const parts: Uint8Array[] = [];
	for (const operation of operations.slice(from + 1)) {
		if (operation.kind === "write") parts.push(operation.bytes);
		else if (operation.kind === "rename") break;
	}
	return crc32(new Uint8Array(Buffer.concat(parts)).subarray(16));
}

async function readStates(states: readonly ReadonlyMap<string, Uint8Array>[]): Promise<string[]> {
	const image = fixtureImage("record-reader", ["record-reader"]);
	const folder = newFolder();
	for (const [index, files] of states.entries()) writeState(join(folder, String(index)), files);
	const end = await runBoard({
		variant: "recorder",
		main: "test/host/firmware/record-reader",
		image,
		words: ["--arg", `folder=${folder}`, "--arg", `count=${states.length}`],
		limitMs: 60_000,
	});
	const lines = end.stdout.split("\n").slice(0, -1);
	assert.equal(lines.length, states.length, end.stderr);
	for (const index of states.keys()) {
		const left = readdirSync(join(folder, String(index)));
		assert.ok(!left.some((name) => name.endsWith(".new")), "a leftover survived the boot");
	}
	rmSync(folder, { recursive: true });
	return lines;
}

/** Cuts everywhere; returns how many cuts there were, and what was wrong with some of them. */
async function cutEverywhere(operations: readonly Operation[]): Promise<{ cuts: number; wrong: string[] }> {
	const may = expectations(operations);
	const cuts = [...everyCut(operations, SEED)];
	const wrong: string[] = [];
	for (let first = 0; first < cuts.length && wrong.length < ENOUGH; first += BATCH) {
		const batch = cuts.slice(first, first + BATCH);
		const lines = await readStates(batch.map(([, files]) => files));
		for (const [index, line] of lines.entries()) {
			const found = new Map(
				line
					.split(" ")
					.slice(1)
					.map((word) => word.split("=") as [string, string]),
			);
			const listed = NAMES.filter((name) => found.get(name) !== "absent").sort();
			if (found.get("names") !== listed.join(","))
				wrong.push(`cut ${first + index}: lists ${found.get("names")}`);
			for (const name of NAMES) {
				const value = found.get(name)!;
				if (!may[first + index]!.get(name)!.has(value)) {
					wrong.push(
						`cut ${first + index}: ${name} is ${value}, not ${[...may[first + index]!.get(name)!].join(" or ")}`,
					);
				}
			}
		}
	}
	return { cuts: cuts.length, wrong };
}

export const cutTests: readonly HostTest[] = [
	{
		name: `a power cut at any of a thousand points leaves every record old or new, never half-written (I5, T12; seed ${SEED})`,
		run: async () => {
			const { cuts, wrong } = await cutEverywhere(await record(""));
			process.stdout.write(`# ${cuts} cut points\n`);
			assert.ok(cuts >= 1000, `${cuts} cut points`);
			assert.deepEqual(wrong.slice(0, 5), []);
		},
	},
	...(
		[
			["skip-sync", "the file's fsync", /is record\/corrupt/],
			["skip-directory-sync", "the directory's fsync", / is (absent|[0-9a-f]+), not/],
			["skip-delete-sync", "the directory's fsync after a delete", / is [0-9a-f]+, not absent$/],
			["skip-parent-sync", "the fsync of the state directory's own name", / is absent, not/],
		] as const
	).map(
		([fault, what, how]): HostTest => ({
			name: `without ${what} the same cuts break records (I5)`,
			run: async () => {
				const { wrong } = await cutEverywhere(await record(fault));
				process.stdout.write(`# ${wrong.length} broken records\n`);
				assert.ok(wrong.length >= 5 && wrong.some((line) => how.test(line)), wrong.slice(0, 5).join("\n"));
			},
		}),
	),
];
