/** Power that goes while the bolt travels (I2, T12, T19): nothing is driven without it, nothing is driven when it comes back. */

import { toleranceUs } from "../pulses.ts";
import type { RigRole } from "../rig-message.ts";
import type { Scenario, Stage } from "../scenario.ts";

/** Into a travel of 300 ms. */
const CUT_MS = 120;
/** From the relay's command until the lock's rail is empty (docs/RIG.md 3). */
const RAIL_MS = 50;
const OUTPUTS = Object.freeze(["drive-throw", "drive-retract", "brake", "indicator"] as const);
const CUT_WITHIN_MS = 20_000;
const OFF_MS = 1_000;
/** From the boot on; a lock that drives at boot does so in the first moments. */
const WATCH_MS = 3_000;

/** Whether an output was high at any moment from the one to the other. */
function isHighWithin(stage: Stage, role: RigRole, fromUs: number, toUs: number): boolean {
	let high = stage.driver.trace.highAtStart.has(role);
	for (const edge of stage.edges) {
		if (edge.role !== role) continue;
		// It was high until this edge.
		if (high && edge.atUs > fromUs) return true;
		if (edge.atUs >= toUs) return false;
		high = edge.level;
		if (high && edge.atUs >= fromUs) return true;
	}
	return high;
}

export const POWER_CUT: Scenario = Object.freeze<Scenario>({
	name: "power-cut",
	shows:
		"a power cut while the bolt travels leaves it where it is; when power returns no output is energised until somebody asks, and then the bolt moves again",
	needs: Object.freeze(["sense", "bolt", "power"] as const),
	run: async (stage: Stage) => {
		const { bench, door, driver } = stage;
		await stage.step("paired, the bolt thrown", async () => {
			await stage.paired();
			await stage.thrown();
		});
		const mark = stage.mark();
		await stage.step(`cut the power ${CUT_MS} ms into an unlock`, async () => {
			await driver.tripPower("drive-retract", CUT_MS);
			const unlocking = bench
				.withPhone((phone) => phone.unlock())
				.then(
					() => "done",
					(error: Error) => error.message,
				);
			const wasCut = await bench.until(
				() => stage.since(mark).some(({ role, level }) => role === "power" && !level),
				CUT_WITHIN_MS,
			);
			stage.check(wasCut, "the power was not cut: the bolt was not driven");
			bench.endSession();
			await stage.pause(OFF_MS);
			const outcome = await unlocking;
			stage.check(outcome !== "done", "the lock said that it is unlocked, without power");
			await stage.settled();
		});
		const cutUs = stage.since(mark).find(({ role, level }) => role === "power" && !level)!.atUs;
		const darkUs = cutUs + RAIL_MS * 1_000 + toleranceUs(driver.clock, RAIL_MS);
		stage.check(stage.pulses("drive-retract", mark).length > 0, "the bolt was not driven");
		const judgeDark = (untilUs: number): void => {
			const live = OUTPUTS.find((role) => isHighWithin(stage, role, darkUs, untilUs));
			stage.check(live === undefined, `${live} was energised without power`);
		};
		judgeDark(Number.POSITIVE_INFINITY);
		stage.check(door.position > 0 && door.position < 1, "the bolt was not on its way");
		// An output that is told late is in front of it too.
		const before = stage.mark();
		await stage.step("power returns, nothing moves", async () => {
			await bench.setPower(true);
			await bench.awaitBoard();
			await stage.pause(WATCH_MS);
			await stage.settled();
		});
		const returnUs = stage.since(before).find(({ role, level }) => role === "power" && level)?.atUs;
		stage.check(returnUs !== undefined, "the power did not return");
		judgeDark(returnUs);
		stage.notDriven(before, "after power returned");
		stage.check(stage.pulses("brake", before).length === 0, "the brake was energised after power returned");
		await stage.step("unlock, lock", async () => {
			await bench.withPhone(async (phone) => {
				stage.check(
					(await phone.status()).bolt !== "retracted",
					"the lock says that it is retracted half-way",
				);
				await phone.unlock();
			});
			stage.check(stage.isRetracted(), "the bolt does not move after the power cut");
			await stage.thrown();
		});
	},
});
