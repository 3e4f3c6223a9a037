/**
 * A station with the real firmware in memory, whose tool ends at the two worst moments of each step: when the step is done and
 * not on record yet, and when it is on record and nothing else happened. What a thousand boards do by chance is done here
 * by plan; test/factory has the processes.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { decodeLabel } from "../../modules/wire/label.ts";
import type { LineVerbName } from "../../modules/wire/line-verb.ts";
import { identify } from "../../tools/factory/board-steps.ts";
import { issuerFor } from "../../tools/factory/certificates.ts";
import {
	type ChipAnswer,
	type ChipDriver,
	ChipFault,
	type ImageFile,
	type WriteManner,
} from "../../tools/factory/line/chip-driver.ts";
import type { LineConfig } from "../../tools/factory/line/config.ts";
import type { Fuse } from "../../tools/factory/line/fuses.ts";
import type { ImageSet, ProductionSet } from "../../tools/factory/line/image-set.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import type { BoardRow } from "../../tools/factory/line/journal-rows.ts";
import { Labels } from "../../tools/factory/line/labels.ts";
import type { LineParts } from "../../tools/factory/line/line-parts.ts";
import type { ProvenChip } from "../../tools/factory/line/proven-chip.ts";
import { Station, type StationNews } from "../../tools/factory/line/station.ts";
import { STEPS, type Step } from "../../tools/factory/line/steps.ts";
import { readIntermediate } from "../../tools/factory/pki.ts";
import type { VerbLine } from "../../tools/factory/verbs.ts";
import { openRegistry, type Registry } from "../../tools/relay/registry.ts";
import { standingAlone } from "../../tools/trust/bundle-file.ts";
import { ensureTrust } from "../../tools/trust/development-trust.ts";
import { check, type Suite } from "../harness/test.ts";
import { FactoryTwin } from "./support/factory-twin.ts";
import { sharedPki } from "./support/identities.ts";
import { temporaryFolder } from "./support/temporary.ts";

/** Not a StepFault: the tool is gone. */
class Killed extends Error {}

const START_MS = 2_000;

const CHIP = { chip: "ESP32-C3", mac: "02:00:00:00:00:01", flashBytes: 4_194_304 };
const STRANGER_MAC = "02:00:00:00:00:99";
const FUSES: readonly Fuse[] = [
	{ kind: "digest", block: "BLOCK_KEY0", purpose: "SECURE_BOOT_DIGEST0", file: "d", hex: "ab".repeat(32) },
	{ kind: "field", name: "SECURE_BOOT_EN", value: 1 },
	{ kind: "field", name: "SECURE_BOOT_KEY_REVOKE1", value: 1 },
	{ kind: "field", name: "SECURE_BOOT_KEY_REVOKE2", value: 1 },
	{ kind: "field", name: "ENABLE_SECURITY_DOWNLOAD", value: 1 },
];
const NAMES = FUSES.map((fuse) => (fuse.kind === "field" ? fuse.name : fuse.block));
const CLOSING = "ENABLE_SECURITY_DOWNLOAD";

const LINE_IMAGES: ImageSet = { files: [{ offset: 0, path: "line" }], digest: "line" };
const PRODUCTION: ProductionSet = {
	files: [
		{ offset: 0, path: "loader" },
		{ offset: 65_536, path: "app" },
	],
	digest: "production",
	loader: { offset: 0, path: "loader" },
	rest: [{ offset: 65_536, path: "app" }],
};

/** One chip with its flash: fuses, what was burned in order, what lies where a boot loader is looked for. */
class TwinBoard {
	readonly mac: string;
	readonly burned: string[] = [];
	readonly fuses = new Map([
		["SPI_BOOT_CRYPT_CNT", "0"],
		["BLOCK_KEY0", "00".repeat(32)],
		["KEY_PURPOSE_0", "USER"],
		...NAMES.slice(1).map((name) => [name, "0"] as const),
	]);
	flash: "blank" | "line" | "rest" | "production" | "noise" | "foreign" = "blank";
	twin: FactoryTwin | undefined;
	inLoader = false;
	writes = 0;
	/** Its firmware answers so many milliseconds after it was started. */
	slowMs = 0;
	#startedMs = 0;
	readonly #crypto: TestCrypto;

	constructor(crypto: TestCrypto, mac: string) {
		this.#crypto = crypto;
		this.mac = mac;
	}

	get closed(): boolean {
		return this.fuses.get(CLOSING) === "1";
	}

	get answers(): boolean {
		return this.twin !== undefined && !this.inLoader && performance.now() - this.#startedMs >= this.slowMs;
	}

	/** As ESP-IDF's load_image does at the first start of a production boot loader. */
	start(): void {
		this.inLoader = false;
		this.#startedMs = performance.now();
		// Its firmware starts over, and has forgotten what it kept in memory.
		if (this.twin?.board.running === true) this.twin.board.powerCut();
		if (this.flash !== "production" || this.fuses.get("SPI_BOOT_CRYPT_CNT") !== "0") return;
		// Where the line has not turned secure boot on before, it does, and closes the chip with it.
		if (this.fuses.get("SECURE_BOOT_EN") === "0") {
			this.fuses.set("SECURE_BOOT_EN", "1");
			this.fuses.set(CLOSING, "1");
		}
		this.fuses.set("SPI_BOOT_CRYPT_CNT", "7");
		this.program();
	}

	program(): void {
		this.twin = new FactoryTwin(this.#crypto);
		const { hardware } = this.twin.board;
		hardware.setLies({ thrown: false, retracted: false });
		hardware.set("door", false);
		hardware.onOutput = (role, level) => {
			if (role === "indicator") hardware.set("door", level);
			if (role === "brake") hardware.set("tamper", level);
			if (role === "drive-retract") hardware.setLies({ thrown: false, retracted: level });
			if (role === "drive-throw") hardware.setLies({ thrown: level, retracted: false });
		};
	}

	write(images: readonly ImageFile[], manner: WriteManner): void {
		this.writes++;
		if (this.fuses.get("SPI_BOOT_CRYPT_CNT") !== "0") {
			this.flash = "noise";
			this.twin = undefined;
			return;
		}
		if (manner !== "add") this.twin = undefined;
		if (manner !== "add") this.flash = "blank";
		for (const { path } of images) {
			if (path === "line") {
				this.flash = "line";
				this.program();
			} else if (path === "app") this.flash = "rest";
			else this.flash = this.flash === "rest" ? "production" : "noise";
		}
	}
}

/** The port of a station, with the board that is in it. */
class TwinChip implements ChipDriver {
	board: TwinBoard;
	/** What becomes of the result of a verb on its way; bytes of field 0. */
	bend: (verb: LineVerbName, bytes: Uint8Array) => void = () => undefined;
	present = true;
	/** No chip answers in its loader, whatever its firmware does. */
	deaf = false;
	looks = 0;
	/** Called before each look. */
	onLook: (look: number) => void = () => undefined;
	/** Called with each burning, before and when it is done. */
	onBurning: (name: string) => void = () => undefined;
	onBurn: (name: string) => void = () => undefined;

	constructor(board: TwinBoard) {
		this.board = board;
	}

	serialLine(): string | undefined {
		return this.present && this.board.answers ? "twin" : undefined;
	}

	#open(): void {
		if (!this.present) throw new ChipFault("lost", "test");
		if (this.board.closed) throw new ChipFault("secured", "test");
	}

	async look(): Promise<ChipAnswer> {
		this.onLook(++this.looks);
		if (!this.present || this.deaf) return { kind: "silent" };
		const { board } = this;
		board.inLoader = true;
		if (board.closed) return { kind: "secured", told: new Map(board.fuses) };
		return { kind: "open", identity: { ...CHIP, mac: board.mac }, fuses: new Map(board.fuses) };
	}

	async isBlank(): Promise<boolean> {
		this.#open();
		return this.board.flash === "blank";
	}

	async write(chip: ProvenChip, images: readonly ImageFile[], manner: WriteManner): Promise<void> {
		chip.spend();
		this.#open();
		this.board.write(images, manner);
	}

	async run(): Promise<void> {
		if (!this.present) throw new ChipFault("lost", "test");
		this.board.start();
	}

	async burn(chip: ProvenChip, fuse: Fuse): Promise<void> {
		chip.spend();
		this.#open();
		const { fuses, burned } = this.board;
		const name = fuse.kind === "field" ? fuse.name : fuse.block;
		this.onBurning(name);
		if (fuse.kind === "field")
			fuses.set(name, name.startsWith("KEY_PURPOSE") ? "SECURE_BOOT_DIGEST0" : String(fuse.value));
		else fuses.set(name, fuse.hex);
		burned.push(name);
		this.onBurn(name);
		if (fuse.kind === "digest") fuses.set("KEY_PURPOSE_0", fuse.purpose);
	}
}

/** A line whose answers somebody changes. */
function bending(line: VerbLine, bend: () => TwinChip["bend"]): VerbLine {
	const call: VerbLine["call"] = async (verb, fields) => {
		const answer = await line.call(verb, fields);
		const value = answer.ok ? answer.value.get(0) : undefined;
		const bytes = Array.isArray(value) ? value[0] : value;
		if (bytes instanceof Uint8Array) bend()(verb, bytes);
		return answer;
	};
	return new Proxy(line, {
		get: (target, name) => {
			if (name === "call") return call;
			const own = target[name as keyof VerbLine] as unknown;
			return typeof own === "function" ? (own as (...words: unknown[]) => unknown).bind(target) : own;
		},
		set: () => true,
	});
}

interface Rig {
	readonly chip: TwinChip;
	readonly journal: Journal;
	readonly registry: Registry;
	readonly labels: string;
	readonly pki: string;
	/** Called before the firmware's line is opened. */
	onLine: () => void;
	/** One run of a tool until it ends by itself, is killed, or a board is taken out. */
	run(journal?: Journal, burn?: boolean): Promise<readonly StationNews[]>;
}

async function withRig(crypto: TestCrypto, work: (rig: Rig) => Promise<void>): Promise<void> {
	const folder = temporaryFolder();
	mkdirSync(join(folder, "port"));
	const pki = await sharedPki();
	const journal = Journal.open(join(folder, "line.db"));
	const registry = await openRegistry(join(folder, "relay.db"));
	const chip = new TwinChip(new TwinBoard(crypto, CHIP.mac));
	const labels = join(folder, "labels");
	const prefix = `LK-${toHex(crypto.random(4)).toUpperCase()}-`;
	const config: LineConfig = {
		name: "test",
		journal: "",
		registry: "",
		pki: pki.dir,
		serials: { prefix, digits: 4 },
		hardwareClass: "latchkey-linux",
		chip: { kind: CHIP.chip, flashBytes: CHIP.flashBytes },
		driver: { kind: "virtual" },
		images: [],
		stations: [],
		mayLack: ["flash", "radio"],
		fuses: [],
		newChips: "blank",
		production: { images: [], firstStartMs: 2_000 },
		demandEncryption: true,
		labels: { title: "Test", folder: labels, formats: ["zpl"] },
		startMs: START_MS,
		lookMs: 20,
	};
	const bundle = standingAlone(
		ensureTrust(pki.dir, [{ host: "127.0.0.1", port: 7443, name: "localhost" }]).file,
	);
	const issuer = issuerFor(await readIntermediate(pki.dir, "device"));
	const run = async (journalOfRun: Journal = journal, burn = true): Promise<readonly StationNews[]> => {
		const news: StationNews[] = [];
		let stopping = false;
		const parts: LineParts = {
			config,
			journal: journalOfRun,
			registry,
			issuer,
			bundle,
			labels: Labels.open(config.labels),
			images: LINE_IMAGES,
			production: PRODUCTION,
			fuses: FUSES,
			close: async () => undefined,
		};
		const station = new Station({
			name: "1",
			port: join(folder, "port"),
			parts,
			driver: chip,
			run: 1,
			holder: "test",
			burn,
			isStopping: () => stopping,
			onNews: (each) => {
				news.push(each);
				if (each.kind === "take-out") stopping = true;
			},
			openLine: () => {
				rig.onLine();
				return bending(chip.board.twin!.line(), () => chip.bend);
			},
		});
		await station.work().catch((error: unknown) => {
			if (!(error instanceof Killed)) throw error;
		});
		return news;
	};
	const rig: Rig = { chip, journal, registry, labels, pki: pki.dir, run, onLine: () => undefined };
	try {
		await work(rig);
	} finally {
		journal.close();
		await registry.close();
	}
}

/** A journal whose tool ends at this step: before what is done is on record, or right after what comes is. */
function killing(
	journal: Journal,
	at: "finish" | "begin",
	step: Step,
): { readonly journal: Journal; struck: () => boolean } {
	let struck = false;
	const kill = (): never => {
		struck = true;
		throw new Killed();
	};
	const methods: Partial<Journal> = {
		finish: (lease, done, facts) =>
			at === "finish" && done === step ? kill() : journal.finish(lease, done, facts),
		begin: (lease) => {
			journal.begin(lease);
			if (at === "begin" && journal.find(lease.board).next === step) kill();
		},
		forgetImages: (lease) => {
			journal.forgetImages(lease);
			if (at === "begin" && journal.find(lease.board).next === step) kill();
		},
		beginFuse: (lease, fuse, value, before) => {
			journal.beginFuse(lease, fuse, value, before);
			if (at === "begin" && step === "close" && fuse === CLOSING) kill();
		},
		beginLabel: (lease) => {
			journal.beginLabel(lease);
			if (at === "begin" && step === "label") kill();
		},
	};
	const proxy = new Proxy(journal, {
		get: (target, name) => {
			const own = methods[name as keyof Journal] ?? target[name as keyof Journal];
			return typeof own === "function" ? (own as (...words: unknown[]) => unknown).bind(target) : own;
		},
	});
	return { journal: proxy, struck: () => struck };
}

function outcomesOf(news: readonly StationNews[]): readonly string[] {
	return news.flatMap((each) => (each.kind === "take-out" ? [each.failure ?? each.outcome] : []));
}

async function sayOf(board: TwinBoard): Promise<unknown> {
	const { stage, serial } = await identify(board.twin!.line());
	return { stage, serial };
}

function only(journal: Journal): BoardRow {
	const boards = journal.boards();
	check.equal(boards.length, 1);
	return boards[0]!;
}

/** False: this step has no such moment. */
async function killedAndFinished(rig: Rig, at: "finish" | "begin", step: Step): Promise<boolean> {
	const kill = killing(rig.journal, at, step);
	await rig.run(kill.journal);
	if (!kill.struck()) {
		check.ok(at === "begin", step);
		return false;
	}
	const before = only(rig.journal);
	const news = await rig.run();
	const outcomes = news.flatMap((each) => (each.kind === "take-out" ? each.outcome : []));
	check.deepEqual(outcomes, ["done"], step);
	const after = only(rig.journal);
	for (const field of ["serial", "publicKeyHex", "certificate"] as const)
		if (before[field] !== undefined) check.deepEqual(after[field], before[field], `${step} ${field}`);
	await assertWhole(rig, after);
	check.deepEqual(rig.chip.board.burned, NAMES, step);
	return true;
}

/** One board, one serial, one certificate, one label, sealed. */
async function assertWhole(rig: Rig, row: BoardRow): Promise<void> {
	check.equal(row.state, "done");
	const { twin, flash, closed } = rig.chip.board;
	check.deepEqual([flash, closed], ["production", true]);
	const recorded = await rig.registry.find(row.serial!);
	check.deepEqual([recorded?.public_key, recorded?.status], [row.publicKeyHex, "active"]);
	check.deepEqual(readdirSync(rig.labels), [`${row.serial}.zpl`]);
	const zpl = readFileSync(join(rig.labels, `${row.serial}.zpl`), "utf8");
	const code = /\^FDMA,([^^]+)\^FS/.exec(zpl)?.[1]?.replaceAll("_3A", ":") ?? "";
	check.equal(check.accepted(decodeLabel(code.replaceAll("_2D", "-"))).serial, row.serial);
	check.ok(twin!.board.logs.length > 0);
	check.deepEqual(
		rig.journal.fuses(row.id).map(({ fuse, state }) => `${fuse} ${state}`),
		NAMES.map((name) => `${name} burned`),
	);
}

export default function suite(t: Suite): void {
	t.test(
		"a tool that is killed behind a step, before it is on record, leaves a board that the next one finishes as the same (T12)",
		({ crypto }) => withEach(crypto, STEPS, (rig, step) => killedAndFinished(rig, "finish", step)),
	);

	t.test(
		"a tool that is killed when a step is on record as begun, and no more, leaves a board that the next one finishes as the same (T12)",
		({ crypto }) => withEach(crypto, STEPS, (rig, step) => killedAndFinished(rig, "begin", step)),
	);

	t.test(
		"power that goes in each eFuse's burning leaves a board that goes on with the next, and burns none twice (T12, T14)",
		({ crypto }) =>
			withEach(crypto, NAMES, async (rig, name) => {
				let struck = false;
				rig.chip.onBurn = (burned) => {
					if (burned !== name || struck) return;
					struck = true;
					throw new ChipFault("lost", "the power went");
				};
				const news = await rig.run();
				check.equal(news.filter(({ kind }) => kind === "stumbled").length, 1, name);
				await assertWhole(rig, only(rig.journal));
				const { burned, fuses } = rig.chip.board;
				check.ok(struck && fuses.get("KEY_PURPOSE_0") === "SECURE_BOOT_DIGEST0");
				const twice = burned.filter((each, index, all) => all.indexOf(each) !== index);
				check.deepEqual(twice, []);
				return true;
			}),
	);

	t.test(
		"without --burn no eFuse is touched, no image that burns is ever in its flash, and the board says that it is for development (T14)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				const { board } = rig.chip;
				const before = new Map(board.fuses);
				const news = await rig.run(rig.journal, false);
				check.deepEqual([only(rig.journal).burned, only(rig.journal).state], ["no", "done"]);
				check.deepEqual([board.burned, board.flash, board.writes], [[], "line", 1]);
				check.deepEqual([...board.fuses], [...before]);
				const warnings = news.flatMap((each) => (each.kind === "warning" ? each.text : []));
				check.ok(
					warnings.some((text) => text.startsWith("NOT BURNED")),
					warnings.join(),
				);
				// A line that burns takes it for none of its own.
				check.deepEqual(outcomesOf(await rig.run()), ["not-burned"]);
			}),
	);

	t.test(
		"a board that burns something before it is to is set aside, and so is one whose eFuses are somebody else's (T14)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				const { board } = rig.chip;
				rig.chip.onLook = () => {
					if (board.flash === "line") board.fuses.set("SOFT_DIS_JTAG", "7");
				};
				check.deepEqual(outcomesOf(await rig.run(rig.journal, false)), ["fuse-burned"]);
				check.equal(only(rig.journal).next, "self-test");
				rig.chip.onLook = () => undefined;
				board.fuses.delete("SOFT_DIS_JTAG");
				board.fuses.set("BLOCK_KEY0", "cd".repeat(32));
				check.deepEqual(outcomesOf(await rig.run()), ["fuse-burned"]);
				check.deepEqual([board.burned, board.flash], [[], "line"]);
				board.fuses.set("BLOCK_KEY0", "00".repeat(32));
				check.deepEqual(outcomesOf(await rig.run()), ["done"]);
				await assertWhole(rig, only(rig.journal));
			}),
	);

	t.test(
		"keys are made when the flash is encrypted, the chip is closed last, and not before every eFuse reads as planned (T14)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				const { board } = rig.chip;
				// A production boot loader that encrypts nothing, or an eFuse that did not take.
				for (const [name, wrong, failure] of [
					["SPI_BOOT_CRYPT_CNT", "0", "not-encrypted"],
					["SECURE_BOOT_KEY_REVOKE2", "0", "fuse-differs"],
				] as const) {
					let right: string | undefined;
					rig.chip.onLook = () => {
						const now = board.fuses.get(name)!;
						if (board.flash !== "production" || board.twin === undefined || right !== undefined) return;
						right = now;
						board.fuses.set(name, wrong);
					};
					check.deepEqual(outcomesOf(await rig.run()), [failure], name);
					check.deepEqual([only(rig.journal).publicKeyHex, board.closed], [undefined, false]);
					board.fuses.set(name, right!);
				}
				rig.chip.onLook = () => undefined;
				let keysFirst = false;
				rig.chip.onBurning = (name) => {
					if (name === CLOSING) keysFirst = only(rig.journal).certificate !== undefined;
				};
				check.deepEqual(outcomesOf(await rig.run()), ["done"]);
				check.ok(keysFirst, "closed behind the certificate");
				await assertWhole(rig, only(rig.journal));
			}),
	);

	t.test(
		"a chip that does not answer is not taken for closed, whatever was begun and whoever answers (T14)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				// The eFuse is begun, the chip does not take it, and its loader answers no more; its firmware does.
				rig.chip.onBurning = (name) => {
					if (name !== CLOSING) return;
					rig.chip.deaf = true;
					rig.chip.board.start();
					throw new ChipFault("lost", "no chip answers");
				};
				check.deepEqual(outcomesOf(await rig.run()), ["chip-lost"]);
				const row = only(rig.journal);
				check.deepEqual([row.next, row.burned, row.state], ["close", "partly", "open"]);
				check.equal(rig.journal.fuses(row.id).at(-1)?.state, "begun");
				rig.chip.deaf = false;
				rig.chip.onBurning = () => undefined;
				check.deepEqual(outcomesOf(await rig.run()), ["done"]);
				await assertWhole(rig, only(rig.journal));
			}),
	);

	t.test(
		"a closed chip that was left in its loader is reset into its firmware and finished; one that the line did not close is set aside",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				rig.chip.onBurn = (name) => {
					if (name === CLOSING) throw new Killed();
				};
				await rig.run();
				check.deepEqual([rig.chip.board.closed, rig.chip.board.inLoader], [true, true]);
				rig.chip.onBurn = () => undefined;
				check.deepEqual(outcomesOf(await rig.run()), ["done"]);
				check.equal(rig.chip.board.inLoader, false);
				await assertWhole(rig, only(rig.journal));
				// Another chip, closed by somebody, without firmware: it is reset, waited for, and left as it is.
				const stranger = new TwinBoard(crypto, STRANGER_MAC);
				stranger.fuses.set(CLOSING, "1");
				rig.chip.board = stranger;
				check.deepEqual(outcomesOf(await rig.run()), ["silent"]);
				check.deepEqual([stranger.inLoader, stranger.writes], [false, 0]);
			}),
	);

	t.test(
		"a chip that nobody knows and that is silent at first has its time, is left running, and is erased only when it is blank or was confirmed",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				// A customer's lock that starts slowly.
				const { board } = rig.chip;
				board.program();
				board.flash = "foreign";
				await board.twin!.line().call("begin", { 0: "LK-STRANGER", 1: "latchkey-linux" });
				board.slowMs = 200;
				board.start();
				check.deepEqual(outcomesOf(await rig.run()), ["foreign-board"]);
				// One whose firmware never says anything.
				board.slowMs = 60_000;
				check.deepEqual(outcomesOf(await rig.run()), ["not-blank"]);
				check.deepEqual([board.writes, board.inLoader, rig.journal.boards().length], [0, false, 0]);
				rig.journal.confirm(board.mac);
				board.slowMs = 0;
				board.twin = undefined;
				check.deepEqual(outcomesOf(await rig.run()), ["done"]);
				await assertWhole(rig, only(rig.journal));
			}),
	);

	t.test(
		"whenever another board is put into the station, nothing is written, burned, bound, driven or sealed on it, and the first one is finished later (T6, T14)",
		async ({ crypto }) => {
			let swaps = 0;
			for (const way of ["look", "line"] as const) {
				for (let at = 1; ; at++) {
					let struck = false;
					await withRig(crypto, async (rig) => {
						const first = rig.chip.board;
						const stranger = new TwinBoard(crypto, STRANGER_MAC);
						stranger.program();
						stranger.flash = "foreign";
						await stranger.twin!.line().call("begin", { 0: "LK-STRANGER", 1: "latchkey-linux" });
						const told = await sayOf(stranger);
						const driven = stranger.twin!.board.hardware.changes.length;
						let count = 0;
						const strike = (): void => {
							if (struck || ++count < at) return;
							struck = true;
							rig.chip.board = stranger;
							stranger.start();
						};
						if (way === "look") rig.chip.onLook = strike;
						else rig.onLine = strike;
						await rig.run();
						if (!struck) return;
						swaps++;
						const what = `${way} ${at}`;
						check.deepEqual([stranger.writes, stranger.burned], [0, []], what);
						check.deepEqual(await sayOf(stranger), told, what);
						check.equal(stranger.twin!.board.hardware.changes.length, driven, what);
						check.ok(
							rig.journal.boards().every(({ mac, state }) => mac === first.mac && state === "open"),
							what,
						);
						rig.chip.onLook = () => undefined;
						rig.onLine = () => undefined;
						rig.chip.board = first;
						check.deepEqual(outcomesOf(await rig.run()), ["done"], what);
						await assertWhole(rig, only(rig.journal));
					});
					if (!struck) break;
				}
			}
			check.ok(swaps > 15, `${swaps}`);
		},
	);

	t.test("a board that lost its keys gets another serial, and the old key is revoked (T6)", ({ crypto }) =>
		withRig(crypto, async (rig) => {
			await rig.run(killing(rig.journal, "finish", "label").journal, false);
			const before = only(rig.journal);
			rig.chip.board.program();
			await rig.run(rig.journal, false);
			const [old, now] = rig.journal.boards();
			check.deepEqual([old!.state, old!.serial], ["scrapped", before.serial]);
			check.ok(now!.serial !== before.serial && now!.publicKeyHex !== before.publicKeyHex);
			check.refused(
				await rig.registry.admit({ serial: old!.serial!, publicKeyHex: old!.publicKeyHex! }),
				"revoked",
			);
			check.deepEqual([now!.state, (await rig.registry.find(now!.serial!))?.status], ["done", "active"]);
		}),
	);

	t.test(
		"a board that cannot prove its key, or gives back another certificate, is set aside (T6)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				for (const [verb, failure] of [
					["read-back", "certificate-differs"],
					["attest", "proof"],
					["begin", "request-refused"],
				] as const) {
					// The last byte of a certificate and of an attestation is the signature's.
					rig.chip.bend = (asked, bytes) => {
						if (asked === verb) bytes[bytes.length - 1]! ^= 1;
					};
					const news = await rig.run(rig.journal, false);
					const [out] = news.filter(({ kind }) => kind === "take-out");
					check.deepEqual(out !== undefined && "failure" in out ? out.failure : undefined, failure);
					check.ok(only(rig.journal).state === "open");
					rig.chip.bend = () => undefined;
					if (verb === "attest") await rig.run(killing(rig.journal, "finish", "label").journal, false);
				}
				const news = await rig.run(rig.journal, false);
				check.ok(news.some((each) => each.kind === "take-out" && each.outcome === "done"));
			}),
	);

	t.test("a board that was begun somewhere else is not touched (T6)", ({ crypto }) =>
		withRig(crypto, async (rig) => {
			const { board } = rig.chip;
			board.program();
			board.flash = "foreign";
			const line = board.twin!.line();
			await line.call("begin", { 0: "LK-STRANGER", 1: "latchkey-linux" });
			const news = await rig.run();
			check.deepEqual(
				news.map((each) => ("failure" in each ? each.failure : each.kind)),
				["foreign-board"],
			);
			check.deepEqual([board.writes, rig.journal.boards().length], [0, 0]);
		}),
	);
}

/** A rig for each; at least one must say that something happened. */
async function withEach<Item>(
	crypto: TestCrypto,
	items: readonly Item[],
	work: (rig: Rig, item: Item) => Promise<boolean>,
): Promise<void> {
	let happened = 0;
	for (const item of items) {
		await withRig(crypto, async (rig) => {
			if (await work(rig, item)) happened++;
		});
	}
	check.ok(happened >= 3, `${happened}`);
}
