/** A provisioned, paired house in a temporary folder, with a door whose bolt is quick: what the benches measure in. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceService } from "../relay/device-service.ts";
import type { RelayAddress } from "../relay/relay.ts";
import { House, type HouseOptions } from "../start/house.ts";

const TRAVEL_MS = 20;

export interface BenchHouseOptions {
	readonly binary?: string;
	readonly image?: string;
	readonly boardWords?: readonly string[];
	/** Runs the board under this command, which gets the board's own as its last words. */
	readonly wrap?: readonly string[];
	readonly services?: readonly DeviceService[];
	/** Whether it opens its local network. */
	readonly local?: boolean;
	readonly onRelayConnection?: HouseOptions["onRelayConnection"];
}

export interface BenchHouse {
	readonly house: House;
	readonly dir: string;
	readonly relay: RelayAddress;
	/** Lines that the board printed. */
	readonly lines: readonly string[];
	close(): Promise<void>;
}

export async function openBenchHouse(options: BenchHouseOptions = {}): Promise<BenchHouse> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
	const lines: string[] = [];
	const binary = options.wrap === undefined ? options.binary : wrapper(dir, options.wrap, options.binary!);
	const house = await House.open({
		dir,
		travelMs: TRAVEL_MS,
		local: options.local === true,
		onBoardLine: (line) => void lines.push(line),
		...(binary === undefined ? {} : { binary }),
		...(options.image === undefined ? {} : { image: options.image }),
		...(options.services === undefined ? {} : { services: options.services }),
		...(options.onRelayConnection === undefined ? {} : { onRelayConnection: options.onRelayConnection }),
		// Under a command that counts instructions a turn lasts as long as it lasts.
		boardWords: [
			...(options.wrap === undefined ? [] : ["--watchdog-ms", "0"]),
			...(options.boardWords ?? []),
		],
	});
	const close = async (): Promise<void> => {
		await house.close();
		rmSync(dir, { recursive: true, force: true });
	};
	let relay: RelayAddress;
	try {
		relay = await house.startRelay();
		await house.startBoard();
		await house.provision();
		await house.waitForLink();
		await house.mechanism.press("button", 200);
		await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 10_000);
		await house.pair("Bench");
	} catch (error) {
		await close();
		throw new Error(`${(error as Error).message}\n${lines.join("\n")}`);
	}
	return { house, dir, relay, lines, close };
}

function wrapper(dir: string, wrap: readonly string[], binary: string): string {
	const path = join(dir, "board.sh");
	writeFileSync(path, `#!/bin/sh\nexec ${[...wrap, binary].join(" ")} "$@"\n`);
	chmodSync(path, 0o755);
	return path;
}

/** Asks the board for its report and waits for the line that begins with `prefix`; its numbers by name. */
export async function boardReport(
	bench: BenchHouse,
	prefix: "heap" | "flash" | "turn",
): Promise<Map<string, number>> {
	const before = bench.lines.length;
	process.kill(bench.house.boardPid!, "SIGUSR1");
	const deadline = performance.now() + 20_000;
	while (performance.now() < deadline) {
		const line = bench.lines.slice(before).find((candidate) => candidate.startsWith(`${prefix} `));
		if (line !== undefined) return numbersOf(line);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	throw new Error(`the board gave no ${prefix} report\n${bench.lines.slice(-10).join("\n")}`);
}

function numbersOf(line: string): Map<string, number> {
	const numbers = new Map<string, number>();
	for (const [, name, value] of line.matchAll(/([a-z-]+) (\d+)/g)) numbers.set(name!, Number(value));
	return numbers;
}
