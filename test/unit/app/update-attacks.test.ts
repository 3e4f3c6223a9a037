/**
 * The attack list of updates as far as the device answers it, each test named after its attack, against a whole lock (T5, T10, T11,
 * I3, I4, I7). What is refused leaves flash as it was; what was begun comes to a good end all the same, or to none.
 */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { SECTOR_BYTES } from "../../../modules/platform/slots.ts";
import type { FreshnessClaim } from "../../../modules/wire/freshness.ts";
import type { ObjectWant } from "../../../modules/wire/update-offer.ts";
import type { UpdateResult } from "../../../modules/wire/update-report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { objectOf } from "../../sim/updates.ts";
import {
	imageOf,
	type Release,
	type ReleaseParts,
	similarImage,
	UpdatingLock,
} from "../../sim/updating-lock.ts";
import type { SimRelay } from "../link/sim-relay.ts";
import { patchOf } from "../update/patch-rig.ts";

const HOUR = 3600000;
const OTHER_RELEASE = 100000;
const SECTORS_OF_A_CHUNK = LIMITS.chunkBytes / SECTOR_BYTES;

export default function suite(t: Suite): void {
	let first: UpdatingLock | undefined;
	const newLock = (crypto: TestCrypto): UpdatingLock => {
		first ??= new UpdatingLock(crypto);
		const lock = UpdatingLock.from(crypto, first, first.snapshot());
		lock.drive(() => lock.relay !== undefined, 60000);
		return lock;
	};
	const sendBytes = (relay: SimRelay, digest: Uint8Array, offset: number, bytes: Uint8Array): void => {
		for (let at = 0; at < bytes.length; at += LIMITS.objectPieceBytes) {
			const piece = { digest, offset: offset + at, bytes: bytes.slice(at, at + LIMITS.objectPieceBytes) };
			relay.send({ kind: "object-piece", piece });
		}
	};
	const later = (release: Release, seconds = OTHER_RELEASE): Partial<FreshnessClaim> => ({
		issuedUnixSeconds: release.manifest.signedUnixSeconds + seconds,
	});

	const refused = (name: string, result: UpdateResult, parts: (crypto: TestCrypto) => ReleaseParts): void => {
		t.test(`${name}: refused as ${result}, and nothing is erased (T10, I7)`, ({ crypto }) => {
			const lock = newLock(crypto);
			const operations = lock.board.power.operations.length;
			const release = lock.release(parts(crypto));
			lock.publish(release);
			check.equal(lock.status().result, result, lock.rig.log);
			// A relay counts by the number: without it a refusal would be nobody's.
			check.equal(lock.status().resultSequence, release.manifest.sequence);
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
			// The statement may be kept: it is signed, and of this board's kind.
			const after = lock.board.power.operations.slice(operations);
			check.ok(
				after.every(({ what }) => what === "update/freshness"),
				after.map(({ what }) => what).join(),
			);
			check.equal(lock.status().state, "idle");
		});
	};

	refused("arbitrary install", "untrusted", () => ({ holders: [holder(99)] }));
	t.test(
		"unsigned fields: what is in no signature refuses the whole, and nothing is erased (T10, I7)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const { message, statement } = lock.release({ sequence: 2 });
			// COSE_Sign is [protected, unprotected, payload, signatures]: an entry in the second is under no signature.
			check.deepEqual([...message.slice(0, 3)], [0x84, 0x40, 0xa0]);
			const unsigned = concatBytes(Uint8Array.of(0x84, 0x40, 0xa1, 0x05, 0x01), message.slice(3));
			lock.offerOverLink({ message: unsigned, statement });
			check.equal(lock.status().result, "malformed", lock.rig.log);
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
		},
	);
	t.test(
		"algorithm confusion: a signature that names another algorithm is none, and nothing is erased (T10, I7)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const { message, statement } = lock.release({ sequence: 2 });
			// {1: -7} is ES256, {1: -8} EdDSA.
			const at = message.findIndex((_, index) =>
				[0xa1, 0x01, 0x26].every((byte, i) => message[index + i] === byte),
			);
			check.ok(at > 0);
			const confused = message.slice();
			confused[at + 2] = 0x27;
			lock.offerOverLink({ message: confused, statement });
			check.equal(lock.status().result, "malformed", lock.rig.log);
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
		},
	);
	refused("wrong vendor", "foreign", () => ({ manifest: { vendor: "other.example" } }));
	refused("wrong class", "foreign", () => ({ manifest: { hardwareClass: "other" } }));
	refused("wrong board", "foreign", () => ({ manifest: { board: "other" } }));
	refused("rollback by sequence", "rollback-sequence", () => ({ sequence: 1 }));
	refused("fast-forward", "fast-forward", () => ({ sequence: 2 + LIMITS.sequenceStep }));
	refused("mix-and-match of statement and manifest", "not-fresh", (crypto) => ({
		freshness: { manifestDigest: crypto.sha256(new Uint8Array(1)) },
	}));
	refused("an image beyond the slot", "too-large", (crypto) => ({
		manifest: { image: { ...objectOf(crypto, new Uint8Array(9 * LIMITS.chunkBytes)) } },
	}));

	t.test(
		"rollback by security version: an image below the floor is refused as rollback-security (T10, I3)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const second = lock.release({ sequence: 2, securityVersion: 2 });
			lock.publish(second);
			check.ok(
				lock.drive(() => lock.isInstalled(second), HOUR),
				lock.rig.log,
			);
			lock.publish(lock.release({ sequence: 3, securityVersion: 1, freshness: later(second) }));
			check.equal(lock.status().result, "rollback-security");
		},
	);

	t.test(
		"manifest replay after revert: the release before is refused, and a parked one too (T10, I3)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const second = lock.release({ sequence: 2 });
			lock.publish(second);
			check.ok(lock.drive(() => lock.isInstalled(second), HOUR));
			const third = lock.release({ sequence: 3, freshness: later(second) });
			lock.behaviour = ({ sequence }) => (sequence === 3 ? "crash" : "good");
			lock.publish(third);
			check.ok(
				lock.drive(() => lock.running?.sequence === 2 && lock.status().state === "parked", 5 * HOUR),
				lock.rig.log,
			);
			for (const [release, result] of [
				[second, "rollback-sequence"],
				[third, "parked"],
			] as const) {
				lock.offerOverLink(release);
				check.equal(lock.status().result, result, lock.rig.log);
			}
			check.equal(lock.running?.sequence, 2);
		},
	);

	t.test(
		"chunk swap: two chunks that change places are found, erased, and asked for anew (T10)",
		({ crypto }) => {
			const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
		const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
				const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
			const lock = newLock(crypto);
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
		const lock = newLock(crypto);
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
		const lock = newLock(crypto);
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

	t.test(
		"delta with a wrong source: a delta for another image is not used, the full one is (T10)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const image = similarImage(imageOf(1), 2);
			const release = lock.release({ sequence: 2, image, deltaFrom: similarImage(imageOf(1), 9) });
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.reports.every((report) => !report.viaDelta));
		},
	);

	t.test(
		"decompression bomb: a signed delta that does not end gives way to the full image (T10, T16)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const source = imageOf(1);
			const image = similarImage(source, 2);
			// One region that inserts far more than there is room for.
			const bomb = patchOf(
				source.length,
				image.length,
				0,
				0,
				0,
				0xff,
				0xff,
				0xff,
				0x7f,
				...new Array(500).fill(0),
			);
			const release = lock.release({ sequence: 2, image, deltaFrom: source, delta: bomb });
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.rig.log.includes("update: patch in sequence 2"));
			check.ok(lock.reports.some((report) => report.viaDelta));
		},
	);

	t.test(
		"a delta that gives another image than the manifest's is found by its first wrong chunk (T10)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const source = imageOf(1);
			const image = similarImage(source, 2);
			const wrong = concatBytes(image);
			wrong[70000] = wrong[70000]! ^ 1;
			const release = lock.release({
				sequence: 2,
				image,
				deltaFrom: source,
				delta: lock.release({ sequence: 2, image: wrong, deltaFrom: source }).delta!,
			});
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
			check.ok(lock.rig.log.includes("update: patch in sequence 2"));
			check.deepEqual(lock.board.slots.peek(1).slice(0, image.length), image);
		},
	);

	t.test(
		"freeze: a lock whose statement is over says that it is stale, and goes on working (T11)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const release = lock.release({ sequence: 2 });
			lock.publish(release);
			check.ok(lock.drive(() => lock.isInstalled(release), HOUR));
			check.equal(lock.status().stale, false);
			// Time passes, as an owner tells it; the relay holds everything newer back.
			lock.owner.connect();
			const nowMs = (release.manifest.signedUnixSeconds + 60 * 86400) * 1000;
			check.equal(lock.owner.ask("time.set", { 0: nowMs })?.status, "done");
			check.equal(lock.status().stale, true);
			const next = lock.release({ sequence: 3, freshness: later(release) });
			lock.publish(next);
			check.equal(lock.status().result, "not-fresh");
			check.equal(lock.owner.ask("unlock")?.status, "done");
			check.equal(lock.running?.sequence, 2);
			// A statement that holds now ends it.
			const fresh = lock.release({ sequence: 3, freshness: later(release, 60 * 86400) });
			lock.publish(fresh);
			check.equal(lock.status().stale, false);
		},
	);

	t.test("freeze: an older statement does not come back after a newer one (T11)", ({ crypto }) => {
		const lock = newLock(crypto);
		lock.serve = () => undefined;
		const second = lock.release({ sequence: 2 });
		const third = lock.release({ sequence: 3, freshness: later(second) });
		lock.publish(third);
		check.equal(lock.status().offered, 3);
		lock.publish(second);
		check.equal(lock.status().result, "not-fresh");
		check.equal(lock.status().offered, 3);
	});

	t.test("key removed from trust: its manifest is dropped in mid-download (T5, T10)", ({ crypto }) => {
		const lock = newLock(crypto);
		const release = lock.release({ sequence: 2 });
		lock.publish(release);
		check.ok(lock.drive(() => lock.board.slots.erases[1] >= 40, 60000));
		lock.relay?.send({
			kind: "trust",
			message: lock.bundle(2, { updateRole: { threshold: 1, keys: publicKeys(holder(21)) } }),
		});
		lock.rig.advance(100);
		const report = lock.status();
		check.equal(report.trustVersion, 2);
		check.equal(report.state, "idle", lock.rig.log);
		check.equal(report.offered, undefined);
		const erased = lock.board.slots.erases[1];
		lock.drive(() => false, HOUR);
		check.equal(lock.board.slots.erases[1], erased);
		check.equal(lock.running?.sequence, 1);
		check.ok(lock.rig.log.includes("the plan for sequence 2 is dropped, untrusted"));
	});

	t.test(
		"key theft drill: a bundle with other update keys, then a manifest of theirs; the thief's is refused (T5, T10)",
		({ crypto }) => {
			const lock = newLock(crypto);
			const message = lock.bundle(2, {
				updateRole: { threshold: 2, keys: publicKeys(holder(21), holder(22), holder(23)) },
			});
			lock.relay?.send({ kind: "trust", message });
			lock.drive(() => lock.status().trustVersion === 2 && lock.relay !== undefined, 60000);
			lock.publish(lock.release({ sequence: 2 }));
			check.equal(lock.status().result, "untrusted", "what the stolen key signed");
			lock.publish(lock.release({ sequence: 2, holders: [holder(21)] }));
			check.equal(lock.status().result, "untrusted", "below the threshold");
			lock.publish(lock.release({ sequence: 2, holders: [holder(21), holder(21)] }));
			check.equal(lock.status().result, "untrusted", "duplicate signatures by one key");
			const release = lock.release({
				sequence: 2,
				holders: [holder(23), holder(21)],
				freshness: later(first!.release()),
				manifest: { trustVersion: 2 },
			});
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
		},
	);

	t.test("a manifest that asks for newer trust waits for its bundle (T5)", ({ crypto }) => {
		const lock = newLock(crypto);
		const release = lock.release({ sequence: 2, manifest: { trustVersion: 2 } });
		lock.publish(release);
		check.equal(lock.status().result, "trust-older");
		lock.relay?.send({ kind: "trust", message: lock.bundle(2) });
		// The link begins anew, and the relay offers again.
		check.ok(
			lock.drive(() => lock.isInstalled(release), HOUR),
			lock.rig.log,
		);
	});

	t.test("a freshness key alone installs nothing (T11)", ({ crypto }) => {
		const lock = newLock(crypto);
		const alien = lock.release({ sequence: 2, freshnessHolder: holder(98) });
		lock.publish(alien);
		check.equal(lock.status().result, "not-fresh");
		lock.publish(lock.release({ sequence: 2, holders: [holder(12)] }));
		check.equal(lock.status().result, "untrusted");
		check.equal(lock.status().state, "idle");
	});
}
