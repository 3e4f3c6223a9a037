/**
 * A lock in a rig (docs/RIG.md): its service line at one port, the rig that senses and drives its pins and switches its supplies at
 * another. The mechanism of the simulated board stands for the bolt here too, over the rig's wires.
 */
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { Mechanism } from "../board/mechanism.ts";
import type { PinSocketHandlers } from "../board/pin-socket.ts";
import type { Endpoint } from "../cli/arguments.ts";
import type { Ability, Driver, Instrument, TraceClock } from "./driver.ts";
import { HilFault } from "./hil-fault.ts";
import { LockConsole } from "./lock-console.ts";
import { PIN_ROLES } from "./pin-roles.ts";
import { isFine, seesPulses } from "./pulses.ts";
import { type OpenByteLine, RigLink } from "./rig-link.ts";
import type { RigRole, RigWay } from "./rig-message.ts";
import { Trace } from "./trace.ts";

export interface RigDriverOptions {
	/** The lock's service line. */
	readonly port: string;
	/** The rig's line: a port, or what a test puts in its place. */
	readonly rig: string | OpenByteLine;
	/** Where the lock logs. */
	readonly console?: string;
	/** Where the lock reaches this machine; the default is where it listens. */
	readonly reachAt?: Endpoint;
	readonly radio?: Endpoint;
	/** The name of a real access point, and its passphrase, are given. */
	readonly hasWifi?: boolean;
}

const OFF_MS = 1_000;

/** What a rig must have for each ability. */
const NEEDS: Readonly<Partial<Record<Ability, readonly (readonly [RigRole, RigWay])[]>>> = Object.freeze({
	hands: [
		["button", "drive"],
		["exit", "drive"],
	],
	sense: [
		["drive-throw", "sense"],
		["drive-retract", "sense"],
		["brake", "sense"],
		["indicator", "sense"],
	],
	bolt: [
		["thrown", "drive"],
		["retracted", "drive"],
		["door", "drive"],
	],
	power: [["power", "relay"]],
	restart: [["power", "relay"]],
	"access-point": [["access-point", "relay"]],
});

export class RigDriver implements Driver {
	readonly name = "rig";
	readonly trace: Trace;
	readonly mechanism: Mechanism;
	readonly abilities: ReadonlySet<Ability>;
	readonly instrument: Instrument;
	readonly clock: TraceClock;
	readonly #options: RigDriverOptions;
	readonly #link: RigLink;
	readonly #console: LockConsole;
	#fault: string | undefined;

	private constructor(
		options: RigDriverOptions,
		link: RigLink,
		trace: Trace,
		hear: (h: PinSocketHandlers) => void,
	) {
		this.#options = options;
		this.#console = new LockConsole(options.console);
		this.#link = link;
		this.trace = trace;
		const { target, name, resolutionUs, driftPpm } = link.identity;
		this.instrument = { target, name };
		this.clock = { resolutionUs, driftPpm };
		this.abilities = this.#abilities();
		this.mechanism = new Mechanism({
			socket: (handlers) => {
				hear(handlers);
				queueMicrotask(() => handlers.onConnected());
				return { set: (pin, level) => this.#drive(pin, level), close: () => undefined };
			},
		});
	}

	/** Rejects with HilFault. The lock has no power yet, where the rig has a relay for it. */
	static async open(options: RigDriverOptions): Promise<RigDriver> {
		const trace = new Trace();
		let wire: PinSocketHandlers | undefined;
		const tell = (role: RigRole, level: boolean, atUs: number): void => {
			if (role in BOARD_PINS)
				wire?.onChange({ pin: BOARD_PINS[role as keyof typeof BOARD_PINS], level, atUs });
		};
		const link = await RigLink.open(options.rig, {
			onEdge: (role, level, atUs) => {
				trace.record(role, level, atUs);
				tell(role, level, atUs);
			},
			onFault: (text) => {
				if (driver !== undefined) driver.#fault ??= text;
			},
		});
		let driver: RigDriver | undefined;
		try {
			const { target, name } = link.identity;
			if (target === "hardware" && !isFine(link.identity))
				throw new HilFault(`the clock of ${name} is too coarse for a chip (docs/RIG.md 5)`);
			driver = new RigDriver(options, link, trace, (handlers) => {
				wire = handlers;
			});
			// What was energised before anybody looked drives the bolt too.
			for (const role of trace.high) tell(role, true, 0);
			if (link.has("power", "relay")) await link.set("power", false);
			return driver;
		} catch (error) {
			if (driver !== undefined) driver.#console.close();
			link.close();
			throw error;
		}
	}

	get line(): string {
		return this.#options.port;
	}

	get radio(): Endpoint | undefined {
		return this.#options.radio;
	}

	get fault(): string | undefined {
		return this.#fault ?? this.#link.fault;
	}

	get consoleLines(): readonly string[] {
		return this.#console.lines;
	}

	get notes(): readonly string[] {
		const { lines, dropped, noise, repeated, replays } = this.#link.counts;
		return [
			`the rig's line: ${lines} lines, ${dropped} damaged, ${noise} bytes of noise, ${repeated} commands repeated, ${replays} replays`,
		];
	}

	settled(): Promise<void> {
		return this.#link.settled();
	}

	async reach(at: Endpoint): Promise<Endpoint> {
		return this.#options.reachAt ?? at;
	}

	press(role: "button" | "exit", holdMs: number): Promise<void> {
		return this.mechanism.press(role, holdMs);
	}

	async setPower(on: boolean): Promise<void> {
		await this.#link.set("power", on);
	}

	async tripPower(role: RigRole, delayMs: number): Promise<void> {
		await this.#link.untrip();
		await this.#link.trip(role, delayMs, "power");
	}

	async untrip(): Promise<void> {
		await this.#link.untrip();
	}

	async restart(): Promise<void> {
		await this.setPower(false);
		await new Promise((resolve) => setTimeout(resolve, OFF_MS));
		await this.setPower(true);
	}

	async setAccessPoint(on: boolean): Promise<void> {
		await this.#link.set("access-point", on);
	}

	async close(): Promise<void> {
		this.mechanism.close();
		this.#console.close();
		try {
			if (this.fault === undefined) await this.#letGo();
		} catch (error) {
			if (!(error instanceof HilFault)) throw error;
		} finally {
			this.#link.close();
		}
	}

	/** The supplies first; then no contact is held, as after a rig's start. Rejects with HilFault. */
	async #letGo(): Promise<void> {
		await this.#link.untrip();
		for (const way of ["relay", "drive"] as const)
			for (const pin of this.#link.pins) if (pin.way === way) await this.#link.set(pin.role, false);
	}

	#abilities(): ReadonlySet<Ability> {
		const able = new Set<Ability>();
		for (const [ability, needs] of Object.entries(NEEDS))
			if (needs.every(([role, way]) => this.#link.has(role, way))) able.add(ability as Ability);
		if (this.#options.radio !== undefined) able.add("radio");
		if (this.#options.reachAt !== undefined) able.add("network");
		if (this.#options.hasWifi === true || this.instrument.target === "virtual") able.add("wifi");
		// What tells no brake from none sees nothing.
		if (!seesPulses(this.clock)) able.delete("sense");
		return able;
	}

	/** Where no wire leads nothing is driven: a lock has contacts that this rig does not stand for. */
	#drive(pin: number, level: boolean): void {
		const role = PIN_ROLES.get(pin);
		if (role === undefined || !this.#link.has(role, "drive")) return;
		this.#link.set(role, level).catch((error: Error) => {
			this.#fault ??= error.message;
		});
	}
}
