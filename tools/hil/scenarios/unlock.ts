/** Unlocking and locking (DESIGN 10, T19): by a phone, by the exit button; a stranger moves nothing. */
import { DEFAULT_BOLT } from "../../../modules/lock/bolt-config.ts";
import { Phone } from "../../phone/phone.ts";
import { CUT_AFTER_CONTACT_MS } from "../pulses.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { strangersKeys } from "../stranger.ts";

const ROUNDS = 3;
const EXIT_MS = 300;
const ARRIVES_MS = 20_000;

async function knock(stage: Stage): Promise<void> {
	const { bench } = stage;
	const transport = await bench.openLine();
	try {
		const phone = await Phone.open({ ...bench.contextOver(transport), keys: strangersKeys() }, bench.label);
		await phone.unlock();
	} finally {
		transport.close();
	}
}

/** How long after its position contact closed the lock cut the output. */
function judgeReactions(stage: Stage, mark: number): void {
	const edges = stage.since(mark);
	const kind = { name: "from the position contact to the cut", rule: "at most" } as const;
	for (const [drive, contact] of [
		["drive-retract", "retracted"],
		["drive-throw", "thrown"],
	] as const) {
		for (const { fromUs, toUs } of stage.pulses(drive, mark)) {
			const closed = edges.find(
				({ role, level, atUs }) => role === contact && level && atUs >= fromUs && atUs <= (toUs ?? 0),
			);
			stage.check(closed !== undefined && toUs !== undefined, `${drive} was cut before the bolt had arrived`);
			stage.judge({ ...kind, expectedMs: CUT_AFTER_CONTACT_MS }, [{ fromUs: closed.atUs, toUs }]);
		}
	}
}

export const UNLOCK: Scenario = Object.freeze<Scenario>({
	name: "unlock",
	shows:
		"a phone retracts and throws the bolt, one pulse each, cut as soon as the position contact closes and then braked for the configured time; the exit button retracts; a stranger moves nothing",
	needs: Object.freeze(["hands", "sense", "bolt"] as const),
	run: async (stage: Stage) => {
		const { bench, door } = stage;
		const { travelMs, brakeMs } = DEFAULT_BOLT;
		await stage.step("paired, the bolt thrown", async () => {
			await stage.paired();
			await stage.thrown();
		});
		for (let round = 1; round <= ROUNDS; round++) {
			const mark = stage.mark();
			await stage.step(`unlock and lock, ${round} of ${ROUNDS}`, () =>
				bench.withPhone(async (phone) => {
					await phone.unlock();
					stage.check(
						stage.isRetracted(),
						"the lock says that it is unlocked, and the bolt is not retracted",
					);
					stage.check((await phone.status()).bolt === "retracted", "the status says otherwise than the bolt");
					await stage.settled();
					await phone.lock();
					stage.check(stage.isThrown(), "the lock says that it is locked, and the bolt is not thrown");
					await stage.settled();
				}),
			);
			for (const role of ["drive-retract", "drive-throw"] as const)
				stage.check(stage.pulses(role, mark).length === 1, `${role} was energised more than once`);
			stage.judge(
				{ name: "retraction", rule: "at most", expectedMs: travelMs },
				stage.pulses("drive-retract", mark),
			);
			stage.judge(
				{ name: "throw", rule: "at most", expectedMs: travelMs },
				stage.pulses("drive-throw", mark),
			);
			stage.judge(
				{ name: "brake after a motion", rule: "exactly", expectedMs: brakeMs },
				stage.pulses("brake", mark),
			);
			judgeReactions(stage, mark);
		}
		await stage.step("the exit button", async () => {
			await stage.driver.press("exit", EXIT_MS);
			const open = await door.waitFor((each) => each.position === 0, ARRIVES_MS);
			stage.check(open, "the exit button does not retract the bolt");
		});
		await stage.step("lock again", () => stage.thrown());
		const mark = stage.mark();
		await stage.step("a stranger with the label: refused", () =>
			stage.turnedAway("a stranger", /unreachable|handshake|refused|broken/, () => knock(stage)),
		);
		await stage.settled();
		stage.notDriven(mark, "by a stranger");
		await stage.step("the owner is served still", () => stage.ownerIsServed("a stranger"));
	},
});
