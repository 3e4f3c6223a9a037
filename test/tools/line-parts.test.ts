/** The parts of a factory line beside boards: its journal, scrapping, labels, ports, the driver of Espressif's tools, its report. */
import {
	chmodSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeLabel } from "../../modules/wire/label.ts";
import { runBounded } from "../../tools/factory/line/bounded-process.ts";
import { StepFault } from "../../tools/factory/line/cause.ts";
import { childEnvironment } from "../../tools/factory/line/child-environment.ts";
import { ChipFault } from "../../tools/factory/line/chip-driver.ts";
import { EsptoolChip } from "../../tools/factory/line/esptool.ts";
import { standingOf } from "../../tools/factory/line/fuses.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import { type BoardRow, type Lease, standingFrom } from "../../tools/factory/line/journal-rows.ts";
import { LINE_MIGRATIONS } from "../../tools/factory/line/journal-schema.ts";
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
import { ProvenChip } from "../../tools/factory/line/proven-chip.ts";
import { reportOf, reportText } from "../../tools/factory/line/report.ts";
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
interface Scrapped {
	readonly id: number;
	readonly serial: string;
	readonly publicKeyHex: string;
}

const FAKE_TOOL = join(PATHS.root, "test/tools/support/fake-esptool.mjs");

function mac(number: number): string {
	return `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
}

function key(number: number): string {
	return toHex(new Uint8Array(65).fill(number));
}

/** A board that is in somebody's hands. */
function held(journal: Journal, number: number): Lease {
	return journal.take(admit(journal, number).id, "test");
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
			SPI_BOOT_CRYPT_CNT: "Disable",
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

const RECORD = { ...CHIP, mac: "7c:df:a1:0b:02:fe", burned: "partly" } as const;

/** The chip as it answers now. */
async function proven(driver: EsptoolChip, burned: "no" | "partly"): Promise<ProvenChip> {
	return ProvenChip.prove(await driver.look(), { ...RECORD, burned }, []);
}

async function failureOf(work: Promise<unknown>): Promise<string> {
	return await work.then(
		() => "none",
		(error: unknown) => (error instanceof StepFault ? error.failure : String(error)),
	);
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
				const lease = journal.take(board.id, "test");
				const serial = journal.number(lease, "LK-", 4);
				check.equal(journals[(number + 1) % 2]!.number(lease, "LK-", 4), serial, "a board keeps its own");
				if (number % 5 === 0) {
					journal.loseSerial(lease);
					seen.add(serial);
					check.notEqual(journal.number(lease, "LK-", 4), serial);
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
		for (let number = 1; number <= 9; number++) journal.number(held(journal, number), "LK-", 1);
		check.throws(() => journal.number(held(journal, 10), "LK-", 1), "JournalFault");
		journal.close();
	});

	t.test("a chip has one life that is not over, and a key is one board's", () => {
		const journal = Journal.open(join(temporaryFolder(), "line.db"));
		const first = held(journal, 1);
		check.equal(journal.admit({ ...CHIP, mac: mac(1) }), undefined);
		journal.finish(first, "keys", { publicKeyHex: key(1) });
		const second = held(journal, 2);
		check.throws(() => journal.finish(second, "keys", { publicKeyHex: key(1) }));
		check.equal(journal.find(second.board).publicKeyHex, undefined);
		journal.scrap(first.board, "test", false);
		check.equal(journal.admit({ ...CHIP, mac: mac(1) }), undefined, "a scrap that is under way is a life");
		check.throws(() => journal.finish(first, "seal"), "LeaseFault");
		const again = journal.take(first.board, "test");
		check.throws(() => journal.finish(again, "seal"), "LeaseFault");
		journal.scrapped(first.board);
		check.ok(journal.admit({ ...CHIP, mac: mac(1) }) !== undefined);
		check.equal(journal.find(first.board).state, "scrapped");
		journal.close();
	});

	t.test(
		"of two tools with one journal, who took a board last changes its row, and nobody else (T12)",
		() => {
			const path = join(temporaryFolder(), "line.db");
			const [one, other] = [Journal.open(path), Journal.open(path)];
			const lost = held(one, 1);
			one.begin(lost);
			const lease = other.take(lost.board, "other");
			const before = JSON.stringify(other.find(lost.board));
			for (const change of [
				() => one.begin(lost),
				() => one.beginLabel(lost),
				() => one.forgetImages(lost),
				() => one.goBack(lost, "write"),
				() => one.loseSerial(lost),
				() => one.number(lost, "LK-", 4),
				() => one.beginFuse(lost, "SECURE_BOOT_EN", "1", "0"),
				() => one.finish(lost, "write", { written: "x" }),
			])
				check.throws(change, "LeaseFault");
			check.equal(JSON.stringify(other.find(lost.board)), before);
			check.deepEqual([other.fuses(lost.board), other.findSerial("LK-0001")], [[], undefined]);
			other.finish(lease, "write", { written: "y" });
			check.deepEqual([one.find(lost.board).next, one.find(lost.board).written], ["start", "y"]);
			// A number that was not given is not used up either.
			check.equal(other.number(lease, "LK-", 4), "LK-0001");
			for (const journal of [one, other]) journal.close();
		},
	);

	t.test("a journal of before is brought up to date with all that it has", () => {
		const path = join(temporaryFolder(), "line.db");
		const driver = createRequire(import.meta.url)("libsql") as new (
			path: string,
		) => {
			exec(text: string): void;
			close(): void;
		};
		const old = new driver(path);
		for (const statement of LINE_MIGRATIONS[0]!) old.exec(statement);
		old.exec("pragma user_version = 1");
		old.exec(
			`insert into boards (mac, chip, flash_bytes, state, next, serial, public_key, burned, updated_at)
			 values ('${mac(1)}', 'ESP32-C3', 1, 'done', 'seal', 'LK-1', '${key(1)}', 'yes', 'then')`,
		);
		old.close();
		const journal = Journal.open(path);
		const row = journal.findSerial("LK-1");
		check.deepEqual([row?.mac, row?.state, row?.burned, row?.publicKeyHex], [mac(1), "done", "yes", key(1)]);
		check.ok(/^[0-9a-f]{16}$/.test(journal.id));
		check.throws(() => journal.finish(held(journal, 2), "keys", { publicKeyHex: key(1) }));
		journal.close();
		const again = Journal.open(path);
		check.equal(again.boards().length, 2);
		again.close();
	});

	t.test(
		"two lines with one registry and one prefix never give the same serial, nor does anybody else give it meanwhile (T6)",
		async () => {
			const folder = temporaryFolder();
			const registry = await openRegistry(join(folder, "relay.db"));
			check.accepted(await registry.reserve("LK-R-0001", "line a 1"));
			check.accepted(await registry.reserve("LK-R-0001", "line a 1"));
			check.refused(await registry.reserve("LK-R-0001", "line b 1"), "taken");
			check.refused(await registry.enrol("LK-R-0001", key(1), "line b 1"), "conflict");
			check.refused(await registry.enrol("LK-R-0001", key(1)), "conflict");
			check.equal(await registry.find("LK-R-0001"), undefined);
			check.accepted(await registry.enrol("LK-R-0001", key(1), "line a 1"));
			check.refused(await registry.reserve("LK-R-0001", "line a 1"), "taken");
			// After a repair it is free for the next of its kind.
			await registry.rekey("LK-R-0001");
			check.deepEqual([await registry.isRetired(key(1)), await registry.isRetired(key(2))], [true, false]);
			check.accepted(await registry.reserve("LK-R-0001", "provision"));
			await registry.close();
		},
	);

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
				const lease = held(journal, number);
				const id = lease.board;
				const serial = journal.number(lease, "LK-S-", 4);
				journal.finish(lease, "keys", { publicKeyHex: key(number) });
				return { id, serial, publicKeyHex: key(number) };
			});
			await registry.enrol(boards[0]!.serial, boards[0]!.publicKeyHex);
			check.accepted(await registry.admit(boards[0]!));
			await retire(books, boards[0]!.id, "test", false);
			await retire(books, boards[1]!.id, "test", true);
			// Killed in between.
			journal.scrap(boards[2]!.id, "test", false);
			check.deepEqual(await endScraps(books), { ended: 1, left: [] });
			for (const board of boards) {
				check.refused(await registry.admit(board), "revoked");
				check.refused(await registry.enrol(board.serial, board.publicKeyHex), "revoked");
				check.equal(journal.find(board.id).state, "scrapped");
			}
			check.deepEqual(await endScraps(books), { ended: 0, left: [] });
			journal.close();
			await registry.close();
		},
	);

	t.test(
		"a scrap that the registry does not end is told and shown, and stops no other scrap and no board (T6)",
		async () => {
			const folder = temporaryFolder();
			const journal = Journal.open(join(folder, "line.db"));
			const registry = await openRegistry(join(folder, "relay.db"));
			const books = { journal, registry };
			const [stranger, other] = [8, 9].map((number) => {
				const lease = held(journal, number);
				const serial = journal.number(lease, "LK-S-", 4);
				journal.finish(lease, "keys", { publicKeyHex: key(number) });
				journal.scrap(lease.board, "test", true);
				return { id: lease.board, serial, publicKeyHex: key(number) };
			}) as [Scrapped, Scrapped];
			await registry.enrol(stranger.serial, key(1));
			const { ended, left } = await endScraps(books);
			check.deepEqual([ended, left.length, left[0]?.startsWith(stranger.serial)], [1, 1, true]);
			check.refused(await registry.admit(other), "revoked");
			const row = journal.find(stranger.id);
			check.equal(row.state, "unrevoked");
			// It never comes again, rework or not, and no next run begins with it.
			check.deepEqual(
				[
					standingFrom(row, "x").state,
					standingFrom(row, "x").rework,
					journal.admit({ ...CHIP, mac: row.mac }),
				],
				["scrapped", false, undefined],
			);
			check.deepEqual(await endScraps(books), { ended: 0, left: [] });
			const facts = { line: "l", run: 1, burn: false, seconds: 0, setAside: new Map() };
			check.deepEqual(reportOf(facts, [], journal.boards()).unrevoked, [stranger.serial]);
			check.ok(reportText(reportOf(facts, [], journal.boards())).includes(`NOT REVOKED: ${stranger.serial}`));
			// By hand it can be tried again; as long as nothing has changed it ends the same.
			await check.rejects(retire(books, stranger.id, "test", false), "another key in the registry");
			check.equal(journal.find(stranger.id).state, "unrevoked");
			journal.close();
			await registry.close();
		},
	);

	t.test("a port is one tool's, by whatever path, until it lets go", async () => {
		const folder = temporaryFolder();
		mkdirSync(join(folder, "port"));
		symlinkSync(join(folder, "port"), join(folder, "link"));
		const lock = PortLock.take(join(folder, "port"));
		check.ok(lock instanceof PortLock);
		check.equal(PortLock.take(join(folder, "link")), "held");
		check.equal(PortLock.take(join(folder, "none")), "absent");
		const program = `import("${join(PATHS.javascript, "tools/factory/line/port-lock.js")}").then(({ PortLock }) => process.exit(PortLock.take(${JSON.stringify(join(folder, "port"))}) === "held" ? 3 : 4))`;
		const run = (command: readonly string[]): Promise<unknown> =>
			runBounded({ command, timeoutMs: 20_000, outputBytesMax: 9_999 });
		const other = (): Promise<unknown> => run([process.execPath, "-e", program]);
		check.deepEqual(await other(), { kind: "ended", status: 3, output: "" });
		// The kernel has it on the device itself: any program sees it, in whatever namespace.
		check.deepEqual(await run(["flock", "-n", join(folder, "port"), "true"]), {
			kind: "ended",
			status: 1,
			output: "",
		});
		// Another device under the same path is another port.
		check.equal((lock as PortLock).isOf(join(folder, "link")), true);
		renameSync(join(folder, "port"), join(folder, "old"));
		mkdirSync(join(folder, "port"));
		check.equal((lock as PortLock).isOf(join(folder, "port")), false);
		renameSync(join(folder, "port"), join(folder, "new"));
		renameSync(join(folder, "old"), join(folder, "port"));
		(lock as PortLock).release();
		check.deepEqual(await other(), { kind: "ended", status: 4, output: "" });
	});

	t.test(
		"a program that the line starts finds nothing in its environment that it was not to have (I1)",
		async () => {
			process.env.LATCHKEY_PKCS11_PIN = "9753135";
			try {
				const end = await runBounded({ command: ["env"], timeoutMs: 20_000, outputBytesMax: 99_999 });
				check.ok(end.kind === "ended" && end.output.includes("PATH="));
				check.ok(end.kind === "ended" && !end.output.includes("9753135"), "the PIN");
				const own = { PATH: "/bin", LATCHKEY_PKCS11_PIN: "1", LD_PRELOAD: "x", CUPS_SERVER: "print" };
				check.deepEqual(childEnvironment(own), { PATH: "/bin", CUPS_SERVER: "print" });
			} finally {
				delete process.env.LATCHKEY_PKCS11_PIN;
			}
		},
	);

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
			// The same label again is the same file. A killed tool's draft is replaced by its next attempt, or gone later.
			const drafts = ["LK-A-000001.zpl", "LK-A-000002.svg", "LK-A-000003.svg"].map((name) =>
				join(labels, `.${name}.new`),
			);
			for (const draft of drafts) writeFileSync(draft, "half a label");
			utimesSync(drafts[1]!, 0, 0);
			await Labels.open(config).put(CODE, "LK-A-000001");
			check.deepEqual(
				readdirSync(labels).filter((name) => name.endsWith(".new")),
				[".LK-A-000003.svg.new"],
			);
			rmSync(drafts[2]!);
			check.equal(readFileSync(printed, "utf8"), readFileSync(join(labels, "LK-A-000001.zpl"), "utf8"));
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

	t.test("the driver of esptool looks, writes what it compares, and reads eFuses back", async () => {
		const { driver, state } = fakeChip();
		const image = join(temporaryFolder(), "image.bin");
		writeFileSync(image, new Uint8Array(1_000));
		await driver.write(await proven(driver, "no"), [{ offset: 0x8000, path: image }], "erase");
		check.deepEqual(state().flash, { "0x8000": 1_000 });
		const digest = join(temporaryFolder(), "digest.bin");
		writeFileSync(digest, new Uint8Array(32).fill(0xab));
		const fuse = {
			kind: "digest",
			block: "BLOCK_KEY0",
			purpose: "SECURE_BOOT_DIGEST0",
			file: digest,
			hex: "ab".repeat(32),
		} as const;
		check.equal(standingOf(fuse, (await proven(driver, "no")).fuses), "blank");
		await driver.burn(await proven(driver, "no"), fuse);
		check.equal(standingOf(fuse, (await proven(driver, "partly")).fuses), "burned");
		const field = { kind: "field", name: "SOFT_DIS_JTAG", value: 7 } as const;
		await driver.burn(await proven(driver, "partly"), field);
		check.equal(standingOf(field, (await proven(driver, "partly")).fuses), "burned");
		await driver.burn(await proven(driver, "partly"), { kind: "field", name: "SECURE_BOOT_EN", value: 1 });
		// With secure boot on the chip is written by force, and what is between images is written too.
		await driver.write(await proven(driver, "partly"), [{ offset: 0x8000, path: image }], "fill");
		check.deepEqual(state().flash, { "0x8000": 1_000, "0x0": 0x8000, "0x9000": 4_194_304 - 0x9000 });
		const calls = state().calls as string[];
		check.ok(calls.includes("esptool --port /dev/null --baud 460800 --after no_reset flash_id"));
		check.ok(
			calls.includes(
				`espefuse --chip esp32c3 --port /dev/null --do-not-confirm burn_key BLOCK_KEY0 ${digest} SECURE_BOOT_DIGEST0`,
			),
		);
	});

	t.test("a proof of a chip serves one act, and is of that chip and no other (T14)", async () => {
		const { driver, change, state } = fakeChip();
		const field = { kind: "field", name: "SOFT_DIS_JTAG", value: 7 } as const;
		const chip = await proven(driver, "no");
		await driver.burn(chip, field);
		await check.rejects(driver.burn(chip, field), "serves once");
		await check.rejects(driver.write(chip, [], "add"), "serves once");
		change({ mac: "7c:df:a1:0b:02:ff" });
		check.equal(await failureOf(proven(driver, "partly")), "chip-swapped");
		change({ mac: "7c:df:a1:0b:02:fe" });
		check.equal(await failureOf(proven(driver, "no")), "fuse-burned");
		// Another chip between the look and the writing is told, though too late for it.
		const image = join(temporaryFolder(), "image.bin");
		writeFileSync(image, new Uint8Array(10));
		const looked = await proven(driver, "partly");
		change({ mac: "7c:df:a1:0b:02:ff" });
		check.equal(await codeOf(driver.write(looked, [{ offset: 0, path: image }], "add")), "output");
		check.ok((state().calls as string[]).length > 4);
	});

	t.test("a flash counts as blank when nothing is where boot loader, tables and keys lie", async () => {
		const { driver, change } = fakeChip();
		check.equal(await driver.isBlank(), true);
		for (const used of [0, 0x10000, 0x1ffff]) {
			change({ used });
			check.equal(await driver.isBlank(), false, String(used));
		}
	});

	t.test(
		"a closed chip is told by what it says of itself, is left in no loader, and silence is not closed (T14)",
		async () => {
			const { driver, change, state } = fakeChip();
			await driver.burn(await proven(driver, "no"), { kind: "field", name: "SECURE_BOOT_EN", value: 1 });
			await driver.burn(await proven(driver, "partly"), {
				kind: "field",
				name: "ENABLE_SECURITY_DOWNLOAD",
				value: 1,
			});
			const answer = await driver.look();
			check.equal(answer.kind, "secured");
			check.deepEqual(
				answer.kind === "secured"
					? [answer.told.get("SECURE_BOOT_EN"), answer.told.get("ENABLE_SECURITY_DOWNLOAD")]
					: [],
				["1", "1"],
			);
			check.equal(state().inLoader, true);
			await driver.run();
			check.equal(state().inLoader, false);
			check.equal(
				await failureOf(Promise.resolve(answer).then((each) => ProvenChip.prove(each, RECORD, []))),
				"chip-closed",
			);
			change({ gone: true });
			check.deepEqual(await driver.look(), { kind: "silent" });
			check.equal(await codeOf(driver.look().then((each) => ProvenChip.prove(each, RECORD, []))), "lost");
		},
	);

	t.test(
		"a chip that is gone, a tool that is missing, hangs, fails or compares nothing has each its fault",
		async () => {
			const { driver, change } = fakeChip();
			const image = join(temporaryFolder(), "image.bin");
			writeFileSync(image, new Uint8Array(10));
			change({ unverified: true });
			check.equal(
				await codeOf(driver.write(await proven(driver, "no"), [{ offset: 0, path: image }], "erase")),
				"output",
			);
			check.equal(
				await codeOf(driver.burn(await proven(driver, "no"), { kind: "field", name: "NONSENSE", value: 1 })),
				"failed",
			);
			const missing = new EsptoolChip({
				port: "/dev/null",
				chip: "ESP32-C3",
				esptool: ["/nowhere/esptool"],
				espefuse: ["x"],
				baud: 9_600,
			});
			check.equal(await codeOf(missing.look()), "missing");
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
		const leases = new Map(
			[good, mended, bad, left].map((board) => [board!.id, journal.take(board!.id, "test")]),
		);
		const note = (
			board: BoardRow,
			step: (typeof STEPS)[number],
			elapsedMs: number,
			failure?: "no-answer" | "proof",
		): void => journal.note({ board: board.id, run, station: "1", step, failure, elapsedMs });
		for (const board of [good!, mended!]) {
			for (const step of STEPS) {
				if (board === mended && step === "keys") note(board, step, 9, "no-answer");
				journal.finish(leases.get(board.id)!, step);
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
