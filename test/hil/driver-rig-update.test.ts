/** The update by the driver of a rig, whose power the rig's relay takes. */
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, outcomesOf, withSimulated } from "./hil-command.ts";

export default function suite(t: Suite): void {
	t.test(
		"an update that the rig's relay cuts in the middle goes on, passes its trial and moves no bolt (T10, T12, I2, I4)",
		({ note }) =>
			withSimulated("rig", ["--noise", "1"], async (bench) => {
				const run = new HilCommand([...bench.words, ...only("update")]);
				check.equal(await run.ended, 0, run.text);
				check.deepEqual(outcomesOf(bench.report()), ["update: passed"]);
				const power = bench.report().scenarios[0]!.edges.filter(({ role }) => role === "power");
				check.deepEqual(
					power.map(({ level }) => level),
					[false, true],
				);
				note(`${bench.report().scenarios[0]!.tookMs} ms`);
			}),
	);
}
