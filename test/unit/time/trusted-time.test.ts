import { Store } from "../../../modules/store/store.ts";
import { TrustedTime } from "../../../modules/time/trusted-time.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";
import { SimClock, SimTime } from "../../sim/time.ts";

const BUILD_MS = 1_760_000_000_000;
const DAY_MS = 86_400_000;

interface Board {
	readonly storage: SimStorage;
	readonly world: SimTime;
	readonly time: TrustedTime;
}

function boot(storage = new SimStorage(), buildMs = BUILD_MS, isProven = true): Board {
	const world = new SimTime();
	const clock = new SimClock(world, (run) => run());
	return { storage, world, time: new TrustedTime(new Store(storage), clock, buildMs, isProven) };
}

export default function suite(t: Suite): void {
	t.test("a new board knows its build time as a floor, and no time (T13)", () => {
		const { time } = boot();
		check.equal(time.floorUnixMs, BUILD_MS);
		check.equal(time.nowUnixMs(), undefined);
		check.deepEqual(time.tlsTime(), { unixMs: BUILD_MS, kind: "floor" });
		check.equal(time.fault, undefined);
	});

	t.test("the floor rises and stays risen across boots and older images (I3)", () => {
		const { storage, time } = boot();
		check.accepted(time.raiseFloor(BUILD_MS + DAY_MS));
		check.equal(time.floorUnixMs, BUILD_MS + DAY_MS);
		check.equal(boot(storage.reboot()).time.floorUnixMs, BUILD_MS + DAY_MS);
		check.equal(boot(storage.reboot(), BUILD_MS - DAY_MS).time.floorUnixMs, BUILD_MS + DAY_MS);
		const newer = boot(storage.reboot(), BUILD_MS + 2 * DAY_MS);
		check.equal(newer.time.floorUnixMs, BUILD_MS + 2 * DAY_MS);
		check.equal(boot(newer.storage.reboot()).time.floorUnixMs, BUILD_MS + 2 * DAY_MS);
	});

	t.test(
		"the build time of an image on trial counts while it runs, and is kept once it is confirmed (T13, I3)",
		() => {
			const { storage } = boot();
			const later = BUILD_MS + DAY_MS;
			const trial = boot(storage.reboot(), later, false);
			check.equal(trial.time.floorUnixMs, later);
			check.equal(boot(trial.storage.reboot()).time.floorUnixMs, BUILD_MS, "a revert left the floor behind");
			check.accepted(trial.time.raiseFloor(later - 1));
			check.equal(trial.time.floorUnixMs, later);
			check.equal(trial.storage.mutations().length, 0);
			check.accepted(trial.time.keepFloor());
			check.accepted(trial.time.keepFloor());
			check.equal(trial.storage.mutations().length, 1);
			check.equal(boot(trial.storage.reboot()).time.floorUnixMs, later);
			const older = boot(trial.storage.reboot(), BUILD_MS, false);
			check.equal(older.time.floorUnixMs, later);
			check.accepted(older.time.keepFloor());
			check.equal(older.storage.mutations().length, 0);
		},
	);

	t.test("no sequence of raises lowers the floor, in RAM or in flash (I3)", ({ random }) => {
		let board = boot();
		let highest = BUILD_MS;
		for (let round = 0; round < 200; round++) {
			const unixMs = BUILD_MS + random.between(-50, 100) * DAY_MS;
			const cut = random.below(8) === 0;
			if (cut) board.storage.cutAfter(0, random.boolean());
			try {
				check.accepted(board.time.raiseFloor(unixMs));
			} catch {
				check.ok(cut);
			}
			board = boot(board.storage.reboot(), BUILD_MS - random.below(2) * DAY_MS);
			check.ok(board.time.floorUnixMs >= highest);
			highest = board.time.floorUnixMs;
		}
	});

	t.test("a raise to a past time writes nothing, one that cannot be is refused", () => {
		const { storage, time } = boot();
		const writes = storage.mutations().length;
		check.accepted(time.raiseFloor(BUILD_MS));
		check.accepted(time.raiseFloor(BUILD_MS - 1));
		check.equal(storage.mutations().length, writes);
		for (const unixMs of [-1, 0.5, Number.NaN, 253402300800000])
			check.refused(time.raiseFloor(unixMs), "range");
		check.equal(time.floorUnixMs, BUILD_MS);
	});

	t.test("a second boot of the same image writes no floor", () => {
		const { storage } = boot();
		const again = storage.reboot();
		boot(again);
		check.equal(again.mutations().length, 0);
	});

	t.test("the estimate runs with the clock and is corrected both ways, never below the floor (T13)", () => {
		const { world, time } = boot();
		check.accepted(time.setEstimate(BUILD_MS + DAY_MS, "owner"));
		world.advance(1500);
		check.equal(time.nowUnixMs(), BUILD_MS + DAY_MS + 1500);
		check.deepEqual(time.tlsTime(), { unixMs: BUILD_MS + DAY_MS + 1500, kind: "estimate" });
		check.accepted(time.setEstimate(BUILD_MS + 5, "owner"));
		check.equal(time.nowUnixMs(), BUILD_MS + 5);
		check.refused(time.setEstimate(BUILD_MS - 1, "owner"), "below-floor");
		check.refused(time.setEstimate(Number.NaN, "owner"), "range");
		check.equal(time.nowUnixMs(), BUILD_MS + 5);
	});

	t.test("an estimate that the floor overtakes is the floor, and a reboot forgets it (T13)", () => {
		const { storage, time } = boot();
		check.accepted(time.setEstimate(BUILD_MS + 5, "owner"));
		check.accepted(time.raiseFloor(BUILD_MS + DAY_MS));
		check.equal(time.nowUnixMs(), BUILD_MS + DAY_MS);
		check.equal(boot(storage.reboot()).time.nowUnixMs(), undefined);
	});

	t.test(
		"a full disk refuses to raise, and the floor stands; the build time is the floor even then (T12)",
		() => {
			const { storage, time } = boot();
			storage.failWrites("record/full");
			check.refused(time.raiseFloor(BUILD_MS + DAY_MS), "storage");
			check.equal(time.floorUnixMs, BUILD_MS);
			check.equal(boot(storage, BUILD_MS + DAY_MS).time.floorUnixMs, BUILD_MS + DAY_MS);
		},
	);

	t.test(
		"a corrupt floor is reported and the build time stands in; one of a newer format is left alone (I3)",
		() => {
			const { storage, time } = boot();
			check.accepted(time.raiseFloor(BUILD_MS + DAY_MS));
			const corrupt = storage.reboot();
			corrupt.corrupt("time", "floor");
			const board = boot(corrupt);
			check.equal(board.time.fault, "corrupt");
			check.equal(board.time.floorUnixMs, BUILD_MS);
			check.accepted(board.time.raiseFloor(BUILD_MS + DAY_MS));
			const newer = storage.reboot();
			const bytes = encodeCbor({ 0: 2, 1: BUILD_MS + 9 * DAY_MS });
			newer.write("time", "floor", bytes);
			const late = boot(newer);
			check.equal(late.time.fault, "newer-format");
			check.equal(late.time.floorUnixMs, BUILD_MS);
			check.refused(late.time.raiseFloor(BUILD_MS + DAY_MS), "storage");
			check.bytes(newer.peek("time", "floor"), bytes);
		},
	);
}
