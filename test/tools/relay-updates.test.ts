/** How a relay rolls releases out (docs/UPDATE.md 5): who is offered what, when nobody is, and what stops a rollout. */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { haltReason, outcomeOf } from "../../tools/relay/offer-outcome.ts";
import { Publication } from "../../tools/relay/publication.ts";
import { isChosen, percentOf, ROLLOUT_DEFAULTS, type Rollout } from "../../tools/relay/rollout.ts";
import { check, type Suite } from "../harness/test.ts";
import { bodyOf, imageOf, TestVendor } from "./support/releases.ts";
import { eventually } from "./support/temporary.ts";
import { sharedVendor, UpdateBench } from "./support/update-bench.ts";
import type { UpdateLock } from "./support/update-lock.ts";

const SERIALS = Array.from({ length: 400 }, (_, index) => `LK-${String(index).padStart(4, "0")}`);

function rolloutOf(percent: number, digest: string, cohort: readonly string[] = []): Rollout {
	return {
		digest,
		state: "running",
		percent,
		cohort: new Set(cohort),
		reason: undefined,
		...ROLLOUT_DEFAULTS,
		generation: 0,
	};
}

function serialsThat(predicate: (serial: string) => boolean, count: number): readonly string[] {
	return SERIALS.filter(predicate).slice(0, count);
}

/** What a lock says when it has taken a release. */
function install(lock: UpdateLock, sequence: number): void {
	const version = `1.0.${sequence}`;
	lock.say({
		state: "idle",
		sequence,
		version,
		sequenceFloor: sequence,
		result: "installed",
		resultSequence: sequence,
	});
}

function fail(lock: UpdateLock, sequence: number): void {
	lock.say({ result: "trial-crashed", resultSequence: sequence, reverts: 1 });
}

export default function suite(t: Suite): void {
	t.test("a percentage chooses that part of the locks, and a higher one keeps whom a lower one chose", () => {
		for (const digest of ["aa", "bb"]) {
			let before: readonly string[] = [];
			for (const percent of [0, 5, 25, 60, 100]) {
				const chosen = SERIALS.filter((serial) => isChosen(rolloutOf(percent, digest), serial));
				check.ok(before.every((serial) => chosen.includes(serial)));
				const share = (chosen.length / SERIALS.length) * 100;
				check.ok(Math.abs(share - percent) <= 6, `${share} % for ${percent} %`);
				before = chosen;
			}
			check.equal(before.length, SERIALS.length);
		}
		check.ok(SERIALS.some((serial) => percentOf("aa", serial) < 5 !== percentOf("bb", serial) < 5));
		check.ok(isChosen(rolloutOf(0, "aa", ["LK-0001"]), "LK-0001"));
		check.ok(!isChosen(rolloutOf(0, "aa", ["LK-0001"]), "LK-0002"));
	});

	t.test("a lock is offered a release by percentage or by serial, and nobody else is (T10)", () =>
		UpdateBench.with(async (bench) => {
			const digestless = await bench.vendor.release(2);
			const plan = { percent: 25, cohort: ["LK-COHORT"] };
			const digest = await bench.rollOut(digestless, plan);
			const rollout = rolloutOf(25, digest);
			const chosen = serialsThat((serial) => isChosen(rollout, serial), 3);
			const others = serialsThat((serial) => !isChosen(rollout, serial), 3);
			const locks = await bench.locks("LK-COHORT", ...chosen, ...others);
			for (const lock of locks) lock.connect(bench.service);
			for (const lock of locks.slice(0, 4)) {
				check.ok(await lock.isOffered(), lock.serial);
				check.ok(bytesEqual(lock.offered[0]!, digestless.message));
				check.deepEqual(lock.offers.find((each) => each.manifest)?.freshness, digestless.statement);
			}
			await bench.looks();
			for (const lock of locks.slice(4)) check.equal(lock.offered.length, 0, lock.serial);
			check.ok(await bench.table.changeRollout(digest, { percent: 100 }));
			for (const lock of locks.slice(4)) check.ok(await lock.isOffered(), lock.serial);
			for (const lock of locks) check.equal(lock.offered.length, 1, "once");
		}),
	);

	t.test("nothing is offered to a lock that said nothing, runs it already, or is on its way (T10)", () =>
		UpdateBench.with(
			async (bench) => {
				await bench.rollOut(await bench.vendor.release(5));
				const [silent, present, ahead, busy, parked] = await bench.locks(
					"LK-SILENT",
					"LK-PRESENT",
					"LK-AHEAD",
					"LK-BUSY",
					"LK-PARKED",
				);
				bench.service.attached(silent!);
				present!.report = { ...present!.report, sequence: 5 };
				ahead!.report = { ...ahead!.report, sequence: 9 };
				busy!.report = { ...busy!.report, state: "downloading", offered: 5 };
				parked!.report = { ...parked!.report, state: "parked", offered: 5 };
				for (const lock of [present!, ahead!, busy!, parked!]) lock.connect(bench.service);
				await eventually(() => busy!.statements.length > 0);
				await bench.looks();
				for (const lock of [silent!, present!, ahead!, busy!, parked!])
					check.equal(lock.offered.length, 0, lock.serial);
				busy!.say({ state: "idle" });
				check.ok(await busy!.isOffered());
			},
			{ offerPauseMs: 1 },
		),
	);

	t.test("a release for newer trust waits for the bundle (T5)", async () => {
		const vendor = await TestVendor.make();
		vendor.newTrust();
		await UpdateBench.with(
			async (bench) => {
				await bench.rollOut(await vendor.release(2, { trustVersion: 2 }));
				const lock = await bench.lock("LK-OLD-TRUST");
				lock.connect(bench.service);
				await eventually(() => lock.statements.length > 0);
				await bench.looks();
				check.equal(lock.offered.length, 0);
				lock.say({ trustVersion: 2 });
				check.ok(await lock.isOffered());
			},
			{},
			vendor,
		);
	});

	t.test("a release for another board is not offered, and one for another class once only", () =>
		UpdateBench.with(
			async (bench) => {
				await bench.rollOut(await bench.vendor.release(2, { board: "other-board" }));
				const foreign = await bench.vendor.release(4, { hardwareClass: "other-class" });
				await bench.rollOut(foreign);
				const own = await bench.vendor.release(3);
				await bench.rollOut(own);
				const lock = await bench.lock("LK-KIND");
				lock.connect(bench.service);
				check.ok(await lock.isOffered());
				// It may be offered again until the lock has said what it thinks of it.
				const before = lock.offered.length;
				check.ok(lock.offered.every((message) => bytesEqual(message, foreign.message)));
				lock.say({ result: "foreign", resultSequence: 4 });
				check.ok(await eventually(() => lock.offered.length > before));
				check.ok(lock.offered.slice(before).every((message) => bytesEqual(message, own.message)));
				lock.say({ result: "none", state: "downloading", offered: 3 });
				install(lock, 3);
				await bench.looks();
				const after = lock.offered.length;
				await bench.looks();
				check.equal(lock.offered.length, after, "the class is known now");
				check.ok(lock.offered.slice(before).every((message) => bytesEqual(message, own.message)));
			},
			{ offerPauseMs: 1 },
		),
	);

	t.test("a paused rollout offers nothing until it is resumed", () =>
		UpdateBench.with(async (bench) => {
			const digest = await bench.rollOut(await bench.vendor.release(2));
			check.ok(await bench.table.setRolloutState(digest, "paused"));
			await bench.looks();
			const lock = await bench.lock("LK-PAUSED");
			lock.connect(bench.service);
			await eventually(() => lock.statements.length > 0);
			await bench.looks();
			check.equal(lock.offered.length, 0);
			check.ok(await bench.table.setRolloutState(digest, "running"));
			check.ok(await lock.isOffered());
		}),
	);

	t.test("a rollout whose locks fail is halted and offers nothing more, also after a restart (T10)", () =>
		UpdateBench.with(async (bench) => {
			const digest = await bench.rollOut(await bench.vendor.release(2), { haltRate: 20, haltMinimum: 4 });
			const [late, ...locks] = await bench.locks("LK-LATE", "LK-A", "LK-B", "LK-C", "LK-D", "LK-E");
			for (const lock of locks) lock.connect(bench.service);
			for (const lock of locks) check.ok(await lock.isOffered());
			install(locks[0]!, 2);
			fail(locks[1]!, 2);
			fail(locks[1]!, 2);
			install(locks[2]!, 2);
			await bench.looks();
			check.equal(
				bench.events("rollout-halted").length,
				0,
				"three outcomes are too few, however often one is told",
			);
			fail(locks[3]!, 2);
			check.equal(bench.events("rollout-halted").length, 1, "at once");
			check.equal(bench.events("rollout-halted")[0]!.reason, "2 of 4 locks failed, more than 20 %");
			late!.connect(bench.service);
			await eventually(() => late!.statements.length > 0);
			await bench.looks();
			check.equal(late!.offered.length, 0);
			late!.disconnect();
			await bench.restart();
			late!.connect(bench.service);
			await bench.looks(8);
			check.equal(late!.offered.length, 0);
			const [rollout] = await bench.table.rollouts();
			check.equal(rollout!.state, "halted");
			check.equal(
				await bench.table.setRolloutState(digest, "paused"),
				false,
				"a halt is not taken back by a pause",
			);
			check.ok(await bench.table.setRolloutState(digest, "running"));
			check.ok(await late!.isOffered(), "resumed, and what failed before does not count again");
		}),
	);

	t.test("a statement of a clock that is ahead is not published, and a right one is (T11)", () =>
		UpdateBench.with(async (bench) => {
			const ahead = await bench.vendor.release(2, { issuedUnixMs: Date.now() + 10 * 86_400_000 });
			await check.rejects(bench.vendor.publish(bench.dir, ahead), "issued in the future");
			await bench.vendor.publish(bench.dir, {
				...ahead,
				statement: await bench.vendor.statement(ahead.file, 30),
			});
		}),
	);

	t.test("a release is not published whose image is none, is damaged, or says otherwise (T10)", () =>
		UpdateBench.with(async ({ dir, vendor, table }) => {
			const damaged = imageOf(7);
			damaged[30_000]! ^= 1;
			// Signed in order, and no lock would confirm it: its trial would tell.
			const cases: readonly (readonly [string, Uint8Array])[] = [
				["no firmware image: no-image", bodyOf(7)],
				["its own checksum is wrong", damaged],
				["its own checksum is wrong", new Uint8Array([...imageOf(7), 0])],
				["says sequence 8, and the manifest 7", imageOf(8)],
			];
			for (const [reason, image] of cases)
				await check.rejects(vendor.publish(dir, await vendor.release(7, { image })), reason);
			check.equal((await table.releases()).length, 0);
			await vendor.publish(dir, await vendor.release(7, { image: imageOf(7) }));
		}),
	);

	t.test("a statement by a key that has left the trust stands in no other's way (T5, T11)", async () => {
		const vendor = await TestVendor.make();
		await UpdateBench.with(
			async (bench) => {
				// A thief of the key dates it as late as locks allow.
				const stolen = await vendor.release(2, { issuedUnixMs: Date.now() + 43_200_000 });
				await vendor.publish(bench.dir, stolen);
				const publication = await Publication.open(bench.dir);
				try {
					const late = await vendor.statement(stolen.file, 30);
					await check.rejects(publication.freshness(late, Date.now()), "issued later");
					vendor.newFreshnessKey();
					await vendor.publish(bench.dir);
					await check.rejects(publication.freshness(late, Date.now()), "unknown-key");
					const right = await vendor.statement(stolen.file, 30);
					await publication.freshness(right, Date.now());
					check.bytes((await bench.table.releases())[0]!.freshness?.statement, right);
				} finally {
					await publication.close();
				}
			},
			{},
			vendor,
		);
	});

	t.test(
		"one lock that says it failed halts nothing, unless the rollout was to stop at the first (T10)",
		() => {
			const count = { installed: 4, failed: 1, refused: 0, offered: 0, unfit: 0 };
			check.equal(haltReason(rolloutOf(100, "aa"), count), undefined);
			check.ok(haltReason(rolloutOf(100, "aa"), { ...count, installed: 3, failed: 2 }) !== undefined);
			check.ok(haltReason({ ...rolloutOf(100, "aa"), haltMinimum: 1 }, count) !== undefined);
		},
	);

	t.test("a failure stays one when the next offer is refused for another reason (T10)", () => {
		const report = {
			state: "idle",
			version: "1.0.1",
			sequence: 1,
			securityVersion: 0,
			sequenceFloor: 1,
			securityFloor: 0,
			trustVersion: 1,
			goodBytes: 0,
			totalBytes: 0,
			viaDelta: false,
			result: "not-fresh",
			resultSequence: 2,
			reverts: 1,
			stale: true,
		} as const;
		check.equal(outcomeOf(report, 2, "failed"), undefined);
		check.deepEqual(outcomeOf(report, 2, "offered"), { outcome: "refused", result: "not-fresh" });
		check.deepEqual(outcomeOf({ ...report, result: "trial-crashed" }, 2, "failed"), {
			outcome: "failed",
			result: "trial-crashed",
		});
	});

	t.test("few failures, and failures of locks that were not offered it, halt nothing", () =>
		UpdateBench.with(async (bench) => {
			await bench.rollOut(await bench.vendor.release(2), {
				percent: 0,
				cohort: ["LK-A", "LK-B"],
				haltMinimum: 1,
				haltRate: 50,
			});
			const [a, b, c, d] = await bench.locks("LK-A", "LK-B", "LK-C", "LK-D");
			for (const lock of [a!, b!, c!, d!]) lock.connect(bench.service);
			check.ok((await a!.isOffered()) && (await b!.isOffered()));
			install(a!, 2);
			fail(b!, 2);
			for (const lock of [c!, d!]) fail(lock, 2);
			a!.say({ result: "patch", resultSequence: 2 });
			await bench.looks();
			check.equal(bench.events("rollout-halted").length, 0);
			const outcomes = [...(await bench.table.offersFor((await bench.table.rollouts())[0]!.digest))];
			check.deepEqual(outcomes.map(([serial, { outcome }]) => [serial, outcome]).sort(), [
				["LK-A", "installed"],
				["LK-B", "failed"],
			]);
			install(b!, 2);
			await bench.looks();
			const [first] = await bench.table.rollouts();
			check.deepEqual(
				[...(await bench.table.offersFor(first!.digest)).values()].map(({ outcome }) => outcome),
				["installed", "installed"],
				"who made it in the end has made it",
			);
		}),
	);

	t.test(
		"a lock that refuses is asked less and less often, and again at once when there is something new",
		() =>
			UpdateBench.with(
				async (bench) => {
					const release = await bench.vendor.release(2, { issuedUnixMs: Date.now() - 86_400_000 });
					await bench.rollOut(release);
					const lock = await bench.lock("LK-NO");
					lock.connect(bench.service);
					check.ok(await lock.isOffered());
					const started = performance.now();
					lock.say({ result: "not-fresh", resultSequence: 2 });
					check.ok(await eventually(() => lock.offered.length >= 3, 10_000));
					check.ok(performance.now() - started >= 2_900, `three offers in ${performance.now() - started} ms`);
					await bench.looks(8);
					check.equal(lock.offered.length, 3, "the third pause is four times the first");
					lock.disconnect();
					await bench.restart();
					lock.connect(bench.service);
					await bench.looks();
					check.equal(lock.offered.length, 3, "a new connection shortens no pause");
					const renewed = { ...release, statement: await bench.vendor.statement(release.file, 20) };
					await bench.vendor.publish(bench.dir, renewed);
					check.ok(await eventually(() => lock.offered.length === 4, 2_000), "a newer statement ends it");
					check.deepEqual(lock.offers.at(-1)!.freshness, renewed.statement);
					check.equal(bench.events("update-offered").at(-1)!.count, 4);
				},
				{ offerPauseMs: 1_000 },
			),
	);

	t.test("the newest freshness statement goes to every lock that has an older one or none (T11)", () =>
		UpdateBench.with(async (bench) => {
			const vendor = await sharedVendor();
			const [older, newer] = [
				await vendor.release(2, { issuedUnixMs: Date.now() - 3_600_000 }),
				await vendor.release(3, { freshDays: 7 }),
			];
			await vendor.publish(bench.dir, older, newer);
			const [without, present] = await bench.locks("LK-WITHOUT", "LK-PRESENT");
			const until = Math.floor(Date.now() / 1_000) + 7 * 86_400;
			without!.connect(bench.service);
			check.ok(await eventually(() => without!.statementsAlone.length === 1));
			check.deepEqual(without!.statementsAlone[0], newer.statement);
			const stored = (await bench.table.releases()).find(({ manifest }) => manifest.sequence === 3);
			present!.report = {
				...present!.report,
				stale: false,
				freshUntilUnixSeconds: stored!.freshness!.expiresUnixSeconds,
			};
			check.ok(Math.abs(stored!.freshness!.expiresUnixSeconds - until) < 60);
			present!.connect(bench.service);
			await eventually(() => present!.statements.length > 0);
			without!.say();
			await bench.looks();
			check.equal(present!.statementsAlone.length, 0);
			check.equal(without!.statementsAlone.length, 1, "once");
			const renewed = { ...newer, statement: await vendor.statement(newer.file, 40, Date.now() + 1_000) };
			await vendor.publish(bench.dir, renewed);
			check.ok(await eventually(() => present!.statementsAlone.length === 1));
			check.deepEqual(present!.statementsAlone[0], renewed.statement);
		}),
	);

	t.test("a report or an attestation of garbage changes nothing (I9)", () =>
		UpdateBench.with(async (bench) => {
			await bench.rollOut(await bench.vendor.release(2));
			const lock = await bench.lock("LK-GARBAGE");
			bench.service.attached(lock);
			for (const report of [Uint8Array.of(0xff), new Uint8Array(384), Uint8Array.of(0xa0)])
				bench.service.receive(lock, { kind: "update-report", report });
			bench.service.receive(lock, { kind: "attestation", statement: Uint8Array.of(1) });
			await bench.looks();
			check.equal(lock.offers.length + lock.nonces.length, 0);
			bench.service.detached(lock);
			bench.service.receive(lock, { kind: "update-report", report: Uint8Array.of(0xff) });
		}),
	);
}
