/** Power that goes while the bolt travels (I2, T12, T19): nothing is driven without it, nothing is driven when it comes back. */

import { toleranceUs } from "../pulses.ts";
import type { Scenario, Stage } from "../scenario.ts";

/** Into a travel of 300 ms. */
const CUT_MS = 120;
const CUT_WITHIN_MS = 20_000;
const OFF_MS = 1_000;
/** From the boot on; a lock that drives at boot does so in the first moments. */
const WATCH_MS = 3_000;

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
		const [pulse] = stage.pulses("drive-retract", mark);
		stage.check(pulse?.toUs !== undefined, "an output is energised without power");
		stage.check(pulse.toUs <= cutUs + toleranceUs(driver.clock, CUT_MS), "an output outlived the power");
		stage.check(door.position > 0 && door.position < 1, "the bolt was not on its way");
		const before = stage.mark();
		await stage.step("power returns, nothing moves", async () => {
			await bench.setPower(true);
			await bench.awaitBoard();
			await stage.pause(WATCH_MS);
			await stage.settled();
		});
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
