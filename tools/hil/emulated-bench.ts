/**
 * A bench without hardware, for trying the drivers of hardware and for their tests: a simulated lock behind the very ports that a kit and
 * a rig have. Its service line, its console and the rig's line are terminals; noise and resets are put onto them. What a hand does at a
 * kit, and its reset line, come over the socket `control`, a line of text each.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { PinSocket } from "../board/pin-socket.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { SerialPort } from "../factory/serial-port.ts";
import { Noise } from "./noise.ts";
import { Pty } from "./pty.ts";
import { type Plant, RigSimulator } from "./rig-simulator.ts";
import { VirtualLock } from "./virtual-lock.ts";

export interface EmulatedBenchOptions {
	readonly dir: string;
	/** "kit": nothing is at its pins but a hand, and it is on. "rig": the rig has its pins and its power. */
	readonly kind: "kit" | "rig";
	readonly seed: number;
	/** Bytes of a thousand on the rig's line that are damaged. */
	readonly noisePerMille: number;
	readonly plant: Plant;
	/** Where the air of its radio is. */
	readonly radio: Endpoint;
	/** Where the relay is that the lock reaches through its access point. */
	readonly relay?: Endpoint;
}

const RETRY_MS = 30;
const REST_MS = 300;
const GARBAGE_MS = 1_500;
const GARBAGE_BYTES = 24;
const BOOT_GARBAGE_BYTES = 80;
const COMMAND = /^(?:(reset)|(rig-reset)|press (button|exit) (\d{1,5}))$/;
const LINE_MAX = 64;

export class EmulatedBench {
	readonly network: Endpoint | undefined;
	readonly #options: EmulatedBenchOptions;
	readonly #noise: Noise;
	readonly #lock: VirtualLock;
	readonly #control: Server;
	readonly #rig: RigSimulator | undefined;
	readonly #ptys: readonly Pty[];
	readonly #timers: readonly NodeJS.Timeout[];
	#port: SerialPort | undefined;
	#hand: PinSocket | undefined;
	#isFrameOpen = false;
	#heardMs = 0;
	#closed = false;

	private constructor(fields: {
		options: EmulatedBenchOptions;
		noise: Noise;
		lock: VirtualLock;
		rig: RigSimulator | undefined;
		line: Pty;
		ptys: readonly Pty[];
		network: Endpoint | undefined;
	}) {
		const { options, noise, lock, rig, line, ptys, network } = fields;
		this.#options = options;
		this.#noise = noise;
		this.#lock = lock;
		this.#rig = rig;
		this.#ptys = ptys;
		this.network = network;
		this.#control = createServer((socket) => this.#serve(socket));
		this.#timers = [
			setInterval(() => this.#connect(line), RETRY_MS),
			setInterval(() => this.#garble(line), GARBAGE_MS),
		];
	}

	/** Rejects with HilFault. */
	static async open(options: EmulatedBenchOptions): Promise<EmulatedBench> {
		const { dir, seed, noisePerMille, kind } = options;
		mkdirSync(dir, { recursive: true, mode: 0o700 });
		const noise = new Noise(seed, noisePerMille);
		let rig: RigSimulator | undefined;
		let bench: EmulatedBench | undefined;
		const console_ = await Pty.open(join(dir, "console"), () => undefined);
		const line = await Pty.open(join(dir, "line"), (bytes) => bench?.say(bytes));
		const lock = new VirtualLock({
			dir,
			radio: options.radio,
			isWired: kind === "rig",
			onLine: (text) => console_.send(Buffer.from(`${text}\r\n`, "latin1")),
			onEdge: (role, level, atUs) => rig?.edge(role, level, atUs),
		});
		const ptys = [console_, line];
		if (kind === "rig") {
			const pty = await Pty.open(join(dir, "rig"), (bytes) => rig?.receive(noise.damage(bytes)));
			rig = new RigSimulator(lock, options.plant, (bytes) => pty.send(noise.damage(bytes)));
			ptys.push(pty);
		}
		const network = options.relay === undefined ? undefined : await lock.reach(options.relay);
		bench = new EmulatedBench({ options, noise, lock, rig, line, ptys, network });
		await bench.#begin();
		return bench;
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		for (const timer of this.#timers) clearInterval(timer);
		this.#rig?.close();
		this.#hand?.close();
		this.#port?.close();
		await this.#lock.close();
		for (const pty of this.#ptys) pty.close();
		this.#control.close();
	}

	async #begin(): Promise<void> {
		const path = join(this.#options.dir, "control");
		rmSync(path, { force: true });
		await new Promise<void>((resolve) => this.#control.listen(path, resolve));
		if (this.#options.kind === "kit") await this.#lock.setPower(true);
	}

	/** From the computer to the lock; lost where no lock is on. */
	say(bytes: Uint8Array): void {
		this.#port?.send(bytes).catch(() => undefined);
	}

	/** A lock that came up: its line begins with what a chip's ROM says at another speed. */
	#connect(line: Pty): void {
		if (this.#port !== undefined || this.#closed || !existsSync(this.#lock.line)) return;
		try {
			this.#port = SerialPort.open(this.#lock.line, {
				onBytes: (bytes) => {
					this.#isFrameOpen = bytes.at(-1) !== 0;
					this.#heardMs = performance.now();
					line.send(bytes);
				},
				onClosed: () => {
					this.#port = undefined;
				},
			});
			line.send(this.#noise.burst(BOOT_GARBAGE_BYTES));
		} catch {
			// The board that made the link is gone.
		}
	}

	/** Between frames: a zero ends what comes before it. */
	#garble(line: Pty): void {
		const rests = performance.now() - this.#heardMs > REST_MS;
		if (this.#isFrameOpen || !rests || this.#options.noisePerMille === 0) return;
		line.send(this.#noise.burst(1 + this.#noise.below(GARBAGE_BYTES)));
		line.send(Uint8Array.of(0));
	}

	#serve(socket: Socket): void {
		let text = "";
		socket.setEncoding("latin1");
		socket.on("error", () => undefined);
		socket.on("data", (chunk: string) => {
			text += chunk;
			if (text.length > LINE_MAX) return void socket.destroy();
			if (!text.includes("\n")) return;
			void this.#obey(text.slice(0, text.indexOf("\n"))).then((answer) => socket.end(`${answer}\n`));
			text = "";
		});
	}

	async #obey(command: string): Promise<"ok" | "no"> {
		const match = COMMAND.exec(command);
		if (match === null) return "no";
		const [, reset, rigReset, role, ms] = match;
		if (reset !== undefined) {
			await this.#lock.setPower(false);
			await this.#lock.setPower(true);
		} else if (rigReset !== undefined) this.#rig?.restart();
		else await this.#press(role as "button" | "exit", Number(ms));
		return "ok";
	}

	async #press(role: "button" | "exit", ms: number): Promise<void> {
		const nothing = (): void => undefined;
		this.#hand ??= new PinSocket(join(this.#options.dir, "pins"), {
			onChange: nothing,
			onConnected: nothing,
			onDisconnected: nothing,
		});
		await new Promise((resolve) => setTimeout(resolve, REST_MS));
		this.#hand.set(BOARD_PINS[role], true);
		await new Promise((resolve) => setTimeout(resolve, ms));
		this.#hand.set(BOARD_PINS[role], false);
	}
}
