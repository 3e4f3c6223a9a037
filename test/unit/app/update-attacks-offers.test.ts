/**
 * The attack list of updates, what is wrong with an offer: each test is named after its attack, against a whole lock (T5, T10, T11,
 * I3, I7). What is refused leaves flash as it was.
 */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { keyIdOf } from "../../../modules/cose/key-id.ts";
import { protectedHeader } from "../../../modules/cose/sign1.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { encodeManifest, manifestAad } from "../../../modules/update/manifest.ts";
import { type CborFields, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import type { UpdateResult } from "../../../modules/wire/update-report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { type Holder, holder, publicKeys } from "../../sim/bundles.ts";
import { p256Sign } from "../../sim/p256.ts";
import type { Release, ReleaseParts } from "../../sim/releases.ts";
import { objectOf, UPDATE_HOLDER } from "../../sim/updates.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";
import { HOUR, later, UpdateLocks } from "./update-locks.ts";

/** A result stays until another one comes: that this very offer was refused is in the log behind it. */
function refusedSince(lock: UpdatingLock, from: number, result: UpdateResult, name: string): void {
	const said = lock.rig.log.slice(from);
	check.ok(said.includes(`refused, ${result}`), `${name}: ${said}`);
}

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
			const release = lock.release({ sequence: 2 });
			const payload = encodeManifest(release.manifest);
			const { publicKey, privateKey } = holder(UPDATE_HOLDER);
			const keyId = keyIdOf(crypto, publicKey);
			// By the right key, over the very header that stands there: only the algorithm is another one.
			const naming = (algorithm: Uint8Array, unprotected: CborFields): Uint8Array => {
				const none = new Uint8Array(0);
				const signed = encodeCbor(["Signature", none, algorithm, manifestAad(), payload]);
				const signature = p256Sign(crypto, privateKey, signed);
				return encodeCbor([none, {}, payload, [[algorithm, unprotected, signature]]]);
			};
			for (const [name, message] of [
				["EdDSA", naming(encodeCbor({ 1: -8 }), { 4: keyId })],
				["ES384", naming(encodeCbor({ 1: -35 }), { 4: keyId })],
				["HMAC 256", naming(encodeCbor({ 1: 5 }), { 4: keyId })],
				["none", naming(encodeCbor({}), { 4: keyId })],
				["no header", naming(new Uint8Array(0), { 4: keyId })],
				["ES256 beside what is signed", naming(new Uint8Array(0), { 1: -7, 4: keyId })],
			] as const) {
				const from = lock.rig.log.length;
				lock.offerOverLink({ message, statement: release.statement });
				check.equal(lock.status().result, "malformed", `${name}\n${lock.rig.log}`);
				refusedSince(lock, from, "malformed", name);
				check.equal(lock.status().state, "idle", name);
			}
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
			// The same bytes with the algorithm's own name are the release.
			lock.offerOverLink({
				message: naming(protectedHeader(), { 4: keyId }),
				statement: release.statement,
			});
			check.equal(lock.status().state, "downloading", lock.rig.log);
		},
	);

	t.test(
		"threshold not met, and duplicate signatures by one key: no way in takes a release of fewer holders than the trust asks for (T10, T5, I7)",
		({ crypto }) => {
			const holders = [31, 32, 33].map((number) => holder(number));
			const [first, second] = holders as [Holder, Holder];
			const lock = new UpdatingLock(crypto, {
				trust: { updateRole: { threshold: 2, keys: publicKeys(...holders) } },
			});
			lock.drive(() => lock.relay !== undefined, 60000);
			const signedBy = (...by: readonly Holder[]): Release => lock.release({ sequence: 2, holders: by });
			const refusesIn = (way: string, release: Release, name: string): void => {
				const from = lock.rig.log.length;
				if (way === "link") lock.offerOverLink(release);
				else check.equal(lock.offerInSession(release)?.status, "not-permitted", name);
				check.equal(lock.status().result, "untrusted", `${name} over ${way}\n${lock.rig.log}`);
				refusedSince(lock, from, "untrusted", `${name} over ${way}`);
				check.equal(lock.status().state, "idle", `${name} over ${way}`);
			};
			for (const way of ["link", "session"]) {
				for (const [name, release] of [
					["one of two", signedBy(first)],
					["one twice", signedBy(first, first)],
					["one twice beside another", signedBy(first, second, first)],
					["a stranger beside one", signedBy(first, holder(99))],
				] as const) {
					refusesIn(way, release, name);
					// An asker has an allowance of refusals.
					lock.rig.advance(HOUR);
				}
			}
			lock.rig.advance(60000);
			check.equal(lock.board.slots.erases[1], 0);
			const release = signedBy(second, first);
			lock.publish(release);
			check.ok(
				lock.drive(() => lock.isInstalled(release), HOUR),
				lock.rig.log,
			);
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
				const from = lock.rig.log.length;
				lock.offerOverLink(release);
				check.equal(lock.status().result, result, lock.rig.log);
				refusedSince(lock, from, result, `release ${release.manifest.sequence}`);
			}
			check.equal(lock.running?.sequence, 2);
		},
	);
}
