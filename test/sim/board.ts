/**
 * A whole board in memory (DESIGN 3): what stays when the power goes (records, the bolt, the outside world) and, for
 * each boot, a Platform. The firmware starts over exactly when a test calls `boot`:
 *
 *   const board = new SimBoard({ crypto });
 *   const app = new App(board.boot(), options);
 *   app.start();
 *   board.time.advance(1000);
 *   board.powerCut();            // or the firmware's own reboot, or board.storage.cutAfter(3, true)
 *   new App(board.boot(), options).start();
 *
 * `boot` runs the boot loader first (slots.ts); a trial that does not confirm in time is reset by the board itself, with
 * reason "watchdog". Every operation on flash is counted and can be cut (power.ts).
 *
 * It knows neither Node nor a host.
 */
import type { Timer } from "../../modules/platform/clock.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { Inflate } from "../../modules/platform/inflate.ts";
import type { KeyStore } from "../../modules/platform/keys.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import { TRIAL_DEADLINE_MS } from "../../modules/platform/slots.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";
import type { ResetReason, System } from "../../modules/platform/system.ts";
import { PLAIN_INFLATE } from "../../tools/update/inflate.ts";
import { type HardwareOptions, SimHardware } from "./hardware.ts";
import { SimKeys } from "./keys.ts";
import { SimLocal } from "./local.ts";
import { SimNetwork } from "./network.ts";
import { PowerCut, type SimPower } from "./power.ts";
import { SimRadio } from "./radio.ts";
import { SimSerial } from "./serial.ts";
import { SimSlots, type SimSlotsOptions, type SlotsSnapshot } from "./slots.ts";
import { SimStorage } from "./storage.ts";
import { SimClock, SimTime } from "./time.ts";
import { SimWifi } from "./wifi.ts";

/** What `system.reboot()` throws: nothing in the firmware may catch it. */
export class SimReboot extends Error {
	override readonly name = "SimReboot";

	constructor() {
		super("reboot");
	}
}

export interface SimBoardOptions {
	/** @noble on Node, PSA on XS: what a test's context offers. */
	readonly crypto: TestCrypto;
	readonly hardware?: HardwareOptions;
	/** The key store of a boot; the default keeps keys in the board's records. */
	readonly keys?: (crypto: TestCrypto, storage: RecordStorage) => KeyStore;
	/** The default is the tools' own. */
	readonly inflate?: Inflate;
	readonly buildUnixMs?: number;
	/** Whether it listens on its local network. */
	readonly local?: boolean;
	/** Whether it has a radio. */
	readonly radio?: boolean;
	/** Whether it has a Wi-Fi that an owner sets. */
	readonly wifi?: boolean;
	/** The records of another board, or of an earlier life of this one. */
	readonly storage?: SimStorage;
	/** The firmware slots; the default has none. What runs is the test's own business: it looks at `platform.slots`. */
	readonly slots?: SimSlotsOptions;
	/** The whole flash of another board, or of an earlier life of this one; `slots` must have its sizes. */
	readonly snapshot?: SimSnapshot;
}

/** All that outlives a power cut. Cheap: sectors are shared until one of the two boards writes them. */
export interface SimSnapshot {
	readonly records: ReadonlyMap<string, Uint8Array>;
	readonly slots: SlotsSnapshot;
}

const NO_SLOTS: SimSlotsOptions = Object.freeze({ slotBytes: 0 });

const BUILD_UNIX_MS = 1_760_000_000_000;

export class SimBoard {
	readonly time: SimTime;
	readonly hardware: SimHardware;
	readonly network: SimNetwork;
	readonly serial: SimSerial;
	readonly local: SimLocal;
	readonly radio: SimRadio;
	readonly wifi = new SimWifi();
	readonly power: SimPower;
	/** The same through all boots. */
	readonly slots: SimSlots;
	/** Every line of the local log, over all boots. */
	readonly logs: string[] = [];
	readonly #options: SimBoardOptions;
	#storage: SimStorage;
	#clock: SimClock | undefined;
	#boots = 0;
	#reason: ResetReason = "power-on";
	#fault: string | undefined;
	/** Of the firmware's heap, as a test wants it. */
	freeBytes = 100000;
	/** How often the firmware looked at its heap, over all boots. */
	heapLooks = 0;
	#leastFreeBytes = Number.POSITIVE_INFINITY;

	constructor(options: SimBoardOptions) {
		this.#options = options;
		this.time = new SimTime();
		this.hardware = new SimHardware(this.time, options.hardware);
		this.network = new SimNetwork(this.time);
		this.serial = new SimSerial(this.time);
		this.local = new SimLocal(this.time);
		this.radio = new SimRadio(this.time);
		this.#storage = options.storage ?? new SimStorage(options.snapshot?.records);
		this.power = this.#storage.power;
		this.slots = new SimSlots(
			options.slots ?? NO_SLOTS,
			this.power,
			() => this.#reboot(),
			options.snapshot?.slots,
		);
	}

	/** All that a power cut now would leave. */
	snapshot(): SimSnapshot {
		return { records: this.#storage.records(), slots: this.slots.snapshot() };
	}

	/** The records as they are now; a new object after each power cut. */
	get storage(): SimStorage {
		return this.#storage;
	}

	/** False after a power cut or a reboot, until the next `boot`. */
	get running(): boolean {
		return this.#clock !== undefined;
	}

	/** How often it was booted. */
	get boots(): number {
		return this.#boots;
	}

	/** Timers and posted events of the running boot. */
	get pending(): number {
		return this.#clock?.pending ?? 0;
	}

	/**
	 * Starts over as after `powerCut` if the board still ran. Throws PowerCut when one meets the boot loader, and SimBricked
	 * when nothing boots; the board is off then.
	 */
	boot(reason?: ResetReason): Platform {
		if (this.#clock !== undefined) this.powerCut();
		this.power.restore();
		let deadline: Timer | undefined;
		const onTrial = this.slots.load(() => deadline?.cancel());
		const clock = new SimClock(this.time, (run) => this.run(run));
		if (onTrial) deadline = clock.after(TRIAL_DEADLINE_MS, () => this.crash("watchdog"));
		this.#clock = clock;
		this.#boots++;
		this.#leastFreeBytes = Number.POSITIVE_INFINITY;
		const resetReason = reason ?? this.#reason;
		const { crypto } = this.#options;
		const storage = this.#storage;
		const system: System = {
			log: (line) => this.logs.push(line),
			resetReason: () => resetReason,
			lastFault: () => this.#fault,
			forgetFault: () => {
				this.#fault = undefined;
			},
			heap: () => {
				this.heapLooks++;
				this.#leastFreeBytes = Math.min(this.#leastFreeBytes, this.freeBytes);
				return { freeBytes: this.freeBytes, leastFreeBytes: this.#leastFreeBytes };
			},
			reboot: () => this.#reboot(),
			buildUnixMs: this.#options.buildUnixMs ?? BUILD_UNIX_MS,
		};
		return {
			clock,
			crypto,
			keys: this.#options.keys?.(crypto, storage) ?? new SimKeys(crypto, storage),
			storage,
			tls: this.network.connect(clock),
			...this.hardware.connect(clock),
			serial: this.serial.connect(clock),
			system,
			...(this.#options.local === true ? { listener: this.local.connect(clock) } : {}),
			...(this.#options.radio === true ? { radio: this.radio.connect(clock) } : {}),
			...(this.#options.wifi === true && this.wifi.starts ? { wifi: this.wifi.connect(storage) } : {}),
			forgetWifi: () => this.wifi.forget(storage),
			slots: this.slots,
			inflate: this.#options.inflate ?? PLAIN_INFLATE,
		};
	}

	/** The power goes now: whatever was not written is lost. */
	powerCut(): void {
		this.#halt("power-on");
	}

	/** The firmware breaks now; what the host saw of it outlives power cuts until it is forgotten. */
	crash(reason: ResetReason, stack?: string): void {
		this.#halt(reason);
		this.#fault = stack;
	}

	/**
	 * Runs firmware code that a test calls itself; a reboot or power cut in it ends the boot, as it does from inside
	 * an event. Anything else that is thrown goes on to the test.
	 */
	run(code: () => void): void {
		try {
			code();
		} catch (error) {
			if (error instanceof SimReboot) return;
			if (!(error instanceof PowerCut)) throw error;
			this.powerCut();
		}
	}

	#reboot(): never {
		this.#halt("requested");
		throw new SimReboot();
	}

	#halt(reason: ResetReason): void {
		this.#clock?.stop();
		this.#clock = undefined;
		this.#reason = reason;
		this.hardware.disconnect();
		this.network.disconnect();
		this.serial.disconnect();
		this.local.disconnect();
		this.radio.disconnect();
		this.#storage = this.#storage.reboot();
	}
}
