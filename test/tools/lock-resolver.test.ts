/** How a phone knows its locks by what they advertise (docs/BLE.md 4), and what somebody gains who plays that back. */
import { LIMITS } from "../../modules/base/limits.ts";
import { advertisementFor, encodeAdvertisement } from "../../modules/wire/advertisement.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { LockResolver, type ResolvableLock } from "../../tools/phone/lock-resolver.ts";
import { check, type Suite } from "../harness/test.ts";

const crypto = new NobleCrypto();

function newLocks(): ResolvableLock[] {
	return ["LK-A", "LK-B"].map((serial) => ({ serial, kind: "claimed", key: crypto.random(16) }));
}

function said({ key, kind }: ResolvableLock, nonce = crypto.random(4)): Uint8Array {
	return encodeAdvertisement(advertisementFor(crypto, key, kind, nonce));
}

export default function suite(t: Suite): void {
	t.test("each of a phone's locks is known by its own key, another one's by none (T17)", () => {
		const locks = newLocks();
		const resolver = new LockResolver(crypto, locks);
		for (const lock of locks) check.equal(resolver.resolve(said(lock), 0), lock.serial);
		check.equal(resolver.resolve(said({ ...locks[0]!, key: crypto.random(16) }), 0), undefined);
		check.equal(resolver.resolve(said({ ...locks[0]!, kind: "claimable" }), 0), undefined, "of another kind");
		for (const bytes of [0, 9, 10, 11]) check.equal(resolver.resolve(crypto.random(bytes + 1), 0), undefined);
	});

	t.test("an advertisement that is played back after its time resolves to nothing (T17)", () => {
		const [lock] = newLocks();
		const resolver = new LockResolver(crypto, [lock!]);
		const recorded = said(lock!);
		check.equal(resolver.resolve(recorded, 1000), lock!.serial);
		check.equal(resolver.resolve(recorded, 1000 + LIMITS.advertiseMs), lock!.serial, "it is still its time");
		check.equal(resolver.resolve(said(lock!), 1000 + LIMITS.advertiseMs), lock!.serial);
		check.equal(resolver.resolve(recorded, 1001 + 2 * LIMITS.advertiseMs), undefined);
		check.equal(resolver.resolve(said(lock!), 1001 + 2 * LIMITS.advertiseMs), lock!.serial);
	});

	t.test("noise of strangers makes it forget no nonce, and what it remembers has a bound (T16, I8)", () => {
		const [lock] = newLocks();
		const resolver = new LockResolver(crypto, [lock!]);
		const recorded = said(lock!);
		check.equal(resolver.resolve(recorded, 0), lock!.serial);
		for (let count = 0; count < 2000; count++) resolver.resolve(crypto.random(10), count);
		check.equal(resolver.resolve(recorded, 3 * LIMITS.advertiseMs), undefined, "it is remembered");
	});
}
