/** The simulator's boot loader, boot choice and power (T10, T12, I3, I4). */
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { SECTOR_BYTES, TRIAL_DEADLINE_MS } from "../../../modules/platform/slots.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimBoard, SimReboot } from "../../sim/board.ts";
import { CUT_MODES, PowerCut } from "../../sim/power.ts";
import { slotImage } from "../../sim/slot-image.ts";
import type { SimSlotsOptions } from "../../sim/slots.ts";

const SLOT_BYTES = 4 * SECTOR_BYTES;
const OLD = slotImage({ sequence: 1, version: "1.0.0" });
const NEW = slotImage({ sequence: 2, version: "2.0.0", body: new Uint8Array(9000).fill(0x21) });
const SLOTS: SimSlotsOptions = { slotBytes: SLOT_BYTES, image: OLD, recovery: false };

function newBoard(crypto: TestCrypto, options: Partial<SimSlotsOptions> = {}): SimBoard {
	return new SimBoard({ crypto, slots: { ...SLOTS, ...options } });
}

/** Puts an image into the target, as an update does, and chooses it. */
function install(board: SimBoard, image: Uint8Array): void {
	const { slots } = board;
	for (let at = 0; at < image.length; at += SECTOR_BYTES) {
		slots.erase(at);
		slots.write(at, image.subarray(at, at + SECTOR_BYTES));
	}
	slots.select();
}

/** The version that a boot runs. */
function bootVersion(board: SimBoard): string | undefined {
	const { slots } = board.boot();
	return slots.running === undefined ? undefined : slots.image(slots.running)?.version;
}

/** Boots until no cut meets the loader. */
function bootThrough(board: SimBoard): string | undefined {
	try {
		return bootVersion(board);
	} catch (error) {
		if (!(error instanceof PowerCut)) throw error;
		return bootVersion(board);
	}
}

function revertUnlessCut(board: SimBoard): void {
	try {
		board.slots.revert();
	} catch (error) {
		if (!(error instanceof SimReboot)) throw error;
	}
}

function updated(crypto: TestCrypto): SimBoard {
	const board = newBoard(crypto);
	board.boot();
	install(board, NEW);
	return board;
}

export default function suite(t: Suite): void {
	t.test("a new image boots on trial, and stays when it confirms", ({ crypto }) => {
		const board = updated(crypto);
		check.equal(bootVersion(board), "2.0.0");
		check.equal(board.slots.state(1), "pending");
		board.slots.confirm();
		check.equal(board.slots.state(1), "valid");
		check.equal(bootVersion(board), "2.0.0");
		check.equal(board.slots.target, 0);
	});

	t.test(
		"a trial that did not confirm is aborted at the next boot, and the old image runs (I4)",
		({ crypto }) => {
			const board = updated(crypto);
			check.equal(bootVersion(board), "2.0.0");
			check.equal(bootVersion(board), "1.0.0");
			check.equal(board.slots.state(1), "aborted");
			check.equal(bootVersion(board), "1.0.0");
		},
	);

	t.test("a trial that hangs is reset by the board at its deadline, and reverts (I4)", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		board.time.advance(TRIAL_DEADLINE_MS - 1);
		check.ok(board.running);
		board.time.advance(1);
		check.ok(!board.running);
		const { system } = board.boot();
		check.equal(system.resetReason(), "watchdog");
		check.equal(board.slots.running, 0);
	});

	t.test("a confirmed trial has no deadline", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		board.slots.confirm();
		board.time.advance(2 * TRIAL_DEADLINE_MS);
		check.ok(board.running);
	});

	t.test("a revert marks the running image invalid and boots the other (I4)", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		board.run(() => board.slots.revert());
		check.ok(!board.running);
		check.equal(bootVersion(board), "1.0.0");
		check.equal(board.slots.state(1), "invalid");
	});

	t.test(
		"an image that is damaged, of another board or below the floor does not boot (T10, I3, I4)",
		({ crypto }) => {
			const damaged = updated(crypto);
			damaged.slots.flip(1, 5000);
			check.equal(bootVersion(damaged), "1.0.0");
			check.equal(damaged.slots.state(1), "aborted");

			const foreign = newBoard(crypto);
			foreign.boot();
			install(foreign, slotImage({ board: "other" }));
			check.equal(bootVersion(foreign), "1.0.0");

			const low = newBoard(crypto, { image: slotImage({ securityVersion: 2 }) });
			low.boot();
			low.slots.raiseSecurityFloor(2);
			install(low, slotImage({ securityVersion: 1, version: "low" }));
			check.equal(bootVersion(low), "1.0.0");
			check.deepEqual(low.slots.refusals, ["slot 1 is below the floor"]);
		},
	);

	t.test(
		"when the chosen slot is damaged the other boots, and is the choice from then on (I4)",
		({ crypto }) => {
			const board = updated(crypto);
			board.boot();
			board.slots.confirm();
			board.slots.flip(1, 200);
			check.equal(bootVersion(board), "1.0.0");
			board.slots.flip(1, 200);
			check.equal(bootVersion(board), "1.0.0");
		},
	);

	t.test(
		"when neither slot boots the recovery program runs, writes slot 0, and what it installs boots",
		({ crypto }) => {
			const board = newBoard(crypto, { recovery: true });
			board.boot();
			board.slots.flip(0, 100);
			check.equal(bootVersion(board), undefined);
			check.equal(board.slots.target, 0);
			check.throws(() => board.slots.confirm());
			check.throws(() => board.slots.revert(), "slot/no-image");
			install(board, NEW);
			check.equal(bootVersion(board), "2.0.0");
			board.slots.confirm();
			check.equal(bootVersion(board), "2.0.0");
		},
	);

	t.test("recovery spares slot 0 when it alone holds a whole image", ({ crypto }) => {
		const board = newBoard(crypto, { recovery: true });
		board.slots.flash(0, new Uint8Array(0));
		board.boot();
		check.equal(board.slots.target, 0);
		install(board, NEW);
		check.equal(bootVersion(board), "2.0.0");
		check.equal(bootVersion(board), undefined);
		check.equal(board.slots.state(0), "aborted");
		check.equal(board.slots.target, 1);
	});

	t.test("while the running image is on trial the other slot cannot be touched (I4)", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		const before = board.slots.peek(0);
		check.throws(() => board.slots.erase(0));
		check.throws(() => board.slots.write(0, Uint8Array.of(0)));
		check.throws(() => board.slots.select());
		check.bytes(board.slots.peek(0), before);
	});

	t.test(
		"an image that was written and not selected never boots, whatever its slot was before and its checksum says (I4, T10)",
		({ crypto }) => {
			// A slot that no entry names, and one that was valid.
			for (const installs of [0, 1]) {
				const board = newBoard(crypto, { recovery: true });
				board.boot();
				for (let count = 0; count < installs; count++) {
					install(board, NEW);
					board.boot();
					board.slots.confirm();
				}
				const own = slotImage({ version: "stranger" });
				board.slots.erase(0);
				board.slots.write(0, own);
				board.slots.flip(installs === 0 ? 0 : 1, 100);
				check.equal(bootVersion(board), undefined, "what nobody chose runs");
			}
		},
	);

	t.test(
		"what the recovery program writes does not boot before it is selected, nor does its neighbour (I4, T10)",
		({ crypto }) => {
			const board = updated(crypto);
			const next = new SimBoard({
				crypto,
				slots: { ...SLOTS, recovery: true },
				snapshot: board.snapshot(),
			});
			// The trial is aborted, and then the old image rots.
			check.equal(bootVersion(next), "2.0.0");
			check.equal(bootVersion(next), "1.0.0");
			next.slots.flip(0, 100);
			check.equal(bootVersion(next), undefined);
			const { target } = next.slots;
			next.slots.erase(0);
			next.slots.write(0, slotImage({ version: "stranger" }));
			check.equal(bootVersion(next), undefined);
			check.ok(["invalid", "aborted"].includes(next.slots.state(target)));
			check.equal(next.slots.state(1), "aborted", "the neighbour's entry was lost");
		},
	);

	t.test("a slot that is about to be replaced is not called valid any more", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		board.slots.confirm();
		install(board, OLD);
		board.boot();
		board.slots.confirm();
		check.equal(board.slots.state(1), "valid");
		board.slots.erase(SECTOR_BYTES);
		check.equal(board.slots.state(1), "invalid");
		check.equal(bootVersion(board), "1.0.0");
	});

	t.test("one damaged boot entry leaves the other to decide, and none is slot 0 (T12)", ({ crypto }) => {
		const board = updated(crypto);
		board.boot();
		board.slots.confirm();
		install(board, slotImage({ version: "3.0.0" }));
		board.boot();
		board.slots.confirm();
		board.slots.damageEntry(1);
		check.equal(bootVersion(board), "2.0.0");
		board.slots.damageEntry(0);
		check.equal(bootVersion(board), "3.0.0");
	});

	t.test("a bad sector and flash that fails are told, and leave the rest as it was (T12)", ({ crypto }) => {
		const board = newBoard(crypto);
		board.boot();
		board.slots.makeBad(1, SECTOR_BYTES);
		board.slots.erase(0);
		check.throws(() => board.slots.erase(SECTOR_BYTES), "slot/io");
		check.throws(() => board.slots.write(SECTOR_BYTES + 1, Uint8Array.of(1)), "slot/io");
		board.slots.fail("boot", 1);
		check.throws(() => board.slots.select(), "slot/io");
		board.slots.heal();
		check.equal(bootVersion(board), "1.0.0");
	});

	t.test("a trial that cannot be recorded does not run (I4)", ({ crypto }) => {
		const board = updated(crypto);
		board.slots.fail("boot");
		check.equal(bootVersion(board), "1.0.0");
		board.slots.heal();
	});

	t.test("records, slots, boot choice and fuse are one sequence of operations", ({ crypto }) => {
		const board = newBoard(crypto);
		const { storage, slots } = board.boot();
		storage.write("a", "b", Uint8Array.of(1));
		slots.erase(0);
		slots.write(0, Uint8Array.of(1, 2));
		slots.raiseSecurityFloor(1);
		slots.raiseSecurityFloor(1);
		slots.select();
		storage.delete("a", "b");
		const told = board.power.operations.map(({ part, kind, what, bytes }) =>
			[part, kind, what, bytes].join(" "),
		);
		check.deepEqual(told, [
			"record write a/b 1",
			"boot erase entry 0 12",
			"boot write entry 0 12",
			"slot erase slot 1 at 0 4096",
			"slot write slot 1 at 0 2",
			"fuse write fuse 1",
			"boot erase entry 0 12",
			"boot write entry 0 12",
			"record delete a/b 0",
		]);
	});

	t.test("each mode of a cut leaves what it says, and a dead board does nothing more (T12)", ({ crypto }) => {
		const left = (mode: (typeof CUT_MODES)[number]): Uint8Array => {
			const board = newBoard(crypto);
			const { slots } = board.boot();
			slots.erase(0);
			board.power.cutAt(0, mode, 7);
			check.throws(() => slots.write(0, new Uint8Array(8)), "PowerCut");
			check.throws(() => slots.write(0, new Uint8Array(8)), "PowerCut");
			check.throws(() => slots.read(1, 0, 8), "PowerCut");
			check.throws(() => board.storage.write("a", "b", Uint8Array.of(1)), "PowerCut");
			board.powerCut();
			return board.boot().slots.read(1, 0, 8);
		};
		check.bytes(left("before"), "ffffffffffffffff");
		check.bytes(left("half"), "00000000ffffffff");
		check.bytes(left("last-byte"), "00000000000000ff");
		check.bytes(left("after"), "0000000000000000");
		const torn = left("torn");
		check.ok(torn.some((byte) => byte === 0) && torn.some((byte) => byte === 0xff));
		check.bytes(torn, left("torn"));
	});

	t.test("a record that a cut meets is the old one or the new one, in every mode (I5)", ({ crypto }) => {
		for (const mode of CUT_MODES) {
			for (let seed = 0; seed < 8; seed++) {
				const board = newBoard(crypto);
				const { storage } = board.boot();
				storage.write("a", "b", Uint8Array.of(1, 1));
				board.power.cutAt(0, mode, seed);
				check.throws(() => storage.write("a", "b", Uint8Array.of(2, 2)), "PowerCut");
				board.powerCut();
				const kept = board.boot().storage.read("a", "b");
				check.ok(kept![0] === kept![1]);
				if (mode !== "torn") check.equal(kept![0], mode === "after" ? 2 : 1);
			}
		}
	});

	t.test(
		"a snapshot is what it was, whatever its board does afterwards, and shares what nobody wrote",
		({ crypto }) => {
			const board = newBoard(crypto);
			board.boot();
			board.storage.write("a", "b", Uint8Array.of(1));
			const snapshot = board.snapshot();
			install(board, NEW);
			board.storage.write("a", "b", Uint8Array.of(2));
			board.slots.raiseSecurityFloor(0);
			const again = new SimBoard({ crypto, slots: SLOTS, snapshot });
			check.equal(bootVersion(again), "1.0.0");
			check.bytes(again.storage.peek("a", "b"), "01");
			check.equal(again.slots.state(1), "unset");
			check.equal(snapshot.slots.slots[0][0], board.snapshot().slots.slots[0][0]);
			check.equal(bootVersion(board), "2.0.0");
		},
	);

	t.test(
		"a cut at any operation of install, trial, confirm and revert, in every mode, leaves a whole image that boots (I4, T12)",
		({ crypto, random, note }) => {
			const seed = random.below(1 << 30);
			const lives: readonly ((board: SimBoard) => void)[] = [
				(board) => board.slots.confirm(),
				(board) => revertUnlessCut(board),
				(board) => {
					board.slots.confirm();
					install(board, slotImage({ version: "3.0.0", body: new Uint8Array(5000) }));
					board.boot();
					board.slots.confirm();
				},
			];
			let cuts = 0;
			for (const life of lives) {
				const live = (board: SimBoard): void => {
					board.boot();
					install(board, NEW);
					board.boot();
					life(board);
				};
				const whole = newBoard(crypto);
				const start = whole.snapshot();
				live(whole);
				const count = whole.power.operations.length;
				for (let at = 0; at < count; at++) {
					for (const mode of CUT_MODES) {
						const board = new SimBoard({ crypto, slots: SLOTS, snapshot: start });
						board.power.cutAt(at, mode, seed + at);
						check.throws(() => live(board), "PowerCut");
						board.powerCut();
						// A second cut meets the boot loader itself.
						board.power.cutAt(random.below(3), random.pick(CUT_MODES), seed);
						check.ok(bootThrough(board) !== undefined, `${mode} at ${at}`);
						board.power.keep();
						check.ok(bootVersion(board) !== undefined, `${mode} at ${at}, once more`);
						cuts++;
					}
				}
			}
			note(`${cuts} cuts, seed ${seed}`);
			check.ok(cuts >= 200, `${cuts} cuts`);
		},
	);

	t.test("a fuse that cannot be read is still damaged in the life after a snapshot (I3)", ({ crypto }) => {
		const first = newBoard(crypto, { recovery: true });
		first.boot();
		first.slots.damageFuse();
		const second = new SimBoard({ crypto, slots: { ...SLOTS, recovery: true }, snapshot: first.snapshot() });
		check.equal(second.boot().slots.running, undefined, "no slot boots by a guess");
		second.slots.raiseSecurityFloor(0);
		const third = new SimBoard({ crypto, slots: { ...SLOTS, recovery: true }, snapshot: second.snapshot() });
		check.equal(third.boot().slots.running, 0, "written anew it is damaged no more");
	});
}
