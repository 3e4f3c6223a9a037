/** The whole life of an update over each way in and their mixtures, and its resumption (T10, T12, I3, I4). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodePieces } from "../../../modules/wire/piece.ts";
import { encodeOffer } from "../../../modules/wire/update-offer.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder } from "../../sim/bundles.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { imageOf, type Release, similarImage } from "../../sim/releases.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR, UpdateLocks } from "./update-locks.ts";

const TEN_MINUTES = 600000;
const PIECES_OF_A_CHUNK = LIMITS.chunkBytes / LIMITS.objectPieceBytes;

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();
	const finish = (lock: UpdatingLock, release: Release): void =>
		check.ok(
			lock.drive(() => lock.isInstalled(release), TEN_MINUTES),
			lock.rig.log,
		);

	t.test(
		"a release over the link is downloaded, tried, confirmed, and raises the floors (T10, I3)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2, securityVersion: 1 });
			lock.publish(release);
			finish(lock, release);
			const report = lock.status();
			check.equal(report.result, "installed");
			check.equal(report.resultSequence, 2);
			check.equal(report.state, "idle");
			check.deepEqual(lock.board.slots.peek(1).slice(0, release.image.length), release.image);
			// The old image is in the other slot and may boot: the fuse waits for it.
			check.equal(lock.board.slots.securityFloor, 0);
			const states = lock.reports.map((each) => each.state);
			for (const state of ["downloading", "verifying", "waiting", "trial", "idle"] as const) {
				check.ok(states.includes(state), `no report of ${state}: ${states.join()}`);
			}
		},
	);

	t.test("a release through an owner's session, with no relay anywhere (T10, T18, I10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.relayIsUp = false;
		lock.board.network.dropAll();
		const release = lock.release({ sequence: 2 });
		check.equal(lock.offerInSession(release)?.status, "done", lock.rig.log);
		check.ok(lock.serveInSession(release) > 90);
		lock.owner.disconnect();
		lock.behaviour = () => "mute";
		lock.drive(() => lock.running?.sequence === 2, 60000);
		// There was a session in the hour before: somebody has to come again.
		lock.owner.connect();
		check.equal(lock.owner.ask("status")?.status, "done");
		finish(lock, release);
	});

	t.test("a release over the serial line of a board that is not sealed (T10)", ({ crypto }) => {
		const lock = new UpdatingLock(crypto, { sealed: false });
		const release = lock.release({ sequence: 2 });
		check.equal(lock.offerOnLine(release).code, "done", lock.rig.log);
		check.ok(lock.serveOnLine(release) >= 48);
		finish(lock, release);
	});

	t.test(
		"a sealed board takes neither offers nor pieces from its line, and says how it stands (T10, T14)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			check.equal(lock.offerOnLine(release).code, "sealed");
			check.equal(
				lock.rig.verb("update-piece", { 0: release.manifest.image.digest, 1: 0, 2: new Uint8Array(16) }).code,
				"sealed",
			);
			check.equal(lock.status().state, "idle");
			check.equal(lock.rig.verb("attest", { 0: new Uint8Array(16) }).code, "done");
		},
	);

	t.test(
		"chunks come from any mixture of link and sessions, each chunk from one of them (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			let served = 0;
			lock.serve = (want, relay) => {
				// The relay falls silent after one chunk, and comes back much later.
				if (served++ < LIMITS.chunkBytes / LIMITS.objectWindowBytes || lock.board.time.nowMs > 200000)
					lock.sendPieces(want, relay);
			};
			lock.publish(release);
			lock.rig.advance(3000);
			const before = lock.status().goodBytes;
			check.ok(before >= LIMITS.chunkBytes, lock.rig.log);
			// The owner's phone gives one chunk, and half of another.
			check.equal(lock.serveInSession(release, 48), 48);
			check.ok(lock.status().goodBytes > before);
			lock.owner.disconnect();
			finish(lock, release);
		},
	);

	t.test("who only looks on takes no chunk from the one who sends (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		lock.owner.connect();
		// At the line, and in a session, at every moment of the download.
		for (let looks = 0; looks < 80; looks++) {
			lock.status();
			check.equal(lock.owner.ask("update.status")?.status, "done");
			lock.rig.advance(100);
		}
		check.equal(lock.status().state, "waiting", lock.rig.log);
	});

	t.test(
		"flash's allowance that filled up is written down each hour, until it is full (T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			finish(lock, release);
			const writes = (hours: number): number => {
				const { operations } = lock.board.power;
				const before = operations.length;
				lock.rig.advance(hours * HOUR);
				return operations.slice(before).filter(({ what }) => what === "update/history").length;
			};
			check.equal(writes(2), 2);
			check.ok(writes(22) <= 22);
			check.equal(writes(10), 0);
		},
	);

	t.test(
		"a download goes on after a reboot at any chunk, and no good chunk is asked for twice (T12)",
		({ crypto, note }) => {
			let cuts = 0;
			for (let chunks = 0; chunks <= 3; chunks++) {
				const lock = locks.open(crypto);
				const release = lock.release({ sequence: 2 });
				lock.publish(release);
				// In the middle of the next chunk.
				const pieces = chunks * PIECES_OF_A_CHUNK + 7;
				lock.drive(() => lock.board.slots.erases[1] >= Math.min(pieces, 47), 60000);
				const erased = lock.board.slots.erases[1];
				lock.board.powerCut();
				cuts++;
				finish(lock, release);
				// What was good stayed: at most the chunk that was cut is written again.
				check.ok(lock.board.slots.erases[1] - erased <= 48 - erased + PIECES_OF_A_CHUNK, `chunk ${chunks}`);
			}
			note(`${cuts} reboots`);
		},
	);

	t.test("a delta from the running image is a few pieces instead of every chunk (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const source = imageOf(1);
		const release = lock.release({ sequence: 2, image: similarImage(source, 2), deltaFrom: source });
		lock.publish(release);
		finish(lock, release);
		check.ok(lock.reports.some((report) => report.state === "patching" && report.viaDelta));
		check.ok(
			lock.wants.every((want) =>
				want.digest.every((byte, at) => byte === release.manifest.deltas[0]!.object.digest[at]),
			),
		);
		check.deepEqual(lock.board.slots.peek(1).slice(0, release.image.length), release.image);
	});

	t.test(
		"a newer release replaces the one that is on its way, and what it has in common stays (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const older = lock.release({ sequence: 2 });
			lock.publish(older);
			lock.drive(() => lock.board.slots.erases[1] >= 40, 60000);
			const newer = lock.release({
				sequence: 3,
				freshness: { issuedUnixSeconds: lock.release().manifest.signedUnixSeconds + 90000 },
			});
			lock.publish(newer);
			finish(lock, newer);
			check.equal(lock.status().sequenceFloor, 3);
		},
	);

	t.test("a complete update waits until nobody wants anything, and not for ever (T12)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		lock.owner.connect();
		check.equal(lock.owner.ask("status")?.status, "done");
		check.ok(
			lock.drive(() => lock.status().state === "waiting", 60000),
			lock.rig.log,
		);
		for (let minutes = 0; minutes < 20; minutes++) {
			check.equal(lock.owner.ask("anchor")?.status, "done");
			lock.rig.advance(5000);
			check.equal(lock.running?.sequence, 1, "it restarted while a phone was busy");
		}
		lock.owner.disconnect();
		finish(lock, release);
	});

	t.test("the same offer again changes nothing, and costs of the way's allowance (T16, I7)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.serve = () => undefined;
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		const operations = lock.board.power.operations.length;
		for (let offers = 0; offers < LIMITS.offerRefusalsBurst + 3; offers++) lock.offerOverLink(release);
		check.equal(lock.board.power.operations.length, operations);
		check.ok(lock.rig.log.includes("offer over link refused, too-often"));
	});

	t.test("no phone that may update spends what the owner's may offer (T16, T9)", ({ crypto }) => {
		const lock = locks.open(crypto);
		lock.owner.connect();
		const other = new PhoneRig(lock.rig, crypto, lock.label, 21);
		const grant = { 0: "Bob", 1: 1, 2: other.key25519, 3: other.keyP256, 4: other.proof() };
		check.equal(lock.owner.ask("members.add", grant)?.status, "done");
		other.connect();
		const foreign = lock.release({ sequence: 2, holders: [holder(99)] });
		const statuses = new Set<string | undefined>();
		for (let offers = 0; offers < LIMITS.offerRefusalsBurst + 2; offers++) {
			for (const piece of encodePieces(encodeOffer({ manifest: foreign.message, freshness: undefined })))
				statuses.add(other.ask("update.offer", piece)?.status);
		}
		check.ok(lock.rig.log.includes("refused, too-often"), [...statuses].join());
		check.equal(lock.offerInSession(lock.release({ sequence: 2 }))?.status, "done", lock.rig.log);
	});

	t.test("what a lock lacks of slots it says, and takes nothing (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const slotless = new UpdatingLock(crypto, { slots: { slotBytes: 0 }, sealed: false });
		check.equal(slotless.offerOnLine(lock.release()).code, "refused");
		check.ok(slotless.rig.log.includes("refused, no-slots"));
	});
}
