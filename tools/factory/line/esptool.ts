/**
 * The driver for real boards: Espressif's esptool and espefuse, as processes. Never tried on a chip yet (docs/FACTORY.md). Their
 * protocol with the chip is theirs. Each call opens the port anew, so the firmware's serial line must be closed meanwhile.
 *
 * Every call leaves the chip in its loader (`--after no_reset`) but `run`. That one asks for GET_SECURITY_INFO, which a closed
 * chip answers too: `read_mac` fails there, and esptool then resets nothing (esptool 4.7.0, __init__.py: a command that
 * fails skips the reset behind it), so that the chip would stay in its loader until its power goes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBounded } from "./bounded-process.ts";
import {
	type ChipAnswer,
	type ChipDriver,
	ChipFault,
	type ImageFile,
	type WriteManner,
} from "./chip-driver.ts";
import {
	decodeIdentity,
	decodeSecurity,
	decodeSummary,
	macOf,
	macSaid,
	OUTPUT_BYTES_MAX,
} from "./esptool-output.ts";
import type { Fuse, FuseReading } from "./fuses.ts";
import type { ProvenChip } from "./proven-chip.ts";

export interface EsptoolOptions {
	readonly port: string;
	/** "ESP32-C3". */
	readonly chip: string;
	/** The program and words that always come first. */
	readonly esptool: readonly string[];
	readonly espefuse: readonly string[];
	readonly baud: number;
}

const SHORT_MS = 30_000;
/** Erasing and writing 16 MB at 115200 baud. */
const WRITE_MS = 1_800_000;
/** Boot loader, table, otadata, keys of NVS, radio, secrets of every table of ours (partitions-*mb.csv). */
const BLANK_BYTES = 0x20000;
const BLANK = 0xff;
const NOT_THERE =
	/No serial data received|Failed to connect|could not open port|No such file|Could not open|device disconnected/i;
const SECURED = /in Secure Download Mode|Secure Download Mode is enabled\. The tool can not read eFuses/;

export class EsptoolChip implements ChipDriver {
	readonly #options: EsptoolOptions;

	constructor(options: EsptoolOptions) {
		this.#options = options;
	}

	serialLine(): string | undefined {
		return existsSync(this.#options.port) ? this.#options.port : undefined;
	}

	async look(): Promise<ChipAnswer> {
		let text: string;
		try {
			text = await this.#esptool("no_reset", SHORT_MS, "flash_id");
		} catch (error) {
			if (!(error instanceof ChipFault)) throw error;
			if (error.code === "lost") return { kind: "silent" };
			if (error.code === "secured") return await this.#lookClosed();
			throw error;
		}
		const identity = decodeIdentity(text);
		if (!identity.ok) {
			if (identity.reason === "secured") return await this.#lookClosed();
			throw new ChipFault("output", "esptool does not say which chip it is");
		}
		const fuses = await this.#summary();
		// Two processes: whoever changed boards in between is seen by that.
		if (macOf(fuses) !== identity.value.mac)
			throw new ChipFault("output", "its two answers are of two chips");
		return { kind: "open", identity: identity.value, fuses };
	}

	/** What it says of itself counts, in its own flags; that a command was refused could have other reasons. */
	async #lookClosed(): Promise<ChipAnswer> {
		const told = decodeSecurity(await this.#esptool("no_reset", SHORT_MS, "--no-stub", "get_security_info"));
		if (!told.ok || told.value.get("ENABLE_SECURITY_DOWNLOAD") !== "1")
			throw new ChipFault("output", "esptool does not say how the chip is secured");
		return { kind: "secured", told: told.value };
	}

	async isBlank(): Promise<boolean> {
		return await withFolder(async (folder) => {
			const path = join(folder, "flash");
			await this.#esptool("no_reset", WRITE_MS, "read_flash", "0", `0x${BLANK_BYTES.toString(16)}`, path);
			const bytes = readFileSync(path);
			return bytes.length === BLANK_BYTES && bytes.every((byte) => byte === BLANK);
		});
	}

	async write(chip: ProvenChip, images: readonly ImageFile[], manner: WriteManner): Promise<void> {
		const { mac, flashBytes } = chip.spend();
		if (manner === "erase") await this.#esptool("no_reset", WRITE_MS, "erase_flash");
		await withFolder(async (folder) => {
			const all = manner === "fill" ? filled(images, flashBytes, folder) : images;
			const words = all.flatMap(({ offset, path }) => [`0x${offset.toString(16)}`, path]);
			// With secure boot burned esptool writes a boot loader only so (4.7.0, cmds.py, write_flash).
			const force = manner === "erase" ? [] : ["--force"];
			const text = await this.#esptool(
				"no_reset",
				WRITE_MS,
				"write_flash",
				"--flash_size",
				"keep",
				...force,
				"-z",
				...words,
			);
			const verified = text.split("\n").filter((line) => line.startsWith("Hash of data verified")).length;
			if (verified !== all.length) throw new ChipFault("output", "esptool did not compare what it wrote");
			// Too late for that chip, and told all the same.
			if (macSaid(text) !== mac)
				throw new ChipFault("output", "another chip was written than the one that was asked");
		});
	}

	async run(): Promise<void> {
		// An ESP32 has no such command, nor a mode in which `read_mac` fails.
		const word = this.#options.chip === "ESP32" ? "read_mac" : "get_security_info";
		await this.#esptool("hard_reset", SHORT_MS, "--no-stub", word);
	}

	async burn(chip: ProvenChip, fuse: Fuse): Promise<void> {
		chip.spend();
		if (fuse.kind === "field") await this.#espefuse("burn_efuse", fuse.name, String(fuse.value));
		else await this.#espefuse("burn_key", fuse.block, fuse.file, fuse.purpose);
	}

	async #summary(): Promise<FuseReading> {
		const reading = decodeSummary(await this.#espefuse("summary", "--format", "json"));
		if (!reading.ok) throw new ChipFault("output", "espefuse does not say what is burned");
		return reading.value;
	}

	#esptool(after: string, timeoutMs: number, ...words: readonly string[]): Promise<string> {
		const { port, baud, esptool } = this.#options;
		return this.#perform(
			[...esptool, "--port", port, "--baud", String(baud), "--after", after, ...words],
			timeoutMs,
		);
	}

	#espefuse(...words: readonly string[]): Promise<string> {
		const { port, chip, espefuse } = this.#options;
		const name = chip.toLowerCase().replace("-", "");
		return this.#perform(
			[...espefuse, "--chip", name, "--port", port, "--do-not-confirm", ...words],
			SHORT_MS,
		);
	}

	async #perform(command: readonly string[], timeoutMs: number): Promise<string> {
		const end = await runBounded({ command, timeoutMs, outputBytesMax: OUTPUT_BYTES_MAX });
		const program = command[0] ?? "";
		if (end.kind === "missing") throw new ChipFault("missing", `${program} is not installed`);
		if (end.kind === "late")
			throw new ChipFault("late", `${program} took longer than ${timeoutMs / 1_000} s`);
		if (end.kind === "too-much") throw new ChipFault("output", `${program} prints without end`);
		if (end.status === 0) return end.output;
		if (SECURED.test(end.output)) throw new ChipFault("secured", "its download mode is closed");
		if (NOT_THERE.test(end.output)) throw new ChipFault("lost", "no chip answers at the port");
		throw new ChipFault("failed", `${program}: ${lastLine(end.output)}`);
	}
}

async function withFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
	const folder = mkdtempSync(join(tmpdir(), "lk-chip-"));
	try {
		return await work(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** The images and what is between them, which reads as erased flash. */
function filled(images: readonly ImageFile[], flashBytes: number, folder: string): readonly ImageFile[] {
	const all: ImageFile[] = [];
	let end = 0;
	const fill = (until: number): void => {
		if (until <= end) return;
		const path = join(folder, `${end}.fill`);
		writeFileSync(path, new Uint8Array(until - end).fill(BLANK));
		all.push({ offset: end, path });
	};
	for (const image of [...images].sort((one, other) => one.offset - other.offset)) {
		fill(image.offset);
		all.push(image);
		// esptool writes whole sectors.
		end = Math.ceil((image.offset + statSync(image.path).size) / 4_096) * 4_096;
	}
	fill(flashBytes);
	return all;
}

function lastLine(output: string): string {
	return (
		output
			.split("\n")
			.map((line) => line.trim())
			.filter((line) => line !== "")
			.at(-1)
			?.slice(0, 200) ?? "it says nothing"
	);
}
