/** What stops a rollout by itself, where somebody sets a clock: the relay's and a command's are two, and either jumps (docs/OPERATIONS.md). */
import { check, type Suite } from "../harness/test.ts";
import { UpdateBench } from "./support/update-bench.ts";
import type { UpdateLock } from "./support/update-lock.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAYS_MS = 48 * HOUR_MS;

async function offered(bench: UpdateBench, ...names: readonly string[]): Promise<readonly UpdateLock[]> {
	const locks = await bench.locks(...names);
	for (const lock of locks) lock.connect(bench.service);
	for (const lock of locks) check.ok(await lock.isOffered(), lock.serial);
	return locks;
}

function fail(locks: readonly UpdateLock[], reverts: number): void {
	for (const lock of locks) lock.say({ state: "idle", result: "trial-crashed", resultSequence: 2, reverts });
}

function halts(bench: UpdateBench): number {
	return bench.events("rollout-halted").length;
}

async function state(bench: UpdateBench): Promise<string> {
	await bench.looks();
	return (await bench.table.rollouts())[0]!.state;
}

async function silent(bench: UpdateBench, digest: string): Promise<readonly string[]> {
	await bench.looks();
	const offers = await bench.table.offersFor(digest);
	return [...offers].flatMap(([serial, { result }]) => (result === "silent" ? [serial] : []));
}

export default function suite(t: Suite): void {
	for (const [name, jumpMs] of [
		["back", -DAYS_MS],
		["forward", DAYS_MS],
	] as const) {
		t.test(
			`a relay's clock that was set ${name} keeps no rollout from halting, and halts none again (T10)`,
			() =>
				UpdateBench.with(async (bench) => {
					bench.clock.set(jumpMs);
					const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 2 });
					const locks = await offered(bench, "LK-ONE", "LK-TWO");
					fail(locks, 1);
					check.deepEqual([halts(bench), await state(bench)], [1, "halted"]);
					check.ok(await bench.table.setRolloutState(digest, "running"));
					check.deepEqual([halts(bench), await state(bench)], [1, "running"], "resumed");
					for (const lock of locks) lock.disconnect();
					await bench.restart();
					check.deepEqual([halts(bench), await state(bench)], [1, "running"], "also after a restart");
					for (const lock of locks) lock.connect(bench.service);
					await bench.looks();
					fail(locks, 2);
					check.deepEqual([halts(bench), await state(bench)], [2, "halted"], "it fails again");
				}),
		);

		t.test(
			`a clock that is set ${name} between two failures, or before it is resumed, changes no count (T10)`,
			() =>
				UpdateBench.with(async (bench) => {
					const digest = await bench.rollOut(await bench.vendor.release(2), { haltMinimum: 2 });
					const [one, two] = await offered(bench, "LK-ONE", "LK-TWO");
					fail([one!], 1);
					bench.clock.set(jumpMs);
					fail([two!], 1);
					check.deepEqual([halts(bench), await state(bench)], [1, "halted"]);
					bench.clock.set(-jumpMs);
					check.ok(await bench.table.setRolloutState(digest, "running"));
					check.deepEqual([halts(bench), await state(bench)], [1, "running"]);
					fail([one!], 2);
					bench.clock.set(jumpMs);
					check.deepEqual([halts(bench), await state(bench)], [1, "running"], "one");
					fail([two!], 2);
					check.deepEqual([halts(bench), await state(bench)], [2, "halted"]);
				}),
		);
	}

	t.test("a relay that starts with its clock days ahead, or behind, makes no lock silent by that (T10)", () =>
		UpdateBench.with(
			async (bench) => {
				const digest = await bench.rollOut(await bench.vendor.release(2), { silentHours: 24 });
				const locks = await offered(bench, "LK-ONE", "LK-TWO");
				for (const lock of locks) {
					lock.say({ state: "waiting", offered: 2 });
					lock.disconnect();
				}
				for (const jumpMs of [DAYS_MS, -2 * DAYS_MS, DAYS_MS]) {
					await bench.service.settled();
					await bench.service.close();
					bench.clock.set(jumpMs);
					await bench.restart();
					bench.clock.advance(HOUR_MS + MINUTE_MS);
					check.deepEqual(await silent(bench, digest), []);
				}
				bench.clock.set(DAYS_MS);
				bench.clock.advance(21 * HOUR_MS);
				check.deepEqual(await silent(bench, digest), [], "nor while it is up");
				bench.clock.advance(2 * HOUR_MS);
				check.deepEqual(await silent(bench, digest), ["LK-ONE", "LK-TWO"]);
			},
			{ silenceGraceMs: HOUR_MS },
		),
	);
}
