/**
 * The attack list of updates, what is wrong with an offer: each test is named after its attack, against a whole lock (T5, T10, T11,
 * I3, I7). What is refused leaves flash as it was.
 */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { UpdateResult } from "../../../modules/wire/update-report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder } from "../../sim/bundles.ts";
import type { ReleaseParts } from "../../sim/releases.ts";
import { objectOf } from "../../sim/updates.ts";
import { HOUR, later, UpdateLocks } from "./update-locks.ts";

export default function suite(t: Suite): void {
	const locks = new UpdateLocks();

	const refused = (name: string, result: UpdateResult, parts: (crypto: TestCrypto) => ReleaseParts): void => {
		t.test(`${name}: refused as ${result}, and nothing is erased (T10, I7)`, ({ crypto }) => {
			const lock = locks.open(crypto);
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
			const lock = locks.open(crypto);
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
			const lock = locks.open(crypto);
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
			const lock = locks.open(crypto);
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
			const lock = locks.open(crypto);
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
}
