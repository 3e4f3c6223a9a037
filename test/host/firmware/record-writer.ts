/** Writes, replaces and deletes records in an order that its seed decides; the journal of it is cut in cut-tests. */
import KeyValue from "embedded:storage/key-value";
import { Random } from "../../harness/random.ts";

const STEPS = 220;
const NAMES = Object.freeze(["a", "floor", "grant.1", "0123456789abcde"]);
const SIZES = Object.freeze([0, 1, 40, 495, 496, 497, 512, 1100, 3000]);

const random = new Random(Number(native<(key: string) => string>("xs_system_argument")("seed")));
const storage = KeyValue.open({ path: "domain" });
for (let step = 0; step < STEPS; step++) {
	const name = random.pick(NAMES);
	if (random.below(12) === 0) storage.delete(name);
	else storage.write(name, random.bytes(random.pick(SIZES)));
}
trace("written\n");
native<() => never>("xs_system_reboot")();
