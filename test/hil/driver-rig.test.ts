/** Every scenario but the update by the driver of a rig: its own code, over terminals with noise on the rig's line. */
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, outcomesOf, withSimulated } from "./hil-command.ts";

const NAMES = ["pair", "unlock", "jam", "power-cut", "wifi-loss", "ble", "trust-drill", "reset"];

export default function suite(t: Suite): void {
	t.test(
		"the driver of a rig passes every scenario over a noisy line, and says that it was emulated and is unproven (I2, T5, T12, T17, T19, T20)",
		({ random, note }) =>
			withSimulated("rig", ["--noise", "3", "--seed", String(1 + random.below(1_000_000))], async (bench) => {
				const run = new HilCommand([...bench.words, ...only(...NAMES)]);
				const status = await run.ended;
				check.equal(status, 0, run.text);
				const report = bench.report();
				check.deepEqual(
					outcomesOf(report),
					NAMES.map((name) => `${name}: passed`),
				);
				check.deepEqual([report.driver, report.proof, report.proven], ["rig", "emulated", false]);
				check.equal(report.instrument, "simulator (virtual)");
				check.ok(/^driver\trig \(emulated, unproven\)$/m.test(run.text), run.text);
				check.ok(/^sum\t8 passed, 0 failed, 0 not possible, 0 skipped$/m.test(run.text), run.text);
				const [counted] = report.notes;
				note(counted ?? "");
				check.ok(/ [1-9]\d* damaged/.test(counted ?? ""), "there was no noise");
				for (const name of ["stalled", "stopped on its way", "brake after a motion", "retraction", "throw"]) {
					const row = report.pulses.find((each) => each.name === name);
					check.ok(row?.ok && row.count > 0 && row.medianUs > 0, name);
					note(`${name}: ${row.minUs} / ${row.medianUs} / ${row.maxUs} us`);
				}
			}),
	);
}
