/**
 * Seeded random work for the byte loops of a WebSocket, and what came of it as one number: the plain loops on Node, the
 * plain loops on XS and the native ones must come to the same.
 */
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { UTF8_INVALID } from "../../modules/link/ws-utf8.ts";
import type { WsBytes } from "../../modules/platform/websocket.ts";
import { crc32 } from "../../modules/wire/crc32.ts";
import { Random } from "../harness/random.ts";

const ROUNDS = 2_000;

export function workOf(seed: number, loops: WsBytes): number {
	const random = new Random(seed, "byte loops");
	const states = new Uint8Array(ROUNDS);
	let sum = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const room = random.bytes(random.below(200) + 8);
		const start = random.below(9);
		loops.mask(room.subarray(start), random.below(room.length - start + 1), random.bytes(4));
		sum = (sum + crc32(room)) >>> 0;
		const text = encodeUtf8(random.text(30));
		const bytes = random.below(3) === 0 ? text : random.mutate(text);
		states[round] = loops.utf8(random.below(UTF8_INVALID + 1), bytes);
	}
	return (sum + crc32(states)) >>> 0;
}
