/** Every scenario but the update by the virtual driver. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, only, outcomesOf, withPlace } from "./hil-command.ts";

const NAMES = ["pair", "unlock", "jam", "power-cut", "wifi-loss", "ble", "trust-drill", "reset"];

export default function suite(t: Suite): void {
	t.test(
		"the virtual driver passes every scenario, says that it is virtual, and can be run again in its folder (I2, T5, T12, T17, T19, T20)",
		() =>
			withPlace(async ({ at, report }) => {
				const words = ["run", "--driver", "virtual", "--dir", at("bench"), "--report", at("report")];
				const run = new HilCommand([...words, ...only(...NAMES)]);
				check.equal(await run.ended, 0, run.text);
				check.deepEqual(
					outcomesOf(report()),
					NAMES.map((name) => `${name}: passed`),
				);
				check.deepEqual([report().proof, report().board], ["virtual", "linux"]);
				check.ok(/^driver\tvirtual \(virtual\)$/m.test(run.text), run.text);
				for (const name of ["report.html", "junit.xml"]) check.ok(existsSync(join(at("report"), name)), name);
				check.ok(readFileSync(join(at("report"), "report.html"), "utf8").includes("<svg "));

				const again = new HilCommand([...words, ...only("jam")]);
				check.equal(await again.ended, 0, again.text);
				check.deepEqual(outcomesOf(report()), ["jam: passed"]);
			}),
	);
}
