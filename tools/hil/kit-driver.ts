/**
 * A development kit at a serial port: its service line, its console where it has one, its reset by RTS and DTR (through esptool, whose
 * trade that is). It senses no pin and drives none; an operator's hands press buttons where there is an operator.
 */
import type { Mechanism } from "../board/mechanism.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { ChipFault } from "../factory/line/chip-driver.ts";
import { EsptoolChip } from "../factory/line/esptool.ts";
import type { Ability, Driver, Instrument, TraceClock } from "./driver.ts";
import { HilFault } from "./hil-fault.ts";
import { LockConsole } from "./lock-console.ts";
import { Trace } from "./trace.ts";

export interface KitDriverOptions {
	/** The lock's service line, whose RTS and DTR reset the chip. */
	readonly port: string;
	readonly console?: string;
	/** The program that resets, and words that always come first. */
	readonly esptool: readonly string[];
	/** Presses a button of the kit; undefined: nobody is there. */
	readonly hand?: (role: "button" | "exit", holdMs: number) => Promise<void>;
	readonly reachAt?: Endpoint;
	readonly radio?: Endpoint;
	/** The name of an access point, and its passphrase, are given. */
	readonly hasWifi?: boolean;
}

const BAUD = 115_200;

export class KitDriver implements Driver {
	readonly name = "kit";
	readonly abilities: ReadonlySet<Ability>;
	readonly instrument: Instrument = Object.freeze({ target: "none", name: "none" });
	readonly clock: TraceClock = Object.freeze({ resolutionUs: 0, driftPpm: 0 });
	readonly trace = new Trace();
	readonly mechanism: Mechanism | undefined = undefined;
	readonly fault: string | undefined = undefined;
	readonly #options: KitDriverOptions;
	readonly #chip: EsptoolChip;
	readonly #console: LockConsole;
	#resets = 0;

	/** Throws HilFault when the console cannot be opened. */
	constructor(options: KitDriverOptions) {
		this.#options = options;
		const { port, esptool } = options;
		// Resetting asks neither for the chip's name nor for its eFuses.
		this.#chip = new EsptoolChip({ port, chip: "", esptool, espefuse: [], baud: BAUD });
		this.#console = new LockConsole(options.console);
		const able = new Set<Ability>(["restart"]);
		if (options.hand !== undefined) able.add("hands");
		if (options.reachAt !== undefined) able.add("network");
		if (options.radio !== undefined) able.add("radio");
		if (options.hasWifi === true) able.add("wifi");
		this.abilities = able;
	}

	get line(): string {
		return this.#options.port;
	}

	get radio(): Endpoint | undefined {
		return this.#options.radio;
	}

	get consoleLines(): readonly string[] {
		return this.#console.lines;
	}

	get notes(): readonly string[] {
		return [`${this.#resets} resets by RTS and DTR`];
	}

	async settled(): Promise<void> {
		// It sees no edges.
	}

	async reach(at: Endpoint): Promise<Endpoint> {
		return this.#options.reachAt ?? at;
	}

	async press(role: "button" | "exit", holdMs: number): Promise<void> {
		if (this.#options.hand === undefined) throw new HilFault("nobody is there to press a button");
		await this.#options.hand(role, holdMs);
	}

	setPower(on: boolean): Promise<void> {
		// A kit is on as long as its cable is in.
		return on ? Promise.resolve() : Promise.reject(new HilFault("a kit's power cannot be taken away"));
	}

	tripPower(): Promise<void> {
		return this.setPower(false);
	}

	async untrip(): Promise<void> {
		// Nothing was armed.
	}

	/** Nobody may have the service line open meanwhile. Rejects with HilFault. */
	async restart(): Promise<void> {
		try {
			await this.#chip.run();
			this.#resets++;
		} catch (error) {
			if (error instanceof ChipFault) throw new HilFault(`the kit's reset: ${error.message}`);
			throw error;
		}
	}

	setAccessPoint(): Promise<void> {
		return Promise.reject(new HilFault("a kit's access point cannot be taken away"));
	}

	async close(): Promise<void> {
		this.#console.close();
	}
}
