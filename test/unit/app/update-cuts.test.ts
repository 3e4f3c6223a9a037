/**
 * Power cuts in the life of an update, a few by seed, on both engines; every one of them is test/sweep's business, on Node. The
 * image is small: each life is lived whole.
 */
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, SLOW_EFFORT, type Suite } from "../../harness/test.ts";
import { CUT_MODES } from "../../sim/power.ts";
import { imageOf, type Release } from "../../sim/releases.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";

/** Two chunks, the second short. */
const BODY_BYTES = LIMITS.chunkBytes + 9000;
const SLOT_BYTES = 4 * LIMITS.chunkBytes;
const CUTS = 6;
const PATIENCE_MS = 2 * 3600 * 1000;

export default function suite(t: Suite): void {
	t.test(
		"a cut at any operation of an update, and a second one behind it, end in the update (I3, I4, T12)",
		({ crypto, random, effort, note }) => {
			const slots = { slotBytes: SLOT_BYTES, recovery: false };
			const lock = new UpdatingLock(crypto, {
				slots: { ...slots, image: imageOf(1, { bodyBytes: BODY_BYTES }) },
			});
			const start = lock.snapshot();
			const release = lock.release({ sequence: 2, securityVersion: 1, bodyBytes: BODY_BYTES });
			const before = lock.board.power.operations.length;
			lock.publish(release);
			check.ok(
				lock.drive(() => isInstalled(lock, release), PATIENCE_MS),
				lock.rig.log,
			);
			const operations = lock.board.power.operations.length - before;
			const cuts = effort === SLOW_EFFORT ? operations : CUTS;
			for (let cut = 0; cut < cuts; cut++) {
				const life = new UpdatingLock(crypto, { slots, snapshot: start, label: lock.label });
				const places = [cuts === operations ? cut : random.below(operations), random.below(30)];
				life.publish(release);
				for (const after of places) {
					const { power } = life.board;
					const at = power.operations.length + after;
					power.cutAt(after, random.pick(CUT_MODES), random.uint32());
					life.drive(() => power.operations.length > at || isInstalled(life, release), PATIENCE_MS);
					power.keep();
				}
				check.ok(
					life.drive(() => isInstalled(life, release), PATIENCE_MS),
					`${places.join()}: ${life.rig.log}`,
				);
				check.equal(life.status().securityFloor, 1);
				check.ok(!life.board.logs.some((line) => line.startsWith("storage: ")), life.rig.log);
				life.owner.connect();
				check.equal(life.owner.ask("unlock")?.status, "done", life.rig.log);
			}
			note(`${cuts} lives, each cut twice, of ${operations} operations`);
		},
	);
}

function isInstalled(lock: UpdatingLock, { manifest }: Release): boolean {
	if (lock.running?.sequence !== manifest.sequence || lock.runningState !== "valid") return false;
	return lock.board.storage.peek("update", "plan") === undefined;
}
