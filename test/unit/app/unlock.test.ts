/** The whole lock on the simulated host: claiming, commands, and what is refused beside each. */
import { BOLT_POSITIONS } from "../../../modules/wire/command.ts";
import { check, type Suite } from "../../harness/test.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";

export default function suite(t: Suite): void {
	t.test("an owner who pairs in the open window unlocks and locks", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		const unlocked = owner.ask("unlock");
		check.equal(unlocked?.status, "done");
		check.equal(BOLT_POSITIONS[unlocked?.result.uint(0) ?? 0], "retracted");
		check.equal(rig.board.hardware.position, 0);
		check.equal(owner.ask("lock")?.status, "done");
		check.equal(rig.board.hardware.position, 1);
	});

	t.test("a phone that comes back opens a session by its key alone", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.disconnect();
		owner.connect();
		check.ok(owner.ready, rig.log);
		check.equal(owner.ask("unlock")?.status, "done");
	});

	t.test("without a press of the button no phone pairs, and nothing is spent (T20)", (context) => {
		const { rig, owner } = newLock(context.crypto);
		check.equal(owner.pair(), undefined);
		check.ok(owner.closed);
		check.ok(rig.log.includes("pairing-window"), rig.log);
		rig.press();
		check.equal(owner.pair()?.status, "done");
	});

	t.test("a window that has run out pairs nobody (T20)", (context) => {
		const { rig, owner } = newLock(context.crypto);
		rig.press();
		rig.advance(180001);
		check.equal(owner.pair(), undefined);
		check.ok(rig.log.includes("the pairing window is closed"), rig.log);
	});

	t.test("a wrong setup secret fails on message 1 and leaves the lock unclaimed (T7)", (context) => {
		const { rig, owner, label } = newLock(context.crypto);
		rig.press();
		const guess = { ...label, setupSecret: label.setupSecret.map((byte) => byte ^ 1) };
		check.equal(owner.pair("Eve", guess), undefined);
		check.ok(owner.closed);
		check.ok(rig.log.includes("handshake-unauthentic"), rig.log);
		check.equal(owner.pair()?.status, "done");
	});

	t.test("of two phones with one label the second finds the lock claimed", (context) => {
		const { rig, owner, label } = newLock(context.crypto);
		const second = new PhoneRig(rig, context.crypto, label, 12);
		rig.press();
		owner.connect("qr");
		second.connect("qr");
		check.ok(owner.ready && second.ready, rig.log);
		check.equal(second.enrol("Bob")?.status, "done");
		check.equal(owner.enrol("Ada")?.status, undefined);
		check.ok(owner.closed);
		check.equal(second.ask("members.list")?.result.array(0, 1)?.length, 1);
	});

	t.test("a phone whose enrolment reply was lost is let in by its key (T12)", (context) => {
		const { rig, owner } = newLock(context.crypto);
		rig.press();
		owner.connect("qr");
		owner.enrol();
		rig.boot();
		owner.connect();
		check.ok(owner.ready, rig.log);
		check.equal(owner.ask("status")?.status, "done");
	});

	t.test("a proof for another key does not enrol (T6)", (context) => {
		const { rig, owner, label } = newLock(context.crypto);
		const other = new PhoneRig(rig, context.crypto, label, 13);
		rig.press();
		owner.connect("qr");
		const reply = owner.ask("enrol", { 0: "Eve", 1: owner.keyP256, 2: other.proof() });
		check.equal(reply?.status, "unknown-command");
		check.ok(owner.closed);
		check.equal(owner.pair()?.status, "done");
	});

	t.test("what a refused pairing leaves in the log is a stranger more in the hour's count", (context) => {
		const { rig, owner } = newLock(context.crypto);
		rig.press();
		owner.connect("qr");
		check.equal(owner.ask("enrol", { 0: "Eve" })?.status, "unknown-command");
		rig.advance(200000);
		const writes = rig.board.storage.mutations().length;
		rig.advance(3600000);
		check.equal(rig.board.storage.mutations().length, writes + 1, rig.log);
	});

	t.test("the status says how long this boot lasts, whatever the clock began with", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		rig.advance(50000);
		rig.boot();
		rig.advance(7000);
		owner.connect();
		check.equal(owner.ask("status")?.result.uint(4), 7000);
	});

	t.test("a stranger's key gets no session (T8)", (context) => {
		const { rig, label } = newPairedLock(context.crypto);
		const stranger = new PhoneRig(rig, context.crypto, label, 14);
		stranger.connect();
		check.ok(stranger.closed && !stranger.ready);
		check.ok(rig.log.includes("unknown-phone"), rig.log);
	});

	t.test("a member unlocks, but neither lists nor removes members (T9)", (context) => {
		const { rig, owner, label } = newPairedLock(context.crypto);
		const member = new PhoneRig(rig, context.crypto, label, 15);
		const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
		const added = owner.ask("members.add", args);
		check.equal(added?.status, "done");
		member.connect();
		check.equal(member.ask("unlock")?.status, "done");
		check.equal(member.ask("members.list")?.status, "not-permitted");
		check.equal(member.ask("members.remove", { 0: 1 })?.status, "not-permitted");
		check.equal(member.ask("log.read", { 0: 1, 1: 4 })?.status, "not-permitted");
		check.equal(member.ask("status")?.status, "done");
	});

	t.test("a removed member's session ends and its key opens no other (T8)", (context) => {
		const { rig, owner, label } = newPairedLock(context.crypto);
		const member = new PhoneRig(rig, context.crypto, label, 16);
		const args = { 0: "Bob", 1: 2, 2: member.key25519, 3: member.keyP256, 4: member.proof() };
		const id = owner.ask("members.add", args)?.result.uint(0) ?? 0;
		member.connect();
		check.equal(member.ask("status")?.status, "done");
		check.equal(owner.ask("members.remove", { 0: id })?.status, "done");
		check.ok(member.closed);
		member.connect();
		check.ok(member.closed && !member.ready);
	});

	t.test("the last owner cannot be removed", (context) => {
		const { owner } = newPairedLock(context.crypto);
		check.equal(owner.ask("members.remove", { 0: 1 })?.status, "not-permitted");
		check.equal(owner.ask("unlock")?.status, "done");
	});

	t.test("an unlock held back for ten seconds is refused as stale, and the bolt stays (T3)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.holding = true;
		const id = owner.send("unlock");
		rig.advance(10000);
		owner.release();
		rig.advance(100);
		check.equal(owner.reply(id)?.status, "stale");
		check.equal(rig.board.hardware.position, 1);
		check.equal(owner.ask("unlock")?.status, "done");
	});

	t.test("a first message held back for ten minutes opens nothing (T3)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.disconnect();
		owner.holding = true;
		owner.connect();
		rig.advance(600000);
		owner.release();
		rig.advance(100);
		check.ok(owner.closed && !owner.ready);
		check.equal(rig.board.hardware.position, 1);
		check.ok(rig.log.includes("patience"), rig.log);
	});

	t.test(
		"an unlock on an anchor older than five minutes is stale until the anchor is renewed (T3)",
		(context) => {
			const { rig, owner } = newPairedLock(context.crypto);
			rig.advance(301000);
			check.equal(owner.ask("unlock")?.status, "stale");
			const renewed = owner.ask("anchor");
			check.equal(renewed?.status, "done");
			owner.adoptAnchor(renewed!);
			check.equal(owner.ask("unlock")?.status, "done");
		},
	);

	t.test("a replayed frame closes the session and moves nothing (T2)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		check.equal(owner.ask("unlock")?.status, "done");
		check.equal(owner.ask("lock")?.status, "done");
		owner.transmit(owner.sent[owner.sent.length - 2]!);
		rig.advance(5000);
		check.ok(owner.closed);
		check.equal(rig.board.hardware.position, 1);
		check.ok(rig.log.includes("ended, frame"), rig.log);
	});

	t.test("reordered frames close the session (T2)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.holding = true;
		owner.send("status");
		owner.send("unlock");
		owner.held.reverse();
		owner.release();
		rig.advance(5000);
		check.ok(owner.closed);
		check.equal(rig.board.hardware.position, 1);
	});

	t.test("one flipped bit anywhere in a frame closes the session (T1)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.holding = true;
		owner.send("unlock");
		const frame = owner.held.pop()!;
		frame[context.random.below(frame.length)]! ^= 1 << context.random.below(8);
		owner.holding = false;
		owner.transmit(frame);
		rig.advance(5000);
		check.ok(owner.closed);
		check.equal(rig.board.hardware.position, 1);
	});

	t.test("a recorded first message is dead on another channel (T2)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		owner.disconnect();
		owner.connect();
		const recorded = owner.sent[0]!;
		const answers: Uint8Array[] = [];
		let closed = false;
		const channel = rig.newChannel({
			onFrame: (frame) => answers.push(frame),
			onClosed: () => {
				closed = true;
			},
		});
		rig.send({ kind: "open", channel });
		rig.send({ kind: "data", channel, frame: recorded });
		rig.advance(100);
		check.ok(closed);
		check.equal(answers.length, 1);
		check.ok(rig.log.includes("hello-mac"), rig.log);
	});

	t.test(
		"holding the button for ten seconds makes the lock forget its owner and move nothing (T20, I2)",
		(context) => {
			const { rig, owner } = newPairedLock(context.crypto);
			const before = rig.board.hardware.changes.filter(({ role }) => role !== "indicator").length;
			rig.board.hardware.set("button", true);
			rig.advance(11000);
			check.ok(!rig.board.running, rig.log);
			rig.board.hardware.set("button", false);
			rig.boot();
			check.equal(rig.board.hardware.changes.filter(({ role }) => role !== "indicator").length, before);
			owner.connect();
			check.ok(!owner.ready && owner.closed);
			rig.press();
			check.equal(owner.pair()?.status, "done");
		},
	);

	t.test("a hold of nine seconds resets nothing (T20)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		rig.hold(9000);
		rig.advance(2000);
		check.ok(rig.board.running);
		check.equal(owner.ask("status")?.status, "done");
	});

	t.test("the exit button retracts the bolt with the serial line silent and no relay (I10)", (context) => {
		const { rig } = newLock(context.crypto);
		rig.pressExit();
		check.equal(rig.board.hardware.position, 0);
	});

	t.test(
		"a full flash refuses an unlock with try-later, and the exit button still works (T12, I7)",
		(context) => {
			const { rig, owner } = newPairedLock(context.crypto);
			rig.board.storage.failWrites("record/full");
			check.equal(owner.ask("unlock")?.status, "try-later");
			check.equal(rig.board.hardware.position, 1);
			rig.pressExit();
			check.equal(rig.board.hardware.position, 0);
			rig.board.storage.heal();
			check.equal(owner.ask("lock")?.status, "done");
		},
	);

	t.test("every decision is in the log, in a chain that the phone verifies", (context) => {
		const { owner } = newPairedLock(context.crypto);
		owner.ask("unlock");
		const page = owner.ask("log.read", { 0: 1, 1: 16 });
		check.equal(page?.status, "done");
		check.ok((page?.result.array(0, { min: 0, max: 16 })?.length ?? 0) >= 5);
	});

	t.test("at most two handshakes are half-open; a third is refused and sessions go on (T16)", (context) => {
		const { rig, owner, label } = newPairedLock(context.crypto);
		const phones = [21, 22, 23].map((seed) => new PhoneRig(rig, context.crypto, label, seed));
		for (const phone of phones) {
			const args = { 0: "Bob", 1: 2, 2: phone.key25519, 3: phone.keyP256, 4: phone.proof() };
			check.equal(owner.ask("members.add", args)?.status, "done");
		}
		for (const phone of phones) phone.connect();
		check.deepEqual(
			phones.map((phone) => phone.ready),
			[true, true, false],
		);
		check.equal(owner.ask("status")?.status, "done");
		rig.advance(10001);
		check.ok(phones.every((phone) => phone.closed));
	});

	t.test("bytes that are no frame leave the serial line working (T15)", (context) => {
		const { rig, owner } = newPairedLock(context.crypto);
		for (let round = 0; round < 50; round++) rig.writeRaw(context.random.bytes(context.random.below(300)));
		rig.writeRaw(Uint8Array.of(0));
		check.equal(owner.ask("status")?.status, "done");
	});
}
