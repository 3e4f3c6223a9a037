/**
 * One life of the lock from a snapshot of its flash: switched on, offered what the scenario has by its relay, switched on again
 * whenever it is off, unlocked by its owner. It judges nothing.
 */
import type { SlotImage } from "../../modules/platform/slots.ts";
import type { SimSnapshot } from "../sim/board.ts";
import { SimPower } from "../sim/power.ts";
import type { Release } from "../sim/releases.ts";
import { type Behaviour, UpdatingLock } from "../sim/updating-lock.ts";
import type { SimRelay } from "../unit/link/sim-relay.ts";
import { FAST_HOST, SLOT_OPTIONS, type World } from "./world.ts";

/** What the world around a life has for it. */
export interface Script {
	readonly release: Release;
	/** Given before the release where the lock's trust is older. */
	readonly bundle?: Uint8Array;
	/** Of the image of the release, each time that it runs. */
	readonly behaviour?: Behaviour;
}

const TICK_MS = 1000;

export class Life {
	readonly lock: UpdatingLock;
	/** Sequence of every image that the loader gave control to, oldest first. */
	readonly ran: number[] = [];
	readonly #script: Script;
	#offeredTo: SimRelay | undefined;

	/** The first boot happens here; throws SimBricked where nothing boots. `power`: with a cut armed, or watched. */
	constructor(world: World, script: Script, snapshot: SimSnapshot, power: SimPower = new SimPower()) {
		world.crypto.reseed(1);
		this.#script = script;
		this.lock = new UpdatingLock(world.crypto, {
			slots: SLOT_OPTIONS,
			host: FAST_HOST,
			snapshot,
			power,
			label: world.label,
			behaviour: (image) => this.#runs(image),
		});
		this.lock.serve = (want, relay) => this.lock.sendPieces(want, relay, script.release);
	}

	/** Lets time pass until `isDone`, looking once a second; false when it is not in so many. */
	until(isDone: () => boolean, seconds: number): boolean {
		for (let passed = 0; passed < seconds; passed++) {
			if (isDone()) return true;
			this.tick();
		}
		return isDone();
	}

	/** A second, from the boot on where it is off. */
	tick(): void {
		const { board } = this.lock;
		if (!board.running) this.lock.boot();
		this.#offer();
		board.time.advance(TICK_MS);
	}

	/** By the owner's phone: whether the lock says that it did. */
	unlocks(): boolean {
		const { owner } = this.lock;
		owner.connect();
		const isDone = owner.ready && owner.ask("unlock")?.status === "done";
		if (!owner.closed) owner.disconnect();
		return isDone;
	}

	/** Once a connection, when the lock has said how it stands. */
	#offer(): void {
		const { relay, reports } = this.lock;
		const report = reports.at(-1);
		if (relay === undefined || relay === this.#offeredTo || relay.frames.length === 0 || !report) return;
		this.#offeredTo = relay;
		const { bundle, release } = this.#script;
		if (bundle !== undefined && report.trustVersion < 2) relay.send({ kind: "trust", message: bundle });
		this.lock.offerOverLink(release);
	}

	#runs({ sequence }: SlotImage): Behaviour {
		this.ran.push(sequence);
		return sequence === this.#script.release.manifest.sequence ? (this.#script.behaviour ?? "good") : "good";
	}
}
