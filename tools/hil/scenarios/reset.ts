/** A factory reset by ten seconds at the button inside (DESIGN 8.1, T20): never shorter, never by the bolt, and nobody stays. */
import type { Scenario, Stage } from "../scenario.ts";

const TURNED_AWAY = /unreachable|handshake|refused/;
/** Neither a short press nor a reset. */
const CHANGE_OF_MIND_MS = 3_000;

export const RESET: Scenario = Object.freeze<Scenario>({
	name: "reset",
	shows:
		"three seconds at the button are no reset; ten are: the owner's phone is turned away, the bolt stays where it is, and the label makes an owner again",
	needs: Object.freeze(["hands", "sense", "bolt"] as const),
	run: async (stage: Stage) => {
		const { bench, driver } = stage;
		await stage.step("paired, the bolt thrown", async () => {
			await stage.paired();
			await stage.thrown();
		});
		const mark = stage.mark();
		await stage.step("three seconds at the button", async () => {
			await driver.press("button", CHANGE_OF_MIND_MS);
			stage.check(await bench.isPaired(), "three seconds at the button shut the owner out");
		});
		await stage.step("ten seconds at the button", () => stage.resetByHand());
		await stage.step("the owner's phone is turned away", async () => {
			await stage.turnedAway("the owner's phone after a reset", TURNED_AWAY, () =>
				bench.withPhone((phone) => phone.status()),
			);
		});
		await stage.settled();
		stage.notDriven(mark, "by a reset");
		stage.check(stage.isThrown(), "the bolt moved");
		await stage.step("pair again", async () => {
			await stage.openWindow();
			await bench.pair("owner");
			const members = await bench.withPhone((phone) => phone.listMembers());
			stage.check(members.length === 1, "somebody stayed over the reset");
		});
	},
});
