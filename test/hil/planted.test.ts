/** Locks that do wrong, and instruments that fail, between the drivers and a simulated lock: the scenarios catch each of them. */
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, withSimulated } from "./hil-command.ts";
import { caught } from "./planted-lock.ts";

export default function suite(t: Suite): void {
	t.test("a pulse that is a fifth too long fails the jam scenario (T19)", () =>
		caught("long-pulse", "jam", /^stalled: 1[12]\d\d\.\d ms, and it must be exactly 1000 ms$/),
	);

	t.test("a bolt that is energised after power returns fails the power cut (I2, T19)", () =>
		caught("drive-after-power", "power-cut", /^drive-throw was energised after power returned$/),
	);

	t.test("an output that outlives the power fails the power cut (T19)", () =>
		caught("outlives-power", "power-cut", /^drive-retract was energised without power$/),
	);

	t.test("a bolt that is driven on into its stop fails the unlock scenario (T19)", () =>
		caught(
			"late-cut",
			"unlock",
			/^from the position contact to the cut: 1[5-9]\d\.\d ms, and it must be at most 20 ms$/,
		),
	);

	t.test(
		"an output that is energised before the run fails the first scenario, whatever that is (I2, T19)",
		() => caught("stuck-drive", "pair", /^drive-throw is energised, and nobody asked for anything$/),
	);

	t.test("a rig that starts over in the middle fails what it saw, and what comes after it too (T19)", () =>
		withSimulated("rig", [], async (bench) => {
			const run = new HilCommand([...bench.words, ...only("unlock", "jam")]);
			await run.printed(/ms {2}unlock and lock, 1 of 3/);
			await bench.control("rig-reset");
			check.equal(await run.ended, 1, run.text);
			for (const { outcome, reason } of bench.report().scenarios) {
				check.equal(outcome, "failed");
				check.equal(reason, "the rig started over");
			}
		}),
	);
}
