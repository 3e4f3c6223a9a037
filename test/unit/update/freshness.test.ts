/** Which freshness statements a lock takes, and how long it goes by one (docs/UPDATE.md 4; T11, T13). */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import type { Crypto } from "../../../modules/platform/crypto.ts";
import type { TlsTime } from "../../../modules/platform/tls.ts";
import { Store } from "../../../modules/store/store.ts";
import { type LockNames, verifyFreshness } from "../../../modules/update/freshness.ts";
import { FreshnessStore } from "../../../modules/update/freshness-store.ts";
import { encodeManifest, manifestAad } from "../../../modules/update/manifest.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	encodeFreshnessClaim,
	FRESHNESS_BYTES_MAX,
	type FreshnessClaim,
} from "../../../modules/wire/freshness.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder, publicKeys } from "../../sim/bundles.ts";
import { SimStorage } from "../../sim/storage.ts";
import {
	freshnessClaim,
	ISSUED_UNIX_SECONDS,
	imageBytes,
	manifestFor,
	NAMES,
	signFreshness,
} from "../../sim/updates.ts";

const DAY = 86400;
const DAY_MS = DAY * 1000;
const KEYS = (): readonly Uint8Array[] => publicKeys(holder(12), holder(14));

function at(unixSeconds: number, kind: TlsTime["kind"] = "estimate"): TlsTime {
	return { unixMs: unixSeconds * 1000, kind };
}

const NOW = at(ISSUED_UNIX_SECONDS + 60);

function boot(crypto: Crypto, storage = new SimStorage(), keys = KEYS(), names: LockNames = NAMES) {
	return new FreshnessStore(new Store(storage), crypto, names, keys, 0);
}

/** A statement about the usual manifest, so many seconds after the usual one. */
function later(crypto: Crypto, seconds: number, parts: Partial<FreshnessClaim> = {}, signer = holder(12)) {
	const issuedUnixSeconds = ISSUED_UNIX_SECONDS + seconds;
	const claim = freshnessClaim(crypto, manifestFor(crypto), { issuedUnixSeconds, ...parts });
	return signFreshness(crypto, claim, signer);
}

export default function suite(t: Suite): void {
	t.test("a statement by a key of freshness gives its claim, whichever of the keys it is", ({ crypto }) => {
		const claim = freshnessClaim(crypto, manifestFor(crypto));
		for (const signer of [holder(12), holder(14)]) {
			const verified = verifyFreshness(crypto, NAMES, KEYS(), signFreshness(crypto, claim, signer));
			check.deepEqual(check.accepted(verified), claim);
		}
	});

	t.test(
		"no other key says what is fresh, and a freshness key under another kind says nothing (T5, T11)",
		({ crypto }) => {
			const claim = freshnessClaim(crypto, manifestFor(crypto));
			const verify = (statement: Uint8Array) => verifyFreshness(crypto, NAMES, KEYS(), statement);
			for (const number of [1, 11, 13, 77]) {
				check.refused(verify(signFreshness(crypto, claim, holder(number))), "unknown-key");
			}
			for (const aad of [manifestAad(), new Uint8Array(0), encodeUtf8("latchkey time")]) {
				check.refused(verify(signFreshness(crypto, claim, holder(12), aad)), "signature");
			}
			check.refused(verifyFreshness(crypto, NAMES, [], signFreshness(crypto, claim)), "unknown-key");
		},
	);

	t.test("a statement for another kind of board is foreign (T11)", ({ crypto }) => {
		const verify = (parts: Partial<FreshnessClaim>, names: LockNames = NAMES) =>
			verifyFreshness(crypto, names, KEYS(), later(crypto, 0, parts));
		check.refused(verify({ vendor: "other.example" }), "foreign");
		check.refused(verify({ hardwareClass: "lk-dev.2" }), "foreign");
		check.refused(verify({ board: "esp32" }), "foreign");
		check.refused(verify({}, { ...NAMES, hardwareClass: undefined }), "foreign");
		check.accepted(verify({ board: "esp32" }, { ...NAMES, board: "esp32" }));
	});

	t.test("what is signed and says nothing about freshness is refused (T15)", ({ crypto }) => {
		const claim = freshnessClaim(crypto, manifestFor(crypto));
		const verify = (payload: Uint8Array) =>
			verifyFreshness(crypto, NAMES, KEYS(), signFreshness(crypto, payload));
		check.refused(verify(encodeManifest(manifestFor(crypto))), "claim");
		check.refused(verify(new Uint8Array(0)), "claim");
		const { issuedUnixSeconds } = claim;
		const lasting = (seconds: number) =>
			encodeFreshnessClaim({ ...claim, expiresUnixSeconds: issuedUnixSeconds + seconds });
		check.refused(verify(lasting(0)), "claim");
		check.refused(verify(lasting(-1)), "claim");
		check.refused(verify(lasting(LIMITS.freshnessLifeSeconds + 1)), "claim");
		check.accepted(verify(lasting(LIMITS.freshnessLifeSeconds)));
		check.accepted(verify(lasting(1)));
	});

	t.test("no byte of a statement may change, be cut off or be added (T11, I9)", ({ crypto, random }) => {
		const statement = later(crypto, 0);
		const verify = (bytes: Uint8Array) => verifyFreshness(crypto, NAMES, KEYS(), bytes);
		for (let index = 0; index < statement.length; index++) {
			const changed = statement.slice();
			changed[index]! ^= 1 << random.below(8);
			check.ok(!verify(changed).ok, `byte ${index}`);
			check.ok(!verify(statement.slice(0, index)).ok, `${index} bytes`);
		}
		check.refused(verify(concatBytes(statement, Uint8Array.of(0))), "malformed");
		check.refused(verify(new Uint8Array(FRESHNESS_BYTES_MAX + 1)), "size");
		check.refused(verify(new Uint8Array(0)), "size");
		check.accepted(verify(statement));
	});

	t.test(
		"freeze: a lock is stale until it has a statement, and again when that is over (T11)",
		({ crypto }) => {
			const store = boot(crypto);
			check.ok(store.isStale(NOW));
			check.equal(store.freshUntilUnixSeconds, undefined);
			check.equal(store.statement, undefined);
			const statement = later(crypto, 0);
			check.ok(check.accepted(store.take(statement, NOW, 0)).changed);
			check.ok(!store.isStale(NOW));
			check.bytes(store.statement, statement);
			const expires = ISSUED_UNIX_SECONDS + 30 * DAY;
			check.equal(store.freshUntilUnixSeconds, expires);
			check.ok(!store.isStale(at(expires - 1)));
			check.ok(store.isStale(at(expires)));
			check.equal(store.holding(at(expires)), undefined);
			// The floor alone ends it, too: time did not go back.
			check.ok(store.isStale(at(expires, "floor")));
			check.ok(!store.isStale(at(0, "floor")));
		},
	);

	t.test(
		"replay: a lock takes no earlier statement than the one it has, and keeps that over a reboot (T11)",
		({ crypto }) => {
			const storage = new SimStorage();
			const store = boot(crypto, storage);
			const [early, late] = [later(crypto, 0), later(crypto, 2 * DAY)];
			const then = at(ISSUED_UNIX_SECONDS + 3 * DAY);
			check.accepted(store.take(late, then, 0));
			check.refused(store.take(early, then, 0), "earlier");
			check.refused(boot(crypto, storage.reboot()).take(early, then, 0), "earlier");
			check.equal(
				boot(crypto, storage.reboot()).holding(then)?.issuedUnixSeconds,
				ISSUED_UNIX_SECONDS + 2 * DAY,
			);
			check.ok(check.accepted(boot(crypto).take(early, then, 0)).changed);
		},
	);

	t.test("two manifests of one second: the first that came stands (T11)", ({ crypto }) => {
		const store = boot(crypto);
		const other = freshnessClaim(crypto, manifestFor(crypto, imageBytes(1001)));
		check.accepted(store.take(later(crypto, 0), NOW, 0));
		check.refused(store.take(signFreshness(crypto, other), NOW, 0), "earlier");
		// Another key's signature over the same words is the same statement.
		check.equal(check.accepted(store.take(later(crypto, 0, {}, holder(14)), NOW, 0)).changed, false);
		check.refused(
			store.take(later(crypto, 0, { expiresUnixSeconds: ISSUED_UNIX_SECONDS + 1000 }), NOW, 0),
			"earlier",
		);
	});

	t.test("a statement that is over, or comes from the future, is not taken (T11, T13)", ({ crypto }) => {
		const store = boot(crypto);
		check.refused(store.take(later(crypto, -31 * DAY), NOW, 0), "over");
		check.refused(store.take(later(crypto, -31 * DAY), at(ISSUED_UNIX_SECONDS, "floor"), 0), "over");
		check.refused(store.take(later(crypto, 61 + LIMITS.freshnessAheadMs / 1000), NOW, 0), "future");
		check.ok(store.isStale(NOW));
		check.accepted(store.take(later(crypto, 60 + LIMITS.freshnessAheadMs / 1000), NOW, 0));
	});

	t.test("a thief of a freshness key cannot shut out those that come after (T11)", ({ crypto }) => {
		const storage = new SimStorage();
		const store = boot(crypto, storage);
		const stolen = later(crypto, 1000 * DAY);
		// The lock does not know the time: for all it knows it slept for years.
		check.accepted(store.take(stolen, at(ISSUED_UNIX_SECONDS, "floor"), 0));
		check.ok(!store.isStale(at(ISSUED_UNIX_SECONDS, "floor")));
		// It knows now: what it holds is worth nothing, and gives way.
		check.ok(store.isStale(NOW));
		check.refused(store.take(stolen, NOW, 0), "future");
		check.ok(check.accepted(store.take(later(crypto, 0), NOW, 0)).changed);
		check.ok(!store.isStale(NOW));
		check.ok(!boot(crypto, storage.reboot()).isStale(NOW));
	});

	t.test(
		"a key that is removed takes its statement with it, at once and after a reboot (T5, T11)",
		({ crypto }) => {
			const storage = new SimStorage();
			const store = boot(crypto, storage);
			check.accepted(
				store.take(later(crypto, 2 * DAY, {}, holder(14)), at(ISSUED_UNIX_SECONDS + 2 * DAY), 0),
			);
			store.revise(NAMES, publicKeys(holder(12)));
			check.ok(store.isStale(NOW));
			check.equal(store.freshUntilUnixSeconds, undefined);
			check.equal(store.statement, undefined);
			check.ok(boot(crypto, storage.reboot(), publicKeys(holder(12))).isStale(NOW));
			// An earlier one by a key that stayed is taken, and written over it.
			check.accepted(store.take(later(crypto, 0), NOW, 0));
			check.ok(!boot(crypto, storage.reboot(), publicKeys(holder(12))).isStale(NOW));
			store.revise({ ...NAMES, board: "esp32" }, KEYS());
			check.ok(store.isStale(NOW));
		},
	);

	t.test("the same statement again costs no signature and writes nothing (T16)", ({ crypto }) => {
		const storage = new SimStorage();
		const store = boot(crypto, storage);
		const statement = later(crypto, 0);
		check.accepted(store.take(statement, NOW, 0));
		const writes = storage.mutations().length;
		for (let round = 0; round < 20; round++) {
			check.equal(check.accepted(store.take(statement, NOW, round * DAY_MS)).changed, false);
		}
		check.equal(storage.mutations().length, writes);
		check.equal(writes, 1);
	});

	t.test("renewals reach flash twice a day, and no thief of a key wears it out (T16)", ({ crypto }) => {
		const storage = new SimStorage();
		const store = boot(crypto, storage);
		const writes = () => storage.mutations().length;
		// A statement an hour for two days.
		for (let hour = 0; hour <= 48; hour++) {
			const now = at(ISSUED_UNIX_SECONDS + hour * 3600);
			check.accepted(store.take(later(crypto, hour * 3600), now, hour * 3600000));
		}
		check.equal(writes(), 5);
		// Another manifest each second: what flash does not take counts as long as the boot.
		let taken = 0;
		for (let second = 1; second <= 40; second++) {
			const manifestDigest = new Uint8Array(32).fill(second);
			const statement = later(crypto, 49 * 3600 + second, { manifestDigest });
			if (store.take(statement, at(ISSUED_UNIX_SECONDS + 50 * 3600), 49 * 3600000).ok) taken++;
		}
		check.equal(taken, 40);
		check.ok(writes() <= 5 + LIMITS.freshnessWritesBurst, `${writes()} writes`);
		check.ok(writes() > 5, `${writes()} writes`);
	});

	t.test("flash that refuses costs the memory of it, not the statement (T12)", ({ crypto }) => {
		const storage = new SimStorage();
		const store = boot(crypto, storage);
		storage.failWrites("record/full");
		check.accepted(store.take(later(crypto, 0), NOW, 0));
		check.ok(!store.isStale(NOW));
		check.ok(boot(crypto, storage.reboot()).isStale(NOW));
		storage.heal();
		check.equal(check.accepted(store.take(later(crypto, 0), NOW, 0)).changed, false);
		check.ok(!boot(crypto, storage.reboot()).isStale(NOW));
	});

	t.test(
		"a record that is lost is none; one of a newer image, or unreadable, is left alone (T12)",
		({ crypto }) => {
			const storage = new SimStorage();
			check.accepted(boot(crypto, storage).take(later(crypto, 0), NOW, 0));
			const corrupt = storage.reboot();
			corrupt.corrupt("update", "freshness");
			const lost = boot(crypto, corrupt);
			check.equal(lost.fault, "corrupt");
			check.ok(lost.isStale(NOW));
			check.accepted(lost.take(later(crypto, 0), NOW, 0));
			check.ok(!boot(crypto, corrupt.reboot()).isStale(NOW));
			const newer = storage.reboot();
			const bytes = encodeCbor({ 0: 2, 1: 7 });
			newer.write("update", "freshness", bytes);
			const late = boot(crypto, newer);
			check.equal(late.fault, "newer-format");
			check.accepted(late.take(later(crypto, 0), NOW, 0));
			check.ok(!late.isStale(NOW));
			check.bytes(newer.peek("update", "freshness"), bytes);
		},
	);
}
