/**
 * The attack list of updates, what is wrong with the bytes of an image, or with who sends them, against a whole lock (T10, T12,
 * T16). What was begun comes to a good end all the same, or to none (I4).
 */
import { LIMITS } from "../../../modules/base/limits.ts";
import { SECTOR_BYTES } from "../../../modules/platform/slots.ts";
import type { ObjectWant } from "../../../modules/wire/update-offer.ts";
import { check, type Suite } from "../../harness/test.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { imageOf } from "../../sim/releases.ts";
import { HOUR, sendBytes, UpdateLocks } from "./update-locks.ts";

const SECTORS_OF_A_CHUNK = LIMITS.chunkBytes / SECTOR_BYTES;

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();

	t.test(
		"chunk swap: two chunks that change places are found, erased, and asked for anew (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			let swapped = 0;
			// A way in that sent a wrong chunk is left alone for an hour, then for two.
			lock.serve = (want, relay) => {
				const chunk = Math.floor(want.offset / LIMITS.chunkBytes);
				if (chunk > 1 || swapped >= 8) return lock.sendPieces(want, relay);
				swapped++;
				const from = want.offset + (chunk === 0 ? 1 : -1) * LIMITS.chunkBytes;
				sendBytes(relay, want.digest, want.offset, release.image.slice(from, from + want.bytes));
			};
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), 4 * HOUR),
				lock.rig.log,
			);
			check.ok(lock.rig.log.includes("chunk-digest in sequence 2"));
		},
	);

	t.test(
		"a phone that lies about a chunk stops itself: the next phone brings the release (T10, T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.serve = () => undefined;
			const second = new PhoneRig(lock.rig, crypto, lock.label, 31);
			lock.owner.connect();
			const grant = { 0: "Eve", 1: 1, 2: second.key25519, 3: second.keyP256, 4: second.proof() };
			check.equal(lock.owner.ask("members.add", grant)?.status, "done", lock.rig.log);
			lock.board.network.dropAll();
			lock.relayIsUp = false;
			check.equal(lock.offerInSession(release)?.status, "done");
			lock.owner.disconnect();
			lock.rig.advance(10000);
			// The other phone sends a chunk of something else, whole.
			second.connect();
			lock.rig.advance(LIMITS.updateYieldMs);
			const digest = release.manifest.image.digest;
			let result = second.ask("update.status")?.result;
			check.equal(result?.uint(2), 0, lock.rig.log);
			for (let offset = 0; offset < LIMITS.chunkBytes; offset += 2048) {
				result = second.ask("update.piece", {
					0: digest,
					1: offset,
					2: new Uint8Array(2048).fill(0x66),
				})?.result;
			}
			check.equal(lock.status().result, "chunk-digest");
			check.equal(result?.bytes(0, 32), undefined, "it is asked for nothing more");
			second.disconnect();
			second.connect();
			check.equal(second.ask("update.status")?.result?.bytes(1, 32), undefined, "nor in its next session");
			second.disconnect();
			lock.rig.advance(5000);
			check.ok(lock.serveInSession(release) > 0, lock.rig.log);
			lock.owner.disconnect();
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test("chunk from another image: it does not count, whatever it is called (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		const other = imageOf(3);
		let foreign = 0;
		lock.serve = (want, relay) => {
			if (want.offset >= LIMITS.chunkBytes || foreign++ >= 4) return lock.sendPieces(want, relay);
			sendBytes(relay, want.digest, want.offset, other.slice(want.offset, want.offset + want.bytes));
		};
		lock.publish(release);
		check.ok(
			lock.drive(() => lock.isInstalled(release), 4 * HOUR),
			lock.rig.log,
		);
		check.ok(lock.rig.log.includes("chunk-digest in sequence 2"));
	});

	t.test(
		"a sender of bad chunks for ever wears the flash no more than the day's allowance (T10, T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.serve = (want, relay) =>
				sendBytes(relay, want.digest, want.offset, new Uint8Array(want.bytes).fill(1));
			lock.publish(release);
			lock.drive(() => false, 2 * HOUR);
			// Two bad chunks in two hours, each erased before and after.
			check.equal(lock.board.slots.erases[1], 2 * 2 * SECTORS_OF_A_CHUNK);
			check.equal(lock.status().state, "downloading");
			// Somebody else brings the right ones at once.
			check.ok(lock.serveInSession(release) > 0, lock.rig.log);
			lock.owner.disconnect();
			check.ok(
				lock.drive(() => lock.isInstalled(release), 60000),
				lock.rig.log,
			);
		},
	);

	t.test(
		"a sender that ends every chunk early wears no flash: it goes on where it stood (T10, T16)",
		({ crypto }) => {
			for (const ends of ["silence", "a new connection"] as const) {
				const lock = locks.open(crypto);
				const release = lock.release({ sequence: 2 });
				let served = 0;
				let cuts = 0;
				lock.serve = (want, relay) => {
					// Of each second window a part.
					if (served++ % 2 === 0) return lock.sendPieces(want, relay);
					cuts++;
					sendBytes(relay, want.digest, want.offset, release.image.slice(want.offset, want.offset + 4096));
					if (ends === "a new connection") lock.board.network.dropAll();
				};
				lock.publish(release);
				check.ok(
					lock.drive(() => lock.isInstalled(release), HOUR),
					lock.rig.log,
				);
				check.ok(cuts >= 6, `${cuts} cuts`);
				const sectors = Math.ceil(release.image.length / SECTOR_BYTES);
				check.equal(lock.board.slots.erases[1], sectors, ends);
			}
		},
	);

	t.test(
		"a phone takes over what a relay began, for one token a chunk, and the relay begins no other (T10, T16)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.serve = (want, relay) => {
				sendBytes(relay, want.digest, want.offset, release.image.slice(want.offset, want.offset + 4096));
				lock.board.time.schedule(1000, () => lock.board.network.dropAll());
			};
			lock.publish(release);
			check.ok(lock.drive(() => lock.board.slots.erases[1] > 0, 60000));
			check.ok(lock.serveInSession(release) > 0, lock.rig.log);
			lock.owner.disconnect();
			check.ok(
				lock.drive(() => lock.isInstalled(release), 10 * 60000),
				lock.rig.log,
			);
			const sectors = Math.ceil(release.image.length / SECTOR_BYTES);
			const twice = lock.board.slots.erases[1] - sectors;
			check.ok(twice >= 1 && twice <= SECTORS_OF_A_CHUNK, `${twice} sectors twice`);
		},
	);

	t.test(
		"endless data: what nobody asked for reaches no flash and no memory (T10, T16, I8)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			let asked: ObjectWant | undefined;
			lock.serve = (want) => {
				asked = want;
			};
			lock.publish(release);
			check.ok(lock.drive(() => asked !== undefined, 60000));
			const { digest } = asked!;
			// Far beyond the window, beyond the object, without end, and of objects that nobody knows.
			for (let pieces = 0; pieces < 200; pieces++) {
				const bytes = new Uint8Array(LIMITS.objectPieceBytes).fill(pieces);
				const offset = (pieces + 1) * LIMITS.objectPieceBytes;
				lock.relay?.send({ kind: "object-piece", piece: { digest, offset, bytes } });
				lock.relay?.send({ kind: "object-piece", piece: { digest: crypto.sha256(bytes), offset: 0, bytes } });
			}
			lock.rig.advance(5000);
			check.equal(lock.board.slots.erases[1], 0);
			lock.serve = (want, relay) => lock.sendPieces(want, relay);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"slow retrieval: who sends a crumb now and then loses its chunk to the owner's phone (T10)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2, bodyBytes: LIMITS.chunkBytes / 2 });
			let held = false;
			let crumbs = 0;
			lock.serve = (want, relay) => {
				if (held) return;
				held = true;
				const crumb = (): void => {
					const offset = want.offset + crumbs * LIMITS.flashUnitBytes;
					crumbs++;
					sendBytes(relay, want.digest, offset, release.image.slice(offset, offset + LIMITS.flashUnitBytes));
				};
				for (let turn = 0; turn < 40; turn++) lock.board.time.schedule(turn * 20000, crumb);
			};
			lock.publish(release);
			check.ok(lock.drive(() => held, 60000));
			lock.rig.advance(60000);
			// The only chunk is taken: a phone gets nothing yet.
			lock.owner.connect();
			check.ok(!lock.owner.ask("update.status")?.result.has(1));
			lock.owner.disconnect();
			lock.rig.advance(LIMITS.updateChunkMs);
			check.ok(lock.serveInSession(release) > 0, lock.rig.log);
			lock.owner.disconnect();
			check.ok(crumbs > 10);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test(
		"flash that forgets: a bit that flips after its chunk was good is found when all is read back (T12)",
		({ crypto }) => {
			const lock = locks.open(crypto);
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.board.slots.erases[1] >= 30, 60000),
				lock.rig.log,
			);
			lock.board.slots.flip(1, 1000);
			check.ok(
				lock.drive(() => lock.status().result === "slot-digest", 60000),
				lock.rig.log,
			);
			check.equal(lock.running?.sequence, 1);
			// The next begin looks at every chunk, and fetches the one that is wrong.
			check.ok(
				lock.drive(() => lock.isInstalled(release), 3 * HOUR),
				lock.rig.log,
			);
		},
	);

	t.test("truncated: an image that ends early is never chosen (T10, I4)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		const end = release.image.length - 5000;
		lock.serve = (want, relay) =>
			sendBytes(
				relay,
				want.digest,
				want.offset,
				release.image.slice(want.offset, Math.min(end, want.offset + want.bytes)),
			);
		lock.publish(release);
		lock.drive(() => false, HOUR);
		check.equal(lock.running?.sequence, 1);
		check.equal(lock.status().state, "downloading");
	});

	t.test("padded: bytes behind the image are not taken (T10)", ({ crypto }) => {
		const lock = locks.open(crypto);
		const release = lock.release({ sequence: 2 });
		lock.serve = (want, relay) => {
			lock.sendPieces(want, relay);
			const end = want.offset + want.bytes;
			if (end === release.image.length) sendBytes(relay, want.digest, end, new Uint8Array(4096).fill(7));
		};
		lock.publish(release);
		check.ok(
			lock.drive(() => lock.isInstalled(release), HOUR),
			lock.rig.log,
		);
		const behind = lock.board.slots.peek(1).slice(release.image.length, release.image.length + 8192);
		check.ok(behind.every((byte) => byte === 0xff));
	});
}
