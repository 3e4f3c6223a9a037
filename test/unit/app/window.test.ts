/** When the inside button opens a window, and that nothing else does (DESIGN 8.1, T20). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { check, type Suite } from "../../harness/test.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";

export default function suite(t: Suite): void {
	t.test("a reboot opens no window, and ends the one that was open (T20)", ({ crypto }) => {
		const { rig, owner } = newLock(crypto);
		rig.boot();
		check.equal(owner.pair(), undefined, rig.log);
		rig.press();
		rig.boot();
		check.equal(owner.pair(), undefined, rig.log);
		check.equal(rig.board.hardware.output("indicator"), false);
	});

	t.test("a claim closes the window, and no press opens one on a claimed lock (T20)", ({ crypto }) => {
		const { rig, owner } = newLock(crypto);
		rig.press();
		check.equal(rig.board.hardware.output("indicator"), true);
		check.equal(owner.pair()?.status, "done");
		check.equal(rig.board.hardware.output("indicator"), false);
		rig.press();
		check.equal(rig.board.hardware.output("indicator"), false);
		check.ok(rig.log.includes("there is nothing to pair"), rig.log);
		const paired = newPairedLock(crypto);
		paired.rig.boot();
		paired.rig.press();
		check.equal(paired.rig.board.hardware.output("indicator"), false);
	});

	t.test("a pairing that outlasts its window claims nothing (T7, T20)", ({ crypto }) => {
		const { rig, owner } = newLock(crypto);
		rig.press();
		rig.advance(LIMITS.windowMs - 5000);
		owner.connect("qr");
		check.ok(owner.ready, rig.log);
		rig.advance(5001);
		check.equal(owner.enrol(), undefined);
		check.ok(owner.closed, rig.log);
		rig.press();
		check.equal(owner.pair()?.status, "done");
	});

	t.test("the exit button opens no window, and the inside button moves no bolt (T20, I2)", ({ crypto }) => {
		const { rig, owner } = newLock(crypto);
		rig.press();
		check.equal(rig.board.hardware.position, 1);
		rig.advance(LIMITS.windowMs);
		rig.pressExit();
		check.equal(owner.pair(), undefined, rig.log);
	});
}
