import { LIMITS } from "../../../modules/base/limits.ts";
import { Store } from "../../../modules/store/store.ts";
import { TrustedTime } from "../../../modules/time/trusted-time.ts";
import { bundleFlaw } from "../../../modules/trust/bundle.ts";
import { CODEC, TrustStore } from "../../../modules/trust/trust-store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import {
	holder,
	makeRootFor,
	publicKeys,
	RELAY,
	SIGNED_UNIX_SECONDS,
	signBundle,
	trustBundle,
} from "../../sim/bundles.ts";
import { PowerCut } from "../../sim/power.ts";
import { SimStorage } from "../../sim/storage.ts";
import { SimClock, SimTime } from "../../sim/time.ts";
import { caConstraints, makeCertificate } from "./certificates.ts";

const BUILD_UNIX_MS = 1_760_000_000_000;
const DAY = 86400;

function boot({ crypto }: Pick<TestContext, "crypto">, storage: SimStorage) {
	const store = new Store(storage);
	const clock = new SimClock(new SimTime(), (run) => run());
	const time = new TrustedTime(store, clock, BUILD_UNIX_MS);
	return { time, trust: new TrustStore(store, time, crypto) };
}

function link(version: number, parts = {}): Parameters<typeof signBundle>[1] {
	const signedUnixSeconds = SIGNED_UNIX_SECONDS + (version - 1) * DAY;
	return trustBundle({ version, signedUnixSeconds, ...parts });
}

export default function suite(t: Suite): void {
	t.test("what was installed is there after a reboot, for whoever asks", (context) => {
		const storage = new SimStorage();
		const blank = boot(context, storage).trust;
		check.equal(blank.version, 0);
		check.equal(blank.fault, "absent");
		check.deepEqual([blank.deviceRoots, blank.timeKeys, blank.freshnessKeys], [[], [], []]);
		check.ok(blank.isStale(0), "no trust is stale trust");
		check.deepEqual(check.accepted(blank.install(signBundle(context.crypto, link(3)))), {
			version: 3,
			changed: true,
		});
		const { trust } = boot(context, storage.reboot());
		for (const each of [blank, trust]) {
			check.equal(each.version, 3);
			check.deepEqual(each.current, link(3));
			check.deepEqual(each.deviceRoots, [makeRootFor(2)]);
			check.deepEqual(each.updateRole, { threshold: 1, keys: publicKeys(holder(11)) });
			check.deepEqual(each.freshnessKeys, publicKeys(holder(12)));
			check.deepEqual(each.timeKeys, publicKeys(holder(13)));
		}
		check.bytes(trust.digest!, blank.digest!);
		check.equal(trust.fault, undefined);
	});

	t.test("a bundle raises the floor of time to when it was signed (T13, I3)", (context) => {
		const storage = new SimStorage();
		const { trust, time } = boot(context, storage);
		check.equal(time.floorUnixMs, BUILD_UNIX_MS);
		check.accepted(trust.install(signBundle(context.crypto, link(1))));
		check.equal(time.floorUnixMs, SIGNED_UNIX_SECONDS * 1000);
		check.accepted(trust.advance(signBundle(context.crypto, link(2))));
		check.equal(time.floorUnixMs, (SIGNED_UNIX_SECONDS + DAY) * 1000);
		check.equal(boot(context, storage.reboot()).time.floorUnixMs, (SIGNED_UNIX_SECONDS + DAY) * 1000);
	});

	t.test("a floor that was lost is raised again at boot by the bundle that is there (T13, I3)", (context) => {
		const storage = new SimStorage();
		check.accepted(boot(context, storage).trust.install(signBundle(context.crypto, link(1))));
		storage.delete("time", "floor");
		check.equal(boot(context, storage.reboot()).time.floorUnixMs, SIGNED_UNIX_SECONDS * 1000);
	});

	t.test("a refused bundle raises no floor and writes nothing (I3, I7)", (context) => {
		const storage = new SimStorage();
		const { trust, time } = boot(context, storage);
		check.accepted(trust.install(signBundle(context.crypto, link(1))));
		const writes = storage.mutations().length;
		check.refused(trust.advance(signBundle(context.crypto, link(3))), "version");
		check.refused(trust.advance(signBundle(context.crypto, link(2), [holder(1)])), "threshold");
		check.deepEqual(check.accepted(trust.advance(signBundle(context.crypto, link(1)))), {
			version: 1,
			changed: false,
		});
		check.equal(storage.mutations().length, writes);
		check.equal(time.floorUnixMs, SIGNED_UNIX_SECONDS * 1000);
		check.equal(trust.version, 1);
	});

	t.test("expiry reports stale and ends nothing (T11)", (context) => {
		const { trust } = boot(context, new SimStorage());
		const expires = SIGNED_UNIX_SECONDS + 10;
		const bundle = link(1, { expiresUnixSeconds: expires });
		check.accepted(trust.install(signBundle(context.crypto, bundle)));
		check.equal(trust.expiresUnixSeconds, expires);
		check.ok(!trust.isStale(expires * 1000 - 1));
		check.ok(trust.isStale(expires * 1000));
		check.deepEqual(trust.current, bundle);
		check.accepted(trust.advance(signBundle(context.crypto, link(2))));
	});

	t.test("a full disk leaves the trust as it was, in flash and in RAM (T12)", (context) => {
		for (const after of [0, 1]) {
			const storage = new SimStorage();
			const { trust } = boot(context, storage);
			check.accepted(trust.install(signBundle(context.crypto, link(1))));
			storage.failWrites("record/full", after);
			const next = signBundle(context.crypto, link(2));
			check.refused(trust.advance(next), "storage");
			check.equal(trust.version, 1);
			check.equal(boot(context, storage.reboot()).trust.version, 1);
			storage.heal();
			check.accepted(trust.advance(next));
		}
	});

	t.test(
		"a power cut at any write leaves the old bundle or the new one, under a floor that fits it (T12, I3, I5)",
		(context) => {
			let cuts = 0;
			const next = signBundle(context.crypto, link(2));
			for (let step = 0; ; step++) {
				const rehearsal = new SimStorage();
				check.accepted(boot(context, rehearsal).trust.install(signBundle(context.crypto, link(1))));
				for (const applied of [false, true]) {
					const storage = rehearsal.reboot();
					const { trust } = boot(context, storage);
					storage.cutAfter(step, applied);
					try {
						check.accepted(trust.advance(next));
						storage.cutAfter(1000, false);
						check.ok(cuts > 2, "nothing was cut");
						context.note(`${cuts} power cuts`);
						return;
					} catch (error) {
						if (!(error instanceof PowerCut)) throw error;
					}
					cuts++;
					const again = boot(context, storage.reboot());
					check.ok([1, 2].includes(again.trust.version));
					check.ok(again.time.floorUnixMs >= again.trust.current!.signedUnixSeconds * 1000);
					check.accepted(again.trust.advance(next));
					check.equal(again.trust.version, 2);
				}
			}
		},
	);

	t.test(
		"a stored bundle that is damaged is no trust, and what a newer firmware wrote is not overwritten (T12)",
		(context) => {
			const storage = new SimStorage();
			check.accepted(boot(context, storage).trust.install(signBundle(context.crypto, link(1))));
			const good = storage.peek("trust", "bundle")!;
			for (let round = 0; round < 100; round++) {
				const copy = storage.reboot();
				copy.write("trust", "bundle", context.random.mutate(good));
				const { trust } = boot(context, copy);
				check.equal(trust.current === undefined, trust.fault !== undefined);
			}
			const newer = storage.reboot();
			newer.write("trust", "bundle", encodeCbor({ 0: 9 }));
			const { trust } = boot(context, newer);
			check.equal(trust.fault, "newer-format");
			check.refused(trust.install(signBundle(context.crypto, link(1))), "storage");
			check.refused(trust.advance(signBundle(context.crypto, link(1))), "no-trust");
			const corrupt = storage.reboot();
			corrupt.corrupt("trust", "bundle");
			check.accepted(boot(context, corrupt).trust.install(signBundle(context.crypto, link(1))));
		},
	);

	t.test(
		"a stored bundle that this image would not admit is trust all the same: no rule of a later image takes it (T5, I10)",
		(context) => {
			const admitted = trustBundle();
			const zero = makeCertificate({
				extensions: [caConstraints()],
				serialNumber: Uint8Array.of(2, 1, 0),
			});
			for (const [why, parts] of [
				["a root that is refused now", { relayRoots: [{ der: zero }, ...admitted.relayRoots] }],
				["a name that is refused now", { relays: [{ ...RELAY, serverName: "my_relay.local" }] }],
				[
					"more than the bound of now",
					{ freshnessKeys: [21, 22, 23, 24].flatMap((each) => publicKeys(holder(each))) },
				],
			] as const) {
				const bundle = trustBundle(parts);
				check.ok(bundleFlaw(bundle) !== undefined, why);
				const storage = new SimStorage();
				check.accepted(new Store(storage).write(CODEC, bundle));
				const { trust } = boot(context, storage.reboot());
				check.equal(trust.fault, undefined, why);
				check.deepEqual(trust.current, bundle, why);
				check.refused(
					boot(context, new SimStorage()).trust.install(signBundle(context.crypto, bundle)),
					"flawed",
				);
				check.accepted(trust.advance(signBundle(context.crypto, link(2))));
			}
		},
	);

	t.test("a message beyond its bound is refused", (context) => {
		const { trust } = boot(context, new SimStorage());
		check.refused(trust.install(new Uint8Array(LIMITS.bundleBytes + 1)), "malformed");
	});
}
