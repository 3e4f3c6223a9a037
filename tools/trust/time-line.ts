/** Gives a board at a serial line the time (PROTOCOL 6, verb time): on the bench, or where no relay reaches it. */

import { TimeFault } from "../cli/time-client.ts";
import type { VerbLine } from "../factory/verbs.ts";

/** What answers a nonce: a TimeRole, or a server. */
export type AnswerTime = (nonce: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** The lock's time afterwards, milliseconds since 1970 UTC. Rejects with TimeFault or SerialFault. */
export async function setTimeOverLine(line: VerbLine, answer: AnswerTime): Promise<number> {
	const asked = await line.call("time");
	const nonce = asked.ok ? asked.value.bytes(0, 16) : undefined;
	if (nonce === undefined)
		throw new TimeFault(`the board asks nothing: ${asked.ok ? "malformed" : asked.reason}`);
	const set = await line.call("time", { 0: await answer(nonce) });
	if (!set.ok) throw new TimeFault(`the board refuses the statement (${set.reason}); its log says why`);
	const unixMs = set.value.uint(0);
	if (unixMs === undefined) throw new TimeFault("the board's answer makes no sense");
	return unixMs;
}
