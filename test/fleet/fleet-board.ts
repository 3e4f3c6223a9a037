/**
 * One simulated board that runs the real firmware against a real relay: its flash and door in memory, its link over real sockets, its
 * time as fast as the fleet says. It starts again after every reset and power cut, as a board does. What its slot holds decides
 * what runs: a number, and, for an image that is marked as broken, firmware that crashes.
 */
import type { SecureContext } from "node:tls";
import { App } from "../../modules/app/app.ts";
import { FIRMWARE_VENDOR } from "../../modules/base/version.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { NodeCrypto } from "../../tools/crypto/node.ts";
import { SimBoard } from "../sim/board.ts";
import { PowerCut } from "../sim/power.ts";
import { SimBricked } from "../sim/slots.ts";
import type { SimStorage } from "../sim/storage.ts";
import { isBroken } from "./fleet-image.ts";
import { FleetKeys } from "./fleet-keys.ts";
import { NodeTls } from "./node-tls.ts";

const OFF_MS = 500;
const CRASH_MS = 300;

export interface FleetBoardOptions {
	readonly serial: string;
	readonly crypto: NodeCrypto;
	readonly storage: SimStorage;
	readonly slotBytes: number;
	readonly image: Uint8Array;
	/** Milliseconds of the board's time in a real one. */
	readonly pace: number;
}

export class FleetBoard {
	readonly serial: string;
	readonly board: SimBoard;
	readonly #options: FleetBoardOptions;
	readonly #contexts = new Map<string, SecureContext>();
	#keys: FleetKeys | undefined;
	#tls: NodeTls | undefined;
	#startedMs = 0;
	#offUntilMs: number | undefined = 0;
	#isKicked = false;
	#isOver = false;
	/** Neither slot booted. */
	bricked = false;
	/** Boots that ran no slot at all. */
	recoveries = 0;
	/** Sequences that ran, in order. */
	readonly ran: number[] = [];

	constructor(options: FleetBoardOptions) {
		this.#options = options;
		this.serial = options.serial;
		this.board = new SimBoard({
			crypto: options.crypto,
			storage: options.storage,
			buildUnixMs: Date.now() - 3_600_000,
			keys: (crypto, storage) => {
				this.#keys = new FleetKeys(crypto, storage);
				return this.#keys;
			},
			slots: { slotBytes: options.slotBytes, image: options.image },
		});
	}

	/** What runs; 0 while nothing does. */
	get sequence(): number {
		const { slots } = this.board;
		if (!this.board.running || slots.running === undefined) return 0;
		return slots.image(slots.running)?.sequence ?? 0;
	}

	/** Of the image that runs, when it is confirmed. */
	get confirmed(): number {
		const { slots } = this.board;
		if (!this.board.running || slots.running === undefined) return 0;
		return slots.state(slots.running) === "pending" ? 0 : this.sequence;
	}

	/** Lets the board's time come up to the present. */
	pump(): void {
		if (this.#isOver || this.bricked) return;
		const nowMs = performance.now();
		if (!this.board.running) {
			this.#tls?.cut();
			this.#tls = undefined;
			this.#offUntilMs ??= nowMs + OFF_MS / this.#options.pace;
			if (nowMs < this.#offUntilMs) return;
			this.#offUntilMs = undefined;
			this.#boot();
			return;
		}
		const due = (nowMs - this.#startedMs) * this.#options.pace - this.board.time.nowMs;
		if (due > 0) this.board.time.advance(due);
		else this.board.time.settle();
	}

	/** So much of the board's time passes at once. Links that are kept alive by others' clocks end in it. */
	skip(ms: number): void {
		if (!this.board.running) return;
		this.#startedMs -= ms / this.#options.pace;
		this.pump();
	}

	end(): void {
		this.#isOver = true;
		this.board.powerCut();
		this.#tls?.cut();
	}

	#boot(): void {
		let platform: Platform;
		this.#startedMs = performance.now() - this.board.time.nowMs / this.#options.pace;
		try {
			platform = this.board.boot();
		} catch (error) {
			if (error instanceof SimBricked) this.bricked = true;
			else if (!(error instanceof PowerCut)) throw error;
			return;
		}
		const { slots, clock } = platform;
		const running = slots.running;
		const image = running === undefined ? undefined : slots.image(running);
		if (running === undefined || image === undefined) {
			this.recoveries++;
			return;
		}
		this.ran.push(image.sequence);
		if (isBroken(this.board.slots.peek(running))) {
			clock.after(CRASH_MS, () => this.board.crash("exception"));
			return;
		}
		const keys = this.#keys!;
		const tls = new NodeTls({
			post: (run) => {
				clock.after(0, run);
				this.#kick();
			},
			privateKey: (name) => keys.privateKey(name),
			contexts: this.#contexts,
		});
		this.#tls = tls;
		const { version, sequence, securityVersion } = image;
		const firmware = { vendor: FIRMWARE_VENDOR, version, sequence, securityVersion };
		this.board.run(() => new App({ ...platform, tls }, { firmware }).start());
	}

	/** Something happened outside: the board looks at it in the next turn of the event loop. */
	#kick(): void {
		if (this.#isKicked) return;
		this.#isKicked = true;
		setImmediate(() => {
			this.#isKicked = false;
			this.pump();
		});
	}
}
