/** Memory or entropy that runs out while a stranger or a phone opens a channel (T16, I10): refused, wiped, no reboot. */
import { DeviceError } from "../../../modules/base/device-error.ts";
import type { DhKeyPair, Secret, TestCrypto } from "../../../modules/platform/crypto.ts";
import { TrackingCrypto } from "../../harness/delegating-crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

/** Fails one operation: the one that follows `after` more. */
class FailingCrypto extends TrackingCrypto {
	#left: number | undefined;

	failAfter(after: number): void {
		this.#left = after;
	}

	/** True when the fault was met. */
	heal(): boolean {
		const met = this.#left !== undefined && this.#left < 0;
		this.#left = undefined;
		return met;
	}

	#work(): void {
		if (this.#left !== undefined && this.#left-- === 0) throw new DeviceError("memory/exhausted", "test");
	}

	override random(bytes: number): Uint8Array {
		this.#work();
		return super.random(bytes);
	}
	override sha256(data: Uint8Array): Uint8Array {
		this.#work();
		return super.sha256(data);
	}
	override hmac(algorithm: "sha256" | "sha512", key: Secret | Uint8Array, data: Uint8Array): Uint8Array {
		this.#work();
		return super.hmac(algorithm, key, data);
	}
	override derive(secret: Secret, salt: Uint8Array, info: Uint8Array, bytes: number): Secret {
		this.#work();
		return super.derive(secret, salt, info, bytes);
	}
	override generateEphemeral(): DhKeyPair {
		this.#work();
		return super.generateEphemeral();
	}
	override chainFrom(publicBytes: Uint8Array): Secret {
		this.#work();
		return super.chainFrom(publicBytes);
	}
	override chain(chainingKey: Secret, input: Secret | Uint8Array, outputs: 2 | 3): Secret[] {
		this.#work();
		return super.chain(chainingKey, input, outputs);
	}
	override mixSecretIntoHash(hash: Uint8Array, secret: Secret): Uint8Array {
		this.#work();
		return super.mixSecretIntoHash(hash, secret);
	}
	override sealCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		plaintext: Uint8Array,
	): Uint8Array {
		this.#work();
		return super.sealCounter(key, counter, associated, plaintext);
	}
	override openCounter(
		key: Secret,
		counter: number,
		associated: Uint8Array,
		sealed: Uint8Array,
	): Uint8Array | undefined {
		this.#work();
		return super.openCounter(key, counter, associated, sealed);
	}
}

/** The lock's provider fails; the phone has its own. */
function failingLock(crypto: TestCrypto) {
	const failing = new FailingCrypto(crypto);
	const rig = new LockRig({ crypto: failing });
	const owner = new PhoneRig(rig, crypto, rig.provision(), 11);
	rig.press();
	return { failing, rig, owner };
}

/** Opens channels, with a fault at each operation in turn, until one meets none. */
function connectThroughFaults(lock: ReturnType<typeof failingLock>, method: "session" | "qr"): number {
	const { failing, rig, owner } = lock;
	for (let after = 0; ; after++) {
		rig.advance(2500);
		failing.failAfter(after);
		owner.connect(method);
		const met = failing.heal();
		if (!met) return after;
		check.ok(owner.closed, `operation ${after}: the channel is left open`);
		check.equal(failing.openHandles, 0, `operation ${after} of ${method}`);
	}
}

export default function suite(t: Suite): void {
	t.test(
		"a fault at any operation of a handshake closes its channel, wipes its keys and reboots nothing (T16, I1)",
		({ crypto }) => {
			const lock = failingLock(crypto);
			check.ok(connectThroughFaults(lock, "qr") > 20);
			check.equal(lock.owner.enrol()?.status, "done", lock.rig.log);
			lock.owner.disconnect();
			check.ok(connectThroughFaults(lock, "session") > 15);
			check.equal(lock.owner.ask("unlock")?.status, "done");
			check.equal(lock.rig.board.boots, 1);
			check.ok(lock.rig.log.includes("refused over serial, fault memory/exhausted"), lock.rig.log);
		},
	);

	t.test(
		"a frame that cannot be opened or sealed for a fault ends its session and no more (I1)",
		({ crypto }) => {
			const lock = failingLock(crypto);
			const { failing, rig, owner } = lock;
			check.equal(owner.pair()?.status, "done");
			for (const after of [0, 1]) {
				check.equal(owner.ask("status")?.status, "done");
				failing.failAfter(after);
				owner.send("status");
				check.ok(failing.heal());
				check.ok(owner.closed, rig.log);
				check.equal(failing.openHandles, 0);
				rig.advance(2500);
				owner.connect();
			}
			check.ok(rig.log.includes("ended, fault"), rig.log);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);

	t.test("a reset is done also when its notice cannot be sealed (T20, I10)", ({ crypto }) => {
		const { failing, rig, owner } = failingLock(crypto);
		check.equal(owner.pair()?.status, "done");
		failing.generateEphemeral = () => {
			throw new DeviceError("entropy/unavailable", "test");
		};
		rig.hold(12000);
		check.ok(!rig.board.running, rig.log);
		check.equal(rig.board.storage.peek("access", "claim"), undefined);
	});
}
