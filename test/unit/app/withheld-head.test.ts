/**
 * What a download wrote and nobody verified does not boot, whatever flash loses of the boot record (docs/UPDATE.md 6): the first bytes of the
 * slot come last.
 */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { imageOf, type Release, type ReleaseParts, similarImage } from "../../sim/releases.ts";
import { slotImage } from "../../sim/slot-image.ts";
import { ISSUED_UNIX_SECONDS } from "../../sim/updates.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR } from "./update-locks.ts";

const TEN_MINUTES = 600000;
const UNIT = LIMITS.flashUnitBytes;

/** Slot 1 runs release 2: an update goes into slot 0, which a loader without a record tries first. */
function updatedLock(crypto: TestCrypto): UpdatingLock {
	const lock = new UpdatingLock(crypto);
	const release = lock.release({ sequence: 2 });
	check.ok(lock.drive(() => lock.relay !== undefined, 60000));
	lock.publish(release);
	check.ok(
		lock.drive(() => lock.isInstalled(release), TEN_MINUTES),
		lock.rig.log,
	);
	lock.publish(undefined);
	check.equal(lock.board.slots.target, 0);
	return lock;
}

function nextRelease(lock: UpdatingLock, parts: ReleaseParts = {}): Release {
	const freshness = { issuedUnixSeconds: ISSUED_UNIX_SECONDS + 90000 };
	return lock.release({ sequence: 3, freshness, ...parts });
}

/** As flash that lost both entries. */
function loseRecord(lock: UpdatingLock): void {
	lock.board.powerCut();
	lock.board.slots.damageEntry(0);
	lock.board.slots.damageEntry(1);
	lock.boot();
}

/** The genuine release, whose first chunk somebody on the way replaced by an image of his own, whole by its own word. */
function poisoned(release: Release): Release {
	const foreign = slotImage({ sequence: 99, body: new Uint8Array(40000).fill(0x66) });
	const image = release.image.slice();
	image.set(foreign);
	const objects = new Map([...release.objects].map(([digest]) => [digest, image]));
	return { ...release, objects };
}

/** Serves the release until so many bytes of the image have been sent. */
function serveUpTo(lock: UpdatingLock, release: Release, bytesMax: number): void {
	lock.serve = (want, relay) => {
		const bytes = Math.min(want.bytes, bytesMax - want.offset);
		if (bytes > 0) lock.sendPieces({ ...want, bytes }, relay, release);
	};
}

function headOf(lock: UpdatingLock): readonly number[] {
	return [...lock.board.slots.peek(0).subarray(0, UNIT)];
}

const BARE: readonly number[] = new Array<number>(UNIT).fill(0xff);

export default function suite(t: Suite): void {
	t.test(
		"a foreign first chunk does not boot where flash lost the boot record in mid-download (T10, I4)",
		({ crypto }) => {
			const lock = updatedLock(crypto);
			const release = nextRelease(lock);
			serveUpTo(lock, poisoned(release), 48 * 1024);
			lock.publish(release);
			lock.drive(() => false, 5000);
			check.equal(lock.board.slots.peek(0)[30000], 0x66, "the foreign bytes are in flash");
			loseRecord(lock);
			check.equal(lock.running?.sequence, 2, lock.rig.log);
		},
	);

	t.test("no byte of a slot becomes another one while an image begins there (T10, I4)", ({ crypto }) => {
		const lock = updatedLock(crypto);
		check.equal(lock.board.slots.image(0)?.sequence, 1, "the factory's image");
		const release = nextRelease(lock);
		// The relay has the first chunk, and sends nothing; a phone has the next.
		lock.serve = () => undefined;
		lock.publish(release);
		lock.rig.advance(2000);
		check.ok(lock.serveInSession(release, 1) > 0, lock.rig.log);
		check.equal(lock.board.slots.image(0), undefined);
		check.deepEqual(headOf(lock), BARE);
		check.ok(
			[...lock.board.slots.peek(0).subarray(LIMITS.chunkBytes, LIMITS.chunkBytes + UNIT)].some(
				(b) => b !== 0xff,
			),
		);
	});

	t.test("the first bytes come after every digest, and right before the choice (T10, I4)", ({ crypto }) => {
		const lock = updatedLock(crypto);
		const release = nextRelease(lock);
		const former = headOf(lock);
		check.notEqual(former[0], 0xff);
		const { slots } = lock.board;
		const erases = slots.erases[0];
		let early = 0;
		lock.publish(release);
		check.ok(
			lock.drive(() => {
				const hasBegun = slots.erases[0] > erases;
				check.deepEqual(headOf(lock), hasBegun ? BARE : former);
				if (hasBegun && lock.status().goodBytes === 0) early++;
				return lock.status().state === "waiting";
			}, TEN_MINUTES),
			lock.rig.log,
		);
		check.ok(early > 0, "seen before its first chunk was whole");
		check.deepEqual(headOf(lock), BARE);
		check.ok(
			lock.drive(() => lock.isInstalled(release), HOUR),
			lock.rig.log,
		);
		check.deepEqual(headOf(lock), [...release.image.subarray(0, UNIT)]);
	});

	t.test("a download goes on after a cut with its first chunk as it was (T12)", ({ crypto }) => {
		const lock = updatedLock(crypto);
		const release = nextRelease(lock);
		serveUpTo(lock, release, LIMITS.chunkBytes + 8192);
		lock.publish(release);
		lock.drive(() => false, 10000);
		check.ok(lock.status().goodBytes >= LIMITS.chunkBytes, lock.rig.log);
		lock.board.powerCut();
		lock.boot();
		const before = lock.wants.length;
		lock.serve = (want, relay) => lock.sendPieces(want, relay, release);
		check.ok(
			lock.drive(() => lock.isInstalled(release), HOUR),
			lock.rig.log,
		);
		check.ok(
			lock.wants.slice(before).every(({ offset }) => offset >= LIMITS.chunkBytes),
			"the first chunk is not asked for again",
		);
	});

	t.test(
		"where the record of the first bytes is lost the first chunk alone is fetched again (T12)",
		({ crypto }) => {
			const lock = updatedLock(crypto);
			const release = nextRelease(lock);
			serveUpTo(lock, release, 2 * LIMITS.chunkBytes);
			lock.publish(release);
			lock.drive(() => false, 10000);
			check.equal(lock.status().goodBytes, 2 * LIMITS.chunkBytes, lock.rig.log);
			lock.board.powerCut();
			lock.board.storage.corrupt("update", "head");
			lock.boot();
			const before = lock.wants.length;
			lock.serve = (want, relay) => lock.sendPieces(want, relay, release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			const chunks = lock.wants.slice(before).map(({ offset }) => Math.floor(offset / LIMITS.chunkBytes));
			check.deepEqual([...new Set(chunks)], [0, 2]);
		},
	);

	t.test("an image made from a delta gets its first bytes last, too (T10)", ({ crypto }) => {
		const lock = updatedLock(crypto);
		const source = imageOf(2);
		const release = nextRelease(lock, { image: similarImage(source, 3), deltaFrom: source });
		lock.publish(release);
		let seen = false;
		check.ok(
			lock.drive(() => {
				const { state } = lock.status();
				if (state === "patching" || state === "verifying" || state === "waiting") {
					seen = true;
					check.deepEqual(headOf(lock), BARE, state);
				}
				return lock.isInstalled(release);
			}, HOUR),
			lock.rig.log,
		);
		check.ok(seen);
	});

	t.test(
		"a sector that rotted in an image that was tried is fetched again, and nothing begins there meanwhile (T10, T12)",
		({ crypto }) => {
			const lock = updatedLock(crypto);
			const release = nextRelease(lock);
			lock.behaviour = ({ sequence }) => (sequence === 3 ? "crash" : "good");
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.status().result === "trial-crashed", HOUR),
				lock.rig.log,
			);
			check.deepEqual(headOf(lock), [...release.image.subarray(0, UNIT)]);
			lock.board.powerCut();
			lock.board.slots.flip(0, LIMITS.chunkBytes + 5);
			lock.behaviour = () => "good";
			lock.boot();
			const before = lock.wants.length;
			check.ok(
				lock.drive(() => lock.status().state === "waiting", HOUR),
				lock.rig.log,
			);
			check.deepEqual(headOf(lock), BARE);
			check.ok(lock.wants.slice(before).every(({ offset }) => offset >= LIMITS.chunkBytes));
			check.ok(
				lock.drive(() => lock.isInstalled(release), 3 * HOUR),
				lock.rig.log,
			);
		},
	);
}
