/** Which keys a lock holds open, counted at its provider: none without a session, none after one (I1). */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { TrackingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

/** One for each direction. */
const KEYS_OF_A_SESSION = 2;

/** The lock's provider counts; the phone has its own. */
function trackedLock(crypto: TestCrypto) {
	const tracking = new TrackingCrypto(crypto);
	const rig = new LockRig({ crypto: tracking });
	const label = rig.provision();
	return { tracking, rig, label, owner: new PhoneRig(rig, crypto, label, 11) };
}

function trackedPairedLock(crypto: TestCrypto) {
	const lock = trackedLock(crypto);
	lock.rig.press();
	check.equal(lock.owner.pair()?.status, "done", lock.rig.log);
	check.equal(lock.tracking.openHandles, KEYS_OF_A_SESSION);
	return lock;
}

export default function suite(t: Suite): void {
	t.test("provisioning leaves no key open, nor does an open window (I1)", ({ crypto }) => {
		const { rig, tracking } = trackedLock(crypto);
		check.equal(tracking.openHandles, 0);
		rig.press();
		check.equal(tracking.openHandles, 0);
	});

	t.test(
		"a session holds its two transport keys and nothing else, and none after its end (I1)",
		({ crypto }) => {
			const { rig, owner, tracking } = trackedPairedLock(crypto);
			check.equal(owner.ask("unlock")?.status, "done");
			check.equal(tracking.openHandles, KEYS_OF_A_SESSION);
			owner.disconnect();
			check.equal(tracking.openHandles, 0, rig.log);
			owner.connect();
			check.equal(tracking.openHandles, KEYS_OF_A_SESSION);
		},
	);

	t.test(
		"a session that ends for a bad frame, its age, a removal or a reset leaves no key open (I1)",
		({ crypto }) => {
			const ends: readonly ((lock: ReturnType<typeof trackedLock>) => void)[] = [
				({ owner }) => owner.transmit(new Uint8Array(40)),
				({ rig, owner }) => {
					rig.advance(LIMITS.sessionMs);
					owner.send("status");
				},
				({ rig, owner }) => rig.send({ kind: "open", channel: owner.channel }),
				({ rig }) => rig.hold(LIMITS.resetHoldMs + 100),
			];
			for (const end of ends) {
				const lock = trackedPairedLock(crypto);
				end(lock);
				lock.rig.advance(100);
				check.equal(lock.tracking.openHandles, 0, lock.rig.log);
			}
			const { rig, owner, label, tracking } = trackedPairedLock(crypto);
			const member = new PhoneRig(rig, crypto, label, 16);
			const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
			const id = owner.ask("members.add", args)?.result.uint(0) ?? 0;
			member.connect();
			check.equal(member.ask("status")?.status, "done");
			check.equal(tracking.openHandles, 2 * KEYS_OF_A_SESSION);
			check.equal(owner.ask("members.remove", { 0: id })?.status, "done");
			check.equal(tracking.openHandles, KEYS_OF_A_SESSION, rig.log);
		},
	);

	t.test("a handshake that is refused, or never finished, leaves no key open (I1)", ({ crypto, random }) => {
		const { rig, owner, label, tracking } = trackedLock(crypto);
		rig.press();
		owner.pair("Eve", { ...label, setupSecret: random.bytes(16) });
		check.equal(tracking.openHandles, 0, rig.log);
		owner.pair("Eve", { ...label, noisePublicKey: random.bytes(32) });
		check.equal(tracking.openHandles, 0, rig.log);
		owner.connect();
		check.ok(rig.log.includes("unknown-phone"), rig.log);
		check.equal(tracking.openHandles, 0, rig.log);
		owner.holding = true;
		owner.connect("qr");
		owner.holding = false;
		owner.transmit(owner.held.shift()!);
		check.ok(owner.ready, rig.log);
		rig.advance(LIMITS.halfOpenMs);
		check.ok(owner.closed, rig.log);
		check.equal(tracking.openHandles, 0, rig.log);
	});
}
