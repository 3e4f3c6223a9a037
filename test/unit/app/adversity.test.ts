/**
 * What goes wrong around a lock: a relay that lies, frames that are none, flash that fails. Each leaves a line in the
 * log, the state as it was, and a lock that still answers its button.
 */
import { RECORD_ROWS, RECORDS } from "../../../modules/store/records.ts";
import { recordName } from "../../../modules/store/store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { encodeFrame } from "../../../modules/wire/cobs.ts";
import { check, type Suite } from "../../harness/test.ts";
import type { LockRig } from "../../sim/lock-rig.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

/** The exit button moves the bolt whatever else is broken (I10). */
function checkAnswersButton(rig: LockRig): void {
	rig.board.hardware.turnTo(1);
	rig.advance(200);
	rig.pressExit();
	check.equal(rig.board.hardware.position, 0, rig.log);
}

export default function suite(t: Suite): void {
	t.test("envelopes of an unknown kind are dropped with a line in the log (T15)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		for (const kind of [0, 4, 5, 6, 9, 99]) rig.writeRaw(encodeFrame(encodeCbor({ 0: kind, 1: 1 })));
		check.ok(rig.log.includes("serial: dropped, envelope-"), rig.log);
		check.equal(owner.ask("status")?.status, "done");
		checkAnswersButton(rig);
	});

	t.test("a frame beyond the limit is dropped whole and the next one is read (T15)", ({ crypto, random }) => {
		const { rig, owner } = newPairedLock(crypto);
		const flood = random.bytes(20000).map((byte) => byte | 1);
		rig.writeRaw(flood);
		rig.writeRaw(Uint8Array.of(0));
		check.ok(rig.log.includes("serial: dropped, frame"), rig.log);
		check.equal(owner.ask("status")?.status, "done");
		checkAnswersButton(rig);
	});

	t.test("a relay that sends data for channels nobody opened reaches nothing (T1)", ({ crypto, random }) => {
		const { rig, owner } = newPairedLock(crypto);
		for (const channel of [0, 77, 4294967295]) rig.send({ kind: "data", channel, frame: random.bytes(64) });
		check.equal(owner.ask("status")?.status, "done");
		checkAnswersButton(rig);
	});

	t.test("a relay that opens a session's channel anew ends that session and no other (T1)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		rig.send({ kind: "open", channel: owner.channel });
		check.ok(owner.closed);
		check.ok(rig.log.includes("ended, dropped"), rig.log);
		owner.connect();
		check.equal(owner.ask("status")?.status, "done");
	});

	t.test("a relay that crosses the frames of two phones opens nothing for either (T1, T2)", ({ crypto }) => {
		const { rig, owner, label } = newPairedLock(crypto);
		const member = new PhoneRig(rig, crypto, label, 15);
		const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
		check.equal(owner.ask("members.add", args)?.status, "done");
		member.connect();
		check.equal(member.ask("status")?.status, "done");
		owner.holding = true;
		owner.send("unlock");
		const [frame] = owner.held;
		rig.send({ kind: "data", channel: member.channel, frame: frame! });
		rig.advance(3000);
		check.ok(member.closed);
		check.equal(rig.board.hardware.position, 1);
		owner.release();
		rig.advance(1000);
		check.equal(rig.board.hardware.position, 0);
	});

	t.test("a relay that drops a frame loses the session, not the lock (T2)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		owner.holding = true;
		owner.send("status");
		owner.held.length = 0;
		owner.holding = false;
		owner.send("unlock");
		rig.advance(3000);
		check.ok(owner.closed);
		check.equal(rig.board.hardware.position, 1);
		owner.connect();
		check.equal(owner.ask("unlock")?.status, "done");
	});

	t.test("a phone that answers a sealed frame with plaintext is cut off (T1)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		owner.transmit(encodeCbor({ 0: 1, 1: 3, 2: 0, 3: 0 }));
		rig.advance(3000);
		check.ok(owner.closed);
		check.equal(rig.board.hardware.position, 1);
	});

	t.test(
		"random frames in every state of a channel are refused and logged (T15, I9)",
		({ crypto, random }) => {
			const { rig, owner } = newPairedLock(crypto);
			for (let round = 0; round < 60; round++) {
				let closed = false;
				const channel = rig.newChannel({
					onFrame: () => undefined,
					onClosed: () => {
						closed = true;
					},
				});
				rig.send({ kind: "open", channel });
				rig.send({ kind: "data", channel, frame: random.bytes(1 + random.below(300)) });
				check.ok(closed, "a stranger's garbage closes its channel");
			}
			check.ok(rig.log.includes("hello-malformed"), rig.log);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);

	t.test("eight waiting strangers cannot keep an owner out (T16)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		owner.disconnect();
		for (let index = 0; index < 20; index++) {
			rig.send({
				kind: "open",
				channel: rig.newChannel({ onFrame: () => undefined, onClosed: () => undefined }),
			});
		}
		owner.connect();
		check.ok(owner.ready, rig.log);
		check.equal(owner.ask("unlock")?.status, "done");
	});

	t.test("strangers who lack the Noise key cost no handshake and no flash (T16)", ({ crypto, random }) => {
		const { rig, owner, label } = newPairedLock(crypto);
		const before = rig.board.storage.mutations().length;
		const wrong = { ...label, noisePublicKey: random.bytes(32) };
		const stranger = new PhoneRig(rig, crypto, label, 99);
		for (let index = 0; index < 50; index++) stranger.connect("session", wrong);
		check.equal(rig.board.storage.mutations().length, before);
		check.equal(rig.log.split("hello-mac").length - 1, 50);
		check.equal(owner.ask("status")?.status, "done");
	});

	t.test("a board without a certificate serves its line and its button, and has no link", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		check.equal(rig.board.network.attempts.length, 0);
		check.equal(owner.ask("unlock")?.status, "done");
		checkAnswersButton(rig);
	});

	t.test(
		"any one corrupt record is named in the log, opens nothing, and leaves the button working (T12, I5)",
		({ crypto }) => {
			for (const row of RECORD_ROWS) {
				const { rig, owner, label } = newPairedLock(crypto);
				rig.board.powerCut();
				const name = recordName(row, row.count === undefined ? undefined : 0);
				rig.board.storage.corrupt(row.domain, name);
				rig.boot();
				check.ok(rig.board.running, `${row.domain}/${name}: ${rig.log}`);
				const stranger = new PhoneRig(rig, crypto, label, 77);
				rig.press();
				check.equal(
					stranger.pair("Eve"),
					undefined,
					`${row.domain}/${name} let a second phone claim the lock`,
				);
				stranger.connect();
				check.ok(!stranger.ready, `${row.domain}/${name} let a stranger in`);
				checkAnswersButton(rig);
				if (row === RECORDS.claim) {
					owner.connect();
					check.ok(!owner.ready, "a claim that cannot be read admits nobody");
					check.ok(rig.log.includes("claim-corrupt"), rig.log);
				}
			}
		},
	);

	t.test(
		"a full disk claims nothing: the label is unspent and the phone hears try-later (I7)",
		({ crypto }) => {
			const { rig, owner } = newLock(crypto);
			rig.press();
			owner.connect("qr");
			rig.board.storage.failWrites("record/full");
			check.equal(owner.enrol()?.status, "try-later");
			rig.board.storage.heal();
			check.equal(owner.pair()?.status, "done");
		},
	);

	t.test(
		"a power cut at any write of a claim leaves the lock claimed or unclaimed, and usable (T12, I5)",
		({ crypto }) => {
			let cuts = 0;
			for (let after = 0; after < 12; after++) {
				const { rig, owner } = newLock(crypto);
				rig.press();
				owner.connect("qr");
				rig.board.storage.cutAfter(after, after % 2 === 0);
				owner.send("enrol", { 0: "Ada", 1: owner.keyP256, 2: owner.proof() });
				rig.advance(1000);
				if (!rig.board.running) cuts++;
				rig.boot();
				owner.connect();
				if (!owner.ready) {
					rig.press();
					check.equal(owner.pair()?.status, "done", `after ${after} writes: ${rig.log}`);
				} else check.equal(owner.ask("status")?.status, "done");
				checkAnswersButton(rig);
			}
			check.ok(cuts >= 2, "some of the cuts came while the claim was written");
		},
	);

	t.test("a power cut at any operation of a reset is finished at the next boot (T20, T12)", ({ crypto }) => {
		let cuts = 0;
		for (let after = 0; after < 16; after++) {
			const { rig, owner, label } = newPairedLock(crypto);
			rig.board.storage.cutAfter(after, after % 2 === 1);
			rig.board.hardware.set("button", true);
			rig.advance(12000);
			rig.board.hardware.set("button", false);
			cuts++;
			rig.boot();
			owner.connect();
			if (owner.ready) continue; // The cut came before the reset began: nothing happened.
			rig.press();
			const next = new PhoneRig(rig, crypto, label, 31);
			check.equal(next.pair("Bob")?.status, "done", `after ${after}: ${rig.log}`);
			owner.connect();
			check.ok(!owner.ready, "the former owner is out");
		}
		check.equal(cuts, 16);
	});

	t.test(
		"nothing starts a handshake while the bolt is driven; it goes on when the bolt rests",
		({ crypto }) => {
			const { rig, owner, label } = newPairedLock(crypto);
			const member = new PhoneRig(rig, crypto, label, 15);
			const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
			check.equal(owner.ask("members.add", args)?.status, "done");
			owner.send("unlock");
			rig.advance(50);
			check.ok(rig.board.hardware.output("drive-retract"));
			member.connect();
			check.ok(!member.ready, "the handshake waits");
			rig.advance(1000);
			check.ok(member.ready, rig.log);
			check.equal(member.ask("status")?.status, "done");
		},
	);

	t.test("a jammed bolt is refused as jammed, and the lock goes on (T19)", ({ crypto }) => {
		const { rig, owner } = newPairedLock(crypto);
		rig.board.hardware.setFault({ kind: "jam", at: 0.5 });
		check.equal(owner.ask("unlock")?.status, "jammed");
		check.ok(!rig.board.hardware.output("drive-retract"), "the current is off");
		rig.board.hardware.setFault({ kind: "none" });
		check.equal(owner.ask("unlock")?.status, "done");
	});
}
