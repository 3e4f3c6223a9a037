/** Releases for several kinds of locks on one board, and releases that must wait, at a relay (docs/UPDATE.md 5). */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { renewFreshness } from "../../tools/relay/release-table.ts";
import { check, type Suite } from "../harness/test.ts";
import { imageOf, releaseDigest } from "./support/releases.ts";
import { eventually } from "./support/temporary.ts";
import { UpdateBench } from "./support/update-bench.ts";
import type { UpdateLock } from "./support/update-lock.ts";

const OTHER = { hardwareClass: "other-class" };

function runs(lock: UpdateLock, sequence: number): void {
	lock.say({
		state: "idle",
		sequence,
		sequenceFloor: sequence,
		result: "installed",
		resultSequence: sequence,
	});
}

function isOffer(lock: UpdateLock, { message }: { readonly message: Uint8Array }): boolean {
	return lock.offered.some((manifest) => bytesEqual(manifest, message));
}

export default function suite(t: Suite): void {
	t.test(
		"a lock that called a release foreign keeps its own kind's, whatever number it runs later (T10)",
		() =>
			UpdateBench.with(async (bench) => {
				const other = await bench.vendor.release(7, OTHER);
				const digest = await bench.rollOut(other);
				const lock = await bench.lock("LK-CLASS");
				lock.connect(bench.service);
				check.ok(await lock.isOffered());
				lock.say({ result: "foreign", resultSequence: 7 });
				await bench.looks();
				// Its own release 7 comes by a phone.
				runs(lock, 7);
				await bench.looks();
				const offer = (await bench.table.offersFor(digest)).get("LK-CLASS");
				check.deepEqual([offer?.outcome, offer?.result], ["refused", "foreign"]);
				lock.disconnect();
				await bench.restart();
				lock.connect(bench.service);
				const [own, others] = [await bench.vendor.release(8), await bench.vendor.release(9, OTHER)];
				await bench.rollOut(others);
				await bench.rollOut(own);
				check.ok(await eventually(() => isOffer(lock, own)));
				check.ok(await eventually(() => lock.statementsAlone.length > 0));
				check.ok(!isOffer(lock, others));
			}),
	);

	t.test("a release is not installed where another image of its number runs, as the lock attests (T10)", () =>
		UpdateBench.with(async (bench) => {
			const [image, own] = [imageOf(7, 70), imageOf(7, 71)];
			const other = await bench.vendor.release(7, { ...OTHER, image });
			const digest = await bench.rollOut(other);
			const [lock, genuine] = await bench.locks("LK-OTHER-IMAGE", "LK-THIS-IMAGE");
			for (const [each, running] of [
				[lock!, own],
				[genuine!, image],
			] as const) {
				each.connect(bench.service);
				check.ok(await each.isOffered());
				each.disconnect();
				const release = await bench.vendor.release(7, { image: running });
				each.attests = { runningDigest: release.file.manifest.image.digest };
				each.report = { ...each.report, state: "trial", sequence: 7 };
				const asked = each.statements.length;
				each.connect(bench.service);
				check.ok(await eventually(() => each.statements.length > asked));
				runs(each, 7);
			}
			await bench.looks();
			const offers = await bench.table.offersFor(digest);
			check.equal(offers.get("LK-OTHER-IMAGE")?.outcome, "offered");
			check.equal(offers.get("LK-THIS-IMAGE")?.outcome, "installed");
			// Nor does it shut the lock out of its own.
			const next = await bench.vendor.release(8);
			await bench.rollOut(next);
			check.ok(await eventually(() => isOffer(lock!, next)));
		}),
	);

	t.test("where a board has several kinds of locks, the newest statement of each kind goes out (T11)", () =>
		UpdateBench.with(async (bench) => {
			const own = await bench.vendor.release(2, { issuedUnixMs: Date.now() - 7_200_000 });
			const others = await bench.vendor.release(3, OTHER);
			await bench.vendor.publish(bench.dir, own, others);
			const lock = await bench.lock("LK-TWO-KINDS");
			lock.connect(bench.service);
			check.ok(await eventually(() => lock.statementsAlone.length === 2));
			for (const { statement } of [own, others])
				check.ok(lock.statementsAlone.some((each) => bytesEqual(each, statement!)));
			lock.say({ goodBytes: 1 });
			await bench.looks();
			check.equal(lock.statementsAlone.length, 2, "once");
			const renewed = { ...own, statement: await bench.vendor.statement(own.file, 20) };
			await bench.vendor.publish(bench.dir, renewed);
			check.ok(await eventually(() => lock.statementsAlone.length === 3));
			check.deepEqual(lock.statementsAlone[2], renewed.statement);
		}),
	);

	t.test("a release that a lock refuses for now does not stand before the one on the way to it (T10)", () =>
		UpdateBench.with(async (bench) => {
			const [step, far] = [await bench.vendor.release(900), await bench.vendor.release(1_800)];
			await bench.rollOut(far);
			await bench.rollOut(step);
			const lock = await bench.lock("LK-STEP");
			lock.connect(bench.service);
			check.ok(await lock.isOffered());
			check.ok(bytesEqual(lock.offered[0]!, far.message));
			await bench.looks();
			check.equal(lock.offered.length, 1, "as long as it has not answered nothing older is offered");
			lock.say({ result: "fast-forward", resultSequence: 1_800 });
			check.ok(await eventually(() => isOffer(lock, step)));
			lock.say({ state: "downloading", offered: 900, result: "none" });
			await bench.looks();
			check.equal(lock.offered.length, 2);
		}),
	);

	t.test("while a lock downloads a release it is offered no older one (T10)", () =>
		UpdateBench.with(async (bench) => {
			await bench.rollOut(await bench.vendor.release(5));
			await bench.rollOut(await bench.vendor.release(6));
			const lock = await bench.lock("LK-LOADING");
			lock.report = { ...lock.report, state: "downloading", offered: 6 };
			lock.connect(bench.service);
			await eventually(() => lock.statements.length > 0);
			await bench.looks();
			check.equal(lock.offered.length, 0);
		}),
	);

	t.test("a release without a statement that holds is not offered, and hides none that has one (T11)", () =>
		UpdateBench.with(async (bench) => {
			const [with4, without] = [
				await bench.vendor.release(4),
				await bench.vendor.release(5, { freshDays: 0 }),
			];
			await bench.rollOut(with4);
			await bench.rollOut(without);
			const lock = await bench.lock("LK-NO-STATEMENT");
			lock.connect(bench.service);
			check.ok(await lock.isOffered());
			check.ok(bytesEqual(lock.offered[0]!, with4.message));
			// One that ended meanwhile is as good as none.
			const over = await bench.vendor.statement(without.file, 1, Date.now() - 90_000_000);
			const renew = async (statement: Uint8Array): Promise<boolean> =>
				await renewFreshness(bench.table.db, releaseDigest(without), { statement, stands: () => true });
			check.ok(await renew(over));
			await bench.looks();
			check.equal(lock.offered.length, 1);
			check.ok(await renew(await bench.vendor.statement(without.file, 1)));
			check.ok(await eventually(() => isOffer(lock, without)));
		}),
	);
}
