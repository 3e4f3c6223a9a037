/**
 * A simulated board: the firmware on the real engine with its flash in a folder, a chip with a MAC and eFuses, and a jig. What
 * the line relies on of a real one is here too, as ESP-IDF 6.0 has it (bootloader_utility.c, load_image):
 *
 *   - A boot loader that is marked so burns at its first start, whoever starts it: secure boot where that is not burned yet, and the
 *     download mode is then closed with it; flash encryption, in place, which takes a while. Power that goes meanwhile
 *     leaves noise, until the flash is written anew in plaintext.
 *   - With secure boot burned nothing starts that the burned key has not signed. On an encrypted chip plaintext is noise.
 *   - A chip that was asked stays in its loader until it is reset, closed or not.
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
import { join } from "node:path";
import { Jig } from "../../board/jig.ts";
import { Supervisor } from "../../board/supervisor.ts";
import { type BurnMark, burnMarkOf, isChipImage } from "./burn-mark.ts";
import type { ChipIdentity, ImageFile } from "./chip-driver.ts";
import { isEncrypted } from "./fuses.ts";
import { signersOf } from "./signed-image.ts";

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
	/** How long its firmware takes until it answers, beside what it takes anyway. */
	readonly slowMs?: number;
	readonly onLine?: (line: string) => void;
}

/** What lies where a boot loader is looked for. */
interface Loader {
	readonly burns: BurnMark;
	readonly signers: readonly string[];
}

interface ChipFile {
	readonly fuses: Readonly<Record<string, string>>;
	/** Absent: nothing is there. */
	readonly loader?: Loader;
	/** Flash reads as noise. */
	readonly noise?: boolean;
}

const ENCRYPT_MS = 60;
const FITTED_MS = 3_000;
const BLANK_BLOCK = "0".repeat(64);

/** As a new chip reads. */
const BLANK_FUSES: Readonly<Record<string, string>> = Object.freeze({
	SPI_BOOT_CRYPT_CNT: "0",
	SECURE_BOOT_EN: "0",
	SECURE_BOOT_AGGRESSIVE_REVOKE: "0",
	SECURE_BOOT_KEY_REVOKE0: "0",
	SECURE_BOOT_KEY_REVOKE1: "0",
	SECURE_BOOT_KEY_REVOKE2: "0",
	SOFT_DIS_JTAG: "0",
	DIS_PAD_JTAG: "0",
	DIS_USB_JTAG: "0",
	DIS_DIRECT_BOOT: "0",
	DIS_DOWNLOAD_ICACHE: "0",
	DIS_DOWNLOAD_MANUAL_ENCRYPT: "0",
	ENABLE_SECURITY_DOWNLOAD: "0",
	DIS_DOWNLOAD_MODE: "0",
	BLOCK_KEY0: BLANK_BLOCK,
	KEY_PURPOSE_0: "USER",
	BLOCK_KEY1: BLANK_BLOCK,
	KEY_PURPOSE_1: "USER",
});

/** What GET_SECURITY_INFO tells, of a closed chip too. */
const TOLD: readonly string[] = Object.freeze([
	"SECURE_BOOT_EN",
	"SECURE_BOOT_AGGRESSIVE_REVOKE",
	"ENABLE_SECURITY_DOWNLOAD",
	"SECURE_BOOT_KEY_REVOKE0",
	"SECURE_BOOT_KEY_REVOKE1",
	"SECURE_BOOT_KEY_REVOKE2",
	"DIS_DOWNLOAD_ICACHE",
	"SPI_BOOT_CRYPT_CNT",
	"KEY_PURPOSE_0",
	"KEY_PURPOSE_1",
]);

/** One board, in no station or in one. */
export class BenchBoard {
	readonly options: BenchBoardOptions;
	readonly identity: ChipIdentity;
	#supervisor: Supervisor | undefined;
	#jig: Jig | undefined;
	/** Between power and firmware: its boot loader at work, or a slow start. */
	#starting: NodeJS.Timeout | undefined;

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

	// ---- the chip ----

	get #chip(): ChipFile {
		const path = join(this.options.dir, "chip.json");
		return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ChipFile) : { fuses: {} };
	}

	#keep(change: Partial<ChipFile>): void {
		const path = join(this.options.dir, "chip.json");
		writeFileSync(`${path}.new`, JSON.stringify({ ...this.#chip, ...change }));
		renameSync(`${path}.new`, path);
	}

	/** What was burned; of all others nothing. */
	get burned(): Readonly<Record<string, string>> {
		return this.#chip.fuses;
	}

	get fuses(): Readonly<Record<string, string>> {
		return { ...BLANK_FUSES, ...this.burned };
	}

	get closed(): boolean {
		return this.burned.ENABLE_SECURITY_DOWNLOAD === "1";
	}

	get told(): Readonly<Record<string, string>> {
		const { fuses } = this;
		return Object.fromEntries(TOLD.map((name) => [name, fuses[name] ?? "0"]));
	}

	setFuse(name: string, value: string): void {
		this.#keep({ fuses: { ...this.burned, [name]: value } });
	}

	get #encrypted(): boolean {
		return isEncrypted(VIRTUAL_CHIP.kind, new Map(Object.entries(this.fuses))) === true;
	}

	/** Whether its flash is as it left its maker. */
	get blank(): boolean {
		return this.#chip.loader === undefined && !existsSync(this.#image) && this.#chip.noise !== true;
	}

	// ---- power ----

	/** Starts what is in its flash, when that starts. */
	start(serialLink: string): void {
		const { loader, noise } = this.#chip;
		if (this.#supervisor !== undefined || this.#starting !== undefined) return;
		if (loader === undefined || noise === true) return;
		const secured = this.burned.SECURE_BOOT_EN === "1";
		if (secured && !loader.signers.includes(this.burned.BLOCK_KEY0 ?? "")) return;
		const burns = loader.burns === "first-boot";
		if (burns && !secured) this.#burnSecureBoot(loader.signers[0] ?? BLANK_BLOCK);
		const encrypts = burns && !this.#encrypted;
		if (encrypts) this.#keep({ noise: true });
		const delayMs = (encrypts ? ENCRYPT_MS : 0) + (this.options.slowMs ?? 0);
		const go = (): void => {
			this.#starting = undefined;
			if (encrypts) this.#keep({ noise: false, fuses: { ...this.burned, ...ENCRYPTED } });
			if (existsSync(this.#image)) this.#startFirmware(serialLink);
		};
		if (delayMs === 0) go();
		else this.#starting = setTimeout(go, delayMs);
	}

	/** secure_boot_v2/secure_boot.c, esp_secure_boot_v2_permanently_enable: all at once, the download mode too. */
	#burnSecureBoot(digest: string): void {
		const burned = {
			BLOCK_KEY0: digest,
			KEY_PURPOSE_0: "SECURE_BOOT_DIGEST0",
			SECURE_BOOT_KEY_REVOKE1: "1",
			SECURE_BOOT_KEY_REVOKE2: "1",
			SECURE_BOOT_EN: "1",
			SOFT_DIS_JTAG: "7",
			DIS_PAD_JTAG: "1",
			DIS_USB_JTAG: "1",
			DIS_DIRECT_BOOT: "1",
			ENABLE_SECURITY_DOWNLOAD: "1",
		};
		this.#keep({ fuses: { ...this.burned, ...burned } });
	}

	#startFirmware(serialLink: string): void {
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

	/** Its jig is around it, as a real one is before anything drives; soon, or not at all. */
	async fitted(): Promise<void> {
		const late = new Promise<void>((resolve) => setTimeout(resolve, FITTED_MS).unref());
		await Promise.race([this.#jig?.connected, late]);
	}

	/** The power goes, or the chip is reset into its loader. */
	async cut(): Promise<void> {
		const supervisor = this.#supervisor;
		clearTimeout(this.#starting);
		this.#starting = undefined;
		this.#supervisor = undefined;
		this.#jig?.close();
		this.#jig = undefined;
		await supervisor?.cutPower();
	}

	// ---- flash ----

	erase(): void {
		rmSync(this.#image, { force: true });
		rmSync(this.flashFolder, { recursive: true, force: true });
		const { fuses } = this.#chip;
		const path = join(this.options.dir, "chip.json");
		writeFileSync(`${path}.new`, JSON.stringify({ fuses }));
		renameSync(`${path}.new`, path);
	}

	/** Its records are gone, its image stays. */
	eraseRecords(): void {
		rmSync(this.flashFolder, { recursive: true, force: true });
	}

	/** Only a whole image appears. True: what was written is what was to be written. */
	write(images: readonly ImageFile[]): boolean {
		for (const { offset, path } of images) {
			const bytes = readFileSync(path);
			if (isChipImage(bytes)) {
				this.#keep({ loader: { burns: burnMarkOf(bytes) ?? "nothing", signers: signersOf(bytes) } });
				continue;
			}
			copyFileSync(path, `${this.#image}.new`);
			renameSync(`${this.#image}.new`, this.#image);
			// At the very beginning of flash it is its own boot loader, which burns nothing.
			if (offset === 0) this.#keep({ loader: { burns: "nothing", signers: [] } });
			if (digest(path) !== digest(this.#image)) return false;
		}
		if (this.#encrypted) this.#keep({ noise: true });
		return true;
	}
}

/** flash_encrypt.c and flash_encryption_secure_features.c of an ESP32-C3, release mode. */
const ENCRYPTED: Readonly<Record<string, string>> = Object.freeze({
	SPI_BOOT_CRYPT_CNT: "7",
	DIS_DOWNLOAD_MANUAL_ENCRYPT: "1",
	DIS_DOWNLOAD_ICACHE: "1",
	DIS_PAD_JTAG: "1",
	DIS_USB_JTAG: "1",
	DIS_DIRECT_BOOT: "1",
});

function digest(path: string): string {
	return createHash("sha256").update(readFileSync(path)).digest("hex");
}
