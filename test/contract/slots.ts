/**
 * The contract of Slots. What a boot loader does between two boots, and what a cut leaves, is tested where a test can boot:
 * test/unit/contract/sim-slots.test.ts and test/host. The jig's machine runs slot 0, unset, as a factory line leaves it.
 */
import { concatBytes } from "../../modules/base/bytes.ts";
import { SECTOR_BYTES, SLOT_STATES } from "../../modules/platform/slots.ts";
import { check, type Suite } from "../harness/test.ts";
import type { OpenJig } from "./jig.ts";

export function slotsContract(t: Suite, open: OpenJig): void {
	t.test("a machine with slots says what it is, runs one and updates the other", async () => {
		const { slots } = (await open()).platform;
		check.ok(slots.slotBytes > 0 && slots.slotBytes % SECTOR_BYTES === 0);
		check.ok(/^[0-9A-Za-z._-]{1,24}$/.test(slots.board), slots.board);
		check.equal(slots.running, 0);
		check.equal(slots.target, 1);
		check.equal(slots.state(0), "unset");
		check.ok(SLOT_STATES.includes(slots.state(1)));
		const image = slots.image(0);
		check.ok(image !== undefined && image.bytes > 0 && image.bytes <= slots.slotBytes);
	});

	t.test("a sector reads 0xFF after its erase, and then what was written", async ({ random }) => {
		const { slots } = (await open()).platform;
		slots.erase(SECTOR_BYTES);
		check.ok(slots.read(1, SECTOR_BYTES, SECTOR_BYTES).every((byte) => byte === 0xff));
		const bytes = random.bytes(SECTOR_BYTES);
		slots.write(SECTOR_BYTES, bytes);
		check.bytes(slots.read(1, SECTOR_BYTES, SECTOR_BYTES), bytes);
		check.bytes(slots.read(1, SECTOR_BYTES + 4000, 96), bytes.slice(4000));
		const copy = slots.read(1, SECTOR_BYTES, 1);
		copy[0]! ^= 0xff;
		check.bytes(slots.read(1, SECTOR_BYTES, 1), bytes.slice(0, 1));
	});

	t.test("a hash goes on with what lies in a slot as with what was read", async ({ random }) => {
		const { slots, crypto } = (await open()).platform;
		const bytes = random.bytes(2 * SECTOR_BYTES + 100);
		for (const sector of [0, 1, 2]) slots.erase(sector * SECTOR_BYTES);
		for (let at = 0; at < bytes.length; at += SECTOR_BYTES)
			slots.write(at, bytes.slice(at, at + SECTOR_BYTES));
		const hash = crypto.openHash("sha256");
		hash.update(Uint8Array.of(1, 2, 3));
		slots.hash(1, 10, bytes.length - 20, hash);
		slots.hash(1, bytes.length - 10, 1, hash);
		check.bytes(
			hash.digest(),
			crypto.sha256(
				concatBytes(
					Uint8Array.of(1, 2, 3),
					bytes.slice(10, bytes.length - 10),
					bytes.slice(-10, bytes.length - 9),
				),
			),
		);
		const other = crypto.openHash("sha256");
		for (const [offset, count] of [
			[0, 0],
			[slots.slotBytes - 1, 2],
			[-1, 1],
		] as const)
			check.throws(() => slots.hash(1, offset, count, other));
		other.close();
	});

	t.test("to append is to hash, to erase where a sector begins, and to write", async ({ random }) => {
		const { slots, crypto } = (await open()).platform;
		const bytes = random.bytes(SECTOR_BYTES + 32);
		const hash = crypto.openHash("sha256");
		slots.erase(SECTOR_BYTES);
		// What a cut leaves of a sector may begin as if it were erased.
		slots.write(SECTOR_BYTES + 16, new Uint8Array(SECTOR_BYTES - 16));
		slots.append(SECTOR_BYTES, bytes.slice(0, 16), hash);
		slots.append(SECTOR_BYTES + 16, bytes.slice(16, SECTOR_BYTES), hash);
		slots.append(2 * SECTOR_BYTES, bytes.slice(SECTOR_BYTES), hash);
		check.bytes(slots.read(1, SECTOR_BYTES, SECTOR_BYTES), bytes.slice(0, SECTOR_BYTES));
		check.bytes(slots.read(1, 2 * SECTOR_BYTES, 32), bytes.slice(SECTOR_BYTES));
		// What is there is only cleared further: nobody erased.
		slots.append(2 * SECTOR_BYTES + 16, new Uint8Array(16), hash);
		check.bytes(slots.read(1, 2 * SECTOR_BYTES, 48).slice(16, 32), new Uint8Array(16));
		for (const [offset, count] of [
			[SECTOR_BYTES - 1, 2],
			[slots.slotBytes, 1],
			[0, 0],
		] as const)
			check.throws(() => slots.append(offset, new Uint8Array(count), hash));
		check.bytes(hash.digest(), crypto.sha256(concatBytes(bytes, new Uint8Array(16))));
		check.throws(() => slots.append(0, bytes.slice(0, 16), hash));
	});

	t.test("a sector may be written in parts, and its neighbours stay", async () => {
		const { slots } = (await open()).platform;
		for (const sector of [0, 1, 2]) slots.erase(sector * SECTOR_BYTES);
		slots.write(SECTOR_BYTES + 5, Uint8Array.of(1, 2, 3));
		slots.write(2 * SECTOR_BYTES - 1, Uint8Array.of(4));
		check.bytes(slots.read(1, SECTOR_BYTES + 4, 5), "ff010203ff");
		check.bytes(slots.read(1, 2 * SECTOR_BYTES - 2, 4), "ff04ffff");
		check.bytes(slots.read(1, SECTOR_BYTES - 1, 1), "ff");
	});

	t.test("a write clears bits and sets none, so that a forgotten erase shows", async () => {
		const { slots } = (await open()).platform;
		slots.erase(0);
		slots.write(0, Uint8Array.of(0b11001100));
		slots.write(0, Uint8Array.of(0b10101010));
		check.bytes(slots.read(1, 0, 1), Uint8Array.of(0b10001000));
	});

	t.test("the last bytes of a slot can be erased, written and read", async () => {
		const { slots } = (await open()).platform;
		const last = slots.slotBytes - SECTOR_BYTES;
		slots.erase(last);
		slots.write(slots.slotBytes - 2, Uint8Array.of(7, 8));
		check.bytes(slots.read(1, slots.slotBytes - 3, 3), "ff0708");
	});

	t.test("what leaves a slot, crosses a sector or is no sector is refused", async () => {
		const { slots } = (await open()).platform;
		const end = slots.slotBytes;
		for (const offset of [1, SECTOR_BYTES - 1, -SECTOR_BYTES, end, end - 1, Number.NaN, 2 ** 32, 2 ** 53]) {
			check.throws(() => slots.erase(offset));
		}
		slots.erase(0);
		slots.erase(SECTOR_BYTES);
		const two = Uint8Array.of(0, 0);
		for (const offset of [SECTOR_BYTES - 1, -1, -2, end - 1, end, 0.5, 2 ** 32]) {
			check.throws(() => slots.write(offset, two));
		}
		check.throws(() => slots.write(0, new Uint8Array(0)));
		check.throws(() => slots.write(0, new Uint8Array(SECTOR_BYTES + 1)));
		for (const [offset, count] of [
			[0, 0],
			[0, SECTOR_BYTES + 1],
			[end - 1, 2],
			[end, 1],
			[-1, 1],
		] as const) {
			check.throws(() => slots.read(1, offset, count));
		}
		check.throws(() => slots.read(2 as 1, 0, 1));
		check.throws(() => slots.state(-1 as 0));
		check.throws(() => slots.image(2 as 0));
		check.ok(slots.read(1, SECTOR_BYTES - 1, 2).every((byte) => byte === 0xff));
	});

	t.test("the image of a slot is what its first bytes say, and none when they say none", async () => {
		const { slots } = (await open()).platform;
		const own = slots.image(0)!;
		const header = slots.read(0, 0, 104);
		slots.erase(0);
		check.equal(slots.image(1), undefined);
		slots.write(0, header);
		check.deepEqual(slots.image(1), own);
		slots.write(0, Uint8Array.of(0));
		check.equal(slots.image(1), undefined);
	});

	t.test("a target that no boot record names is invalid from its first erase on (I4, T10)", async () => {
		const { slots } = (await open()).platform;
		// One board serves a host's whole suite: an earlier test may have erased here.
		check.ok(["unset", "invalid"].includes(slots.state(1)), slots.state(1));
		slots.erase(SECTOR_BYTES);
		check.equal(slots.state(1), "invalid");
		check.equal(slots.state(0), "unset");
	});

	t.test("a selected target is new, and invalid once it is erased or written (I4)", async () => {
		const { slots } = (await open()).platform;
		slots.erase(0);
		slots.select();
		check.equal(slots.state(1), "new");
		check.equal(slots.state(0), "unset");
		slots.select();
		check.equal(slots.state(1), "new");
		slots.erase(SECTOR_BYTES);
		check.equal(slots.state(1), "invalid");
		slots.select();
		check.equal(slots.state(1), "new");
		slots.write(SECTOR_BYTES, Uint8Array.of(1));
		check.equal(slots.state(1), "invalid");
	});

	t.test("a retired target is invalid, its bytes stay, and it may be selected again (I4, T10)", async () => {
		const { slots } = (await open()).platform;
		slots.erase(0);
		slots.write(0, Uint8Array.of(7));
		slots.select();
		slots.retire();
		check.equal(slots.state(1), "invalid");
		slots.retire();
		check.equal(slots.state(1), "invalid");
		check.equal(slots.state(0), "unset");
		check.bytes(slots.read(1, 0, 1), "07");
		slots.select();
		check.equal(slots.state(1), "new");
		slots.retire();
	});

	t.test("confirming an image that is on no trial changes nothing, however often", async () => {
		const { slots } = (await open()).platform;
		slots.confirm();
		slots.confirm();
		check.equal(slots.state(0), "unset");
	});

	t.test("no revert without another image (I4)", async () => {
		const { slots } = (await open()).platform;
		slots.erase(0);
		check.throws(() => slots.revert(), "slot/no-image");
		check.equal(slots.state(0), "unset");
	});

	t.test("the security floor rises, and never falls (I3)", async () => {
		const { slots } = (await open()).platform;
		const before = slots.securityFloor;
		check.ok(before <= 3, `the machine begins at ${before}`);
		slots.raiseSecurityFloor(3);
		check.equal(slots.securityFloor, 3);
		check.ok(slots.isFloorKnown);
		slots.raiseSecurityFloor(2);
		slots.raiseSecurityFloor(0);
		check.equal(slots.securityFloor, 3);
		for (const version of [-1, 17, 3.5, Number.NaN]) check.throws(() => slots.raiseSecurityFloor(version));
		check.equal(slots.securityFloor, 3);
	});

	t.test("a slot that fails says so and stays usable once it works again (T12)", async ({ skip }) => {
		const { platform, slotFaults } = await open();
		if (slotFaults === undefined) return skip("this host's slots do not fail on command");
		const { slots } = platform;
		slots.erase(0);
		slotFaults.fail();
		check.throws(() => slots.erase(0), "slot/io");
		check.throws(() => slots.write(0, Uint8Array.of(1)), "slot/io");
		check.throws(() => slots.read(0, 0, 1), "slot/io");
		check.throws(() => slots.select(), "slot/io");
		check.throws(() => slots.raiseSecurityFloor(16), "slot/io");
		slotFaults.heal();
		check.ok(slots.securityFloor < 16);
		check.equal(slots.state(1), "invalid");
		slots.write(0, Uint8Array.of(1));
		check.bytes(slots.read(1, 0, 1), "01");
	});
}
