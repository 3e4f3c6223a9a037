/** The update by the virtual driver. */
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, outcomesOf, withPlace } from "./hil-command.ts";

export default function suite(t: Suite): void {
	t.test(
		"the virtual driver sees an update through a power cut and its trial (T10, T12, I2, I4)",
		({ note }) =>
			withPlace(async ({ at, report }) => {
				const words = ["run", "--driver", "virtual", "--dir", at("bench"), "--report", at("report")];
				const run = new HilCommand([...words, ...only("update")]);
				check.equal(await run.ended, 0, run.text);
				check.deepEqual(outcomesOf(report()), ["update: passed"]);
				note(`${report().scenarios[0]!.tookMs} ms`);
			}),
	);
}
