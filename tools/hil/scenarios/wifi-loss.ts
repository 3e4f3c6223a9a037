/** A lock whose Wi-Fi goes and comes back (I10, T18): the door does not wait for it. */
import { randomBytes } from "node:crypto";
import { bytesEqual } from "../../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { type Scenario, ScenarioSkip, type Stage } from "../scenario.ts";

/** Of a simulated lock's network, which takes any. */
const NAME = encodeUtf8("latchkey hil");
const LINK_MS = 90_000;
const STATE_MS = 30_000;

export const WIFI_LOSS: Scenario = Object.freeze<Scenario>({
	name: "wifi-loss",
	shows:
		"without its access point a lock says that it looks for it, opens and closes as before, and is at its relay again by itself when it returns",
	needs: Object.freeze(["sense", "bolt", "network", "access-point", "wifi"] as const),
	run: async (stage: Stage) => {
		const { bench, driver } = stage;
		const { ssid, passphrase } = stage.wifi ?? {
			ssid: NAME,
			passphrase: randomBytes(12).toString("base64url"),
		};
		bench.keepSecret("the Wi-Fi passphrase", passphrase);
		const state = (): Promise<string> => bench.withPhone(async (phone) => (await phone.local.wifi()).state);
		await stage.step("paired, the bolt thrown", async () => {
			await stage.paired();
			await stage.thrown();
		});
		const former = await bench.withPhone(async (phone) => (await phone.local.wifi()).ssid);
		// No lock tells its passphrase: what is overwritten cannot be put back.
		if (former !== undefined && !bytesEqual(former, ssid))
			throw new ScenarioSkip("the lock is set to another Wi-Fi, which this would overwrite");
		await stage.step("set the Wi-Fi through a session", async () => {
			await bench.withPhone((phone) => phone.local.setWifi({ ssid, passphrase }));
			const joined = await bench.until(async () => (await state()) === "joined", STATE_MS);
			stage.check(joined, "the lock does not join its Wi-Fi");
			const named = await bench.withPhone(async (phone) => (await phone.local.wifi()).ssid);
			stage.check(named !== undefined && bytesEqual(named, ssid), "the lock names another Wi-Fi");
			stage.check(await bench.until(() => bench.isLinked, LINK_MS), "the lock does not reach its relay");
		});
		await stage.step("the access point goes", async () => {
			await driver.setAccessPoint(false);
			stage.check(await bench.until(() => !bench.isLinked, LINK_MS), "the relay still has the lock's link");
			const looks = await bench.until(async () => (await state()) === "joining", STATE_MS);
			stage.check(looks, "the lock does not notice that its access point is gone");
		});
		await stage.step("unlock and lock without it", async () => {
			await bench.withPhone((phone) => phone.unlock());
			stage.check(stage.isRetracted(), "the bolt is not retracted");
			await stage.thrown();
		});
		await stage.step("the access point returns", async () => {
			await driver.setAccessPoint(true);
			const joined = await bench.until(async () => (await state()) === "joined", STATE_MS);
			stage.check(joined, "the lock does not join its Wi-Fi again");
			stage.check(
				await bench.until(() => bench.isLinked, LINK_MS),
				"the lock does not reach its relay again",
			);
		});
		if (former !== undefined && stage.wifi !== undefined) return;
		await stage.step("forget the Wi-Fi", () =>
			bench.withPhone(async (phone) => {
				await phone.local.setWifi(undefined);
				const now = await phone.local.wifi();
				stage.check(now.ssid === undefined && now.state === "off", "the lock has its Wi-Fi still");
			}),
		);
	},
});
