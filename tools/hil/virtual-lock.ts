/**
 * The lock of the virtual driver and behind the simulated instruments: the real firmware on the Linux board, with supervisor, radio,
 * Wi-Fi stand-in and access point. What its pins do is told as edges, also that nothing is driven without power.
 */
import { join } from "node:path";
import { ACCESS_POINT_PIN } from "../../hosts/linux/board.ts";
import { WIFI_WORDS } from "../board/local-words.ts";
import { type OpenPinWire, PinSocket, type PinWire } from "../board/pin-socket.ts";
import { Supervisor } from "../board/supervisor.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { AccessPoint } from "./access-point.ts";
import { LineTail } from "./line-tail.ts";
import { monotonicUs } from "./monotonic.ts";
import { PIN_ROLES } from "./pin-roles.ts";
import type { RigRole } from "./rig-message.ts";

/**
 * The board stamps each edge itself, but neither it nor its timers run in real time: what a busy machine may take away from it stands
 * here, so that no pulse is called wrong for that.
 */
export const VIRTUAL_RESOLUTION_US = 40_000;

export interface VirtualLockOptions {
	/** Its flash, sockets and links. */
	readonly dir: string;
	readonly image?: string;
	/** Where the air of its radio is; for port 0 the system chooses. */
	readonly radio?: Endpoint;
	/** Whether somebody is at its pins from the start: it waits for their levels at each boot. */
	readonly isWired: boolean;
	readonly onLine?: (line: string) => void;
	readonly onEdge: (role: RigRole, level: boolean, atUs: number) => void;
}

const HOST = "127.0.0.1";
const OUTPUTS: readonly RigRole[] = Object.freeze(["drive-throw", "drive-retract", "brake", "indicator"]);

export class VirtualLock {
	readonly line: string;
	readonly #options: VirtualLockOptions;
	readonly #supervisor: Supervisor;
	readonly #tail = new LineTail();
	readonly #levels = new Map<RigRole, boolean>();
	#air: PinWire | undefined;
	#point: AccessPoint | undefined;
	#isPowered = false;

	constructor(options: VirtualLockOptions) {
		this.#options = options;
		this.line = join(options.dir, "board-line");
		const wait = options.isWired ? ["--pins-wait", "3000"] : [];
		this.#supervisor = new Supervisor({
			dir: join(options.dir, "flash"),
			serialLink: this.line,
			pinsSocket: this.#pins,
			...(options.image === undefined ? {} : { image: options.image }),
			radio: options.radio ?? { host: HOST, port: 0 },
			words: [...WIFI_WORDS, ...wait],
			onLine: (line) => {
				this.#tail.add(line);
				options.onLine?.(line);
			},
		});
	}

	get #pins(): string {
		return join(this.#options.dir, "pins");
	}

	get consoleLines(): readonly string[] {
		return this.#tail.lines;
	}

	get radio(): Endpoint | undefined {
		const port = this.#supervisor.radioPort;
		return port === undefined ? undefined : { host: HOST, port };
	}

	get isPowered(): boolean {
		return this.#isPowered;
	}

	/** For a mechanism; each edge is told before the mechanism hears of it. */
	get wire(): OpenPinWire {
		return (handlers) => {
			// One watcher for all inputs: a board that waits for its pins waits for the first one.
			const socket = new PinSocket(this.#pins, {
				...handlers,
				onChange: (change) => {
					const role = PIN_ROLES.get(change.pin);
					if (role !== undefined) this.#tell(role, change.level, change.atUs);
					handlers.onChange(change);
				},
				onDisconnected: () => {
					const atUs = monotonicUs();
					for (const role of OUTPUTS) this.#tell(role, false, atUs);
					handlers.onDisconnected();
				},
			});
			this.#air = socket;
			return socket;
		};
	}

	/** Where the lock reaches what listens there: through the access point. `port` 0 lets the system choose. */
	async reach(to: Endpoint, port = 0): Promise<Endpoint> {
		if (this.#point === undefined) this.#point = await AccessPoint.open(port, to);
		else this.#point.to = to;
		return this.#point.at;
	}

	async setPower(on: boolean): Promise<void> {
		if (on === this.#isPowered) return;
		this.#isPowered = on;
		this.#options.onEdge("power", on, monotonicUs());
		if (on) this.#supervisor.start();
		else await this.#supervisor.cutPower();
	}

	setAccessPoint(on: boolean): void {
		this.#air ??= new PinSocket(this.#pins, {
			onChange: () => undefined,
			onConnected: () => undefined,
			onDisconnected: () => undefined,
		});
		this.#options.onEdge("access-point", on, monotonicUs());
		this.#air.set(ACCESS_POINT_PIN, on);
		this.#point?.switch(on);
	}

	async close(): Promise<void> {
		this.#air?.close();
		await this.#supervisor.stop();
		await this.#point?.close();
	}

	#tell(role: RigRole, level: boolean, atUs: number): void {
		if ((this.#levels.get(role) ?? false) === level) return;
		this.#levels.set(role, level);
		this.#options.onEdge(role, level, atUs);
	}
}
