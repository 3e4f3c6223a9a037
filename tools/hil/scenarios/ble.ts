/** The local radio (docs/BLE.md; T17, T18): only the lock's own phones know it again, and it opens at the smallest MTU and a large one. */
import { NobleCrypto } from "../../crypto/noble.ts";
import { openBle } from "../../phone/ble-transport.ts";
import { LockResolver } from "../../phone/lock-resolver.ts";
import { type Scenario, ScenarioSkip, type Stage } from "../scenario.ts";

const MTUS = Object.freeze([23, 247] as const);
const NEAR_MS = 30_000;

export const BLE: Scenario = Object.freeze<Scenario>({
	name: "ble",
	shows:
		"over its radio the lock is known again by its own phone alone, and that phone opens and closes it at an MTU of 23 and of 247",
	needs: Object.freeze(["hands", "sense", "bolt", "radio"] as const),
	run: async (stage: Stage) => {
		const { bench, driver } = stage;
		await stage.step("paired, the bolt thrown", async () => {
			await stage.paired();
			await stage.thrown();
		});
		const { serial, advertisingKey } = bench.wallet.lock(bench.label.serial);
		if (advertisingKey === undefined)
			throw new ScenarioSkip("the lock gave this phone no key of its advertisements");
		stage.check(
			await bench.until(() => driver.radio !== undefined, NEAR_MS),
			"the lock's radio is not on the air",
		);
		const open = async (key: Uint8Array, mtu: number) =>
			openBle({
				at: driver.radio!,
				mtu,
				resolver: new LockResolver(new NobleCrypto(), [{ serial, kind: "claimed", key }]),
				nowMs: () => performance.now(),
			});
		for (const mtu of MTUS) {
			await stage.step(`unlock and lock at an MTU of ${mtu}`, () =>
				bench.withPhone(
					async (phone) => {
						await phone.unlock();
						stage.check(stage.isRetracted(), "the bolt is not retracted");
						await phone.lock();
						stage.check(stage.isThrown(), "the bolt is not thrown");
					},
					() => open(advertisingKey, mtu),
				),
			);
		}
		await stage.settled();
		const mark = stage.mark();
		await stage.step("a phone of another lock does not know it: refused", () =>
			stage.turnedAway("another lock's phone", /no lock of this phone's is near/, async () => {
				(await open(new Uint8Array(advertisingKey.length).fill(7), MTUS[1])).close();
			}),
		);
		await stage.step("its own phone still knows it", async () => {
			const way = (): ReturnType<typeof open> => open(advertisingKey, MTUS[1]);
			await bench.withPhone((phone) => phone.status(), way);
		});
		await stage.settled();
		stage.notDriven(mark, "for a phone of another lock");
	},
});
