/**
 * The pins of a simulated board and the bolt behind them. Outputs are cut by a timer of the world, as a real
 * board's are by one outside the engine (DESIGN 10); every change of an output is kept.
 */
import { DeviceError } from "../../modules/base/device-error.ts";
import type { Clock, Timer } from "../../modules/platform/clock.ts";
import type { Drive, DriveRole, InputRole, OutputRole, Pins } from "../../modules/platform/pins.ts";
import {
	type BoltFault,
	BoltModel,
	type BoltPosition,
	type BoltSensors,
} from "../../tools/board/bolt-model.ts";
import type { SimTime } from "./time.ts";

export interface OutputChange {
	readonly role: OutputRole;
	readonly level: boolean;
	readonly atMs: number;
}

export interface HardwareOptions {
	/** From end to end; the default is 300. */
	readonly travelMs?: number;
	/** Where the bolt is at first: 0 retracted, 1 thrown (the default). */
	readonly start?: BoltPosition;
	/** What moves the bolt while its output is off; the default is nothing (a motor). */
	readonly spring?: "throws" | "retracts";
}

type OperatedInput = Exclude<InputRole, "thrown" | "retracted">;

const ENERGISE_MAX_MS = 10000;
const OPPOSITE: Readonly<Partial<Record<DriveRole, DriveRole>>> = Object.freeze({
	"drive-throw": "drive-retract",
	"drive-retract": "drive-throw",
});

export class SimHardware {
	readonly #time: SimTime;
	readonly #model: BoltModel;
	readonly #spring: HardwareOptions["spring"];
	readonly #inputs = new Map<InputRole, boolean>();
	readonly #outputs = new Map<OutputRole, boolean>();
	readonly #cuts = new Map<DriveRole, Timer>();
	readonly #deadlines = new Map<DriveRole, number>();
	readonly #changes: OutputChange[] = [];
	#watchers = new Map<InputRole, (active: boolean) => void>();
	#arrival: Timer | undefined;

	constructor(time: SimTime, options: HardwareOptions = {}) {
		this.#time = time;
		this.#spring = options.spring;
		this.#model = new BoltModel({ travelMs: options.travelMs ?? 300, start: options.start ?? 1 });
		this.#model.advance(time.nowMs);
		this.#inputs.set("door", true);
		this.#move();
	}

	// ---- the test's hand ----

	/** Called at each change of an output, at once: what is wired to it. */
	onOutput: (role: OutputRole, level: boolean) => void = () => undefined;

	/** Sets a button, the door contact (true: closed), tamper or inhibit. */
	set(role: OperatedInput, active: boolean): void {
		this.#setInput(role, active);
	}

	/** A hand on the thumb turn. */
	turnTo(position: BoltPosition): void {
		this.#model.turnTo(position, this.#time.nowMs);
		this.#move();
	}

	setFault(fault: BoltFault): void {
		this.#model.setFault(fault, this.#time.nowMs);
		this.#move();
	}

	/** Makes position sensors say what is not so. */
	setLies(lies: Partial<BoltSensors>): void {
		this.#model.setLies(lies);
		this.#move();
	}

	/** Where the bolt is: 0 retracted, 1 thrown. */
	get position(): BoltPosition {
		this.#model.advance(this.#time.nowMs);
		return this.#model.position;
	}

	output(role: OutputRole): boolean {
		return this.#outputs.get(role) ?? false;
	}

	/** Every change of an output, oldest first. */
	get changes(): readonly OutputChange[] {
		return this.#changes;
	}

	// ---- the board's side ----

	/** What one boot sees of the pins; changes reach it as events of its clock. Without power it moves nothing. */
	connect(clock: Clock): { readonly pins: Pins; readonly drive: Drive } {
		const watchers = new Map<InputRole, (active: boolean) => void>();
		this.#watchers = watchers;
		const alive = (): boolean => this.#watchers === watchers;
		return {
			pins: {
				read: (role) => this.#inputs.get(role) ?? false,
				watch: (role, onChange) => {
					if (watchers.has(role)) throw new DeviceError("pin/invalid", `${role} is watched already`);
					watchers.set(role, (active) => clock.after(0, () => onChange(active)));
				},
				setIndicator: (active) => {
					if (alive()) this.#setOutput("indicator", active);
				},
			},
			drive: {
				energise: (role, maximumMs) => {
					if (alive()) this.#energise(role, maximumMs);
				},
				cut: (role) => {
					if (alive()) this.#cut(role);
				},
			},
		};
	}

	/** The power goes, or the firmware starts over: every output is off, nobody watches. */
	disconnect(): void {
		this.#watchers = new Map();
		for (const role of ["drive-throw", "drive-retract", "brake"] as const) this.#cut(role);
		this.#setOutput("indicator", false);
	}

	#energise(role: DriveRole, maximumMs: number): void {
		if (!Number.isInteger(maximumMs) || maximumMs < 1 || maximumMs > ENERGISE_MAX_MS) {
			throw new DeviceError("pin/invalid", `${role} for ${maximumMs} ms`);
		}
		const opposite = OPPOSITE[role];
		if (opposite !== undefined && this.output(opposite)) {
			throw new DeviceError("pin/invalid", `${role} while ${opposite} is on`);
		}
		const deadlineMs = this.#time.nowMs + maximumMs;
		if (this.output(role) && deadlineMs >= this.#deadlines.get(role)!) return;
		this.#deadlines.set(role, deadlineMs);
		this.#cuts.get(role)?.cancel();
		this.#setOutput(role, true);
		this.#cuts.set(
			role,
			this.#time.schedule(maximumMs, () => this.#cut(role)),
		);
	}

	#cut(role: DriveRole): void {
		this.#cuts.get(role)?.cancel();
		this.#cuts.delete(role);
		this.#setOutput(role, false);
	}

	#setOutput(role: OutputRole, level: boolean): void {
		if (this.output(role) === level) return;
		this.#outputs.set(role, level);
		this.#changes.push({ role, level, atMs: this.#time.nowMs });
		this.onOutput(role, level);
		if (role === "drive-throw" || role === "drive-retract") this.#move();
	}

	/** Brings motor and sensors in line with the outputs, and looks again when the bolt will have arrived. */
	#move(): void {
		const nowMs = this.#time.nowMs;
		const throwing = this.output("drive-throw");
		const retracting = this.output("drive-retract");
		this.#model.drive("drive-throw", throwing || (this.#spring === "throws" && !retracting), nowMs);
		this.#model.drive("drive-retract", retracting || (this.#spring === "retracts" && !throwing), nowMs);
		const { thrown, retracted } = this.#model.sensors;
		this.#setInput("thrown", thrown);
		this.#setInput("retracted", retracted);
		this.#arrival?.cancel();
		const remainingMs = this.#model.remainingMs;
		this.#arrival =
			remainingMs === undefined ? undefined : this.#time.schedule(Math.ceil(remainingMs), () => this.#move());
	}

	#setInput(role: InputRole, active: boolean): void {
		if ((this.#inputs.get(role) ?? false) === active) return;
		this.#inputs.set(role, active);
		this.#watchers.get(role)?.(active);
	}
}
