/** The contract that every host answers: all of Platform (DESIGN 3). */
import type { Suite } from "../harness/test.ts";
import { clockContract } from "./clock.ts";
import { cryptoContract } from "./crypto.ts";
import { inflateContract } from "./inflate.ts";
import type { OpenJig } from "./jig.ts";
import { keysContract } from "./keys.ts";
import { listenerContract } from "./listener.ts";
import { pinsContract } from "./pins.ts";
import { radioContract } from "./radio.ts";
import { slotsContract } from "./slots.ts";
import { storageContract } from "./storage.ts";
import { streamsContract } from "./streams.ts";

export function contract(t: Suite, open: OpenJig): void {
	clockContract(t, open);
	storageContract(t, open);
	slotsContract(t, open);
	keysContract(t, open);
	cryptoContract(t, open);
	inflateContract(t, open);
	pinsContract(t, open);
	streamsContract(t, open);
	listenerContract(t, open);
	radioContract(t, open);
}
