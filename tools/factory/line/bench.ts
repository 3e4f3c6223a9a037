/**
 * Stations with simulated boards, for trying a line and for its tests: each board is the firmware on the real engine with its
 * flash in a folder, a chip with a MAC and eFuses, and a jig. What a station has is in its folder: `serial`, a link to the
 * board's serial line while firmware runs, and `chip`, the socket that the virtual driver asks.
 *
 * A power cut takes the firmware and whatever the chip is doing; eFuses and flash stay as they are at that moment.
 */
import { createHash } from "node:crypto";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { Jig } from "../../board/jig.ts";
import { Supervisor } from "../../board/supervisor.ts";
import type { ChipFaultCode, ChipIdentity } from "./chip-driver.ts";
import {
	BENCH_CHIP,
	BENCH_SERIAL,
	CHIP_LINE_MAX,
	type ChipAnswer,
	type ChipRequest,
} from "./virtual-chip.ts";

export const VIRTUAL_CHIP = Object.freeze({ kind: "ESP32-C3", flashBytes: 4_194_304 });

export interface BenchBoardOptions {
	/** The board's flash, records and chip. */
	readonly dir: string;
	readonly number: number;
	/** Stations that its radio hears; the default is 2. */
	readonly stations?: number;
	/** The output whose wire is broken. */
	readonly broken?: string;
	/** KiB of each firmware slot; the default is 0: it runs from its file. */
	readonly slotKb?: number;
	readonly onLine?: (line: string) => void;
}

interface ChipFile {
	readonly fuses: Readonly<Record<string, string>>;
}

const BLANK_BLOCK = "0".repeat(64);
const WRITE_MS = 20;

/** One board, in no station or in one. */
export class BenchBoard {
	readonly options: BenchBoardOptions;
	readonly identity: ChipIdentity;
	#supervisor: Supervisor | undefined;
	#jig: Jig | undefined;

	constructor(options: BenchBoardOptions) {
		this.options = options;
		mkdirSync(options.dir, { recursive: true });
		const octets = [0, 8, 16, 24].map((shift) =>
			((options.number >>> shift) & 0xff).toString(16).padStart(2, "0"),
		);
		this.identity = {
			chip: VIRTUAL_CHIP.kind,
			mac: `02:00:${octets.reverse().join(":")}`,
			flashBytes: VIRTUAL_CHIP.flashBytes,
		};
	}

	get #image(): string {
		return join(this.options.dir, "image");
	}

	get flashFolder(): string {
		return join(this.options.dir, "flash");
	}

	get running(): boolean {
		return this.#supervisor?.pid !== undefined;
	}

	/** By the record that its firmware wrote. */
	get sealed(): boolean {
		return existsSync(join(this.flashFolder, "identity,seal.rec"));
	}

	/** Whether its firmware was given this serial. */
	isCalled(serial: string): boolean {
		const record = join(this.flashFolder, "identity,device.rec");
		return existsSync(record) && readFileSync(record, "latin1").includes(serial);
	}

	get fuses(): Readonly<Record<string, string>> {
		const path = join(this.options.dir, "chip.json");
		return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ChipFile).fuses : {};
	}

	setFuse(name: string, value: string): void {
		const path = join(this.options.dir, "chip.json");
		writeFileSync(`${path}.new`, JSON.stringify({ fuses: { ...this.fuses, [name]: value } }));
		renameSync(`${path}.new`, path);
	}

	/** Starts the firmware when there is one. */
	start(serialLink: string): void {
		if (this.#supervisor !== undefined || !existsSync(this.#image)) return;
		// As its boot loader does at its first start.
		if (this.fuses.SPI_BOOT_CRYPT_CNT === undefined) this.setFuse("SPI_BOOT_CRYPT_CNT", "7");
		const pins = join(this.options.dir, "pins");
		rmSync(pins, { force: true });
		const { onLine } = this.options;
		this.#supervisor = new Supervisor({
			dir: this.flashFolder,
			image: this.#image,
			slotKb: this.options.slotKb ?? 0,
			serialLink,
			pinsSocket: pins,
			words: ["--arg", `heard=${this.options.stations ?? 2}`],
			...(onLine === undefined ? {} : { onLine }),
		});
		this.#supervisor.start();
		this.#jig = new Jig(pins, this.options.broken);
	}

	/** The power goes. */
	async cut(): Promise<void> {
		const supervisor = this.#supervisor;
		this.#supervisor = undefined;
		this.#jig?.close();
		this.#jig = undefined;
		await supervisor?.cutPower();
	}

	erase(): void {
		rmSync(this.#image, { force: true });
		rmSync(this.flashFolder, { recursive: true, force: true });
	}

	/** Its records are gone, its image stays. */
	eraseRecords(): void {
		rmSync(this.flashFolder, { recursive: true, force: true });
	}

	/** Only a whole image appears. */
	write(path: string): void {
		copyFileSync(path, `${this.#image}.new`);
		renameSync(`${this.#image}.new`, this.#image);
	}

	/** What was written is what was to be written. */
	holds(path: string): boolean {
		return digest(path) === digest(this.#image);
	}
}

function digest(path: string): string {
	return createHash("sha256").update(readFileSync(path)).digest("hex");
}

export class BenchStation {
	readonly dir: string;
	readonly #server: Server;
	#board: BenchBoard | undefined;
	#powered = true;
	/** Counts cuts: what the chip was doing before one has no effect after it. */
	#cuts = 0;

	private constructor(dir: string, server: Server) {
		this.dir = dir;
		this.#server = server;
	}

	static async open(dir: string): Promise<BenchStation> {
		mkdirSync(dir, { recursive: true });
		const path = join(dir, BENCH_CHIP);
		rmSync(path, { force: true });
		const server = createServer();
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(path, resolve);
		});
		const station = new BenchStation(dir, server);
		server.on("connection", (socket) => station.#serve(socket));
		return station;
	}

	get board(): BenchBoard | undefined {
		return this.#board;
	}

	insert(board: BenchBoard): void {
		this.#board = board;
		this.#startFirmware();
	}

	/** The cable is pulled, and power with it. */
	async remove(): Promise<BenchBoard | undefined> {
		const board = this.#board;
		this.#board = undefined;
		this.#cuts++;
		await board?.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		return board;
	}

	/** Off, and on again after a while. */
	async cut(offMs: number): Promise<void> {
		const board = this.#board;
		this.#powered = false;
		this.#cuts++;
		await board?.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		await new Promise((resolve) => setTimeout(resolve, offMs));
		this.#powered = true;
		if (this.#board === board) this.#startFirmware();
	}

	async close(): Promise<void> {
		await this.remove();
		this.#server.close();
	}

	#startFirmware(): void {
		if (this.#powered) this.#board?.start(join(this.dir, BENCH_SERIAL));
	}

	#serve(socket: Socket): void {
		let text = "";
		socket.setEncoding("utf8");
		socket.on("error", () => undefined);
		socket.on("data", (chunk: string) => {
			text += chunk;
			if (text.length > CHIP_LINE_MAX) return void socket.destroy();
			if (!text.includes("\n")) return;
			const request = JSON.parse(text.slice(0, text.indexOf("\n"))) as ChipRequest;
			text = "";
			const cuts = this.#cuts;
			void this.#perform(request, () => this.#cuts === cuts).then((answer) => {
				// A chip whose power went says nothing any more.
				if (this.#cuts === cuts) socket.write(`${JSON.stringify(answer)}\n`);
				else socket.destroy();
			});
		});
	}

	async #perform(request: ChipRequest, hasPower: () => boolean): Promise<ChipAnswer> {
		const board = this.#board;
		if (board === undefined || !this.#powered) return refuse("lost");
		if (request.do === "run") {
			await board.cut();
			if (hasPower()) this.#startFirmware();
			return { ok: true };
		}
		const { fuses } = board;
		if (fuses.DIS_DOWNLOAD_MODE === "1" || fuses.ENABLE_SECURITY_DOWNLOAD === "1") return refuse("secured");
		// Its download mode is not its firmware.
		await board.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		if (!hasPower()) return refuse("lost");
		switch (request.do) {
			case "identify":
				return { ok: true, chip: board.identity };
			case "read-fuses":
				return { ok: true, fuses: { ...BLANK, ...fuses } };
			case "write":
				return await this.#write(board, request.images[0]?.path ?? "", hasPower);
			case "burn":
				board.setFuse(request.name, named(request.name, request.value));
				if (request.purpose !== undefined) {
					if (!hasPower()) return refuse("lost");
					board.setFuse(`KEY_PURPOSE_${request.name.slice("BLOCK_KEY".length)}`, request.purpose);
				}
				return { ok: true };
			default:
				return refuse("output");
		}
	}

	async #write(board: BenchBoard, path: string, hasPower: () => boolean): Promise<ChipAnswer> {
		board.erase();
		await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
		if (!hasPower()) return refuse("lost");
		board.write(path);
		return board.holds(path) ? { ok: true } : refuse("failed");
	}
}

/** As a new chip reads. */
const BLANK: Readonly<Record<string, string>> = Object.freeze({
	SPI_BOOT_CRYPT_CNT: "0",
	SECURE_BOOT_EN: "0",
	SOFT_DIS_JTAG: "0",
	DIS_PAD_JTAG: "0",
	DIS_USB_JTAG: "0",
	DIS_DIRECT_BOOT: "0",
	DIS_DOWNLOAD_MANUAL_ENCRYPT: "0",
	ENABLE_SECURITY_DOWNLOAD: "0",
	DIS_DOWNLOAD_MODE: "0",
	BLOCK_KEY0: BLANK_BLOCK,
	KEY_PURPOSE_0: "USER",
});

function named(fuse: string, value: string): string {
	return fuse.startsWith("KEY_PURPOSE_") ? `SECURE_BOOT_DIGEST${Number(value) - 9}` : value;
}

function refuse(code: ChipFaultCode): ChipAnswer {
	return { ok: false, code };
}
