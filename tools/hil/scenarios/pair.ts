/** Pairing by the label (DESIGN 8.1, T7, T20): only in the window that the button inside opens, and only once. */
import type { Scenario, Stage } from "../scenario.ts";
import { strangersKeys } from "../stranger.ts";

const TURNED_AWAY = /unreachable|handshake|refused/;

export const PAIR: Scenario = Object.freeze<Scenario>({
	name: "pair",
	shows:
		"the label makes an owner in the window that the button inside opens, neither before it nor a second time; who is turned away leaves it alive, with one member",
	alsoShows: Object.freeze([
		{ needs: ["sense"], text: "no bolt moves meanwhile, and the window is shown while it is open" },
	] as const),
	needs: Object.freeze(["hands"] as const),
	run: async (stage: Stage) => {
		const { bench } = stage;
		if (await bench.isPaired()) await stage.step("reset a lock that is claimed", () => stage.resetByHand());
		const mark = stage.mark();
		await stage.step("pair without the button: refused", () =>
			stage.turnedAway("pairing without the button", TURNED_AWAY, () => bench.pair("early", strangersKeys())),
		);
		await stage.step("press the button inside", () => stage.openWindow());
		await stage.step("pair by the label", () => bench.pair("owner"));
		stage.check(await bench.isPaired(), "the phone that was paired is turned away");
		await stage.driver.settled();
		if (stage.can("sense"))
			stage.check(!stage.door.output("indicator"), "the window is shown although the lock is claimed");
		await stage.step("a second phone with the same label: refused", () =>
			stage.turnedAway("pairing again", TURNED_AWAY, () => bench.pair("second", strangersKeys())),
		);
		await stage.step("the owner is its only member", async () => {
			await stage.ownerIsServed("pairing again");
			const members = await bench.withPhone((phone) => phone.listMembers());
			stage.check(members.length === 1, `the lock has ${members.length} members`);
		});
		await stage.driver.settled();
		if (stage.can("sense")) stage.notDriven(mark, "while phones were pairing");
	},
});
