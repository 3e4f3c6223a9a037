/** The whole life of an update, over each way in and their mixtures (T10, T12, I3, I4). */
import { check, type Suite } from "../../harness/test.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";

export default function suite(t: Suite): void {
	t.test("a release over the link is downloaded, tried, confirmed, and raises the floors (T10, I3)", ({ crypto }) => {
		const lock = new UpdatingLock(crypto);
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		check.ok(lock.drive(() => lock.isInstalled(release), 600000), lock.rig.log);
	});
}
