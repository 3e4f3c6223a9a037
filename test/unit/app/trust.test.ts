/** Bundles on the whole lock: over the relay, a phone's session and the serial line, and what becomes of connections (T5). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { ROLES } from "../../../modules/wire/command.ts";
import { decodeLogEntry } from "../../../modules/wire/log-entry.ts";
import { encodePieces } from "../../../modules/wire/piece.ts";
import type { Reply } from "../../../modules/wire/session-message.ts";
import { check, type Suite } from "../../harness/test.ts";
import { holder, makeRootFor, publicKeys, signBundle } from "../../sim/bundles.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import {
	linkBundle,
	newTrustedLock,
	relayOf,
	rootOf,
	serveRelay,
	type TrustedLock,
} from "../../sim/trusted-lock.ts";

function hosts({ rig }: TrustedLock): readonly string[] {
	return rig.board.network.attempts.map((attempt) => attempt.host);
}

function versionOf({ rig }: TrustedLock): number | undefined {
	const stored = rig.board.storage.peek("trust", "bundle");
	const map = stored && decodeCborMap(stored);
	return map?.ok ? map.value.uint(1) : undefined;
}

function put(phone: PhoneRig, message: Uint8Array): Reply | undefined {
	let reply: Reply | undefined;
	for (const piece of encodePieces(message)) reply = phone.ask("trust.put", piece);
	return reply;
}

/** Kinds and details of what the lock logged about trust. */
function trustEntries({ owner }: TrustedLock): readonly unknown[] {
	const found: unknown[] = [];
	for (let from = 1; ; from += LIMITS.logPage) {
		const page = owner.ask("log.read", { 0: from, 1: LIMITS.logPage })?.result;
		const entries = page?.array(0, { min: 0, max: 256 }) ?? [];
		if (entries.length === 0) return found;
		for (const bytes of entries) {
			const event = decodeLogEntry(bytes as Uint8Array)?.event;
			if (event?.kind === "trust") found.push([event.version, event.way]);
		}
	}
}

export default function suite(t: Suite): void {
	t.test(
		"a new bundle over the relay moves the link to the new root, and the old relay is refused (T5)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			check.deepEqual(hosts(lock), [relayOf(1).host]);
			const scope = lock.rig.board.network.attempts[0]!.resumptionScope;
			lock.relays[0]!.send({ kind: "trust", message: signBundle(crypto, linkBundle(2)) });
			lock.rig.advance(LIMITS.trustSettleMs + 1000);
			check.equal(versionOf(lock), 2);
			check.deepEqual(hosts(lock), [relayOf(1).host, relayOf(2).host]);
			check.ok(lock.rig.log.includes("WebSocket done, code 1001"), lock.rig.log);
			const attempt = lock.rig.board.network.attempts[1]!;
			check.deepEqual(attempt.roots, [{ der: rootOf(2) }]);
			check.notEqual(attempt.resumptionScope, scope);
			check.equal(attempt.time.unixMs, linkBundle(2).signedUnixSeconds * 1000);
			check.deepEqual(trustEntries(lock), [
				[1, "serial"],
				[2, "relay"],
			]);
			// The thief of the old CA's key at the new address: the lock waits for the right one.
			serveRelay(lock, relayOf(2), rootOf(1));
			lock.rig.board.network.dropAll();
			lock.rig.advance(60000);
			check.ok(lock.untrusted.includes(relayOf(2).host) && lock.relays.length === 2, lock.rig.log);
			serveRelay(lock, relayOf(2), rootOf(2));
			lock.rig.advance(LIMITS.linkBackoffMaxMs);
			check.equal(lock.relays.length, 3);
		},
	);

	t.test(
		"a chain that comes at once is applied link by link, and the link begins anew once (T5)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			for (const version of [2, 3, 4]) {
				lock.relays[0]!.send({ kind: "trust", message: signBundle(crypto, linkBundle(version)) });
			}
			lock.rig.advance(LIMITS.trustSettleMs + 1000);
			check.equal(versionOf(lock), 4);
			check.deepEqual(hosts(lock), [relayOf(1).host, relayOf(4).host]);
		},
	);

	t.test("a phone delivers a bundle in pieces, and hears which version the lock has (T5)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const message = signBundle(crypto, linkBundle(2));
		const small = encodePieces(message, 500);
		for (const [index, piece] of small.entries()) {
			const reply = lock.owner.ask("trust.put", piece);
			check.equal(reply?.status, "done", lock.rig.log);
			const isLast = index === small.length - 1;
			check.equal(reply?.result.uint(0), isLast ? 2 : 1);
			check.equal(reply?.result.uint(1), isLast ? message.length : 500 * (index + 1));
		}
		const again = put(lock.owner, message);
		check.deepEqual([again?.status, again?.result.uint(0)], ["done", 2]);
		lock.rig.advance(LIMITS.trustSettleMs + 1000);
		check.ok(!lock.owner.closed, "the phone's session over the serial line outlives the change of relays");
		check.deepEqual(hosts(lock), [relayOf(1).host, relayOf(2).host]);
		check.deepEqual(trustEntries(lock), [
			[1, "serial"],
			[2, "session"],
		]);
	});

	t.test("a sealed lock takes the next bundle from the serial line, and no other (T5, T14)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const { rig } = lock;
		check.equal(rig.deliverTrust(signBundle(crypto, linkBundle(3))).code, "refused");
		check.equal(rig.deliverTrust(signBundle(crypto, linkBundle(2), [holder(1)])).code, "refused");
		check.equal(versionOf(lock), 1);
		const answer = rig.deliverTrust(signBundle(crypto, linkBundle(2)));
		check.deepEqual([answer.code, answer.result.uint(0)], ["done", 2]);
		rig.advance(LIMITS.trustSettleMs + 1000);
		check.deepEqual(hosts(lock), [relayOf(1).host, relayOf(2).host]);
		rig.boot();
		check.equal(versionOf(lock), 2);
	});

	t.test(
		"before the seal the serial line may replace any bundle, but a relay and a phone may not (T5)",
		({ crypto }) => {
			const rig = new LockRig({ crypto });
			rig.provision();
			const lock: TrustedLock = { ...newTrustedLock(crypto), rig, relays: [], untrusted: [] };
			serveRelay(lock, relayOf(4), rootOf(4));
			rig.installMessage(signBundle(crypto, linkBundle(7)));
			check.equal(rig.deliverTrust(signBundle(crypto, linkBundle(4))).code, "done");
			check.equal(versionOf(lock), 4);
			rig.advance(LIMITS.trustSettleMs + 60000);
			check.equal(lock.relays.length, 1, rig.log);
			lock.relays[0]!.send({ kind: "trust", message: signBundle(crypto, linkBundle(9)) });
			rig.advance(1000);
			check.equal(versionOf(lock), 4);
			check.ok(rig.log.includes("trust: refused over relay, version"), rig.log);
		},
	);

	t.test("a refused bundle changes nothing but the local log, whatever way it came (I7)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const before = lock.rig.board.storage.peek("trust", "bundle")!;
		const floor = lock.rig.board.storage.peek("time", "floor")!;
		const other = linkBundle(1, { relayRoots: [{ der: makeRootFor(9) }] });
		const bad: readonly (readonly [string, string, Uint8Array])[] = [
			["version", "not-permitted", signBundle(crypto, linkBundle(3))],
			["conflict", "not-permitted", signBundle(crypto, other)],
			["threshold", "not-permitted", signBundle(crypto, linkBundle(2), [holder(1)])],
			["unknown-key", "not-permitted", signBundle(crypto, linkBundle(2), [holder(1), holder(2), holder(12)])],
			["flawed", "unknown-command", signBundle(crypto, linkBundle(2, { relays: [] }))],
			["malformed", "unknown-command", Uint8Array.of(0xf6)],
		];
		for (const [reason, status, message] of bad) {
			check.equal(put(lock.owner, message)?.status, status, reason);
			check.ok(lock.rig.log.includes(`trust: refused over session, ${reason}`), lock.rig.log);
			lock.relays[0]!.send({ kind: "trust", message });
			lock.rig.advance(100);
			check.ok(lock.rig.log.includes(`trust: refused over relay, ${reason}`), lock.rig.log);
		}
		lock.rig.advance(LIMITS.trustSettleMs + 1000);
		check.bytes(lock.rig.board.storage.peek("trust", "bundle"), before);
		check.bytes(lock.rig.board.storage.peek("time", "floor"), floor);
		check.equal(lock.relays.length, 1);
		check.ok(!lock.relays[0]!.closed);
		check.equal(put(lock.owner, signBundle(crypto, linkBundle(2)))?.status, "done");
	});

	t.test(
		"a way that brings nothing but bad bundles is not listened to for a while; another way is (T16)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			const bad = signBundle(crypto, linkBundle(2), [holder(1)]);
			for (let sent = 0; sent < LIMITS.trustRefusalsBurst + 1; sent++)
				lock.relays[0]!.send({ kind: "trust", message: bad });
			lock.rig.advance(100);
			check.ok(lock.rig.log.includes("trust: refused over relay, too-often"), lock.rig.log);
			const good = signBundle(crypto, linkBundle(2));
			lock.relays[0]!.send({ kind: "trust", message: good });
			lock.rig.advance(100);
			check.equal(versionOf(lock), 1);
			lock.rig.advance(60000);
			lock.relays[0]!.send({ kind: "trust", message: good });
			lock.rig.advance(100);
			check.equal(versionOf(lock), 2);
			check.equal(put(lock.owner, signBundle(crypto, linkBundle(3)))?.status, "done");
		},
	);

	t.test(
		"genuine bundles that flash cannot take meet the allowance: each costs its signatures (T16)",
		({ crypto }) => {
			const rig = new LockRig({ crypto });
			rig.provision();
			const message = signBundle(crypto, linkBundle(1));
			check.equal(rig.deliverTrust(message).code, "done");
			rig.board.powerCut();
			rig.board.storage.makeUnreadable("trust", "bundle");
			rig.boot();
			for (let sent = 0; sent < LIMITS.trustRefusalsBurst; sent++)
				check.equal(rig.deliverTrust(message).code, "storage");
			check.ok(rig.log.includes("trust: refused over serial, storage"), rig.log);
			check.ok(!rig.log.includes("too-often"), rig.log);
			check.equal(rig.deliverTrust(message).code, "storage");
			check.ok(rig.log.includes("trust: refused over serial, too-often"), rig.log);
		},
	);

	t.test("the present bundle, sent again without end, meets the same allowance (T16)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const present = signBundle(crypto, linkBundle(1));
		const sent = 1000;
		for (let index = 0; index < sent; index++) {
			lock.relays[0]!.send({ kind: "trust", message: present });
			if (index % 50 === 0) lock.rig.advance(1);
		}
		lock.rig.advance(1000);
		const tooOften = lock.rig.log.split("trust: refused over relay, too-often").length - 1;
		check.equal(tooOften, sent - LIMITS.trustRefusalsBurst, "so many were looked at, and no more");
		lock.rig.advance(60000);
		lock.relays[0]!.send({ kind: "trust", message: signBundle(crypto, linkBundle(2)) });
		lock.rig.advance(100);
		check.equal(versionOf(lock), 2);
	});

	t.test("a member may not bring bundles, nor change relays, nor see the owner's (T9)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const member = new PhoneRig(lock.rig, crypto, lock.label, 12);
		const card = { 0: "Bob", 1: ROLES.member, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
		check.equal(lock.owner.ask("members.add", card)?.status, "done");
		member.connect();
		check.equal(put(member, signBundle(crypto, linkBundle(2)))?.status, "not-permitted");
		check.equal(member.ask("relays.list")?.status, "not-permitted");
		check.equal(member.ask("relays.set", { 0: [], 1: [] })?.status, "not-permitted");
		check.equal(member.ask("trust.status")?.status, "done");
		check.equal(versionOf(lock), 1);
	});

	t.test(
		"the status says version, expiry, floor, and stale only when it is known (T11, T13)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			const { signedUnixSeconds, expiresUnixSeconds } = linkBundle(1);
			const fresh = lock.owner.ask("trust.status")!.result;
			check.deepEqual([fresh.uint(0), fresh.uint(1), fresh.get(2)], [1, expiresUnixSeconds, null]);
			check.deepEqual([fresh.uint(3), fresh.get(4), fresh.uint(5)], [signedUnixSeconds * 1000, null, 0]);
			// The firmware was built after the bundle's end: stale for certain, and everything goes on.
			const late = linkBundle(1, { expiresUnixSeconds: signedUnixSeconds + 60 });
			const rig = new LockRig({ crypto, buildUnixMs: (signedUnixSeconds + 3600) * 1000 });
			const label = rig.provision();
			const relay = { ...lock, rig, relays: [], untrusted: [] };
			serveRelay(relay, relayOf(1), rootOf(1));
			rig.installMessage(signBundle(crypto, late));
			rig.advance(2000);
			rig.press();
			const owner = new PhoneRig(rig, crypto, label, 11);
			check.equal(owner.pair()?.status, "done");
			check.equal(owner.ask("trust.status")!.result.get(2), true);
			check.equal(relay.relays.length, 1);
			check.equal(owner.ask("unlock")?.status, "done");
			check.equal(put(owner, signBundle(crypto, linkBundle(2)))?.status, "done");
		},
	);

	t.test("a bundle waits while the bolt moves (T19)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const message = signBundle(crypto, linkBundle(2));
		const unlock = lock.owner.send("unlock");
		lock.rig.advance(50);
		lock.relays[0]!.send({ kind: "trust", message });
		lock.rig.advance(50);
		check.ok(lock.rig.log.includes("trust: refused over relay, busy"), lock.rig.log);
		lock.rig.advance(5000);
		check.equal(lock.owner.reply(unlock)?.status, "done");
		check.equal(put(lock.owner, message)?.status, "done");
	});

	t.test("pieces of two phones do not mix, and a piece out of order is refused", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const second = new PhoneRig(lock.rig, crypto, lock.label, 12);
		const card = { 0: "Eve", 1: ROLES.owner, 2: second.key25519, 3: second.keyP256, 4: second.proof() };
		check.equal(lock.owner.ask("members.add", card)?.status, "done");
		second.connect();
		const pieces = encodePieces(signBundle(crypto, linkBundle(2)), 700);
		check.equal(lock.owner.ask("trust.put", pieces[0])?.status, "done");
		check.equal(second.ask("trust.put", pieces[1])?.status, "unknown-command");
		check.equal(lock.owner.ask("trust.put", pieces[2])?.status, "unknown-command");
		for (const piece of pieces.slice(1)) check.equal(lock.owner.ask("trust.put", piece)?.status, "done");
		check.equal(versionOf(lock), 2);
		check.equal(second.ask("trust.put", pieces[0])?.status, "done");
		second.disconnect();
		second.connect();
		check.equal(second.ask("trust.put", pieces[1])?.status, "unknown-command");
	});

	t.test("a lock that lost all its keys to rotation follows the new ones alone (T5)", ({ crypto }) => {
		const lock = newTrustedLock(crypto);
		const fresh = [holder(31), holder(32)];
		const rotated = linkBundle(2, { bundleRole: { threshold: 2, keys: publicKeys(...fresh) } });
		const old = [holder(1), holder(2)];
		check.equal(put(lock.owner, signBundle(crypto, rotated, [...old, ...fresh]))?.status, "done");
		check.equal(put(lock.owner, signBundle(crypto, linkBundle(3), old))?.status, "not-permitted");
		const third = linkBundle(3, { bundleRole: { threshold: 2, keys: publicKeys(...fresh) } });
		check.equal(put(lock.owner, signBundle(crypto, third, fresh))?.status, "done");
		check.equal(versionOf(lock), 3);
	});
}
