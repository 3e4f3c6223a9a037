/**
 * The door hardware around a simulated board: bolt, motor, sensors, buttons, contacts, over the board's pins socket.
 * Faults are made here (jam, stall, a sensor that lies), so that nothing in the firmware is special to a test.
 */
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import type { InputRole, OutputRole } from "../../modules/platform/pins.ts";
import { type BoltFault, BoltModel, type BoltPosition, type BoltSensors } from "./bolt-model.ts";
import {
	type OpenPinWire,
	type PinChange,
	PinSocket,
	type PinSocketHandlers,
	type PinWire,
} from "./pin-socket.ts";

export interface MechanismOptions {
	/** The board's pins socket, or another wire to its pins. */
	readonly socket: string | OpenPinWire;
	/** End to end; the default is 300. */
	readonly travelMs?: number;
	/** Where the bolt is at first; the default is thrown (1). */
	readonly start?: BoltPosition;
	readonly onChange?: (change: MechanismChange) => void;
}

/** A pin that changed: an output by the board, or an input by this mechanism. */
export interface MechanismChange {
	readonly role: InputRole | OutputRole;
	readonly level: boolean;
	/** The board's monotonic clock; absent for inputs. */
	readonly atUs?: number;
}

type OperatedInput = Exclude<InputRole, "thrown" | "retracted">;

const TRAVEL_MS = 300;
const HISTORY_MAX = 1024;

const OUTPUT_ROLES: ReadonlyMap<number, OutputRole> = new Map(
	(["drive-throw", "drive-retract", "brake", "indicator"] as const).map((role) => [BOARD_PINS[role], role]),
);

export class Mechanism {
	readonly #model: BoltModel;
	readonly #pins: PinWire;
	readonly #onChange: (change: MechanismChange) => void;
	readonly #outputs = new Map<OutputRole, boolean>();
	readonly #sensors = new Map<InputRole, boolean>();
	readonly #history: MechanismChange[] = [];
	readonly #waiting = new Set<() => void>();
	#arrival: NodeJS.Timeout | undefined;
	#connected = false;

	constructor(options: MechanismOptions) {
		this.#model = new BoltModel({ travelMs: options.travelMs ?? TRAVEL_MS, start: options.start ?? 1 });
		this.#model.advance(performance.now());
		this.#onChange = options.onChange ?? (() => undefined);
		const handlers: PinSocketHandlers = {
			onChange: (change) => this.#receive(change),
			onConnected: () => {
				this.#connected = true;
				this.#wake();
			},
			onDisconnected: () => this.#lostBoard(),
		};
		const { socket } = options;
		this.#pins = typeof socket === "string" ? new PinSocket(socket, handlers) : socket(handlers);
		this.set("door", true);
		for (const role of ["button", "exit", "tamper", "inhibit"] as const) this.set(role, false);
		this.#settle();
	}

	get connected(): boolean {
		return this.#connected;
	}

	get position(): BoltPosition {
		this.#model.advance(performance.now());
		return this.#model.position;
	}

	/** The last known level of an output; false before the board has said anything. */
	output(role: OutputRole): boolean {
		return this.#outputs.get(role) ?? false;
	}

	/** The last changes of outputs and sensors, oldest first, at most 1024. */
	get history(): readonly MechanismChange[] {
		return this.#history;
	}

	/** Sets a button, the door contact, tamper or inhibit. */
	set(role: OperatedInput, active: boolean): void {
		this.#setInput(role, active);
	}

	/** Holds a button for `holdMs`. */
	async press(role: "button" | "exit", holdMs: number): Promise<void> {
		this.set(role, true);
		await new Promise((resolve) => setTimeout(resolve, holdMs));
		this.set(role, false);
	}

	/** A hand on the thumb turn. */
	turnTo(position: BoltPosition): void {
		this.#model.turnTo(position, performance.now());
		this.#settle();
	}

	setFault(fault: BoltFault): void {
		this.#model.setFault(fault, performance.now());
		this.#settle();
	}

	setLies(lies: Partial<BoltSensors>): void {
		this.#model.setLies(lies);
		this.#settle();
	}

	/** Resolves when `condition` holds, which is looked at after every change; false when it does not within `timeoutMs`. */
	waitFor(condition: (mechanism: Mechanism) => boolean, timeoutMs: number): Promise<boolean> {
		return new Promise((resolve) => {
			const check = (): void => {
				if (!condition(this)) return;
				finish(true);
			};
			const finish = (met: boolean): void => {
				clearTimeout(deadline);
				this.#waiting.delete(check);
				resolve(met);
			};
			const deadline = setTimeout(() => finish(false), timeoutMs);
			this.#waiting.add(check);
			check();
		});
	}

	close(): void {
		clearTimeout(this.#arrival);
		this.#pins.close();
	}

	#receive(change: PinChange): void {
		const role = OUTPUT_ROLES.get(change.pin);
		if (role === undefined || this.#outputs.get(role) === change.level) return;
		this.#outputs.set(role, change.level);
		this.#record({ role, level: change.level, atUs: change.atUs });
		if (role === "drive-throw" || role === "drive-retract") {
			this.#model.drive(role, change.level, performance.now());
			this.#settle();
		}
	}

	/** A board without power drives nothing. */
	#lostBoard(): void {
		this.#connected = false;
		const nowMs = performance.now();
		for (const role of ["drive-throw", "drive-retract"] as const) this.#model.drive(role, false, nowMs);
		for (const role of this.#outputs.keys()) this.#outputs.set(role, false);
		this.#settle();
	}

	/** Brings the sensors in line with the bolt, and looks again when it will have arrived. */
	#settle(): void {
		this.#model.advance(performance.now());
		const sensors = this.#model.sensors;
		this.#setInput("thrown", sensors.thrown);
		this.#setInput("retracted", sensors.retracted);
		clearTimeout(this.#arrival);
		const remainingMs = this.#model.remainingMs;
		if (remainingMs !== undefined) this.#arrival = setTimeout(() => this.#settle(), Math.ceil(remainingMs));
		this.#wake();
	}

	#setInput(role: InputRole, level: boolean): void {
		if (this.#sensors.get(role) === level) return;
		this.#sensors.set(role, level);
		this.#pins.set(BOARD_PINS[role], level);
		this.#record({ role, level });
	}

	#record(change: MechanismChange): void {
		this.#history.push(change);
		if (this.#history.length > HISTORY_MAX) this.#history.shift();
		this.#onChange(change);
		this.#wake();
	}

	#wake(): void {
		for (const check of this.#waiting) check();
	}
}
