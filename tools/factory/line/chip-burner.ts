/**
 * The security eFuses of a board (docs/FACTORY.md): the steps `burn` and `close`. Both may be done again after any interruption; what
 * is burned is read from the chip each time, never concluded from what was meant to be burned, nor from silence.
 *
 *   burn    production images without their boot loader, so that nothing starts and burns by itself meanwhile
 *           each eFuse of the plan but the last, read back by value
 *           the boot loader; its first start encrypts the flash; then every eFuse is read again
 *   close   each eFuse once more, then the last one; the chip says of itself that it is closed, the board that it is still the same
 *
 * That order is ESP-IDF's: secure boot must be burned before its boot loader finds it missing, since it would close the download mode
 * with it, before the flash is encrypted (secure_boot_v2/secure_boot.c, esp_secure_boot_v2_permanently_enable), and power that
 * went then would leave a chip that can be neither started nor proven. And flash encryption write-protects what the
 * plan has of JTAG and download mode (flash_encryption_secure_features.c), so the plan comes before it.
 */
import type { NobleCrypto } from "../../crypto/noble.ts";
import { identify } from "../board-steps.ts";
import type { VerbLine } from "../verbs.ts";
import { StepFault } from "./cause.ts";
import { type ChipDriver, ChipFault } from "./chip-driver.ts";
import {
	closedFlaw,
	closesTheChip,
	type Fuse,
	fuseName,
	isEncrypted,
	isSecured,
	purposeOf,
	standingOf,
} from "./fuses.ts";
import type { ProductionSet } from "./image-set.ts";
import type { BoardRow, Lease } from "./journal-rows.ts";
import type { LineParts } from "./line-parts.ts";
import { ProvenBoard } from "./proven-board.ts";
import { ProvenChip } from "./proven-chip.ts";

export interface BurnerOptions {
	readonly parts: LineParts;
	readonly driver: ChipDriver;
	readonly crypto: NobleCrypto;
	/** The firmware's line, once it answers. Rejects with SerialFault. */
	readonly line: (withinMs?: number) => Promise<VerbLine>;
	/** The port is the driver's: the line is closed. */
	readonly letGo: () => void;
}

export class ChipBurner {
	readonly #options: BurnerOptions;

	constructor(options: BurnerOptions) {
		this.#options = options;
	}

	/** All but the last eFuse; the digest of the images that the board has then. */
	async burn(lease: Lease): Promise<string> {
		const production = this.#production();
		const { driver, letGo, line, parts } = this.#options;
		letGo();
		// Encrypted flash is never written: plaintext in it is noise.
		if (!this.#encrypted(await this.#prove(lease))) {
			await this.#writeRest(lease, production);
			for (const fuse of this.#open()) await this.#burnOne(lease, fuse);
			await driver.write(await this.#prove(lease), [production.loader], "add");
		}
		await driver.run();
		await line(parts.config.production?.firstStartMs);
		letGo();
		this.#assertBurned(await this.#prove(lease));
		await driver.run();
		const { firmware } = await identify(await line());
		const wanted = parts.config.firmware;
		if (wanted !== undefined && firmware !== wanted)
			throw new StepFault("firmware-other", { detail: `${firmware ?? "none"}, not ${wanted}` });
		return production.digest;
	}

	/** The last eFuse. */
	async close(lease: Lease): Promise<void> {
		const { driver, letGo, line, parts, crypto } = this.#options;
		const { journal, fuses, config } = parts;
		const kind = config.chip.kind;
		const closing = fuses.find((fuse) => closesTheChip(kind, fuse));
		if (closing === undefined) throw new Error("a plan that closes nothing");
		const name = fuseName(closing);
		(await ProvenBoard.byKey(await line(), crypto, this.#row(lease), false)).spend();
		letGo();
		let answer = await driver.look();
		if (answer.kind === "open") {
			const chip = ProvenChip.prove(answer, this.#row(lease), fuses);
			this.#assertBurned(chip);
			journal.beginFuse(lease, name, plannedValue(closing), chip.fuses.get(name) ?? "");
			await driver.burn(chip, closing);
			answer = await driver.look();
		}
		// What does not answer may be closed, unplugged or broken.
		if (answer.kind === "silent") throw new ChipFault("lost", "no chip answers at the port");
		if (answer.kind === "open")
			throw new StepFault("fuse-differs", { detail: `${name} does not close the chip` });
		if (!journal.fuses(lease.board).some(({ fuse }) => fuse === name)) throw new StepFault("chip-closed");
		const flaw = closedFlaw(kind, fuses, answer.told);
		if (flaw !== undefined) throw new StepFault("fuse-differs", { detail: `${flaw}, of the closed chip` });
		await driver.run();
		// Which chip it is, a closed one does not say: its key does.
		(await ProvenBoard.byKey(await line(), crypto, this.#row(lease), false)).spend();
		journal.burned(lease, name);
	}

	/** Everything starts from here: without boot loader nothing does. */
	async #writeRest(lease: Lease, { rest }: ProductionSet): Promise<void> {
		const { driver, parts } = this.#options;
		const chip = await this.#prove(lease);
		parts.journal.forgetImages(lease);
		const manner = isSecured(chip.identity.chip, chip.fuses) ? "fill" : "erase";
		await driver.write(chip, rest, manner);
	}

	async #burnOne(lease: Lease, fuse: Fuse): Promise<void> {
		const { driver, parts } = this.#options;
		const name = fuseName(fuse);
		const chip = await this.#prove(lease);
		const standing = standingOf(fuse, chip.fuses);
		if (standing === "differs" || standing === "unknown")
			throw new StepFault("fuse-differs", { detail: `${name} ${standing}` });
		parts.journal.beginFuse(lease, name, plannedValue(fuse), chip.fuses.get(name) ?? "");
		if (standing === "blank") await driver.burn(chip, fuse);
		else if (standing === "no-purpose" && fuse.kind === "digest") await driver.burn(chip, purposeOf(fuse));
		const after = await this.#prove(lease);
		if (standingOf(fuse, after.fuses) !== "burned")
			throw new StepFault("fuse-differs", { detail: `${name} does not read as burned` });
		parts.journal.burned(lease, name);
	}

	/** Each eFuse of the plan but the last by its value, and flash encryption. */
	#assertBurned({ fuses }: ProvenChip): void {
		const missing = this.#open().find((fuse) => standingOf(fuse, fuses) !== "burned");
		if (missing !== undefined)
			throw new StepFault("fuse-differs", { detail: `${fuseName(missing)} does not read as burned` });
		const { config } = this.#options.parts;
		if (config.demandEncryption && isEncrypted(config.chip.kind, fuses) !== true)
			throw new StepFault("not-encrypted");
	}

	#open(): readonly Fuse[] {
		const { fuses, config } = this.#options.parts;
		return fuses.filter((fuse) => !closesTheChip(config.chip.kind, fuse));
	}

	#encrypted({ fuses }: ProvenChip): boolean {
		const encrypted = isEncrypted(this.#options.parts.config.chip.kind, fuses);
		if (encrypted === undefined)
			throw new StepFault("fuse-differs", { detail: "flash encryption cannot be read" });
		return encrypted;
	}

	/** Of the board on record, as it stands at this moment. */
	async #prove(lease: Lease): Promise<ProvenChip> {
		const { driver, parts } = this.#options;
		return ProvenChip.prove(await driver.look(), this.#row(lease), parts.fuses);
	}

	#row({ board }: Lease): BoardRow {
		return this.#options.parts.journal.find(board);
	}

	#production(): ProductionSet {
		const { production } = this.#options.parts;
		if (production === undefined) throw new Error("a plan of eFuses without production images");
		return production;
	}
}

function plannedValue(fuse: Fuse): string {
	return fuse.kind === "field" ? String(fuse.value) : `${fuse.purpose} ${fuse.hex}`;
}
