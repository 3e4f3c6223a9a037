/**
 * The sweep on the files of the Linux host: the lives of host-lives.ts are cut behind their operations; the directory that a cut leaves is
 * made anew, and the real board boots from it, and ends the update where it is served again.
 */
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { Random } from "../harness/random.ts";
import { buildVariant, newFolder } from "../host/board.ts";
import { cutAfter, writeState } from "../host/cut.ts";
import { FastCrypto } from "./fast-crypto.ts";
import { fallen } from "./flash.ts";
import { type Files, floorsOf, readState } from "./host-files.ts";
import {
	factoryState,
	type HostLife,
	hasInstalled,
	hostServices,
	type Journal,
	LIFE_MS,
	type LifeName,
	OLD,
	recordLife,
} from "./host-lives.ts";
import { removeState, serveUntil } from "./host-lock.ts";
import { hex, mayHold } from "./journal-view.ts";
import type { Report } from "./report.ts";

/** Boots at once: a boot that ends an update waits for nine tenths of its time. */
const AT_ONCE = 10;
/** Broken records that prove the point. */
const ENOUGH = 5;

/** Lives that are swept together, and how much of them without `--slow`: beside each distinct (file, operation). */
interface Sweep {
	readonly what: string;
	readonly lives: readonly LifeName[];
	/** Cut points by seed. */
	readonly sample: number;
	/** How many of all are driven to the end of the update. */
	readonly toTheEnd: number;
}

const SWEEPS: readonly Sweep[] = Object.freeze([
	{ what: "an update", lives: ["update", "revert"], sample: 200, toTheEnd: 24 },
	{ what: "an update by a delta", lives: ["delta"], sample: 20, toTheEnd: Number.POSITIVE_INFINITY },
	{
		what: "a change of trust and the update that needs it",
		lives: ["trust"],
		sample: 10,
		toTheEnd: Number.POSITIVE_INFINITY,
	},
]);

interface HostCut {
	readonly life: HostLife;
	readonly journal: Journal;
	/** Behind so many operations. */
	readonly at: number;
	readonly isWhole: boolean;
}

export interface HostTestOptions {
	readonly seed: number;
	readonly slow: boolean;
	/** Of `SWEEPS`, by its name; undefined: all. */
	readonly only?: string | undefined;
}

export async function sweepHost({ seed, slow, only }: HostTestOptions, report: Report): Promise<void> {
	const lap = laps();
	for (const variant of ["plain", "recorder"] as const) buildVariant(variant);
	const crypto = new FastCrypto(seed);
	const services = hostServices(crypto);
	const factory = await factoryState(crypto);
	report.note(`images and a board of the factory line, ${lap()}`);
	for (const { what, lives: names, sample, toTheEnd } of SWEEPS) {
		if (only !== undefined && only !== what) continue;
		const lives: HostLife[] = [];
		for (const name of names) lives.push(await recordLife(factory, name, services[name]));
		const points = lives.flatMap(cutsOf);
		const journals = lives.flatMap((life) => life.journals);
		report.note(
			`${journals.map(({ name, operations }) => `${name} ${operations.length}`).join(", ")} operations, ${lap()}`,
		);
		const chosen = slow ? points : choose(points, sample, seed);
		const cuts = withEnds(chosen, slow ? chosen.length : toTheEnd, seed);
		const { done, wrong } = await judgeAll(cuts, seed);
		report.count(done, cuts.length);
		const kinds = new Set(points.map(({ journal, at }) => kindOf(journal, at))).size;
		const ends = cuts.filter(({ isWhole }) => isWhole).length;
		report.note(
			`host, ${what}: ${done} cut points of ${points.length}, ${kinds} distinct (file, operation), ${ends} to the end of the update, ${cuts.length - done} skipped, ${lap()}`,
		);
		const name = `a cut at any file operation of ${what} on the Linux host leaves a board that runs and ends as without it (I3, I4, I5, T12)`;
		report.test(
			name,
			done < cuts.length ? "cut points were skipped" : wrong.slice(0, 3).join("\n") || undefined,
		);
	}
}

/** That the sweep would see it: without the fsync of files the same cuts break records of an update. */
export async function sweepUnsynced({ seed }: HostTestOptions, report: Report): Promise<void> {
	const crypto = new FastCrypto(seed);
	const { update } = hostServices(crypto);
	const life = await recordLife(await factoryState(crypto), "update", update, "skip-sync");
	const broken = cutsOf(life).filter(
		({ journal, at }) => judgeRecords(journal, at, cutAfter(journal.operations, at, seed)) !== undefined,
	);
	report.note(`without fsync ${broken.length} cut points break a record`);
	const name = "without the files' fsync the same cuts break records of an update (I5)";
	report.test(name, broken.length < ENOUGH ? `only ${broken.length} broken records` : undefined);
}

/** Seconds since it was asked last. */
function laps(): () => string {
	let startedMs = performance.now();
	return () => {
		const nowMs = performance.now();
		const seconds = ((nowMs - startedMs) / 1000).toFixed(1);
		startedMs = nowMs;
		return `${seconds} s`;
	};
}

/** Every cut that leaves another directory than the one before. */
function cutsOf(life: HostLife): readonly HostCut[] {
	const cuts: HostCut[] = [];
	for (const journal of life.journals) {
		for (let at = 0; at <= journal.operations.length; at++) {
			const next = journal.operations[at]?.kind;
			const last = journal.operations[at - 1]?.kind;
			if (next === "exists" || last === "mark" || last === "open") continue;
			cuts.push({ life, journal, at, isWhole: false });
		}
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
function choose(points: readonly HostCut[], sample: number, seed: number): readonly HostCut[] {
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
	return [...first, ...others.slice(0, sample)];
}

function withEnds(cuts: readonly HostCut[], count: number, seed: number): readonly HostCut[] {
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

async function judgeAll(
	cuts: readonly HostCut[],
	seed: number,
): Promise<{ readonly done: number; readonly wrong: readonly string[] }> {
	const wrong: string[] = [];
	let done = 0;
	const next = cuts[Symbol.iterator]();
	const work = async (): Promise<void> => {
		for (const cut of { [Symbol.iterator]: () => next }) {
			const fault = await judge(cut, seed);
			const { journal, at } = cut;
			if (fault !== undefined)
				wrong.push(`${journal.name}, behind operation ${at} (${kindOf(journal, at)}): ${fault}`);
			done++;
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, work));
	return { done, wrong };
}

async function judge({ life, journal, at, isWhole }: HostCut, seed: number): Promise<string | undefined> {
	const { service } = life;
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
			return !isWhole || hasInstalled(report, service);
		};
		const boot = await serveUntil(state, service, isDone, LIFE_MS);
		const { log } = boot;
		const all = boot.earlier + log;
		await boot.cut();
		const ended = floorsOf(readState(state));
		const lower = fallen(floors, ended);
		if (lower.length > 0) return `I3: ${lower.join(", ")}\n${log}`;
		if (isWhole && ended.trust < (service.trust?.version ?? 0)) return `the trust did not change\n${log}`;
		if (/^storage: /m.test(all)) return `I5\n${all}`;
		if (/damaged|no firmware image/.test(all)) return `I4\n${all}`;
		const ran = /^sweep: (\d+) runs/m.exec(log)?.[1];
		const mayRun = [OLD, service.release.manifest.sequence];
		if (sequence === undefined || Number(ran) !== sequence || !mayRun.includes(sequence))
			return `${ran} runs (I4)\n${log}`;
		return undefined;
	} catch (error) {
		return (error as Error).message;
	} finally {
		removeState(state);
	}
}

/** I5: each is what it was promised to be, or what was on its way since. */
function judgeRecords({ records }: Journal, at: number, files: Files): string | undefined {
	for (const [name, history] of records) {
		const content = hex(files.get(name) ?? new Uint8Array(0));
		if (!mayHold(history, at).has(content)) return `${name} is neither old nor new (I5)`;
	}
	return undefined;
}
