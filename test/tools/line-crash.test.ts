/**
 * A station with the real firmware in memory, whose tool ends at the two worst moments of each step: when the step is done and
 * not on record yet, and when it is on record and nothing else happened. What a thousand boards do by chance is done here
 * by plan; test/factory has the processes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { decodeLabel } from "../../modules/wire/label.ts";
import type { LineVerbName } from "../../modules/wire/line-verb.ts";
import { issuerFor } from "../../tools/factory/certificates.ts";
import { type ChipDriver, ChipFault } from "../../tools/factory/line/chip-driver.ts";
import type { LineConfig } from "../../tools/factory/line/config.ts";
import type { Fuse } from "../../tools/factory/line/fuses.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import type { BoardRow } from "../../tools/factory/line/journal-rows.ts";
import { Labels } from "../../tools/factory/line/labels.ts";
import type { LineParts } from "../../tools/factory/line/line-parts.ts";
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

const CHIP = { chip: "ESP32-C3", mac: "02:00:00:00:00:01", flashBytes: 4_194_304 };
const FUSES: readonly Fuse[] = [
	{ kind: "digest", block: "BLOCK_KEY0", purpose: "SECURE_BOOT_DIGEST0", file: "d", hex: "ab".repeat(32) },
	{ kind: "field", name: "SECURE_BOOT_EN", value: 1 },
	{ kind: "field", name: "ENABLE_SECURITY_DOWNLOAD", value: 1 },
];

/** A board with its chip: fuses and what was burned, in order. */
class TwinChip implements ChipDriver {
	readonly #crypto: TestCrypto;
	readonly burned: string[] = [];
	readonly fuses = new Map([
		["SPI_BOOT_CRYPT_CNT", "Enable"],
		["BLOCK_KEY0", "00".repeat(32)],
		["KEY_PURPOSE_0", "USER"],
		["SECURE_BOOT_EN", "0"],
		["ENABLE_SECURITY_DOWNLOAD", "0"],
	]);
	twin: FactoryTwin | undefined;
	/** What becomes of the result of a verb on its way; bytes of field 0. */
	bend: (verb: LineVerbName, bytes: Uint8Array) => void = () => undefined;
	present = true;
	writes = 0;
	/** Called with each burning, when it is done. */
	onBurn: (name: string) => void = () => undefined;

	constructor(crypto: TestCrypto) {
		this.#crypto = crypto;
	}

	serialLine(): string | undefined {
		return this.present && this.twin !== undefined ? "twin" : undefined;
	}

	#open(): void {
		if (!this.present) throw new ChipFault("lost", "test");
		if (this.fuses.get("ENABLE_SECURITY_DOWNLOAD") === "1") throw new ChipFault("secured", "test");
	}

	async identify(): Promise<typeof CHIP> {
		this.#open();
		return CHIP;
	}

	async write(): Promise<void> {
		this.#open();
		this.writes++;
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

	async run(): Promise<void> {
		if (!this.present) throw new ChipFault("lost", "test");
	}

	async readFuses(): Promise<ReadonlyMap<string, string>> {
		this.#open();
		return new Map(this.fuses);
	}

	async burn(fuse: Fuse): Promise<void> {
		this.#open();
		if (fuse.kind === "field")
			this.fuses.set(
				fuse.name,
				fuse.name.startsWith("KEY_PURPOSE") ? "SECURE_BOOT_DIGEST0" : String(fuse.value),
			);
		else this.fuses.set(fuse.block, fuse.hex);
		const name = fuse.kind === "field" ? fuse.name : fuse.block;
		this.burned.push(name);
		this.onBurn(name);
		if (fuse.kind === "digest") this.fuses.set("KEY_PURPOSE_0", fuse.purpose);
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
	/** One run of a tool until it ends by itself, is killed, or a board is taken out. */
	run(journal?: Journal, burn?: boolean): Promise<readonly StationNews[]>;
}

async function withRig(crypto: TestCrypto, work: (rig: Rig) => Promise<void>): Promise<void> {
	const folder = temporaryFolder();
	const pki = await sharedPki();
	const journal = Journal.open(join(folder, "line.db"));
	const registry = await openRegistry(join(folder, "relay.db"));
	const chip = new TwinChip(crypto);
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
		demandEncryption: true,
		labels: { title: "Test", folder: labels, formats: ["zpl"] },
		startMs: 2_000,
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
			images: [],
			imagesDigest: "digest",
			fuses: FUSES,
			close: async () => undefined,
		};
		const station = new Station({
			name: "1",
			port: join(folder, "port"),
			parts,
			driver: chip,
			run: 1,
			burn,
			isStopping: () => stopping,
			onNews: (each) => {
				news.push(each);
				if (each.kind === "take-out") stopping = true;
			},
			openLine: () => bending(chip.twin!.line(), () => chip.bend),
		});
		await station.work().catch((error: unknown) => {
			if (!(error instanceof Killed)) throw error;
		});
		return news;
	};
	try {
		await work({ chip, journal, registry, labels, pki: pki.dir, run });
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
		finish: (id, done, facts) =>
			at === "finish" && done === step ? kill() : journal.finish(id, done, facts),
		begin: (id) => {
			journal.begin(id);
			if (at === "begin" && journal.find(id).next === step) kill();
		},
		beginLabel: (id) => {
			journal.beginLabel(id);
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
	check.deepEqual(rig.chip.burned, ["BLOCK_KEY0", "SECURE_BOOT_EN", "ENABLE_SECURITY_DOWNLOAD"], step);
	return true;
}

/** One board, one serial, one certificate, one label, sealed. */
async function assertWhole(rig: Rig, row: BoardRow): Promise<void> {
	check.equal(row.state, "done");
	const { twin } = rig.chip;
	const recorded = await rig.registry.find(row.serial!);
	check.deepEqual([recorded?.public_key, recorded?.status], [row.publicKeyHex, "active"]);
	check.deepEqual(readdirSync(rig.labels), [`${row.serial}.zpl`]);
	const zpl = readFileSync(join(rig.labels, `${row.serial}.zpl`), "utf8");
	const code = /\^FDMA,([^^]+)\^FS/.exec(zpl)?.[1]?.replaceAll("_3A", ":") ?? "";
	check.equal(check.accepted(decodeLabel(code.replaceAll("_2D", "-"))).serial, row.serial);
	check.ok(twin!.board.logs.length > 0);
	check.deepEqual(
		rig.journal.fuses(row.id).map(({ fuse, state }) => `${fuse} ${state}`),
		["BLOCK_KEY0 burned", "SECURE_BOOT_EN burned", "ENABLE_SECURITY_DOWNLOAD burned"],
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
			withEach(crypto, ["BLOCK_KEY0", "SECURE_BOOT_EN", "ENABLE_SECURITY_DOWNLOAD"], async (rig, name) => {
				let struck = false;
				rig.chip.onBurn = (burned) => {
					if (burned !== name || struck) return;
					struck = true;
					throw new ChipFault("lost", "the power went");
				};
				const news = await rig.run();
				check.equal(news.filter(({ kind }) => kind === "stumbled").length, 1, name);
				await assertWhole(rig, only(rig.journal));
				check.ok(struck && rig.chip.fuses.get("KEY_PURPOSE_0") === "SECURE_BOOT_DIGEST0");
				const twice = rig.chip.burned.filter((each, index, all) => all.indexOf(each) !== index);
				check.deepEqual(twice, []);
				return true;
			}),
	);

	t.test("without --burn no eFuse is touched, and the board says that it is for development", ({ crypto }) =>
		withRig(crypto, async (rig) => {
			const news = await rig.run(rig.journal, false);
			check.deepEqual(
				[rig.chip.burned, only(rig.journal).burned, only(rig.journal).state],
				[[], "no", "done"],
			);
			const warnings = news.flatMap((each) => (each.kind === "warning" ? each.text : []));
			check.ok(
				warnings.some((text) => text.startsWith("NOT BURNED")),
				warnings.join(),
			);
		}),
	);

	t.test(
		"nothing is burned while flash is not encrypted, nor over an eFuse that says otherwise (T14)",
		({ crypto }) =>
			withRig(crypto, async (rig) => {
				rig.chip.fuses.set("SPI_BOOT_CRYPT_CNT", "Disable");
				const outcome = async (): Promise<unknown> => {
					const news = await rig.run();
					return news.flatMap((each) => (each.kind === "take-out" ? (each.failure ?? each.outcome) : []))[0];
				};
				check.equal(await outcome(), "not-encrypted");
				rig.chip.fuses.set("SPI_BOOT_CRYPT_CNT", "Enable");
				rig.chip.fuses.set("BLOCK_KEY0", "cd".repeat(32));
				check.equal(await outcome(), "fuse-differs");
				check.deepEqual(rig.chip.burned, []);
				rig.chip.fuses.set("BLOCK_KEY0", "00".repeat(32));
				check.equal(await outcome(), "done");
			}),
	);

	t.test("a board that lost its keys gets another serial, and the old key is revoked (T6)", ({ crypto }) =>
		withRig(crypto, async (rig) => {
			await rig.run(killing(rig.journal, "finish", "burn").journal, false);
			const before = only(rig.journal);
			rig.chip.twin = new FactoryTwin(crypto);
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
			await rig.chip.write();
			const line = rig.chip.twin!.line();
			await line.call("begin", { 0: "LK-STRANGER", 1: "latchkey-linux" });
			const news = await rig.run();
			check.deepEqual(
				news.map((each) => ("failure" in each ? each.failure : each.kind)),
				["foreign-board"],
			);
			check.deepEqual([rig.chip.writes, rig.journal.boards().length], [1, 0]);
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
