/**
 * The drill: the relay's CA key is stolen, the bundle is replaced, and the power goes at every single write on the way, in
 * every transport, before and after the write has landed. No lock is lost: each is at the old version or the new one, under
 * a floor that fits, and can be brought to the new one by whatever way is left (T5, T12, I3, I5).
 */

import type { TrustWay } from "../../../modules/app/trust-keeper.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { encodeFrame } from "../../../modules/wire/cobs.ts";
import { encodeLineRequest } from "../../../modules/wire/line-verb.ts";
import { encodePieces } from "../../../modules/wire/piece.ts";
import { check, type Suite } from "../../harness/test.ts";
import { signBundle } from "../../sim/bundles.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import type { SimStorage } from "../../sim/storage.ts";
import {
	linkBundle,
	newTrustedLock,
	relayOf,
	rootOf,
	serveRelay,
	type TrustedLock,
} from "../../sim/trusted-lock.ts";

const WAYS: readonly TrustWay[] = Object.freeze(["relay", "session", "serial"]);

/** Small, so that a message takes several pieces. */
const PIECE_BYTES = 700;

/** The same lock in another life: its records as they were, its relays and its owner's phone. */
function revive(crypto: TestCrypto, first: TrustedLock, storage: SimStorage): TrustedLock {
	const rig = new LockRig({ crypto, storage });
	const owner = new PhoneRig(rig, crypto, first.label, 11);
	const lock: TrustedLock = { rig, label: first.label, owner, relays: [], untrusted: [] };
	// The thief serves version 1's address with the stolen CA's chain; the vendor's new relays are elsewhere.
	for (let version = 1; version <= 5; version++) serveRelay(lock, relayOf(version), rootOf(version));
	rig.boot();
	rig.advance(1000);
	owner.connect();
	check.ok(owner.ready, rig.log);
	return lock;
}

/** Sends and asks for no answer: the power may be gone at any point. */
function deliver(lock: TrustedLock, way: TrustWay, messages: readonly Uint8Array[]): void {
	const { rig, owner, relays } = lock;
	for (const message of messages) {
		if (way === "relay") {
			relays.at(-1)?.send({ kind: "trust", message });
			rig.advance(100);
			continue;
		}
		for (const piece of encodePieces(message, PIECE_BYTES)) {
			if (!rig.board.running) return;
			if (way === "session") owner.send("trust.put", piece);
			else rig.writeRaw(encodeFrame(encodeLineRequest("trust", piece)));
			rig.advance(100);
		}
	}
}

function stored(lock: TrustedLock): { readonly version: number; readonly floorMs: number } {
	const { storage } = lock.rig.board;
	const bundle = decodeCborMap(storage.peek("trust", "bundle") ?? new Uint8Array(0));
	const floor = decodeCborMap(storage.peek("time", "floor") ?? new Uint8Array(0));
	return {
		version: (bundle.ok ? bundle.value.uint(1) : undefined) ?? check.fail("no bundle"),
		floorMs: (floor.ok ? floor.value.uint(1) : undefined) ?? check.fail("no floor"),
	};
}

function signedMs(version: number): number {
	return linkBundle(version).signedUnixSeconds * 1000;
}

/** The lock is at `version` and lives: it reaches that version's relay, and its owner gets in. */
function checkAlive(lock: TrustedLock, version: number): void {
	check.equal(stored(lock).version, version);
	const before = lock.relays.length;
	lock.rig.boot();
	lock.rig.advance(2000);
	check.ok(lock.relays.length > before, lock.rig.log);
	const attempt = lock.rig.board.network.attempts.at(-1);
	check.equal(attempt?.host, relayOf(version).host);
	check.deepEqual(attempt?.roots, [{ der: rootOf(version) }]);
	lock.owner.connect();
	check.equal(lock.owner.ask("unlock")?.status, "done", lock.rig.log);
}

export default function suite(t: Suite): void {
	for (const way of WAYS) {
		t.test(
			`power cut at every write while a bundle comes over ${way}: old or new, never a mix, and no lock is lost (T5, T12, I3, I5)`,
			({ crypto, note }) => {
				const first = newTrustedLock(crypto);
				const base = first.rig.board.storage;
				const message = signBundle(crypto, linkBundle(2));
				const seen = new Set<number>();
				let cuts = 0;
				for (let step = 0; ; step++) {
					let struck = false;
					for (const applied of [false, true]) {
						const lock = revive(crypto, first, base.reboot());
						lock.rig.board.storage.cutAfter(step, applied);
						deliver(lock, way, [message]);
						if (lock.rig.board.running) continue;
						struck = true;
						cuts++;
						const { version, floorMs } = stored(lock);
						seen.add(version);
						check.ok(version === 1 || version === 2, `version ${version}`);
						check.ok(floorMs >= signedMs(version), `floor ${floorMs} under version ${version}`);
						lock.rig.boot();
						lock.rig.advance(2000);
						lock.owner.connect();
						check.ok(lock.owner.ready, lock.rig.log);
						// Whatever way is left brings it to the new version; the same bundle again is no change.
						const other = WAYS[cuts % WAYS.length]!;
						deliver(lock, other, [message]);
						check.ok(stored(lock).floorMs >= floorMs, "the floor fell");
						if (cuts % 4 === 0) checkAlive(lock, 2);
						else check.equal(stored(lock).version, 2, lock.rig.log);
					}
					if (!struck) break;
				}
				check.ok(cuts >= 4 && seen.size === 2, `${cuts} cuts, versions ${[...seen].join()}`);
				note(`${way}: ${cuts} power cuts`);
			},
		);
	}

	t.test(
		"power cut at every write of a chain of three: each lock is at one of its links and goes on from there (T5, T12, I3)",
		({ crypto, note }) => {
			const first = newTrustedLock(crypto);
			const base = first.rig.board.storage;
			const messages = [2, 3, 4].map((version) => signBundle(crypto, linkBundle(version)));
			const seen = new Set<number>();
			let cuts = 0;
			for (let step = 0; ; step++) {
				let struck = false;
				for (const applied of [false, true]) {
					const lock = revive(crypto, first, base.reboot());
					lock.rig.board.storage.cutAfter(step, applied);
					deliver(lock, "relay", messages);
					if (lock.rig.board.running) continue;
					struck = true;
					cuts++;
					const { version, floorMs } = stored(lock);
					seen.add(version);
					check.ok(floorMs >= signedMs(version), `floor ${floorMs} under version ${version}`);
					lock.rig.boot();
					// The relay of the version that it has sends what is missing.
					lock.rig.advance(2000);
					deliver(lock, "relay", messages.slice(version - 1));
					check.equal(stored(lock).version, 4, lock.rig.log);
				}
				if (!struck) break;
			}
			check.deepEqual([...seen].sort(), [1, 2, 3, 4]);
			note(`chain: ${cuts} power cuts`);
		},
	);

	t.test(
		"the thief's relay is no relay any more, and what it had of TLS sessions resumes nothing (T4, T5)",
		({ crypto }) => {
			const lock = newTrustedLock(crypto);
			const thief = lock.relays[0]!;
			// The lock has a session to resume with the relay whose CA was stolen.
			lock.rig.board.network.dropAll();
			lock.rig.advance(5000);
			check.equal(lock.relays.length, 2);
			lock.relays[1]!.send({
				kind: "trust",
				message: signBundle(crypto, linkBundle(2, { relays: [relayOf(1)] })),
			});
			lock.rig.advance(LIMITS.trustSettleMs + 5000);
			// The same address, now served by the thief alone.
			check.ok(lock.untrusted.length > 0, lock.rig.log);
			check.equal(lock.relays.length, 2);
			const scopes = lock.rig.board.network.attempts.map((attempt) => attempt.resumptionScope);
			check.notEqual(scopes.at(-1), scopes[0]);
			thief.send({ kind: "trust", message: signBundle(crypto, linkBundle(3)) });
			lock.rig.advance(1000);
			check.equal(stored(lock).version, 2);
			// The vendor takes the address back with the new root.
			serveRelay(lock, relayOf(1), rootOf(2));
			lock.rig.advance(LIMITS.linkBackoffMaxMs);
			check.equal(lock.relays.length, 3, lock.rig.log);
		},
	);
}
