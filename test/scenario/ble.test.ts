/** A lock over its radio, as processes: the real board, its air on a socket, the phone of the command line (docs/BLE.md). */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { SimulatedAir } from "../../tools/phone/simulated-air.ts";
import type { House } from "../../tools/start/house.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually } from "../tools/support/temporary.ts";
import { demand, withNearbyHome } from "./nearby-home.ts";

const PORT_MS = 30_000;
const HANDLERS = { onPacket: () => undefined, onRoom: () => undefined, onClosed: () => undefined };

async function openWindow(house: House): Promise<void> {
	await house.mechanism.press("button", 200);
	check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 5_000));
}

/** Every file below a folder that holds these bytes. */
function filesWith(folder: string, secret: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
		const path = join(folder, name);
		return statSync(path).isFile() && readFileSync(path).includes(secret);
	});
}

export default function suite(t: Suite): void {
	t.test(
		"without relay or network a phone pairs, unlocks and sets the Wi-Fi over the radio, at an MTU of 23 and of 247 (I10, T9, T18)",
		() =>
			withNearbyHome("radio", async ({ house, dir, boardLines, phone, port }) => {
				await house.stopRelay();
				const passphrase = "correct horse battery";
				writeFileSync(join(dir, "passphrase"), `${passphrase}\n`);
				const there = ["--ble", `127.0.0.1:${await port()}`];
				const narrow = [...there, "--ble-mtu", "23"];
				const early = await phone("ada", "pair", ...there, "--label", house.labelText!);
				check.equal(early.status, 1);
				check.ok(early.stderr.includes("no lock of this phone's is near"), early.stderr);

				await openWindow(house);
				demand(await phone("ada", "pair", ...narrow, "--label", house.labelText!), /^paired with/);
				demand(await phone("ada", "unlock", ...narrow), /^unlocked in/);
				check.equal(house.mechanism.position, 0);
				demand(await phone("ada", "lock", ...there), /^locked in/);
				check.equal(house.mechanism.position, 1);
				const wifi = ["wifi", "set", "--ssid", "Ada's house", "--passphrase-file", join(dir, "passphrase")];
				demand(await phone("ada", ...wifi, ...narrow), /^the lock has its Wi-Fi/);
				demand(await phone("ada", "wifi", "status", ...there), /^network\tAda's house\nstate\tjoined/);
				demand(await phone("ada", "log", ...there), /opened a session over ble/);

				const stranger = await phone("eve", "pair", ...there, "--label", house.labelText!);
				check.equal(stranger.status, 1, "the label resolves nothing any more");
				check.ok(boardLines.some((line) => line.includes("wifi: told to join a network")));
				check.ok(!boardLines.some((line) => line.includes(passphrase) || line.includes("Ada's house")));
				check.deepEqual(filesWith(join(dir, "board"), passphrase), ["network,wifi.rec"]);

				await house.cutPower();
				await house.startBoard();
				const again = ["--ble", `127.0.0.1:${await port()}`];
				demand(await phone("ada", "unlock", ...again), /^unlocked in/);
				demand(await phone("ada", "wifi", "status", ...again), /^network\tAda's house/);
				demand(await phone("ada", "wifi", "forget", ...again), /^no Wi-Fi/);
				check.deepEqual(filesWith(join(dir, "board"), passphrase), []);
			}),
	);

	t.test(
		"centrals that say nothing, or nonsense, keep a phone from the real board for seconds at most (T15, T16)",
		() =>
			withNearbyHome("radio", async ({ house, phone, port }) => {
				await house.stopRelay();
				const radioPort = await port();
				await openWindow(house);
				const there = ["--ble", `127.0.0.1:${radioPort}`];
				demand(await phone("ada", "pair", ...there, "--label", house.labelText!), /^paired with/);
				const silent: SimulatedAir[] = [];
				for (let place = 0; place < LIMITS.radioConnections; place++) {
					const central = await SimulatedAir.listen({ host: "127.0.0.1", port: radioPort });
					await central.connect(185, HANDLERS);
					silent.push(central);
				}
				demand(await phone("ada", "unlock", ...there), /^unlocked in/);
				for (const central of silent) central.close();
				for (const packet of [[], [0x80, 0, 0, 1], [0x80, 0xff, 0xff, 1], [0x05, 1], [0x80, 0, 9, 1, 2]]) {
					let closed = false;
					const central = await SimulatedAir.listen({ host: "127.0.0.1", port: radioPort });
					await central.connect(23, {
						...HANDLERS,
						onClosed: () => {
							closed = true;
						},
					});
					central.write(Uint8Array.from(packet));
					const isStart = packet.length === 5;
					if (isStart) central.close();
					else check.ok(await eventually(() => closed, 10_000), `${packet}`);
				}
				demand(await phone("ada", "lock", ...there), /^locked in/);
			}),
	);

	t.test(
		"the real board advertises under an address and an identifier that a restart leaves no trace of (T17)",
		() =>
			withNearbyHome("radio", async ({ house, phone, port }) => {
				await house.stopRelay();
				const look = async () => {
					const heard = await SimulatedAir.listen({ host: "127.0.0.1", port: await port() });
					check.ok(await eventually(() => heard.sighting !== undefined, PORT_MS));
					const sighting = heard.sighting!;
					heard.close();
					return sighting;
				};
				await openWindow(house);
				const claimable = await look();
				const there = ["--ble", `127.0.0.1:${await port()}`];
				demand(await phone("ada", "pair", ...there, "--label", house.labelText!), /^paired with/);
				const before = await look();
				await house.cutPower();
				await house.startBoard();
				const after = await look();
				const parts = [claimable, before, after].flatMap(({ address, serviceData }) => [
					address.toString(),
					serviceData!.subarray(1, 5).toString(),
					serviceData!.subarray(5).toString(),
				]);
				check.equal(new Set(parts).size, parts.length);
				check.ok(before.advertisement.length <= 31 && before.response.length <= 31);
				check.bytes(before.response, after.response);
				check.equal(before.serviceData![0], after.serviceData![0]);
			}),
	);
}
