/**
 * The longest turns of the event loop, as the engine's meter counts them: of ordinary use, of the same with an update under way. What
 * the meter counts is byte codes, and two for each byte that a built-in copies. Natives are not counted.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import type { Figure } from "./figure.ts";
import { pause, UpdateDoor } from "./update-door.ts";

const ROUNDS = 10;
/** What arrives in one turn is the network's choice: the longest of several. */
const RECONNECTS = 10;
const PAUSE_MS = 200;
const SETTLE_MS = 500;
const GOAL_TURN = 1.5;

/** The same round of ordinary use without and with an update: unlocks, a new session, a link that breaks. */
export async function measureTurns(board: string, image: string): Promise<Figure[]> {
	const door = await UpdateDoor.open(board, image);
	try {
		await door.unlock();
		await door.longestTurn();
		const parts = await useDoor(door);
		const off = Math.max(...parts);
		await door.offer(LIMITS.imageBytes);
		const offer = await door.longestTurn();
		const downloading = Math.max(...(await useDoor(door)));
		if (door.source.state !== "downloading") throw new Error(`the lock is ${door.source.state}`);
		await door.offerDelta();
		await door.until(() => door.source.state === "patching", "patching");
		const offerDelta = await door.longestTurn();
		await door.until(() => door.source.state === "verifying", "reading back");
		const patching = await door.longestTurn();
		await door.until(() => door.source.state === "waiting", "the end");
		const verifying = await door.longestTurn();
		const unit = "byte codes";
		return [
			{ name: "longest turn: unlocks", value: parts[0]!, unit },
			{ name: "longest turn: a new session", value: parts[1]!, unit },
			{ name: "longest turn: the link comes back", value: parts[2]!, unit },
			{ name: "longest turn: an offer, and the look at what flash has", value: offer, unit },
			{ name: "longest turn: an offer with a delta, and its download", value: offerDelta, unit },
			{ name: "longest turn: the same three while downloading", value: downloading, unit },
			{ name: "longest turn: patching", value: patching, unit },
			{ name: "longest turn: reading back", value: verifying, unit },
			{
				name: "longest turn with an update, of that without",
				value: Math.max(offer, offerDelta, downloading, patching, verifying) / off,
				unit: "",
				goal: GOAL_TURN,
			},
		];
	} finally {
		await door.close();
	}
}

/** The longest turns of unlocks, of a new session, and of a link that comes back. */
async function useDoor(door: UpdateDoor): Promise<readonly number[]> {
	for (let round = 0; round < ROUNDS; round++) {
		await door.unlock();
		await pause(PAUSE_MS);
	}
	const unlocks = await door.longestTurn();
	await door.newSession();
	await door.unlock();
	const session = await door.longestTurn();
	for (let round = 0; round < RECONNECTS; round++) {
		await door.reconnect();
		await door.unlock();
		await pause(SETTLE_MS);
	}
	return [unlocks, session, await door.longestTurn()];
}

/** The longest turn of a short release that takes the place of another one, from the first offer until it is read back. */
export async function longestUpdateTurn(board: string, image: string, bytes: number): Promise<number> {
	const door = await UpdateDoor.open(board, image);
	try {
		await door.unlock();
		await door.longestTurn();
		await door.offer(bytes);
		await door.offer(bytes);
		await door.until(() => door.source.state === "waiting", "the end");
		return await door.longestTurn();
	} finally {
		await door.close();
	}
}
