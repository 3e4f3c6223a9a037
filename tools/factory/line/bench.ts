/**
 * Stations with simulated boards (bench-board.ts), for trying a line and for its tests. What a station has is in its folder:
 * `serial`, a link to the board's serial line while firmware runs, and `chip`, the socket that the virtual driver asks.
 */
import { mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { BenchBoard } from "./bench-board.ts";
import type { ChipFaultCode } from "./chip-driver.ts";
import { BENCH_CHIP, BENCH_SERIAL, CHIP_LINE_MAX, type ChipReply, type ChipRequest } from "./virtual-chip.ts";

const WRITE_MS = 20;

export class BenchStation {
	readonly dir: string;
	readonly #server: Server;
	#board: BenchBoard | undefined;
	#powered = true;
	/** Counts cuts: what the chip was doing before one has no effect after it. */
	#cuts = 0;

	private constructor(dir: string, server: Server) {
		this.dir = dir;
		this.#server = server;
	}

	static async open(dir: string): Promise<BenchStation> {
		mkdirSync(dir, { recursive: true });
		const path = join(dir, BENCH_CHIP);
		rmSync(path, { force: true });
		const server = createServer();
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(path, resolve);
		});
		const station = new BenchStation(dir, server);
		server.on("connection", (socket) => station.#serve(socket));
		return station;
	}

	get board(): BenchBoard | undefined {
		return this.#board;
	}

	insert(board: BenchBoard): void {
		this.#board = board;
		this.#startFirmware();
	}

	/** The cable is pulled, and power with it. */
	async remove(): Promise<BenchBoard | undefined> {
		const board = this.#board;
		this.#board = undefined;
		this.#cuts++;
		await board?.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		return board;
	}

	/** Off, and on again after a while. */
	async cut(offMs: number): Promise<void> {
		const board = this.#board;
		this.#powered = false;
		this.#cuts++;
		await board?.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		await new Promise((resolve) => setTimeout(resolve, offMs));
		this.#powered = true;
		if (this.#board === board) this.#startFirmware();
	}

	async close(): Promise<void> {
		await this.remove();
		this.#server.close();
	}

	#startFirmware(): void {
		if (this.#powered) this.#board?.start(join(this.dir, BENCH_SERIAL));
	}

	#serve(socket: Socket): void {
		let text = "";
		socket.setEncoding("utf8");
		socket.on("error", () => undefined);
		socket.on("data", (chunk: string) => {
			text += chunk;
			if (text.length > CHIP_LINE_MAX) return void socket.destroy();
			if (!text.includes("\n")) return;
			const request = JSON.parse(text.slice(0, text.indexOf("\n"))) as ChipRequest;
			text = "";
			const cuts = this.#cuts;
			void this.#perform(request, () => this.#cuts === cuts).then((reply) => {
				// A chip whose power went says nothing any more.
				if (this.#cuts === cuts) socket.write(`${JSON.stringify(reply)}\n`);
				else socket.destroy();
			});
		});
	}

	async #perform(request: ChipRequest, hasPower: () => boolean): Promise<ChipReply> {
		const board = this.#board;
		if (board === undefined || !this.#powered) return refuse("lost");
		if (request.do === "run") {
			await board.cut();
			if (hasPower()) this.#startFirmware();
			await board.fitted();
			return { ok: true };
		}
		// Its loader is not its firmware: asked, it stays there until it is reset.
		await board.cut();
		rmSync(join(this.dir, BENCH_SERIAL), { force: true });
		if (!hasPower()) return refuse("lost");
		if (request.do === "look")
			return board.closed
				? { ok: true, fuses: board.told }
				: { ok: true, chip: board.identity, fuses: board.fuses };
		if (board.closed) return refuse("secured");
		switch (request.do) {
			case "blank":
				return { ok: true, blank: board.blank };
			case "write":
				return await this.#write(board, request, hasPower);
			case "burn":
				board.setFuse(request.name, named(request.name, request.value));
				if (request.purpose !== undefined) {
					if (!hasPower()) return refuse("lost");
					board.setFuse(`KEY_PURPOSE_${request.name.slice("BLOCK_KEY".length)}`, request.purpose);
				}
				return { ok: true };
			default:
				return refuse("output");
		}
	}

	async #write(
		board: BenchBoard,
		{ images, manner }: Extract<ChipRequest, { do: "write" }>,
		hasPower: () => boolean,
	): Promise<ChipReply> {
		if (manner !== "add") board.erase();
		await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
		if (!hasPower()) return refuse("lost");
		return board.write(images) ? { ok: true } : refuse("failed");
	}
}

function named(fuse: string, value: string): string {
	return fuse.startsWith("KEY_PURPOSE_") ? `SECURE_BOOT_DIGEST${Number(value) - 9}` : value;
}

function refuse(code: ChipFaultCode): ChipReply {
	return { ok: false, code };
}
