/** Relays of the owner's own beside a bundle's: neither touches the other (T18). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import { FactoryReset } from "../../../modules/store/reset.ts";
import { Store } from "../../../modules/store/store.ts";
import { TrustedTime } from "../../../modules/time/trusted-time.ts";
import { OwnerRelays, type OwnRelays } from "../../../modules/trust/owner-relays.ts";
import { relayList } from "../../../modules/trust/relay-list.ts";
import { TrustStore } from "../../../modules/trust/trust-store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite, type TestContext } from "../../harness/test.ts";
import { makeRootFor, RELAY, signBundle, trustBundle } from "../../sim/bundles.ts";
import { SimStorage } from "../../sim/storage.ts";
import { SimClock, SimTime } from "../../sim/time.ts";

function boot({ crypto }: TestContext, storage: SimStorage) {
	const store = new Store(storage);
	const time = new TrustedTime(store, new SimClock(new SimTime(), (run) => run()), 0);
	const trust = new TrustStore(store, time, crypto);
	return { trust, owner: new OwnerRelays(store, crypto) };
}

function own(parts: Partial<OwnRelays> = {}): OwnRelays {
	return {
		roots: [{ der: makeRootFor(50) }],
		addresses: [{ host: "192.168.1.9", port: 7443, serverName: "home.example" }],
		...parts,
	};
}

export default function suite(t: Suite): void {
	t.test(
		"an owner's relays come first, and each address is verified against its own roots alone (T4, T18)",
		(context) => {
			const { trust, owner } = boot(context, new SimStorage());
			check.deepEqual(relayList(trust, owner), []);
			check.accepted(trust.install(signBundle(context.crypto, trustBundle())));
			check.equal(check.accepted(owner.set(own())), true);
			const [first, second, ...rest] = relayList(trust, owner);
			check.equal(rest.length, 0);
			check.deepEqual([first?.host, first?.roots], ["192.168.1.9", own().roots]);
			check.deepEqual([second?.host, second?.roots], [RELAY.host, trustBundle().relayRoots]);
			check.notEqual(first?.scope, second?.scope);
		},
	);

	t.test(
		"an owner's relays outlive every bundle, even one that names the same address or root (T18)",
		(context) => {
			const storage = new SimStorage();
			const { trust, owner } = boot(context, storage);
			check.accepted(trust.install(signBundle(context.crypto, trustBundle())));
			check.accepted(owner.set(own()));
			const record = storage.peek("trust", "owner-relays")!;
			const before = relayList(trust, owner)[0];
			const same = trustBundle({
				version: 2,
				relayRoots: [{ der: makeRootFor(50) }, { der: makeRootFor(51) }],
				relays: own().addresses,
			});
			check.accepted(trust.advance(signBundle(context.crypto, same)));
			for (const each of [{ trust, owner }, boot(context, storage.reboot())]) {
				const [first, second] = relayList(each.trust, each.owner);
				check.deepEqual(first, before);
				check.equal(second?.roots.length, 2);
				check.notEqual(first?.scope, second?.scope);
			}
			check.bytes(storage.peek("trust", "owner-relays")!, record);
		},
	);

	t.test("relays of a lock without any bundle are the owner's (T18)", (context) => {
		const { trust, owner } = boot(context, new SimStorage());
		check.accepted(owner.set(own()));
		check.deepEqual(
			relayList(trust, owner).map((relay) => relay.host),
			["192.168.1.9"],
		);
	});

	t.test("another version, root, pin or address is another scope for TLS sessions (T4)", (context) => {
		const scopes = new Set<string>();
		const pin = new Uint8Array(32);
		const bundles = [
			trustBundle(),
			trustBundle({ version: 2 }),
			trustBundle({ relayRoots: [{ der: makeRootFor(9) }] }),
			trustBundle({ relayRoots: [{ der: makeRootFor(1), pins: [pin] }] }),
			trustBundle({ relays: [{ ...RELAY, port: 1 }] }),
		];
		for (const bundle of bundles) {
			const { trust, owner } = boot(context, new SimStorage());
			check.accepted(trust.install(signBundle(context.crypto, bundle)));
			scopes.add(relayList(trust, owner)[0]!.scope);
		}
		const owners = [
			own(),
			own({ roots: [{ der: makeRootFor(50), pins: [pin] }] }),
			own({ roots: [{ der: makeRootFor(51) }] }),
		];
		for (const each of owners) {
			const { trust, owner } = boot(context, new SimStorage());
			check.accepted(owner.set(each));
			scopes.add(relayList(trust, owner)[0]!.scope);
		}
		check.equal(scopes.size, bundles.length + owners.length);
	});

	t.test("setting none erases them, a factory reset erases them, and the bundle stays (T18)", (context) => {
		const storage = new SimStorage();
		const { trust, owner } = boot(context, storage);
		check.accepted(trust.install(signBundle(context.crypto, trustBundle())));
		check.accepted(owner.set(own()));
		check.equal(check.accepted(owner.set(undefined)), true);
		check.equal(storage.peek("trust", "owner-relays"), undefined);
		check.equal(check.accepted(owner.set(undefined)), false);
		check.accepted(owner.set(own()));
		const store = new Store(storage);
		const factoryReset = new FactoryReset(store, () => {});
		check.accepted(factoryReset.begin());
		check.accepted(factoryReset.finish(() => {}));
		const after = boot(context, storage.reboot());
		check.equal(after.owner.current, undefined);
		check.equal(after.trust.version, 1);
	});

	t.test("relays that cannot be are refused, and nothing is written (T15, I7)", (context) => {
		const root = own().roots[0]!;
		const bad: readonly Partial<OwnRelays>[] = [
			{ roots: [] },
			{ addresses: [] },
			{ roots: [{ der: Uint8Array.of(1, 2, 3) }] },
			{ roots: [{ ...root, pins: [] }] },
			{ roots: [root, { der: makeRootFor(51) }, { der: makeRootFor(52) }] },
			{ addresses: [1, 2, 3].map((port) => ({ ...RELAY, port })) },
			{ addresses: [{ ...RELAY, host: "a b" }] },
		];
		for (const parts of bad) {
			const storage = new SimStorage();
			check.refused(boot(context, storage).owner.set(own(parts)), "malformed");
			check.deepEqual(
				storage.paths(),
				["time/floor"].filter((path) => storage.paths().includes(path)),
			);
		}
	});

	t.test("a full disk leaves them as they were; the same ones again write nothing (T12)", (context) => {
		const storage = new SimStorage();
		const { owner } = boot(context, storage);
		check.accepted(owner.set(own()));
		const writes = storage.mutations().length;
		check.equal(check.accepted(owner.set(own())), false);
		check.equal(storage.mutations().length, writes);
		storage.failWrites("record/full");
		check.refused(owner.set(own({ addresses: [RELAY] })), "storage");
		check.deepEqual(owner.current, own());
		check.deepEqual(boot(context, storage.reboot()).owner.current, own());
	});

	t.test("a record that cannot be read is none, and can be set anew or away (T12)", (context) => {
		const storage = new SimStorage();
		check.accepted(boot(context, storage).owner.set(own()));
		storage.corrupt("trust", "owner-relays");
		const { owner } = boot(context, storage);
		check.equal(owner.fault, "corrupt");
		check.equal(owner.current, undefined);
		check.equal(check.accepted(owner.set(undefined)), true);
		check.equal(storage.peek("trust", "owner-relays"), undefined);
	});

	t.test("the largest relays of an owner fit their record (I8)", () => {
		const host = "x".repeat(LIMITS.hostBytes);
		const pins = new Array<Uint8Array>(LIMITS.tlsPins).fill(new Uint8Array(32));
		const bytes = encodeCbor({
			0: 1,
			1: new Array(LIMITS.ownerRelayRoots).fill([
				new Uint8Array(LIMITS.ownerRelayRootsBytes / LIMITS.ownerRelayRoots),
				pins,
			]),
			2: new Array(LIMITS.ownerRelayAddresses).fill([host, 65535, host]),
		});
		check.ok(bytes.length <= RECORDS.ownerRelays.bytesMax, `${bytes.length}`);
	});
}
