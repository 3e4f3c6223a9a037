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
		"a release that a power cut interrupts goes on where it was, in the boot after the cut, passes its trial and is confirmed",
	alsoShows: Object.freeze([
		{ needs: ["sense"], text: "no bolt moves meanwhile" },
		{ needs: ["sense", "bolt"], text: "the door works afterwards" },
	] as const),
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
		let way: SessionWay | undefined;
		/** Resolves with why it went wrong; the lock is on again then, or nothing can be said of it. */
		let cutting: Promise<Error | undefined> | undefined;
		let isBack = false;
		const boots = await bench.boots();
		const cut = async (): Promise<void> => {
			const cycle = bench.cyclePower(OFF_MS, boots);
			// Two who read one line would each have half of what the lock says.
			way?.close();
			await cycle;
			isBack = true;
		};
		await stage.step("push it, cut the power, go on, see its trial through", async () => {
			let giveUp: (error: Error) => void = () => undefined;
			const failed = new Promise<never>((_, reject) => {
				giveUp = reject;
			});
			const push = new Push({
				release,
				bundles: [],
				open: async () => {
					const error = await cutting;
					if (error !== undefined) throw error;
					way = await openWay(stage);
					return way;
				},
				onProgress: (name, done, total) => {
					if (name !== "image") return;
					if (isBack) wentOnAt ??= done;
					else if (cutting === undefined && done >= CUT_AT * total) {
						cutAt = done;
						cutting = cut().then(
							() => undefined,
							(error: Error) => {
								giveUp(error);
								return error;
							},
						);
					}
				},
				say: () => undefined,
				wait: true,
				trialMs: TRIAL_MS,
			}).run();
			const end = await Promise.race([push, failed]);
			await cutting;
			stage.check(end === "installed", `the update ended as ${end}`);
		});
		stage.check(cutting !== undefined, "the power was not cut");
		stage.check(wentOnAt !== undefined, "nothing of the image was sent after the power cut");
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
