/** An owner's own relay on the whole lock: set by a phone, first in order, out of every bundle's reach (T18). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, type Suite } from "../../harness/test.ts";
import { makeRootFor, signBundle } from "../../sim/bundles.ts";
import {
	linkBundle,
	newTrustedLock,
	relayOf,
	rootOf,
	serveRelay,
	type TrustedLock,
} from "../../sim/trusted-lock.ts";

const HOME = Object.freeze({ host: "192.168.1.9", port: 7443, serverName: "home.example" });

function homeRoot(): Uint8Array {
	return makeRootFor(77);
}

function setHome(lock: TrustedLock): string | undefined {
	const address = [HOME.host, HOME.port, HOME.serverName];
	return lock.owner.ask("relays.set", { 0: [[homeRoot(), []]], 1: [address] })?.status;
}

function lastHost(lock: TrustedLock): string | undefined {
	return lock.rig.board.network.attempts.at(-1)?.host;
}

/** The roots that each host was to be verified against. */
function rootsAt(lock: TrustedLock, host: string): unknown {
	return lock.rig.board.network.attempts.filter((attempt) => attempt.host === host).at(-1)?.roots;
}

export default function suite(t: Suite): void {
	t.test(
		"an owner's relay comes first and is verified against the owner's root alone (T4, T18)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			serveRelay(lock, HOME, homeRoot());
			check.equal(setHome(lock), "done");
			lock.rig.advance(LIMITS.trustSettleMs + 1000);
			check.equal(lastHost(lock), HOME.host);
			check.deepEqual(rootsAt(lock, HOME.host), [{ der: homeRoot() }]);
			check.deepEqual(rootsAt(lock, relayOf(1).host), [{ der: rootOf(1) }]);
			check.equal(lock.relays.length, 2);
			const listed = lock.owner.ask("relays.list")!.result;
			check.bytes(listed.array(0, 1)![0] as Uint8Array, crypto.sha256(homeRoot()));
			check.deepEqual(listed.array(1, 1), [[HOME.host, HOME.port, HOME.serverName]]);
		},
	);

	t.test("a vendor's certificate opens no door at the owner's address (T4, T18)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		serveRelay(lock, HOME, rootOf(1));
		check.equal(setHome(lock), "done");
		lock.rig.advance(LIMITS.trustSettleMs + 5000);
		check.ok(lock.untrusted.includes(HOME.host), lock.rig.log);
		check.equal(lastHost(lock), relayOf(1).host);
	});

	t.test("no bundle adds to the owner's relays, replaces or removes them (T18)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		serveRelay(lock, HOME, homeRoot());
		check.equal(setHome(lock), "done");
		const record = lock.rig.board.storage.peek("trust", "owner-relays")!;
		const same = linkBundle(2, { relays: [HOME], relayRoots: [{ der: rootOf(2) }] });
		for (const [version, bundle] of [
			[2, same],
			[3, linkBundle(3)],
		] as const) {
			check.equal(lock.rig.deliverTrust(signBundle(crypto, bundle)).code, "done");
			lock.rig.advance(LIMITS.trustSettleMs + 5000);
			check.bytes(lock.rig.board.storage.peek("trust", "owner-relays"), record, `version ${version}`);
			check.deepEqual(rootsAt(lock, HOME.host), [{ der: homeRoot() }]);
			check.equal(lock.owner.ask("relays.list")!.result.array(1, 1)?.length, 1);
		}
	});

	t.test(
		"when the vendor is gone the lock lives at its owner's relay, also after a reboot (T18, I10)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			serveRelay(lock, HOME, homeRoot());
			check.equal(setHome(lock), "done");
			for (let version = 1; version <= 5; version++) {
				lock.rig.board.network.silence(relayOf(version).host, relayOf(version).port);
			}
			lock.rig.board.network.dropAll();
			lock.rig.advance(LIMITS.linkBackoffMaxMs);
			const before = lock.relays.length;
			lock.rig.boot();
			lock.rig.advance(LIMITS.linkBackoffMaxMs);
			check.equal(lock.relays.length, before + 1, lock.rig.log);
			check.equal(lastHost(lock), HOME.host);
		},
	);

	t.test(
		"a lock whose bundle cannot be read still has its owner's relay, and says so (T12, T18)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			serveRelay(lock, HOME, homeRoot());
			check.equal(setHome(lock), "done");
			lock.rig.board.storage.corrupt("trust", "bundle");
			lock.rig.boot();
			lock.rig.advance(2000);
			check.equal(lastHost(lock), HOME.host);
			check.ok(lock.rig.log.includes("storage: trust-corrupt"), lock.rig.log);
		},
	);

	t.test("a factory reset erases the owner's relays and leaves the bundle (T18, T20)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		serveRelay(lock, HOME, homeRoot());
		check.equal(setHome(lock), "done");
		lock.rig.hold(LIMITS.resetHoldMs + 100);
		lock.rig.advance(LIMITS.resetGraceMs + 1000);
		lock.rig.boot();
		lock.rig.advance(2000);
		check.equal(lock.rig.board.storage.peek("trust", "owner-relays"), undefined);
		check.ok(lock.rig.board.storage.peek("trust", "bundle") !== undefined);
		check.equal(lastHost(lock), relayOf(1).host);
	});

	t.test(
		"setting none takes them away; half of it, or what cannot be, changes nothing (T15, I7)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			check.equal(setHome(lock), "done");
			const record = lock.rig.board.storage.peek("trust", "owner-relays")!;
			const address = [HOME.host, HOME.port, HOME.serverName];
			const root = [homeRoot(), []];
			for (const args of [
				{ 0: [root], 1: [] },
				{ 0: [], 1: [address] },
				{ 0: [homeRoot()], 1: [address] },
				{ 0: [[Uint8Array.of(1), []]], 1: [address] },
				{ 0: [root, root], 1: [address] },
				{ 0: [root], 1: [address], 2: 0 },
				{ 0: [root] },
			]) {
				check.equal(lock.owner.ask("relays.set", args)?.status, "unknown-command");
			}
			check.bytes(lock.rig.board.storage.peek("trust", "owner-relays"), record);
			check.equal(lock.owner.ask("relays.set", { 0: [], 1: [] })?.status, "done");
			check.equal(lock.rig.board.storage.peek("trust", "owner-relays"), undefined);
		},
	);

	t.test("a phone that never stops setting relays does not wear the flash out (T16)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const statuses: (string | undefined)[] = [];
		for (let round = 0; round < LIMITS.relaySetsBurst + 2; round++) {
			const address = [HOME.host, 1000 + round, HOME.serverName];
			statuses.push(lock.owner.ask("relays.set", { 0: [[homeRoot(), []]], 1: [address] })?.status);
		}
		check.equal(statuses.filter((status) => status === "done").length, LIMITS.relaySetsBurst);
		check.deepEqual(statuses.slice(-2), ["try-later", "try-later"]);
	});
}
