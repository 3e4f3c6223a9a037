/** The parts of a factory line beside boards: its journal, scrapping, labels, ports, the driver of Espressif's tools, its report. */
import {
	chmodSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeLabel } from "../../modules/wire/label.ts";
import { runBounded } from "../../tools/factory/line/bounded-process.ts";
import { StepFault } from "../../tools/factory/line/cause.ts";
import { ChipFault } from "../../tools/factory/line/chip-driver.ts";
import { EsptoolChip } from "../../tools/factory/line/esptool.ts";
import { standingOf } from "../../tools/factory/line/fuses.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import type { BoardRow } from "../../tools/factory/line/journal-rows.ts";
import {
	drawLabel,
	drawSvg,
	drawZpl,
	escapeXml,
	escapeZpl,
	typedLines,
} from "../../tools/factory/line/label-file.ts";
import { Labels } from "../../tools/factory/line/labels.ts";
import { PortLock } from "../../tools/factory/line/port-lock.ts";
import { reportOf } from "../../tools/factory/line/report.ts";
import { endScraps, retire } from "../../tools/factory/line/scrap.ts";
import { STEPS } from "../../tools/factory/line/steps.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "./support/temporary.ts";

const CHIP = { chip: "ESP32-C3", flashBytes: 4_194_304 } as const;
const CODE = encodeLabel({
	serial: "LK-A-000001",
	noisePublicKey: new Uint8Array(32).fill(0x5a),
	setupSecret: new Uint8Array(16).fill(0xc3),
});
const FAKE_TOOL = join(PATHS.root, "test/tools/support/fake-esptool.mjs");

function mac(number: number): string {
	return `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
}

function key(number: number): string {
	return toHex(new Uint8Array(65).fill(number));
}

function admit(journal: Journal, number: number): BoardRow {
	const board = journal.admit({ ...CHIP, mac: mac(number) });
	check.ok(board !== undefined);
	return board!;
}

/** A chip in a file, and the driver that reaches it through the fake tools. */
function fakeChip(more: object = {}): {
	readonly driver: EsptoolChip;
	readonly state: () => Record<string, unknown>;
	readonly change: (more: object) => void;
} {
	const path = join(temporaryFolder(), "chip.json");
	const blank = {
		fuses: {
			SECURE_BOOT_EN: false,
			SOFT_DIS_JTAG: 0,
			ENABLE_SECURITY_DOWNLOAD: false,
			BLOCK_KEY0: "00 ".repeat(32).trim(),
			KEY_PURPOSE_0: "USER",
			SPI_BOOT_CRYPT_CNT: "Enable",
		},
	};
	const state = (): Record<string, unknown> =>
		JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
	writeFileSync(path, JSON.stringify({ ...blank, ...more }));
	const tool = (name: string): readonly string[] => [process.execPath, FAKE_TOOL, path, name];
	const driver = new EsptoolChip({
		port: "/dev/null",
		chip: "ESP32-C3",
		esptool: tool("esptool"),
		espefuse: tool("espefuse"),
		baud: 460_800,
	});
	return {
		driver,
		state,
		change: (changed) => writeFileSync(path, JSON.stringify({ ...state(), ...changed })),
	};
}

async function codeOf(work: Promise<unknown>): Promise<string> {
	return await work.then(
		() => "none",
		(error: unknown) => (error instanceof ChipFault ? error.code : String(error)),
	);
}

export default function suite(t: Suite): void {
	t.test(
		"serials are given once, by however many journals that are open, also when the registry has some",
		() => {
			const path = join(temporaryFolder(), "line.db");
			const journals = [Journal.open(path), Journal.open(path)];
			const seen = new Set<string>();
			for (let number = 0; number < 40; number++) {
				const journal = journals[number % 2]!;
				const board = admit(journal, number);
				const serial = journal.number(board.id, "LK-", 4);
				check.equal(journals[(number + 1) % 2]!.number(board.id, "LK-", 4), serial, "a board keeps its own");
				if (number % 5 === 0) {
					journal.loseSerial(board.id);
					seen.add(serial);
					check.notEqual(journal.number(board.id, "LK-", 4), serial);
				}
				const now = journal.find(board.id).serial!;
				check.ok(!seen.has(now), now);
				seen.add(now);
			}
			check.equal(seen.size, 48);
			for (const journal of journals) journal.close();
		},
	);

	t.test("a prefix whose numbers are used up gives no serial, rather than one that was given", () => {
		const journal = Journal.open(join(temporaryFolder(), "line.db"));
		for (let number = 1; number <= 9; number++) journal.number(admit(journal, number).id, "LK-", 1);
		check.throws(() => journal.number(admit(journal, 10).id, "LK-", 1), "JournalFault");
		journal.close();
	});

	t.test("a chip has one life that is not over, and a key is one board's", () => {
		const journal = Journal.open(join(temporaryFolder(), "line.db"));
		const first = admit(journal, 1);
		check.equal(journal.admit({ ...CHIP, mac: mac(1) }), undefined);
		journal.finish(first.id, "keys", { publicKeyHex: key(1) });
		const second = admit(journal, 2);
		check.throws(() => journal.finish(second.id, "keys", { publicKeyHex: key(1) }));
		check.equal(journal.find(second.id).publicKeyHex, undefined);
		journal.scrap(first.id, "test", false);
		check.equal(journal.admit({ ...CHIP, mac: mac(1) }), undefined, "a scrap that is under way is a life");
		check.equal(journal.finish(first.id, "seal"), false, "a scrapped board is never done");
		journal.scrapped(first.id);
		check.ok(journal.admit({ ...CHIP, mac: mac(1) }) !== undefined);
		check.equal(journal.find(first.id).state, "scrapped");
		journal.close();
	});

	t.test("a file that is another database, or a newer one, is no journal", async () => {
		const folder = temporaryFolder();
		const registry = await openRegistry(join(folder, "relay.db"));
		await registry.close();
		check.throws(() => Journal.open(join(folder, "relay.db")), "JournalFault");
		writeFileSync(join(folder, "text"), "no database at all, but long enough to look at");
		check.throws(() => Journal.open(join(folder, "text")), "JournalFault");
	});

	t.test(
		"a scrapped board's key is refused by the registry, recorded there before or not, and an interrupted scrap is ended (T6)",
		async () => {
			const folder = temporaryFolder();
			const journal = Journal.open(join(folder, "line.db"));
			const registry = await openRegistry(join(folder, "relay.db"));
			const books = { journal, registry };
			const boards = [1, 2, 3].map((number) => {
				const { id } = admit(journal, number);
				const serial = journal.number(id, "LK-S-", 4);
				journal.finish(id, "keys", { publicKeyHex: key(number) });
				return { id, serial, publicKeyHex: key(number) };
			});
			await registry.enrol(boards[0]!.serial, boards[0]!.publicKeyHex);
			check.accepted(await registry.admit(boards[0]!));
			await retire(books, boards[0]!.id, "test", false);
			await retire(books, boards[1]!.id, "test", true);
			// Killed in between.
			journal.scrap(boards[2]!.id, "test", false);
			check.equal(await endScraps(books), 1);
			for (const board of boards) {
				check.refused(await registry.admit(board), "revoked");
				check.refused(await registry.enrol(board.serial, board.publicKeyHex), "revoked");
				check.equal(journal.find(board.id).state, "scrapped");
			}
			check.equal(await endScraps(books), 0);
			const stranger = admit(journal, 9);
			const serial = journal.number(stranger.id, "LK-S-", 4);
			journal.finish(stranger.id, "keys", { publicKeyHex: key(9) });
			await registry.enrol(serial, key(8));
			await check.rejects(retire(books, stranger.id, "test", false), "has another key there");
			check.equal(journal.find(stranger.id).state, "scrapping", "not over while it is not revoked");
			journal.close();
			await registry.close();
		},
	);

	t.test("a port is one tool's, by whatever path, until it lets go", async () => {
		const folder = temporaryFolder();
		mkdirSync(join(folder, "port"));
		symlinkSync(join(folder, "port"), join(folder, "link"));
		const lock = await PortLock.take(join(folder, "port"));
		check.ok(lock !== undefined);
		check.equal(await PortLock.take(join(folder, "link")), undefined);
		const program = `import("${join(PATHS.javascript, "tools/factory/line/port-lock.js")}").then(async ({ PortLock }) => process.exit((await PortLock.take(${JSON.stringify(join(folder, "port"))})) === undefined ? 3 : 4))`;
		const other = (): Promise<unknown> =>
			runBounded({ command: [process.execPath, "-e", program], timeoutMs: 20_000, outputBytesMax: 9_999 });
		check.deepEqual(await other(), { kind: "ended", status: 3, output: "" });
		lock!.release();
		check.deepEqual(await other(), { kind: "ended", status: 4, output: "" });
	});

	t.test(
		"a label's files are its owner's alone, in a folder that is too, and printing them passes the secret by standard input only (I1)",
		async () => {
			const folder = temporaryFolder();
			const labels = join(folder, "labels");
			const printed = join(folder, "printed");
			const script = `cat > "${printed}"; tr '\\0' ' ' < /proc/$PPID/cmdline > "${printed}.parent"; env > "${printed}.env"; cat /proc/$$/cmdline > "${printed}.words"`;
			const config = {
				title: 'Söhne & <"Latchkey">^XA',
				folder: labels,
				formats: ["svg", "pdf", "zpl"],
				printer: { command: ["sh", "-c", script], format: "zpl" },
			} as const;
			await Labels.open(config).put(CODE, "LK-A-000001");
			check.deepEqual(readdirSync(labels).sort(), ["LK-A-000001.pdf", "LK-A-000001.svg", "LK-A-000001.zpl"]);
			check.equal(statSync(labels).mode & 0o777, 0o700);
			for (const name of readdirSync(labels)) check.equal(statSync(join(labels, name)).mode & 0o777, 0o600);
			check.equal(readFileSync(printed, "utf8"), readFileSync(join(labels, "LK-A-000001.zpl"), "utf8"));
			const secret = CODE.split(":")[3]!;
			for (const where of [".parent", ".env", ".words"])
				check.ok(!readFileSync(printed + where, "latin1").includes(secret));
			// The same label again is the same file; a killed tool's draft is gone.
			writeFileSync(join(labels, ".label-999999999-1.new"), "half a label");
			await Labels.open(config).put(CODE, "LK-A-000001");
			check.equal(readdirSync(labels).length, 3);
			chmodSync(labels, 0o750);
			check.throws(() => Labels.open(config), "LabelFault");
			for (const command of [["false"], ["/nowhere/printer"]]) {
				const broken = Labels.open({ title: "x", formats: [], printer: { command, format: "zpl" } });
				const fault = await broken.put(CODE, "LK-A-000001").catch((error: unknown) => error);
				check.ok(fault instanceof StepFault && fault.failure === "printer");
				check.ok(!String((fault as Error).message).includes(secret));
			}
		},
	);

	t.test("text on a label is text in every format, whatever it holds", ({ random }) => {
		check.equal(escapeZpl("A^XA~_é"), "A_5EXA_7E_5F_C3_A9");
		check.equal(escapeXml(`<a b="c">&'\u0000`), "&#60;a b=&#34;c&#34;&#62;&#38;&#39;?");
		for (let round = 0; round < 300; round++) {
			const title = random.text(30);
			const zpl = drawZpl({ title, serial: "LK-A-000001", code: CODE });
			check.equal([...zpl.matchAll(/\^XA|\^XZ|~/g)].length, 2, title);
			const svg = drawSvg({ title, serial: "LK-A-000001", code: CODE });
			check.equal([...svg.matchAll(/</g)].length, [...svg.matchAll(/>/g)].length, title);
			check.equal([...svg.matchAll(/<text /g)].length, 7);
		}
	});

	t.test("what is to be typed is the code, and a PDF is one", async () => {
		check.equal(typedLines(CODE).join(""), CODE);
		check.ok(typedLines(CODE).every((line) => line.length <= 27));
		const pdf = await drawLabel("pdf", { title: "Latchkey", serial: "LK-A-000001", code: CODE });
		check.equal(Buffer.from(pdf.subarray(0, 5)).toString(), "%PDF-");
		check.ok(Buffer.from(pdf).includes("%%EOF"));
	});

	t.test("the driver of esptool identifies, writes what it compares, and reads eFuses back", async () => {
		const { driver, state } = fakeChip();
		check.deepEqual(await driver.identify(), { ...CHIP, mac: "7c:df:a1:0b:02:fe" });
		const image = join(temporaryFolder(), "image.bin");
		writeFileSync(image, new Uint8Array(1_000));
		await driver.write([{ offset: 0x8000, path: image }]);
		check.deepEqual(state().flash, { "0x8000": 1_000 });
		await driver.run();
		const digest = join(temporaryFolder(), "digest.bin");
		writeFileSync(digest, new Uint8Array(32).fill(0xab));
		const fuse = {
			kind: "digest",
			block: "BLOCK_KEY0",
			purpose: "SECURE_BOOT_DIGEST0",
			file: digest,
			hex: "ab".repeat(32),
		} as const;
		check.equal(standingOf(fuse, await driver.readFuses()), "blank");
		await driver.burn(fuse);
		check.equal(standingOf(fuse, await driver.readFuses()), "burned");
		const field = { kind: "field", name: "SOFT_DIS_JTAG", value: 7 } as const;
		await driver.burn(field);
		check.equal(standingOf(field, await driver.readFuses()), "burned");
		const calls = state().calls as string[];
		check.ok(calls.includes("esptool --port /dev/null --baud 460800 --after no_reset flash_id"));
		check.ok(
			calls.includes(
				`espefuse --chip esp32c3 --port /dev/null --do-not-confirm burn_key BLOCK_KEY0 ${digest} SECURE_BOOT_DIGEST0`,
			),
		);
		await driver.burn({ kind: "field", name: "ENABLE_SECURITY_DOWNLOAD", value: 1 });
		check.equal(await codeOf(driver.readFuses()), "secured");
		check.equal(await codeOf(driver.identify()), "secured");
	});

	t.test(
		"a chip that is gone, a tool that is missing, hangs, fails or compares nothing has each its fault",
		async () => {
			const { driver, change } = fakeChip({ gone: true });
			check.equal(await codeOf(driver.identify()), "lost");
			change({ gone: false });
			const image = join(temporaryFolder(), "image.bin");
			writeFileSync(image, new Uint8Array(10));
			change({ unverified: true });
			check.equal(await codeOf(driver.write([{ offset: 0, path: image }])), "output");
			check.equal(await codeOf(driver.burn({ kind: "field", name: "NONSENSE", value: 1 })), "failed");
			const missing = new EsptoolChip({
				port: "/dev/null",
				chip: "ESP32-C3",
				esptool: ["/nowhere/esptool"],
				espefuse: ["x"],
				baud: 9_600,
			});
			check.equal(await codeOf(missing.identify()), "missing");
			const late = await runBounded({ command: ["sleep", "100"], timeoutMs: 100, outputBytesMax: 10 });
			check.equal(late.kind, "late");
			const much = await runBounded({ command: ["yes"], timeoutMs: 20_000, outputBytesMax: 1_000 });
			check.equal(much.kind, "too-much");
		},
	);

	t.test("a run's report counts boards, times and causes", () => {
		const journal = Journal.open(join(temporaryFolder(), "line.db"));
		const run = journal.beginRun("test");
		const [good, mended, bad, left] = [1, 2, 3, 4].map((number) => admit(journal, number));
		const note = (
			board: BoardRow,
			step: (typeof STEPS)[number],
			elapsedMs: number,
			failure?: "no-answer" | "proof",
		): void => journal.note({ board: board.id, run, station: "1", step, failure, elapsedMs });
		for (const board of [good!, mended!]) {
			for (const step of STEPS) {
				if (board === mended && step === "keys") note(board, step, 9, "no-answer");
				journal.finish(board.id, step);
				note(board, step, 10 * board.id);
			}
		}
		note(bad!, "read-back", 5, "proof");
		note(left!, "write", 5);
		const setAside = new Map([["proof", 1]] as const);
		const report = reportOf(
			{ line: "l", run, burn: false, seconds: 1.26, setAside },
			journal.steps(run),
			journal.boards(),
		);
		check.deepEqual(report.boards, { done: 2, failed: 1, unfinished: 1 });
		check.deepEqual([report.yield, report.firstPassYield, report.seconds], [0.6667, 0.3333, 1.3]);
		check.deepEqual(report.failures, { "no-answer": 1, proof: 1 });
		const keys = report.steps.find(({ step }) => step === "keys");
		check.deepEqual(keys, { step: "keys", done: 2, failed: 1, medianMs: 10, p95Ms: 20, maxMs: 20 });
		journal.close();
	});
}
