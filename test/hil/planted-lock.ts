/** A simulated lock that does one thing wrong, and the scenario that has to fail for it. */
import { check } from "../harness/test.ts";
import { HilCommand, only, withSimulated } from "./hil-command.ts";

export async function caught(plant: string, scenario: string, reason: RegExp): Promise<void> {
	await withSimulated("rig", ["--plant", plant], async (bench) => {
		const run = new HilCommand([...bench.words, ...only(scenario)]);
		check.equal(await run.ended, 1, run.text);
		const [found] = bench.report().scenarios;
		check.equal(found!.outcome, "failed", run.text);
		check.ok(reason.test(found!.reason), found!.reason);
		check.ok(found!.log.length > 0, "the lock's own log is not in the report");
	});
}
