/** One lock of a bench with its relay and its phone, and the releases that are brought to it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { LIMITS } from "../../modules/base/limits.ts";
import { makeDelta } from "../update/delta.ts";
import { type BenchHouse, type BenchHouseOptions, boardReport, openBenchHouse } from "./board-house.ts";
import { makeRelease, UpdateSource } from "./update-source.ts";

const SLOT_KB = 6_144;
const WAIT_MS = 60_000;
const LOOK_MS = 2;

export class UpdateDoor {
	readonly source = new UpdateSource();
	readonly image: Uint8Array;
	#bench!: BenchHouse;
	#link: TLSSocket | undefined;
	#sequence = 1;

	private constructor(image: string) {
		this.image = new Uint8Array(readFileSync(image));
	}

	static async open(
		binary: string,
		image: string,
		{ boardWords = [], local = false }: Pick<BenchHouseOptions, "boardWords" | "local"> = {},
	): Promise<UpdateDoor> {
		const door = new UpdateDoor(image);
		door.#bench = await openBenchHouse({
			binary,
			image,
			local,
			boardWords: ["--slot-kb", String(SLOT_KB), "--report-heap", ...boardWords],
			services: [door.source],
			onRelayConnection: (tls, side) => {
				if (side === "device") door.#link = tls;
			},
		});
		return door;
	}

	async close(): Promise<void> {
		await this.#bench.close();
	}

	/** The house around it. */
	get bench(): BenchHouse {
		return this.#bench;
	}

	async unlock(): Promise<number> {
		return (await (await this.#bench.house.phone()).unlock()).tookMs;
	}

	async newSession(): Promise<void> {
		(await this.#bench.house.phone()).close();
		await this.#bench.house.phone();
	}

	/** The link breaks, and the lock comes back by itself. */
	async reconnect(): Promise<void> {
		(await this.#bench.house.phone()).close();
		const former = this.#link;
		former?.destroy();
		await this.until(() => this.#link !== former, "a new link");
		await this.#bench.house.waitForLink();
	}

	/** Byte codes of the longest turn since this was asked last. */
	async longestTurn(): Promise<number> {
		return (await boardReport(this.#bench, "turn")).get("longest")!;
	}

	/** An image that the lock has nothing of. */
	async offer(bytes: number): Promise<void> {
		await this.#offer({ image: new Uint8Array(randomBytes(bytes)) });
	}

	/** An image of 4 MiB that is made out of the running one. */
	async offerDelta(): Promise<void> {
		const image = new Uint8Array(LIMITS.imageBytes);
		for (let at = 0; at < image.length; at += this.image.length)
			image.set(this.image.subarray(0, image.length - at), at);
		// Here and there another byte, as a rebuilt image has it.
		for (let at = 0; at < image.length; at += 1_000) image[at]! ^= 1;
		await this.#offer({ image, delta: { source: this.image, content: makeDelta(this.image, image) } });
	}

	async #offer(parts: Omit<Parameters<typeof makeRelease>[1], "sequence">): Promise<void> {
		const release = makeRelease(this.#bench.dir, { ...parts, sequence: ++this.#sequence });
		const { wants } = this.source;
		this.source.offer(release);
		await this.until(() => this.source.wants > wants, "the lock asked for nothing");
	}

	async until(isSo: () => boolean, what: string): Promise<void> {
		const deadline = performance.now() + WAIT_MS;
		while (!isSo()) {
			if (performance.now() > deadline)
				throw new Error(
					`waited for: ${what}; ${this.source.report}\n${this.#bench.lines.slice(-10).join("\n")}`,
				);
			await pause(LOOK_MS);
		}
	}
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
