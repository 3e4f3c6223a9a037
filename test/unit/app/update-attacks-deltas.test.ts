/** The attack list of updates, what is wrong with a signed delta, against a whole lock: the full image is taken (T10, T16). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { check, type Suite } from "../../harness/test.ts";
import { imageOf, similarImage } from "../../sim/releases.ts";
import { patchOf } from "../update/patch-rig.ts";
import { HOUR, UpdateLocks } from "./update-locks.ts";

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();

	t.test(
		"delta with a wrong source: a delta for another image is not used, the full one is (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const image = similarImage(imageOf(1), 2);
			const release = lock.release({ sequence: 2, image, deltaFrom: similarImage(imageOf(1), 9) });
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.reports.every((report) => !report.viaDelta));
		},
	);

	t.test(
		"decompression bomb: a signed delta that does not end gives way to the full image (T10, T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const source = imageOf(1);
			const image = similarImage(source, 2);
			// One region that inserts far more than there is room for.
			const bomb = patchOf(
				source.length,
				image.length,
				0,
				0,
				0,
				0xff,
				0xff,
				0xff,
				0x7f,
				...new Array(500).fill(0),
			);
			const release = lock.release({ sequence: 2, image, deltaFrom: source, delta: bomb });
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.rig.log.includes("update: patch in sequence 2"));
			check.ok(lock.reports.some((report) => report.viaDelta));
		},
	);

	t.test(
		"a delta that gives another image than the manifest's is found by its first wrong chunk (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const source = imageOf(1);
			const image = similarImage(source, 2);
			const wrong = concatBytes(image);
			wrong[70000] = wrong[70000]! ^ 1;
			const release = lock.release({
				sequence: 2,
				image,
				deltaFrom: source,
				delta: lock.release({ sequence: 2, image: wrong, deltaFrom: source }).delta!,
			});
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.rig.log.includes("update: patch in sequence 2"));
			check.deepEqual(lock.board.slots.peek(1).slice(0, image.length), image);
		},
	);
}
