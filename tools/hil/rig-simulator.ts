/**
 * A rig that is none: the rig's side of the line (rig-core.ts) over a simulated lock, whose pins are its wires and whose process is its
 * power. It says "virtual" of itself, always. Faults of a lock can be planted between the two, so that scenarios are seen to catch them.
 */
import { randomBytes } from "node:crypto";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import type { PinWire } from "../board/pin-socket.ts";
import { monotonicUs } from "./monotonic.ts";
import { bootTag, KEPT_EVENTS, type RigChannel, RigCore } from "./rig-core.ts";
import type { RigRole } from "./rig-message.ts";
import { VIRTUAL_RESOLUTION_US, type VirtualLock } from "./virtual-lock.ts";

export const PLANTS = Object.freeze([
	"none",
	"long-pulse",
	"late-cut",
	"stuck-drive",
	"drive-after-power",
	"outlives-power",
	"brake-without-power",
	"keeps-power",
] as const);
/**
 * What a lock or its wiring does wrong: cuts a fifth too late; drives on into the stop; has an output that is high from the start; drives
 * when power returns; has an output that outlives its power, or is energised without it; is fed by another wire, so that no relay cuts it.
 */
export type Plant = (typeof PLANTS)[number];

const CHANNELS: readonly RigChannel[] = Object.freeze([
	...(["button", "exit", "thrown", "retracted", "door", "tamper", "inhibit"] as const).map(
		(role): RigChannel => ({ role, way: "drive" }),
	),
	...(["drive-throw", "drive-retract", "brake", "indicator"] as const).map(
		(role): RigChannel => ({ role, way: "sense" }),
	),
	{ role: "power", way: "relay" },
	{ role: "access-point", way: "relay" },
]);
const TICK_MS = 200;
const STRETCH = 1.2;
const ROGUE_AFTER_MS = 700;
const ROGUE_MS = 80;
const OUTLIVES_MS = 600;
const LATE_CUT_MS = 150;
const STUCK: RigRole = "drive-throw";

export class RigSimulator {
	readonly #lock: VirtualLock;
	readonly #send: (line: Uint8Array) => void;
	readonly #plant: Plant;
	readonly #wire: PinWire;
	readonly #rises = new Map<RigRole, number>();
	readonly #tick: NodeJS.Timeout;
	#startedUs = monotonicUs();
	#core: RigCore;

	constructor(lock: VirtualLock, plant: Plant, send: (line: Uint8Array) => void) {
		this.#lock = lock;
		this.#plant = plant;
		this.#send = send;
		const nothing = (): void => undefined;
		this.#wire = lock.wire({ onChange: nothing, onConnected: nothing, onDisconnected: nothing });
		this.#core = this.#start();
		this.#tick = setInterval(() => this.#core.tick(), TICK_MS);
	}

	receive(bytes: Uint8Array): void {
		this.#core.receive(bytes);
	}

	/** From the lock: what its outputs do. Inputs come back as what was driven, and are told when they are driven. */
	edge(role: RigRole, level: boolean, atUs: number): void {
		const channel = channelOf(role);
		if (channel < 0 || CHANNELS[channel]!.way === "drive") return;
		if (role === STUCK && this.#plant === "stuck-drive") return;
		const isBolt = role === "drive-throw" || role === "drive-retract" || role === "brake";
		const lateMs = isBolt ? this.#lateMs(role, level, atUs) : 0;
		const tell = (): void => this.#core.edge(channel, level, atUs + lateMs * 1_000 - this.#startedUs);
		if (lateMs === 0) tell();
		else setTimeout(tell, lateMs);
		if (role === "power" && level && this.#plant === "drive-after-power") this.#rogue("drive-throw");
		if (role === "power" && !level && this.#plant === "brake-without-power") this.#rogue("brake");
	}

	/** The rig itself starts over: nothing is driven, no supply is on, and it has another boot. */
	restart(): void {
		this.#startedUs = monotonicUs();
		this.#core = this.#start();
		void this.#lock.setPower(false);
		for (const { role, way } of CHANNELS) if (way === "drive") this.#drive(role, false);
	}

	close(): void {
		clearInterval(this.#tick);
		this.#wire.close();
	}

	#start(): RigCore {
		const core = new RigCore({
			identity: {
				target: "virtual",
				name: "simulator",
				resolutionUs: VIRTUAL_RESOLUTION_US,
				driftPpm: 0,
			},
			boot: bootTag(randomBytes(4)),
			channels: CHANNELS,
			kept: KEPT_EVENTS,
			nowUs: () => monotonicUs() - this.#startedUs,
			after: (delayUs, callback) => {
				const timer = setTimeout(callback, delayUs / 1_000);
				return () => clearTimeout(timer);
			},
			send: this.#send,
			drive: (channel, level) => this.#drive(CHANNELS[channel]!.role, level),
		});
		if (this.#plant === "stuck-drive") core.edge(channelOf(STUCK), true, 0);
		return core;
	}

	#drive(role: RigRole, level: boolean): void {
		if (role === "power") {
			if (level || this.#plant !== "keeps-power") void this.#lock.setPower(level);
		} else if (role === "access-point") this.#lock.setAccessPoint(level);
		else this.#wire.set(BOARD_PINS[role], level);
	}

	/** How much later than it was the edge of a planted fault is. */
	#lateMs(role: RigRole, level: boolean, atUs: number): number {
		const roseUs = this.#rises.get(role);
		if (level) this.#rises.set(role, atUs);
		else this.#rises.delete(role);
		if (level || roseUs === undefined) return 0;
		if (this.#plant === "late-cut") return role === "brake" ? 0 : LATE_CUT_MS;
		if (this.#plant === "long-pulse") return Math.round(((STRETCH - 1) * (atUs - roseUs)) / 1_000);
		return this.#plant === "outlives-power" && !this.#lock.isPowered ? OUTLIVES_MS : 0;
	}

	#rogue(role: RigRole): void {
		const channel = channelOf(role);
		for (const [ms, level] of [
			[ROGUE_AFTER_MS, true],
			[ROGUE_AFTER_MS + ROGUE_MS, false],
		] as const)
			setTimeout(() => this.#core.edge(channel, level, monotonicUs() - this.#startedUs), ms);
	}
}

function channelOf(role: RigRole): number {
	return CHANNELS.findIndex((each) => each.role === role);
}
