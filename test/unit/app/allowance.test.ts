/** What strangers and phones may cost a lock (DESIGN 5.1, T7, T16): handshakes, channels, flash, bytes that wait. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, type Suite } from "../../harness/test.ts";
import type { LockRig } from "../../sim/lock-rig.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

function countOf(rig: LockRig, line: string): number {
	return rig.log.split(line).length - 1;
}

/** Opens channels as strangers who never say hello; how many of them the lock closed at once. */
function openStrangers(rig: LockRig, count: number): number {
	let closed = 0;
	for (let index = 0; index < count; index++) {
		const onClosed = (): void => {
			closed++;
		};
		rig.send({ kind: "open", channel: rig.newChannel({ onFrame: () => undefined, onClosed }) });
	}
	return closed;
}

export default function suite(t: Suite): void {
	t.test("guesses at the QR secret are limited by the allowance of handshakes (T7)", ({ crypto, random }) => {
		const { rig, owner, label } = newLock(crypto);
		rig.press();
		for (let guess = 0; guess < 40; guess++) owner.pair("Eve", { ...label, setupSecret: random.bytes(16) });
		check.equal(countOf(rig, "handshake-unauthentic"), LIMITS.handshakesBurst);
		check.equal(countOf(rig, "refused over serial, rate"), 40 - LIMITS.handshakesBurst);
		rig.advance(60000 / LIMITS.handshakesPerMinute);
		check.equal(owner.pair()?.status, "done", rig.log);
	});

	t.test(
		"a phone that connects without end is refused for a while, and sessions go on (T16)",
		({ crypto }) => {
			const { rig, owner, label } = newPairedLock(crypto);
			const again = new PhoneRig(rig, crypto, label, 11);
			let ready = 0;
			for (let round = 0; round < 30; round++) {
				again.connect();
				if (again.ready) ready++;
				if (!again.closed) again.disconnect();
			}
			check.ok(ready > 0 && ready <= LIMITS.handshakesBurst, `${ready} handshakes`);
			check.equal(owner.ask("unlock")?.status, "done");
			rig.advance(60000);
			again.connect();
			check.ok(again.ready, rig.log);
		},
	);

	t.test("first messages with a wrong MAC take nothing from the allowance (T16)", ({ crypto, random }) => {
		const { rig, owner, label } = newPairedLock(crypto);
		owner.disconnect();
		const stranger = new PhoneRig(rig, crypto, label, 99);
		for (let round = 0; round < 100; round++) {
			stranger.connect("session", { ...label, noisePublicKey: random.bytes(32) });
		}
		check.equal(countOf(rig, "hello-mac"), 100);
		owner.connect();
		check.ok(owner.ready, rig.log);
	});

	t.test(
		"strangers push out strangers alone, never a session, and hold a bounded number of channels (T16, I8)",
		({ crypto }) => {
			const { rig, owner } = newPairedLock(crypto);
			check.equal(openStrangers(rig, 50), 50 - (LIMITS.channels - 1));
			check.ok(!owner.closed, rig.log);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);

	t.test(
		"strangers write nothing to flash until the hour is over, then one entry (T16, I7)",
		({ crypto }) => {
			const { rig, label } = newPairedLock(crypto);
			const writes = rig.board.storage.mutations().length;
			const stranger = new PhoneRig(rig, crypto, label, 99);
			for (let round = 0; round < 20; round++) stranger.connect();
			check.ok(countOf(rig, "session: refused over serial") >= 20, rig.log);
			check.equal(rig.board.storage.mutations().length, writes);
			rig.advance(3600000);
			check.equal(rig.board.storage.mutations().length, writes + 1);
		},
	);

	t.test(
		"what a serial line does not take is bounded and said, and the line works again after (I8, T16)",
		({ crypto }) => {
			const { rig, owner } = newPairedLock(crypto);
			rig.board.serial.setRoom(0);
			openStrangers(rig, 1000);
			check.ok(rig.log.includes("serial: dropped, queue"), rig.log.slice(-200));
			rig.board.serial.setRoom(4096);
			rig.advance(10000);
			owner.connect();
			check.ok(owner.ready, rig.log.slice(-200));
			rig.pressExit();
			check.equal(rig.board.hardware.position, 0);
		},
	);
}
