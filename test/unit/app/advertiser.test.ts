/** What a lock advertises, to whom it says something, and to whom it does not (docs/BLE.md 4). */

import { Advertiser } from "../../../modules/app/advertiser.ts";
import {
	ADVERTISER_START,
	type AdvertiserEvent,
	type AdvertiserState,
	step,
} from "../../../modules/app/advertiser-state.ts";
import { bytesEqual, toHex } from "../../../modules/base/bytes.ts";
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Clock } from "../../../modules/platform/clock.ts";
import type { HashAlgorithm, Secret, TestCrypto } from "../../../modules/platform/crypto.ts";
import type { Radio } from "../../../modules/platform/radio.ts";
import { RECORDS } from "../../../modules/store/records.ts";
import { Store } from "../../../modules/store/store.ts";
import {
	type Advertisement,
	claimableKey,
	decodeAdvertisement,
	encodeAdvertisement,
	resolves,
} from "../../../modules/wire/advertisement.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { DelegatingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { BleWire } from "../../sim/ble-wire.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { addMember, newRadioHome, OWNER_SEED } from "../../sim/radio-home.ts";
import { SimStorage } from "../../sim/storage.ts";

function now(rig: LockRig): Advertisement | undefined {
	const bytes = rig.board.radio.advertisement;
	if (bytes === undefined) return undefined;
	const read = decodeAdvertisement(bytes);
	check.ok(read.ok, "it is none");
	return read.value;
}

function keyOf(phone: PhoneRig): Uint8Array {
	const key = phone.ask("radio.key")?.result.bytes(0, 16);
	check.ok(key !== undefined, "no key");
	return key;
}

function isOf(crypto: TestCrypto, key: Uint8Array, advertisement: Advertisement | undefined): boolean {
	return advertisement !== undefined && resolves(crypto, key, advertisement);
}

export default function suite(t: Suite): void {
	t.test("in every state each event does what the diagram says (I8)", () => {
		const until = 5000 + LIMITS.advertiseMs;
		const claimed: AdvertiserState = { kind: "advertising", mode: "claimed", epoch: 3, untilMs: until };
		const claimable: AdvertiserState = { ...claimed, mode: "claimable" };
		const silent: AdvertiserState = { kind: "silent", epoch: 3 };
		const modes = ["claimed", "claimable", "silent"] as const;
		for (const state of [claimed, claimable, silent]) {
			const mode = state.kind === "silent" ? "silent" : state.mode;
			for (const wanted of modes) {
				const { state: next, effects } = step(state, { kind: "mode", mode: wanted }, 6000);
				if (wanted === mode) {
					check.deepEqual([next, effects.length], [state, 0]);
				} else if (wanted === "silent") {
					check.deepEqual([next, effects], [silent, [{ kind: "stop" }]]);
				} else {
					check.deepEqual(next, {
						kind: "advertising",
						mode: wanted,
						epoch: 4,
						untilMs: 6000 + LIMITS.advertiseMs,
					});
					check.deepEqual(effects[0], { kind: "advertise", mode: wanted, epoch: 4 });
				}
			}
			for (const event of [{ kind: "renew" }, { kind: "look" }] as readonly AdvertiserEvent[]) {
				const { state: next, effects } = step(state, event, until);
				check.equal(next.epoch, mode === "silent" ? 3 : 4);
				check.equal(effects.length, mode === "silent" ? 0 : 2);
			}
		}
		const early = step(claimed, { kind: "look" }, until - 1);
		check.deepEqual([early.state, early.effects], [claimed, [{ kind: "look", afterMs: 1 }]]);
		check.equal(ADVERTISER_START.epoch, 0);
	});

	t.test(
		"an unclaimed lock is silent but in its window, when the label alone resolves it (T7, T20)",
		({ crypto }) => {
			const rig = new LockRig({ crypto, radio: true });
			check.equal(now(rig), undefined);
			const label = rig.provision();
			check.equal(now(rig), undefined);
			rig.press();
			const secret = crypto.importSecret(label.setupSecret.slice());
			const key = claimableKey(crypto, secret);
			secret.close();
			check.equal(now(rig)?.kind, "claimable");
			check.ok(isOf(crypto, key, now(rig)));
			const other = crypto.importSecret(new Uint8Array(16).fill(1));
			check.ok(!isOf(crypto, claimableKey(crypto, other), now(rig)));
			rig.advance(LIMITS.windowMs + 1000);
			check.equal(now(rig), undefined, "the window is over");
			rig.press();
			const owner = new PhoneRig(new BleWire(rig.board), crypto, label, OWNER_SEED);
			check.equal(owner.pair()?.status, "done", rig.log);
			check.equal(now(rig)?.kind, "claimed");
			check.ok(!isOf(crypto, key, now(rig)), "a photo of the label follows nobody (T20)");
			check.ok(isOf(crypto, keyOf(owner), now(rig)));
		},
	);

	t.test(
		"a phone that is paired resolves every identifier, one that is not resolves none (T17)",
		({ crypto }) => {
			const { rig, owner } = newRadioHome(crypto);
			const key = keyOf(owner);
			const stranger = keyOf(newRadioHome(crypto).owner);
			check.ok(!bytesEqual(key, stranger), "two locks have two keys");
			for (let epoch = 0; epoch < 8; epoch++) {
				check.ok(isOf(crypto, key, now(rig)));
				check.ok(!isOf(crypto, stranger, now(rig)));
				rig.advance(LIMITS.advertiseMs);
			}
			rig.boot();
			check.ok(isOf(crypto, key, now(rig)), "also after a power cut");
		},
	);

	t.test(
		"an observer without the key finds no equal bytes from one epoch to the next, but those that all locks share (T17)",
		({ crypto }) => {
			const { rig } = newRadioHome(crypto);
			const other = newRadioHome(crypto).rig;
			const seen = new Set<string>();
			const perByte = Array.from({ length: 10 }, () => new Set<number>());
			const epochs = 96;
			for (let epoch = 0; epoch < epochs; epoch++) {
				const bytes = rig.board.radio.advertisement!;
				check.equal(bytes[0], other.board.radio.advertisement![0], "the header is everybody's");
				seen.add(toHex(bytes.subarray(1)));
				// Parts of it alone would be enough to follow a lock.
				seen.add(`nonce ${toHex(bytes.subarray(1, 5))}`);
				seen.add(`tag ${toHex(bytes.subarray(5))}`);
				for (const [index, byte] of bytes.entries()) perByte[index]!.add(byte);
				rig.advance(LIMITS.advertiseMs);
			}
			check.equal(seen.size, 3 * epochs);
			check.equal(perByte[0]!.size, 1);
			for (const values of perByte.slice(1))
				check.ok(values.size > epochs / 3, `${values.size} values of a byte`);
		},
	);

	t.test(
		"an identifier is advertised for a quarter of an hour and not a moment longer (T17)",
		({ crypto }) => {
			const { rig } = newRadioHome(crypto);
			// Until the owner's connection is over, which is an end of its own.
			rig.advance(2 * LIMITS.localIdleMs);
			const former = rig.board.radio.advertisement!;
			for (let second = 0; bytesEqual(rig.board.radio.advertisement!, former); second++) {
				check.ok(second * 1_000 <= LIMITS.advertiseMs);
				rig.advance(1_000);
			}
			const first = rig.board.radio.advertisement!;
			const count = rig.board.radio.advertised.length;
			rig.advance(LIMITS.advertiseMs - 60_000);
			check.bytes(rig.board.radio.advertisement!, first);
			rig.advance(60_000);
			check.ok(!bytesEqual(rig.board.radio.advertisement!, first));
			check.equal(rig.board.radio.advertised.length, count + 1);
		},
	);

	t.test(
		"a stack that stops with a connection advertises again when one began and when one ended, under another identifier each time (T17, I10)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			const key = keyOf(owner);
			rig.advance(2 * LIMITS.localIdleMs);
			const seen = [rig.board.radio.advertisement!];
			const central = rig.board.radio.dial();
			rig.advance(10);
			seen.push(rig.board.radio.advertisement!);
			central.end();
			rig.advance(10);
			seen.push(rig.board.radio.advertisement!);
			for (const bytes of seen) check.ok(bytes !== undefined && isOf(crypto, key, now(rig)));
			check.equal(new Set(seen.map((bytes) => toHex(bytes))).size, 3);
		},
	);

	t.test(
		"a phone that is removed follows the lock no longer, and the others ask for the new key (T8)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			const { phone, id } = addMember(crypto, home, 15);
			const old = keyOf(phone);
			check.bytes(keyOf(owner), old);
			check.equal(owner.ask("members.remove", { 0: id })?.status, "done");
			check.ok(!isOf(crypto, old, now(rig)), "at once");
			const fresh = keyOf(owner);
			check.ok(!bytesEqual(fresh, old));
			check.ok(isOf(crypto, fresh, now(rig)));
			rig.boot();
			check.ok(isOf(crypto, fresh, now(rig)) && !isOf(crypto, old, now(rig)));
		},
	);

	t.test(
		"power that goes at any write of a removal leaves a lock that the removed phone does not follow (T8, T12, T17)",
		({ crypto }) => {
			const found = { member: 0, removed: 0 };
			let writes = 1;
			for (let write = 0; write < writes; write++) {
				for (const applied of [false, true]) {
					const home = newRadioHome(crypto);
					const { rig, owner } = home;
					const { phone, id } = addMember(crypto, home, 15);
					const old = keyOf(phone);
					check.bytes(keyOf(owner), old);
					const before = rig.board.storage.mutations().length;
					rig.board.storage.cutAfter(write, applied);
					const reply = owner.ask("members.remove", { 0: id });
					if (rig.board.running) {
						check.equal(reply?.status, "done", rig.log);
						writes = Math.max(writes, rig.board.storage.mutations().length - before);
						continue;
					}
					writes = Math.max(writes, write + 2);
					rig.boot();
					const grants = rig.board.storage.names("access").filter((name) => name.startsWith("grant-"));
					const isMember = grants.length > 0;
					found[isMember ? "member" : "removed"]++;
					check.equal(isOf(crypto, old, now(rig)), isMember, `cut at ${write}, ${applied}`);
					rig.advance(LIMITS.advertiseMs);
					check.equal(isOf(crypto, old, now(rig)), isMember);
					const again = new PhoneRig(new BleWire(rig.board), crypto, home.label, OWNER_SEED);
					again.connect();
					check.ok(isOf(crypto, keyOf(again), now(rig)), "the owner's phone follows it again");
				}
			}
			check.ok(found.member > 0 && found.removed > 2, JSON.stringify(found));
		},
	);

	t.test(
		"flash that takes no new key at a removal silences the lock until it does, and is no reason to keep the member (T8, I10)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			const { phone, id } = addMember(crypto, home, 15);
			const old = keyOf(phone);
			// The decision is on record; nothing after it is.
			rig.board.storage.failWrites("record/full", 1);
			check.equal(owner.ask("members.remove", { 0: id })?.status, "done", rig.log);
			check.equal(now(rig), undefined);
			rig.advance(LIMITS.advertiseMs);
			check.equal(now(rig), undefined);
			rig.board.storage.heal();
			rig.advance(LIMITS.advertiseMs);
			check.ok(now(rig) !== undefined && !isOf(crypto, old, now(rig)));
		},
	);

	t.test("the key stays the same while members come (T8)", ({ crypto }) => {
		const home = newRadioHome(crypto);
		const key = keyOf(home.owner);
		for (const seed of [15, 16, 17]) addMember(crypto, home, seed);
		check.bytes(keyOf(home.owner), key);
		home.rig.boot();
		check.ok(isOf(crypto, key, now(home.rig)));
	});

	t.test("after a reset the keys of former phones resolve nothing (T8, T20)", ({ crypto }) => {
		const { rig, owner, label } = newRadioHome(crypto);
		const old = keyOf(owner);
		rig.hold(LIMITS.resetHoldMs + 100);
		rig.advance(LIMITS.resetGraceMs + 1000);
		rig.boot();
		check.equal(now(rig), undefined);
		rig.press();
		const next = new PhoneRig(new BleWire(rig.board), crypto, label, 77);
		check.equal(next.pair()?.status, "done", rig.log);
		check.ok(!isOf(crypto, old, now(rig)));
	});

	t.test("a key of a build that did not count who left is nobody's, and no fault (T8, I10)", ({ crypto }) => {
		const { rig, owner, label } = newRadioHome(crypto);
		const { domain, name } = RECORDS.advertisingKey;
		const old = new Uint8Array(16).fill(5);
		rig.board.storage.delete(domain, name);
		rig.board.storage.write("radio", "advert-key", encodeCbor({ 0: 1, 1: old }));
		rig.board.logs.length = 0;
		rig.boot();
		check.ok(!rig.log.includes("advertising-key"), rig.log);
		check.ok(now(rig) !== undefined && !isOf(crypto, old, now(rig)));
		const again = new PhoneRig(new BleWire(rig.board), crypto, label, OWNER_SEED);
		again.connect();
		check.ok(isOf(crypto, keyOf(again), now(rig)));
		check.ok(owner.closed);
	});

	t.test("flash that takes no key costs advertising, nothing else (I10)", ({ crypto }) => {
		const rig = new LockRig({ crypto, radio: true });
		const label = rig.provision();
		rig.press();
		const owner = new PhoneRig(new BleWire(rig.board), crypto, label, OWNER_SEED);
		check.equal(owner.pair()?.status, "done", rig.log);
		rig.board.storage.delete(RECORDS.advertisingKey.domain, RECORDS.advertisingKey.name);
		rig.boot();
		check.ok(now(rig) !== undefined, "a lost key is made anew");
	});

	t.test(
		"an advertisement that was changed, or is of another kind or length, resolves nothing (T15)",
		({ crypto, random }) => {
			const { rig, owner } = newRadioHome(crypto);
			const key = keyOf(owner);
			const bytes = rig.board.radio.advertisement!;
			for (let round = 0; round < 80; round++) {
				const bent = bytes.slice();
				bent[round % 10] = bent[round % 10]! ^ (1 << random.below(8));
				const read = decodeAdvertisement(bent);
				check.ok(!read.ok || !resolves(crypto, key, read.value));
			}
			for (const length of [0, 9, 11]) check.ok(!decodeAdvertisement(new Uint8Array(length).fill(0x11)).ok);
			const read = decodeAdvertisement(bytes);
			check.ok(read.ok);
			check.bytes(encodeAdvertisement(read.value), bytes);
		},
	);

	t.test(
		"no entropy costs advertising and nothing else, and no setup secret stays open (I1, I10)",
		({ crypto }) => {
			class Dry extends DelegatingCrypto {
				isDry = true;
				override random(bytes: number): Uint8Array {
					if (this.isDry) throw new DeviceError("entropy/unavailable", "a test");
					return super.random(bytes);
				}
				override hmac(algorithm: HashAlgorithm, key: Secret | Uint8Array, data: Uint8Array): Uint8Array {
					if (this.isDry) throw new DeviceError("memory/exhausted", "a test");
					return super.hmac(algorithm, key, data);
				}
			}
			for (const isClaimed of [true, false]) {
				const dry = new Dry(crypto);
				let left = 0;
				const told: (Uint8Array | undefined)[] = [];
				const advertiser = new Advertiser({
					radio: {
						advertise: (data: Uint8Array | undefined) => void told.push(data),
						onSilenced: () => undefined,
					} as unknown as Radio,
					clock: { monotonicMs: () => 0, after: () => ({ cancel: () => undefined }) } as unknown as Clock,
					crypto: dry,
					store: new Store(new SimStorage()),
					isClaimed: () => isClaimed,
					departed: () => 0,
					isWindowOpen: () => true,
					openSetupSecret: () => {
						left++;
						const secret = crypto.importSecret(new Uint8Array(16).fill(5));
						return {
							close: () => {
								left--;
								secret.close();
							},
						};
					},
					log: () => undefined,
				});
				advertiser.start();
				check.deepEqual(told, [undefined]);
				check.equal(left, 0);
				advertiser.stop();
			}
		},
	);
}
