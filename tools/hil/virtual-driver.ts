/** The virtual board: the real firmware in a process on this machine, its door hardware beside it. It proves nothing of a chip. */
import { mkdirSync } from "node:fs";
import { Mechanism } from "../board/mechanism.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { ABILITIES, type Ability, type Driver, type Instrument, type TraceClock } from "./driver.ts";
import type { RigRole } from "./rig-message.ts";
import { Trace } from "./trace.ts";
import { VIRTUAL_RESOLUTION_US, VirtualLock } from "./virtual-lock.ts";

const OFF_MS = 300;
/** The socket of the pins is faster by far. */
const SETTLED_MS = 50;

export class VirtualDriver implements Driver {
	readonly name = "virtual";
	readonly abilities: ReadonlySet<Ability> = new Set(ABILITIES);
	readonly instrument: Instrument = Object.freeze({ target: "virtual", name: "board" });
	readonly clock: TraceClock = Object.freeze({ resolutionUs: VIRTUAL_RESOLUTION_US, driftPpm: 0 });
	readonly trace = new Trace();
	readonly mechanism: Mechanism;
	readonly fault: string | undefined = undefined;
	readonly notes: readonly string[] = [];
	readonly #lock: VirtualLock;
	#untrip: (() => void) | undefined;

	/** `dir`: of the board's flash and sockets. It has no power yet. */
	constructor(dir: string) {
		mkdirSync(dir, { recursive: true, mode: 0o700 });
		this.#lock = new VirtualLock({
			dir,
			isWired: true,
			onEdge: (role, level, atUs) => this.trace.record(role, level, atUs),
		});
		this.mechanism = new Mechanism({ socket: this.#lock.wire });
	}

	get line(): string {
		return this.#lock.line;
	}

	get radio(): Endpoint | undefined {
		return this.#lock.radio;
	}

	get consoleLines(): readonly string[] {
		return this.#lock.consoleLines;
	}

	async settled(): Promise<void> {
		await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
	}

	reach(at: Endpoint): Promise<Endpoint> {
		return this.#lock.reach(at);
	}

	press(role: "button" | "exit", holdMs: number): Promise<void> {
		return this.mechanism.press(role, holdMs);
	}

	setPower(on: boolean): Promise<void> {
		return this.#lock.setPower(on);
	}

	async tripPower(role: RigRole, delayMs: number): Promise<void> {
		await this.untrip();
		let timer: NodeJS.Timeout | undefined;
		const unlisten = this.trace.listen((edge) => {
			if (edge.role !== role || !edge.level || timer !== undefined) return;
			timer = setTimeout(() => void this.setPower(false), delayMs);
		});
		this.#untrip = () => {
			unlisten();
			clearTimeout(timer);
		};
	}

	async untrip(): Promise<void> {
		this.#untrip?.();
		this.#untrip = undefined;
	}

	async restart(): Promise<void> {
		await this.setPower(false);
		await new Promise((resolve) => setTimeout(resolve, OFF_MS));
		await this.setPower(true);
	}

	async setAccessPoint(on: boolean): Promise<void> {
		this.#lock.setAccessPoint(on);
	}

	async close(): Promise<void> {
		await this.untrip();
		this.mechanism.close();
		await this.#lock.close();
	}
}
