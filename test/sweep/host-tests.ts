/**
 * The sweep on the files of the Linux host: real boards live an update and a revert with the recorder, every boot its own journal; then
 * the directory that a cut leaves is made anew, and the real board boots from it, and ends the update where it is served again.
 */
import { join } from "node:path";
import { encodePieces } from "../../modules/wire/piece.ts";
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { Random } from "../harness/random.ts";
import { buildVariant, newFolder, readBytes, scratch } from "../host/board.ts";
import { cutAfter, type Operation, parseJournal, writeState } from "../host/cut.ts";
import { RELAY, signBundle, trustBundle } from "../sim/bundles.ts";
import { makeRelease, type Release } from "../sim/releases.ts";
import { FastCrypto } from "./fast-crypto.ts";
import { fallen } from "./flash.ts";
import { type Files, floorsOf, readState } from "./host-files.ts";
import { HostBoot, hostImage, removeState, serveUntil } from "./host-lock.ts";
import { hex, mayHold, type RecordHistory, recordHistories } from "./journal-view.ts";
import type { Report } from "./report.ts";

/** Boots at once: most of a boot is waiting. */
const AT_ONCE = 3;
/** After a revert the lock waits an hour, which is a minute here. */
const LIFE_MS = 180_000;
const SAMPLE = 200;
const WHOLE_LIVES = 24;
/** Broken records that prove the point. */
const ENOUGH = 5;
const OLD = 1;
const NEW = 2;

/** One boot that was recorded. */
interface Journal {
	readonly name: string;
	readonly operations: readonly Operation[];
	readonly records: ReadonlyMap<string, RecordHistory>;
}

interface HostCut {
	readonly journal: Journal;
	/** Behind so many operations. */
	readonly at: number;
	readonly isWhole: boolean;
}

export interface HostTestOptions {
	readonly seed: number;
	readonly slow: boolean;
}

export async function sweepHost({ seed, slow }: HostTestOptions, report: Report): Promise<void> {
	let startedMs = performance.now();
	const lap = (): string => {
		const nowMs = performance.now();
		const seconds = ((nowMs - startedMs) / 1000).toFixed(1);
		startedMs = nowMs;
		return `${seconds} s`;
	};
	for (const variant of ["plain", "recorder"] as const) buildVariant(variant);
	const crypto = new FastCrypto(seed);
	const release = hostRelease(crypto);
	const factory = await factoryState(crypto);
	const journals = [
		...(await recordLife(factory, release, "update")),
		...(await recordLife(factory, release, "revert")),
	];
	const points = journals.flatMap((journal) => cutsOf(journal));
	report.note(
		`${journals.map(({ name, operations }) => `${name} ${operations.length}`).join(", ")} operations, ${lap()}`,
	);
	const chosen = slow ? points : choose(points, seed);
	const wholeLives = slow ? chosen.length : WHOLE_LIVES;
	const cuts = withLives(chosen, wholeLives, seed);
	const wrong: string[] = [];
	let done = 0;
	let lives = 0;
	const next = cuts[Symbol.iterator]();
	const work = async (): Promise<void> => {
		for (const cut of { [Symbol.iterator]: () => next }) {
			const fault = await judge(cut, release, seed);
			if (fault !== undefined) wrong.push(`${placeOf(cut)}: ${fault}`);
			done++;
			if (cut.isWhole) lives++;
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, work));
	report.count(done, cuts.length);
	const kinds = new Set(points.map(({ journal, at }) => kindOf(journal, at))).size;
	report.note(
		`host: ${done} cut points of ${points.length}, ${kinds} distinct (file, operation), ${lives} to the end of the update, ${cuts.length - done} skipped, ${lap()}`,
	);
	const name =
		"a cut at any file operation of an update on the Linux host leaves a board that runs and ends as without it (I3, I4, I5, T12)";
	report.test(
		name,
		done < cuts.length ? "cut points were skipped" : wrong.slice(0, 3).join("\n") || undefined,
	);
}

/** That the sweep would see it: without the fsync of files the same cuts break records of an update. */
export async function sweepUnsynced({ seed }: HostTestOptions, report: Report): Promise<void> {
	const crypto = new FastCrypto(seed);
	const release = hostRelease(crypto);
	const journals = await recordLife(await factoryState(crypto), release, "update", "skip-sync");
	const broken = journals
		.flatMap(cutsOf)
		.filter(
			({ journal, at }) => judgeRecords(journal, at, cutAfter(journal.operations, at, seed)) !== undefined,
		);
	report.note(`without fsync ${broken.length} cut points break a record`);
	const name = "without the files' fsync the same cuts break records of an update (I5)";
	report.test(name, broken.length < ENOUGH ? `only ${broken.length} broken records` : undefined);
}

/** Both images are made, and the release is of the second. */
function hostRelease(crypto: FastCrypto): Release {
	hostImage(OLD, 0);
	return makeRelease(crypto, {
		sequence: NEW,
		securityVersion: 1,
		image: hostImage(NEW, 1),
		manifest: { board: "linux" },
		freshness: { board: "linux" },
	});
}

/** A board with trust that was never updated. */
async function factoryState(crypto: FastCrypto): Promise<Files> {
	const state = newFolder();
	const boot = await HostBoot.start(state);
	await must(boot, "begin", { 0: "LK-TEST-0001", 1: "sim" });
	for (const piece of encodePieces(signBundle(crypto, trustBundle({ relays: [RELAY] }))))
		await must(boot, "trust", piece);
	await boot.cut();
	return readState(state);
}

/** "revert": the image on trial gives itself up; what came before the trial is the update's life, and left out. */
async function recordLife(
	factory: Files,
	release: Release,
	kind: "update" | "revert",
	faults = "",
): Promise<readonly Journal[]> {
	const state = newFolder();
	writeState(state, factory);
	const names: string[] = [];
	const isReverted = (now: UpdateReport): boolean => now.sequence === OLD && now.reverts === 1;
	const isInstalled = (now: UpdateReport, { log }: HostBoot): boolean =>
		now.sequence === NEW && now.sequenceFloor === NEW && log.includes("is confirmed");
	const end = await serveUntil(
		state,
		release,
		kind === "revert" ? isReverted : isInstalled,
		LIFE_MS,
		(number) => {
			const name = `${faults}${kind} boot ${number + 1}`;
			names.push(name);
			// A second boot is the trial's.
			return { journal: journalPath(name), lies: kind === "revert" && number === 1, faults };
		},
	);
	await end.cut();
	return (kind === "revert" ? names.slice(1) : names).map(journalOf);
}

async function must(
	boot: HostBoot,
	verb: "begin" | "trust",
	args: Parameters<HostBoot["line"]["call"]>[1],
): Promise<void> {
	const answer = await boot.line.call(verb, args);
	if (!answer.ok) throw new Error(`${verb}: ${answer.reason}`);
}

function journalPath(name: string): string {
	return join(scratch, `${name.replaceAll(" ", "-")}.journal`);
}

function journalOf(name: string): Journal {
	const operations = parseJournal(readBytes(journalPath(name)));
	return { name, operations, records: recordHistories(operations) };
}

/** Every cut that leaves another directory than the one before. */
function cutsOf(journal: Journal): readonly HostCut[] {
	const cuts: HostCut[] = [];
	for (let at = 0; at <= journal.operations.length; at++) {
		const next = journal.operations[at]?.kind;
		const last = journal.operations[at - 1]?.kind;
		if (next === "exists" || last === "mark" || last === "open") continue;
		cuts.push({ journal, at, isWhole: false });
	}
	return cuts;
}

/** What the last operation before a cut was, on which file; a slot's sectors are one. */
function kindOf({ name, operations }: Journal, at: number): string {
	const operation = operations[at - 1];
	if (operation === undefined) return `${name} nothing`;
	let file = "";
	if ("name" in operation) file = operation.name;
	else if ("to" in operation) file = operation.to;
	else if ("file" in operation) {
		const named = operations.find((each) => "file" in each && "name" in each && each.file === operation.file);
		file = named !== undefined && "name" in named ? named.name : "";
	}
	return `${operation.kind} ${file}`;
}

/** Each distinct (file, operation) once, and a seeded choice of the others. */
function choose(points: readonly HostCut[], seed: number): readonly HostCut[] {
	const random = new Random(seed, "host cuts");
	const mixed = shuffled(points, random);
	const seen = new Set<string>();
	const first: HostCut[] = [];
	const others: HostCut[] = [];
	for (const point of mixed) {
		const kind = kindOf(point.journal, point.at);
		(seen.has(kind) ? others : first).push(point);
		seen.add(kind);
	}
	return [...first, ...others.slice(0, SAMPLE)];
}

function withLives(cuts: readonly HostCut[], count: number, seed: number): readonly HostCut[] {
	return shuffled(cuts, new Random(seed, "host lives")).map((cut, index) => ({
		...cut,
		isWhole: index < count,
	}));
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
	const mixed = [...items];
	for (let index = mixed.length - 1; index > 0; index--) {
		const other = random.below(index + 1);
		[mixed[index], mixed[other]] = [mixed[other]!, mixed[index]!];
	}
	return mixed;
}

function placeOf({ journal, at }: HostCut): string {
	return `${journal.name}, behind operation ${at} (${kindOf(journal, at)})`;
}

async function judge(
	{ journal, at, isWhole }: HostCut,
	release: Release,
	seed: number,
): Promise<string | undefined> {
	const files = cutAfter(journal.operations, at, seed);
	const broken = judgeRecords(journal, at, files);
	if (broken !== undefined) return broken;
	const floors = floorsOf(files);
	const state = newFolder();
	writeState(state, files);
	try {
		// A complete download may restart the board before it is asked anything.
		let sequence: number | undefined;
		const isDone = (report: UpdateReport): boolean => {
			sequence = report.sequence;
			return !isWhole || hasInstalled(report);
		};
		const boot = await serveUntil(state, release, isDone, LIFE_MS);
		const { log } = boot;
		const all = boot.earlier + log;
		await boot.cut();
		const lower = fallen(floors, floorsOf(readState(state)));
		if (lower.length > 0) return `I3: ${lower.join(", ")}\n${log}`;
		if (/^storage: /m.test(all)) return `I5\n${all}`;
		if (/damaged|no firmware image/.test(all)) return `I4\n${all}`;
		const ran = /^sweep: (\d+) runs/m.exec(log)?.[1];
		if (Number(ran) !== sequence || (sequence !== OLD && sequence !== NEW)) return `${ran} runs (I4)\n${log}`;
		return undefined;
	} catch (error) {
		return (error as Error).message;
	} finally {
		removeState(state);
	}
}

function hasInstalled({ sequence, sequenceFloor, result }: UpdateReport): boolean {
	return sequence === NEW && sequenceFloor === NEW && result === "installed";
}

/** I5: each is what it was promised to be, or what was on its way since. */
function judgeRecords({ records }: Journal, at: number, files: Files): string | undefined {
	for (const [name, history] of records) {
		const content = hex(files.get(name) ?? new Uint8Array(0));
		if (!mayHold(history, at).has(content)) return `${name} is neither old nor new (I5)`;
	}
	return undefined;
}
