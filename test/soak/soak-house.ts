/**
 * A house in time that jumps: the 32-bit build with the engine's memory of the emulated ESP32-C3 and a virtual clock, its relay, door
 * and phones in this process. Its folder is in memory where the machine has such a place: a day is 40,000 records of a log, each synced.
 */
import { execFileSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import { heapWords } from "../../tools/board/heap-words.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { memberCard } from "../../tools/phone/phone.ts";
import { Wallet } from "../../tools/phone/wallet.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "../../tools/relay/device-service.ts";
import type { RelayAddress } from "../../tools/relay/relay.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { House } from "../../tools/start/house.ts";
import type { Random } from "../harness/random.ts";
import { ClockHolder } from "./clock-holder.ts";
import { buildSmallGauge } from "./gauge.ts";
import type { Figures, Sample } from "./growth.ts";
import { ProcessClock, realNowMs, realPause } from "./process-clock.ts";
import { makeSoakImage } from "./soak-image.ts";
import { publishRelease, publishTrust } from "./soak-release.ts";
import { Visitor } from "./visitor.ts";

const BOARD = "esp32c3-emulated";
/** A board that starts over hears where its bolt is before it looks. */
const BOARD_WORDS = Object.freeze(["--pins-wait", "3000", "--report-heap"]);
const HOST = "127.0.0.1";
const RELAY_NAME = "localhost";
const BUILD_MS = 600_000;
const HOUR_MS = 3_600_000;
/** Before the beginning: the build of the first image. */
const BUILT_BEFORE_MS = 600_000;
const MEMBERS = Object.freeze(["Ben", "Cleo", "Dan", "Eve", "Finn"]);
const REPORT_MS = 30_000;
const SETTLE_MS = 4_000;
const READY_MS = 600_000;
const LOOK_MS = 50;
const LINES_KEPT = 400;
/** Freed blocks that a thread keeps to itself would count as used, by chance. */
const MALLOC = "glibc.malloc.tcache_count=0";
const PROCESS_LINE = /^process malloc (\d+) keys (\d+)$/;
const HEAP_LINE = /^heap slots (\d+) chunks (\d+) /;

export interface SoakHouseOptions {
	/** How long the soak lasts at most: it ends before now (process-clock.ts). */
	readonly hours: number;
	readonly random: Random;
	/** What it loses (board-main.ts); none of it otherwise. */
	readonly leak?: string;
}

/** Builds the board; its path. Only where there is a 32-bit build (canBuild32). */
export function buildSoakBoard(): string {
	const words = ["--silent", "-j2", "-C", join(PATHS.root, "hosts/linux"), "BITS=32", "VIRTUALTIME=1"];
	execFileSync("make", [...words, "board", "tool"], {
		timeout: BUILD_MS,
		stdio: ["ignore", "ignore", "inherit"],
	});
	return join(PATHS.hostBuild, "32-virtualtime", "latchkey-board");
}

/** Hears what a lock says to its relay, and whether it is there. */
class Ear implements DeviceService {
	readonly kinds = Object.freeze(["update-report"] as const);
	report: UpdateReport | undefined;
	/** By its operational certificate. */
	links = 0;
	/** Of these, the ones that are over. */
	ended = 0;
	#device: ConnectedDevice | undefined;

	get isLinked(): boolean {
		return this.#device !== undefined;
	}

	attached(device: ConnectedDevice): void {
		if (device.credential !== "operational") return;
		this.#device = device;
		this.links++;
	}

	/** The end of a link that was replaced is heard before the next one begins. */
	detached(device: ConnectedDevice): void {
		if (device.credential !== "operational") return;
		this.ended++;
		if (this.#device === device) this.lose();
	}

	/** It leads nowhere any more, whatever the relay has noticed of that. */
	lose(): void {
		this.#device = undefined;
	}

	receive(_device: ConnectedDevice, envelope: ServiceEnvelope): void {
		if (envelope.kind !== "update-report") return;
		const report = decodeUpdateReport(envelope.report);
		if (report.ok) this.report = report.value;
	}
}

export class SoakHouse {
	readonly #dir: string;
	readonly #clock: ProcessClock;
	readonly #options: SoakHouseOptions;
	readonly #ear = new Ear();
	readonly #lines: string[] = [];
	readonly #visitors: Visitor[] = [];
	#house!: House;
	#holder!: ClockHolder;
	#relay!: RelayAddress;
	#link: TLSSocket | undefined;
	#process: string | undefined;
	#heap: string | undefined;
	#sequence = 1;
	/** Boots of the board. */
	boots = 0;
	/** Boots that were also the answer to a cut: it ended before it was linked again. */
	cutsMetByBoot = 0;
	/** How many there had been at the last cut. */
	#linksAtCut = 0;
	/** How the engine ended, where it did: none of it belongs to a soak. */
	readonly aborts: string[] = [];

	private constructor(options: SoakHouseOptions, dir: string) {
		this.#options = options;
		this.#dir = dir;
		this.#clock = ProcessClock.install(Date.now() - options.hours * HOUR_MS);
	}

	/** Provisioned, linked and claimed; its clock jumps from now on. */
	static async open(options: SoakHouseOptions): Promise<SoakHouse> {
		const binary = buildSoakBoard();
		const memory = "/dev/shm";
		const dir = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "latchkey-soak-"));
		const house = new SoakHouse(options, dir);
		try {
			await house.#open(binary);
		} catch (error) {
			await house.close();
			throw house.told(error);
		}
		return house;
	}

	/** With what the board said last. */
	told(error: unknown): Error {
		return new Error(`${(error as Error).stack ?? error}\n${this.#lines.slice(-40).join("\n")}`);
	}

	/** Milliseconds of the house's time since it was opened. */
	get elapsedMs(): number {
		return this.#clock.elapsedMs;
	}

	get jumps(): number {
		return this.#holder.jumps;
	}

	get links(): number {
		return this.#ear.links;
	}

	/** How many of them the relay saw end. */
	get linksEnded(): number {
		return this.#ear.ended;
	}

	/** The release that was published last. */
	get sequence(): number {
		return this.#sequence;
	}

	/** What the lock said last of its update. */
	get report(): UpdateReport | undefined {
		return this.#ear.report;
	}

	get visitors(): readonly Visitor[] {
		return this.#visitors;
	}

	pause(ms: number): Promise<void> {
		return new Promise((resolve) => setTimeout(resolve, ms));
	}

	async until(condition: () => boolean, what: string, withinMs = READY_MS): Promise<void> {
		const deadlineMs = this.#clock.nowMs + withinMs;
		while (!condition()) {
			if (this.#clock.nowMs > deadlineMs)
				throw new Error(`not in time: ${what}; ${JSON.stringify(this.#ear.report)}`);
			await this.pause(LOOK_MS);
		}
	}

	/** The lock runs, and can be reached where it is near. */
	async ready(): Promise<void> {
		await this.until(
			() => this.#house.localPort !== undefined && this.#house.radioPort !== undefined,
			"a lock that can be reached",
		);
	}

	async linked(): Promise<void> {
		await this.until(() => this.#ear.isLinked, "the link");
	}

	/** The relay breaks the link off, or hears and says nothing more. The lock comes back by itself. */
	cut(how: "break" | "silence"): void {
		const link = this.#link;
		if (link === undefined) throw new Error("there is no link to cut");
		this.#ear.lose();
		this.#linksAtCut = this.#ear.links;
		if (how === "break") return void link.destroy();
		link.pause();
		link.write = () => true;
	}

	/** A release of the next number, offered to all. */
	async publish(): Promise<void> {
		const image = makeSoakImage({ dir: this.#dir, sequence: ++this.#sequence, buildUnixMs: this.#builtMs });
		await publishRelease(this.#dir, this.#pki, image);
	}

	/** What the board's process holds while it has its link and nobody a session with it, after a full collection. */
	async sample(): Promise<Sample> {
		await this.linked();
		for (const visitor of this.#visitors) visitor.leave();
		await this.pause(SETTLE_MS);
		return await this.#holder.hold(async () => {
			const figures = await this.#measure();
			return { ...figures, isLinked: this.#ear.isLinked, update: this.report?.state ?? "none" };
		});
	}

	async close(): Promise<void> {
		for (const visitor of this.#visitors) visitor.leave();
		await this.#house?.close();
		await this.#holder?.close();
		this.#clock.uninstall();
		rmSync(this.#dir, { recursive: true, force: true });
	}

	get #pki(): string {
		return join(this.#dir, "pki");
	}

	get #builtMs(): number {
		return Math.floor(this.#clock.unixMs - this.#clock.elapsedMs - BUILT_BEFORE_MS);
	}

	async #open(binary: string): Promise<void> {
		const { leak, random } = this.#options;
		const dir = this.#dir;
		const clock = join(dir, "clock");
		const main = "test/soak/board-main";
		const leakWords = leak === undefined ? [] : ["--main", main, "--arg", `leak=${leak}`];
		this.#holder = await ClockHolder.open(clock, this.#clock, () => this.#house?.boardPid !== undefined);
		this.#house = await House.open({
			dir,
			binary: this.#wrapper(binary),
			image: makeSoakImage({
				dir,
				sequence: this.#sequence,
				buildUnixMs: this.#builtMs,
				modules: leak === undefined ? [] : [main],
			}),
			boardWords: [...heapWords(BOARD), ...BOARD_WORDS, "--clock", clock, ...leakWords],
			local: true,
			radio: true,
			services: [this.#ear],
			onBoardLine: (line) => this.#hear(line),
			onBoard: (event) => {
				if (event.kind === "boot") return void this.boots++;
				if (this.#ear.links === this.#linksAtCut) this.cutsMetByBoot++;
				this.#ear.lose();
			},
			onRelayConnection: (tls, side) => {
				if (side === "device") this.#link = tls;
			},
		});
		this.#relay = await this.#house.startRelay();
		await this.#house.startBoard();
		await this.#house.provision();
		await this.#house.waitForLink();
		const { mechanism } = this.#house;
		await mechanism.press("button", 200);
		await mechanism.waitFor(() => mechanism.output("indicator"), REPORT_MS);
		await this.#house.pair("Ada");
		await this.#invite(random);
		await publishTrust(dir, this.#pki);
		this.#holder.run();
	}

	async #invite(random: Random): Promise<void> {
		const crypto = new NobleCrypto();
		const owner = await this.#house.phone();
		const wallet = Wallet.open(join(this.#dir, "phone.json"));
		const lock = wallet.lock();
		const ways = {
			roots: readFileSync(join(this.#pki, "relay-root.pem"), "utf8"),
			isLinked: () => this.#ear.isLinked,
			relay: () => ({ host: HOST, port: this.#relay.appPort, name: RELAY_NAME }),
			local: () => ({ host: HOST, port: this.#house.localPort! }),
			radio: () => ({ host: HOST, port: this.#house.radioPort! }),
		};
		this.#visitors.push(new Visitor(wallet.keys, lock, ways, random));
		for (const name of MEMBERS) {
			const { keys } = Wallet.open(join(this.#dir, `${name}.json`));
			await owner.addMember(name, "member", memberCard(crypto, keys, lock.serial));
			this.#visitors.push(new Visitor(keys, lock, ways, random));
		}
		owner.close();
	}

	#wrapper(binary: string): string {
		const path = join(this.#dir, "board.sh");
		const library = this.#options.leak === undefined ? undefined : buildSmallGauge();
		const variables = `GLIBC_TUNABLES=${MALLOC}${library === undefined ? "" : ` LD_PRELOAD=${library}`}`;
		writeFileSync(path, `#!/bin/sh\nexec env ${variables} ${binary} "$@"\n`);
		chmodSync(path, 0o755);
		return path;
	}

	#hear(line: string): void {
		this.#lines.push(line);
		if (this.#lines.length > LINES_KEPT) this.#lines.splice(0, LINES_KEPT / 2);
		if (line.startsWith("abort:")) this.aborts.push(line);
		if (HEAP_LINE.test(line)) this.#heap = line;
		if (PROCESS_LINE.test(line)) this.#process = line;
	}

	/** By the machine's time. */
	async #measure(): Promise<Figures> {
		const pid = this.#house.boardPid;
		if (pid === undefined) throw new Error("the board is off");
		this.#process = undefined;
		process.kill(pid, "SIGUSR1");
		const deadlineMs = realNowMs() + REPORT_MS;
		while (this.#process === undefined) {
			if (realNowMs() > deadlineMs) throw new Error("the board gave no report");
			await realPause(1);
		}
		const [, mallocBytes, keys] = PROCESS_LINE.exec(this.#process as string)!;
		const [, slots, chunks] = HEAP_LINE.exec(this.#heap!)!;
		return {
			descriptors: readdirSync(`/proc/${pid}/fd`).length,
			heapBytes: Number(slots) + Number(chunks),
			mallocBytes: Number(mallocBytes),
			keys: Number(keys),
		};
	}
}
