/** Locks that no relay cuts, and one that is blank: what a bench finds out about power is what it looked at. */
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, withSimulated } from "./hil-command.ts";
import { caught } from "./planted-lock.ts";

export default function suite(t: Suite): void {
	t.test("an output that is energised while there is no power fails the power cut (T19)", () =>
		caught("brake-without-power", "power-cut", /^brake was energised without power$/),
	);

	t.test(
		"a lock that no relay cuts fails an update with the reason, and the run goes on to its report (T12)",
		() => caught("keeps-power", "update", /^the lock answers without its power: it was not cut$/),
	);

	t.test("a restart that is none fails the trust drill (T5)", () =>
		caught("keeps-power", "trust-drill", /^the lock did not start over$/),
	);

	t.test("a blank board is sealed only as what somebody named, and a run without that ends (T14)", () =>
		withSimulated("rig", [], async (bench) => {
			const at = bench.words.indexOf("--hardware-class");
			const run = new HilCommand(bench.words.filter((_, index) => index !== at && index !== at + 1));
			check.equal(await run.ended, 1, run.text);
			check.ok(/the board is blank: --hardware-class/.test(run.text), run.text);
		}),
	);
}
