/**
 * The driver for real boards: Espressif's esptool and espefuse, as processes. Never tried on a chip yet (docs/FACTORY.md). Their
 * protocol with the chip is theirs. Each call opens the port anew, so the firmware's serial line must be closed meanwhile.
 */
import { existsSync } from "node:fs";
import { runBounded } from "./bounded-process.ts";
import { type ChipDriver, ChipFault, type ChipIdentity, type ImageFile } from "./chip-driver.ts";
import { decodeIdentity, decodeSummary, OUTPUT_BYTES_MAX } from "./esptool-output.ts";
import type { Fuse, FuseReading } from "./fuses.ts";

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
const NOT_THERE =
	/No serial data received|Failed to connect|could not open port|No such file|Could not open|device disconnected/i;
const SECURED = /Secure Download Mode|download mode is disabled/i;

export class EsptoolChip implements ChipDriver {
	readonly #options: EsptoolOptions;

	constructor(options: EsptoolOptions) {
		this.#options = options;
	}

	serialLine(): string | undefined {
		return existsSync(this.#options.port) ? this.#options.port : undefined;
	}

	async identify(): Promise<ChipIdentity> {
		const text = await this.#esptool("no_reset", SHORT_MS, "flash_id");
		const identity = decodeIdentity(text);
		if (identity.ok) return identity.value;
		if (identity.reason === "secured") throw new ChipFault("secured", "its download mode is limited");
		throw new ChipFault("output", "esptool does not say which chip it is");
	}

	async write(images: readonly ImageFile[]): Promise<void> {
		await this.#esptool("no_reset", WRITE_MS, "erase_flash");
		const words = images.flatMap(({ offset, path }) => [`0x${offset.toString(16)}`, path]);
		const text = await this.#esptool(
			"no_reset",
			WRITE_MS,
			"write_flash",
			"--flash_size",
			"keep",
			"-z",
			...words,
		);
		const verified = text.split("\n").filter((line) => line.startsWith("Hash of data verified")).length;
		if (verified !== images.length) throw new ChipFault("output", "esptool did not compare what it wrote");
	}

	async run(): Promise<void> {
		await this.#esptool("hard_reset", SHORT_MS, "read_mac");
	}

	async readFuses(): Promise<FuseReading> {
		const reading = decodeSummary(await this.#espefuse("summary", "--format", "json"));
		if (!reading.ok) throw new ChipFault("output", "espefuse does not say what is burned");
		return reading.value;
	}

	async burn(fuse: Fuse): Promise<void> {
		const { chip } = this.#options;
		if (fuse.kind === "field") await this.#espefuse("burn_efuse", fuse.name, String(fuse.value));
		else if (chip === "ESP32") await this.#espefuse("burn_key", fuse.purpose, fuse.file);
		else await this.#espefuse("burn_key", fuse.block, fuse.file, fuse.purpose);
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
