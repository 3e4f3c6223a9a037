/** `latchkey factory line`, `scrap`, `audit` and `bench`: many boards at once, the end of one, what is on record, a line to try. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { existingFile, folder, serialNumber, wholeNumber } from "../../cli/arguments.ts";
import { CliFault, explaining, oneLine } from "../../cli/fault.ts";
import { plainText } from "../../cli/plain-text.ts";
import { IssuerFault } from "../../pki/signer.ts";
import type { Registry } from "../../relay/registry.ts";
import { RegistryFault } from "../../relay/registry-file.ts";
import { TrustFault } from "../../trust/trust-fault.ts";
import { audit } from "./audit.ts";
import { BenchStation } from "./bench.ts";
import { BenchBoard } from "./bench-board.ts";
import { CAUSES, StepFault } from "./cause.ts";
import { decodeLineConfig, type LineConfig } from "./config.ts";
import { Journal, JournalFault } from "./journal.ts";
import type { BoardRow } from "./journal-rows.ts";
import { LabelFault } from "./labels.ts";
import { Line } from "./line.ts";
import { LineFault } from "./line-fault.ts";
import { openParts } from "./line-parts.ts";
import { type LineReport, reportText } from "./report.ts";
import { endScraps, retire } from "./scrap.ts";
import type { StationNews } from "./station.ts";

const FAULTS = [
	LineFault,
	JournalFault,
	RegistryFault,
	IssuerFault,
	TrustFault,
	LabelFault,
	StepFault,
] as const;

const BOARDS_MAX = 1_000_000;
const BENCH_STATIONS_MAX = 16;
const BENCH_BOARDS_MAX = 10_000;
const BENCH_LOOK_MS = 200;
const BENCH_SEALED_MS = 3_000;

interface LineArguments {
	readonly config: string;
	readonly burn?: true;
	readonly boards?: number;
	readonly report?: string;
	readonly json?: true;
}

interface ScrapArguments {
	readonly config: string;
	readonly serial?: string;
	readonly chip?: string;
	readonly rework?: true;
	readonly reason: string;
}

export function registerLine(factory: Command): void {
	factory
		.command("line")
		.description(
			"Make boards at any number of stations at once: write, certify, test, label, seal; resumes what was interrupted. SIGINT ends it after the boards at work, twice at once",
		)
		.requiredOption("--config <file>", "the line's configuration (docs/FACTORY.md)", existingFile)
		.option("--burn", "burn the security eFuses of the configuration: for ever")
		.option("--boards <n>", "end after so many boards", wholeNumber(1, BOARDS_MAX))
		.option("--report <file>", "write the run's report there, as JSON")
		.option("--json", "say what happens as lines of JSON")
		.action((options: LineArguments) => explaining(FAULTS, () => runLine(options)));
	factory
		.command("scrap")
		.description("Take a board out for good: its serial is never given again, its key is revoked")
		.requiredOption("--config <file>", "the line's configuration", existingFile)
		.option("--serial <serial>", "serial number of the board", serialNumber)
		.option("--chip <mac>", "or the MAC of its chip", macAddress)
		.option("--rework", "the board itself may come to the line again, and gets another serial")
		.option("--reason <text>", "for the journal", reasonText, "scrapped by hand")
		.action((options: ScrapArguments) => explaining(FAULTS, () => scrap(options)));
	factory
		.command("admit")
		.description(
			"Let a chip in that the journal does not know and whose flash is not blank: everything on it is erased when it comes",
		)
		.requiredOption("--config <file>", "the line's configuration", existingFile)
		.requiredOption("--chip <mac>", "the MAC of the chip, as the line said it", macAddress)
		.action((options: { readonly config: string; readonly chip: string }) =>
			explaining(FAULTS, () => admit(options.config, options.chip)),
		);
	factory
		.command("audit")
		.description("Compare journal, registry, certificates and labels' folder; status 1 when they differ")
		.requiredOption("--config <file>", "the line's configuration", existingFile)
		.option("--json", "as one JSON object")
		.action((options: { readonly config: string; readonly json?: true }) =>
			explaining(FAULTS, () => runAudit(options.config, options.json === true)),
		);
	factory
		.command("bench")
		.description(
			"Stations with simulated boards for the virtual driver; finished boards are taken out and new ones put in",
		)
		.requiredOption("--dir <dir>", "folder of the bench: its station N is DIR/N", folder)
		.option("--stations <n>", "stations", wholeNumber(1, BENCH_STATIONS_MAX), 2)
		.option("--boards <n>", "boards", wholeNumber(1, BENCH_BOARDS_MAX), 4)
		.action((options: BenchArguments) => runBench(options));
}

function macAddress(text: string): string {
	if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text))
		throw new InvalidArgumentError("It must be six bytes such as 7c:df:a1:00:00:01.");
	return text.toLowerCase();
}

function reasonText(text: string): string {
	const line = oneLine(text);
	if (line === "" || line.length > 200)
		throw new InvalidArgumentError("It must be a line of 200 characters at most.");
	return line;
}

/** Throws CliFault. */
export function readLineConfig(path: string): LineConfig {
	const config = decodeLineConfig(readFileSync(path, "utf8"), dirname(resolve(path)));
	if (!config.ok) throw new CliFault(`${path}: ${"flaw" in config ? config.flaw : "it cannot be read"}`, 2);
	return config.value;
}

// ---- line ----

async function runLine(options: LineArguments): Promise<void> {
	const config = readLineConfig(options.config);
	const burn = options.burn === true;
	if (burn && config.fuses.length === 0) throw new CliFault(`${options.config} names no eFuses to burn`, 2);
	const parts = await openParts(config);
	const say = options.json === true ? sayJson : sayText;
	if (!burn)
		process.stderr.write("NOT BURNED: without --burn these are development boards, open to anybody\n");
	const line = new Line({
		parts,
		burn,
		tool: `${config.name} ${process.pid}`,
		...(options.boards === undefined ? {} : { boards: options.boards }),
		onNews: say,
		onTrouble: (text) => void process.stderr.write(`trouble: ${plainText(text)}\n`),
	});
	let asked = false;
	const stop = (): void => {
		if (asked) process.exit(1);
		asked = true;
		line.stop();
	};
	const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
	for (const signal of signals) process.on(signal, stop);
	// Whoever read along may go; the line stays.
	process.stdout.on("error", () => undefined);
	let report: LineReport;
	try {
		report = await line.run();
	} finally {
		for (const signal of signals) process.removeListener(signal, stop);
		await parts.close();
	}
	if (options.report !== undefined) replaceFile(options.report, `${JSON.stringify(report, null, "\t")}\n`);
	process.stdout.write(
		options.json === true ? `${JSON.stringify({ kind: "report", ...report })}\n` : reportText(report),
	);
	const { failed, unfinished } = report.boards;
	if (failed + unfinished > 0 || Object.keys(report.setAside).length > 0) process.exitCode = 1;
}

function sayJson(station: string, news: StationNews, serial: string | undefined): void {
	process.stdout.write(
		`${JSON.stringify({ station, ...news, ...(serial === undefined ? {} : { serial }) })}\n`,
	);
}

function sayText(station: string, news: StationNews, serial: string | undefined): void {
	const text = sentenceOf(news, serial);
	if (text !== undefined) process.stdout.write(`${station}: ${plainText(text)}\n`);
}

function sentenceOf(news: StationNews, serial: string | undefined): string | undefined {
	const who = serial ?? "the board";
	switch (news.kind) {
		case "begun":
			return news.anew ? "a board is begun anew" : "a new board";
		case "stepped":
			return undefined;
		case "stumbled":
			return news.final
				? undefined
				: `${who}: ${news.step}: ${news.detail ?? CAUSES[news.failure]}; looking again`;
		case "take-out":
			if (news.outcome === "failed")
				return `SET ASIDE ${who}: ${news.failure === undefined ? "failed" : (news.detail ?? CAUSES[news.failure])}`;
			return `TAKE OUT ${who}: ${news.outcome === "done" ? "done" : "was done before"}`;
		case "warning":
			return `${who}: ${news.text}`;
		case "trouble":
			return `trouble: ${news.detail ?? CAUSES[news.failure]}`;
		case "port-in-use":
			return "another tool uses this port";
	}
}

function replaceFile(path: string, text: string): void {
	const file = openSync(`${path}.new`, "w");
	try {
		writeSync(file, text);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	renameSync(`${path}.new`, path);
}

// ---- scrap, audit ----

async function withBooks<Value>(
	config: LineConfig,
	work: (books: { readonly journal: Journal; readonly registry: Registry }) => Promise<Value>,
): Promise<Value> {
	const journal = Journal.open(config.journal);
	try {
		const { openRegistry } = await import("../../relay/registry.ts");
		const registry = await openRegistry(config.registry);
		try {
			return await work({ journal, registry });
		} finally {
			await registry.close();
		}
	} finally {
		journal.close();
	}
}

async function scrap({ config: path, serial, chip, rework, reason }: ScrapArguments): Promise<void> {
	if ((serial === undefined) === (chip === undefined))
		throw new CliFault("name the board by its --serial or its --chip", 2);
	await withBooks(readLineConfig(path), async (books) => {
		const { journal } = books;
		for (const text of (await endScraps(books)).left) process.stderr.write(`trouble: ${plainText(text)}\n`);
		const board: BoardRow | undefined =
			serial === undefined ? journal.findChip(chip ?? "") : journal.findSerial(serial);
		if (board === undefined) throw new CliFault(`no such board in the journal: ${serial ?? chip}`);
		const who = board.serial ?? board.mac;
		if (rework === true && board.burned !== "no")
			throw new CliFault(`${who} has burned eFuses: it cannot be begun anew`);
		if (board.state === "scrapped") journal.setRework(board.id, rework === true);
		else await retire(books, board.id, reason, rework === true);
		process.stdout.write(`${who} is scrapped${rework === true ? "; the board may come again" : ""}\n`);
	});
}

async function admit(path: string, mac: string): Promise<void> {
	await withBooks(readLineConfig(path), async ({ journal }) => {
		const known = journal.findChip(mac);
		// What has a row goes on by its row, or is scrapped for rework.
		if (known !== undefined) throw new CliFault(`${mac} is ${known.serial ?? "a board"} of this journal`);
		journal.confirm(mac);
		process.stdout.write(`${mac} may come: everything on it is erased then\n`);
	});
}

async function runAudit(path: string, json: boolean): Promise<void> {
	const config = readLineConfig(path);
	const found = await withBooks(config, ({ journal, registry }) => audit(config, journal, registry));
	const { boards, open, findings } = found;
	if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
	else {
		const lines = [
			`${boards.done} done, ${boards.open} open, ${boards.scrapped} scrapped`,
			...open.map((each) => `open\t${each}`),
			...findings.map((each) => `FINDING\t${each}`),
		];
		process.stdout.write(`${lines.join("\n")}\n`);
	}
	if (findings.length > 0) process.exitCode = 1;
}

// ---- bench ----

interface BenchArguments {
	readonly dir: string;
	readonly stations: number;
	readonly boards: number;
}

/** Boards lie in DIR/boards; one that is sealed makes room for the next. */
async function runBench({ dir, stations, boards }: BenchArguments): Promise<void> {
	mkdirSync(dir, { recursive: true });
	const open = await Promise.all(
		Array.from({ length: stations }, (_, index) => BenchStation.open(join(dir, String(index + 1)))),
	);
	const sealedSince = new Map<BenchStation, number>();
	let next = 0;
	let stopping = false;
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
		process.once(signal, () => {
			stopping = true;
		});
	}
	process.stdout.write(`${stations} stations, ${boards} boards\n`);
	while (!stopping) {
		for (const station of open) {
			if (station.board !== undefined && !station.board.sealed) continue;
			// The line has to hear from it once more.
			const since = sealedSince.get(station) ?? performance.now();
			sealedSince.set(station, since);
			if (station.board !== undefined && performance.now() - since < BENCH_SEALED_MS) continue;
			sealedSince.delete(station);
			const former = await station.remove();
			if (former !== undefined)
				process.stdout.write(`board ${former.options.number} is sealed, and taken out\n`);
			if (next >= boards) continue;
			next++;
			station.insert(new BenchBoard({ dir: join(dir, "boards", String(next)), number: next }));
		}
		await new Promise((done) => setTimeout(done, BENCH_LOOK_MS));
	}
	for (const station of open) await station.close();
}
