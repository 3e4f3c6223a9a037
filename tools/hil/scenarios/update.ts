/** An update through the owner's session over the service line, with the power cut in the middle of it (T10, T12, I4). */
import { Push } from "../../update/push.ts";
import { SessionWay } from "../../update/push-way.ts";
import { nextRelease } from "../next-release.ts";
import { type Scenario, ScenarioSkip, type Stage } from "../scenario.ts";

/** Of the image. */
const CUT_AT = 0.4;
const OFF_MS = 1_000;
const TRIAL_MS = 300_000;
/** What is sent again after the cut at the most: the chunk that was under way. */
const CHUNK_BYTES = 65_536;

async function openWay({ bench }: Stage): Promise<SessionWay> {
	const transport = await bench.openLine();
	try {
		return new SessionWay(await bench.openPhone(transport), () => transport.close());
	} catch (error) {
		transport.close();
		throw error;
	}
}

export const UPDATE: Scenario = Object.freeze<Scenario>({
	name: "update",
	shows:
		"a release that a power cut interrupts goes on where it was, passes its trial and is confirmed; no bolt moves meanwhile, and the door works afterwards",
	needs: Object.freeze(["power"] as const),
	run: async (stage: Stage) => {
		const { bench } = stage;
		await stage.step("paired", () => stage.paired());
		const { report } = await bench.withPhone((phone) => phone.update.status());
		const release = await stage.step("a release that is newer", () =>
			nextRelease({ bench, folder: stage.release, sequence: report.sequence + 1 }),
		);
		if (release === undefined)
			throw new ScenarioSkip(`no release for a board ${bench.boardName}: name one with --release`);
		const { manifest } = release.file;
		if (manifest.sequence <= report.sequence)
			throw new ScenarioSkip(
				`the lock runs sequence ${report.sequence}, the release is ${manifest.sequence}`,
			);
		const mark = stage.mark();
		let cutAt = 0;
		let wentOnAt: number | undefined;
		let cutting: Promise<void> | undefined;
		const cut = async (): Promise<void> => {
			await bench.setPower(false);
			await stage.pause(OFF_MS);
			await bench.setPower(true);
			await bench.awaitBoard();
		};
		await stage.step("push it, cut the power, go on, see its trial through", async () => {
			const end = await new Push({
				release,
				bundles: [],
				open: async () => {
					await cutting;
					return await openWay(stage);
				},
				onProgress: (name, done, total) => {
					if (name !== "image") return;
					if (cutting !== undefined) wentOnAt ??= done;
					else if (done >= CUT_AT * total) {
						cutAt = done;
						cutting = cut();
					}
				},
				say: () => undefined,
				wait: true,
				trialMs: TRIAL_MS,
			}).run();
			await cutting;
			stage.check(end === "installed", `the update ended as ${end}`);
		});
		stage.check(wentOnAt !== undefined, "the power was not cut");
		stage.check(wentOnAt > cutAt - CHUNK_BYTES, "what was good before the power cut was sent again");
		await stage.driver.settled();
		if (stage.can("sense")) stage.notDriven(mark, "during an update");
		await stage.step("the new release runs", async () => {
			const { firmware } = await bench.withPhone((phone) => phone.status());
			stage.check(firmware === manifest.version, `the lock runs ${firmware}, not ${manifest.version}`);
			if (!stage.can("sense") || !stage.can("bolt")) return;
			await stage.thrown();
			await bench.withPhone((phone) => phone.unlock());
			stage.check(stage.isRetracted(), "the bolt does not move after the update");
			await stage.thrown();
		});
	},
});
