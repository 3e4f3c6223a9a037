/** A bolt that does not move, and one that is stopped on its way (DESIGN 10, T19): current is cut when it must be, and the phone is told. */
import { DEFAULT_BOLT } from "../../../modules/lock/bolt-config.ts";
import type { BoltFault } from "../../board/bolt-model.ts";
import type { PulseKind } from "../pulses.ts";
import type { Scenario, Stage } from "../scenario.ts";

async function jam(stage: Stage, fault: BoltFault, kind: PulseKind): Promise<void> {
	const { bench, door } = stage;
	await stage.thrown();
	door.setFault(fault);
	const mark = stage.mark();
	await bench.withPhone(async (phone) => {
		await stage.refused("an unlock that jams", /jammed/, () => phone.unlock());
		stage.check((await phone.status()).bolt === "jammed", "the status does not say that the bolt is jammed");
	});
	await stage.settled();
	const pulses = stage.pulses("drive-retract", mark);
	stage.check(pulses.length === 1, `a jammed bolt was driven ${pulses.length} times`);
	stage.judge(kind, pulses);
	door.setFault({ kind: "none" });
	await bench.withPhone((phone) => phone.unlock());
	stage.check(stage.isRetracted(), "the bolt is free again, and is not retracted");
}

export const JAM: Scenario = Object.freeze<Scenario>({
	name: "jam",
	shows:
		"a bolt that does not leave its place is cut off after the stall time, one that is stopped on its way after the travel time; the phone is told, and both move again once they are free",
	needs: Object.freeze(["sense", "bolt"] as const),
	run: async (stage: Stage) => {
		const { stallMs, travelMs } = DEFAULT_BOLT;
		await stage.step("paired", () => stage.paired());
		await stage.step("the motor stalls", () =>
			jam(stage, { kind: "stall" }, { name: "stalled", rule: "exactly", expectedMs: stallMs }),
		);
		await stage.step("the bolt is stopped half-way", () =>
			jam(
				stage,
				{ kind: "jam", at: 0.5 },
				{ name: "stopped on its way", rule: "exactly", expectedMs: travelMs },
			),
		);
		await stage.step("lock again", () => stage.thrown());
	},
});
