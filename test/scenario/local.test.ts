/** A lock over its local network, as processes: a house whose relay is gone for good (I10, T18). */
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { demand, withNearbyHome } from "./nearby-home.ts";

export default function suite(t: Suite): void {
	t.test(
		"with the relay dead a phone pairs, unlocks and locks over the local network and the serial line (I10, T18)",
		() =>
			withNearbyHome("local", async ({ house, dir, phone, port }) => {
				await house.stopRelay();
				await house.mechanism.press("button", 200);
				check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2_000));
				const there = ["--local", `127.0.0.1:${await port()}`];
				demand(await phone("ada", "pair", ...there, "--label", house.labelText!), /^paired with/);
				demand(await phone("ada", "unlock", ...there), /^unlocked in/);
				check.equal(house.mechanism.position, 0);
				demand(await phone("ada", "lock", ...there), /^locked in/);
				check.equal(house.mechanism.position, 1);
				demand(await phone("ada", "log", ...there), /opened a session over local/);
				const line = ["--serial-line", join(dir, "serial")];
				demand(await phone("ada", "unlock", ...line), /^unlocked in/);
				demand(await phone("ada", "log", ...line), /opened a session over serial/);

				const stranger = await phone("eve", "pair", ...there, "--label", house.labelText!);
				check.equal(stranger.status, 1, stranger.stdout);
				check.ok(/unreachable|handshake/.test(stranger.stderr), stranger.stderr);

				await house.cutPower();
				await house.startBoard();
				demand(await phone("ada", "lock", "--local", `127.0.0.1:${await port()}`), /^locked in/);
			}),
	);

	t.test(
		"while the relay lives, a session over it and one over the local network serve side by side (T18)",
		() =>
			withNearbyHome("local", async ({ house, port }) => {
				await house.mechanism.press("button", 200);
				check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2_000));
				await house.pair("Ada");
				await port();
				const { phone, transport } = await house.phoneOverLocal();
				await phone.unlock();
				check.equal((await (await house.phone()).status()).bolt, "retracted");
				await house.stopRelay();
				await phone.lock();
				check.equal(house.mechanism.position, 1);
				phone.close();
				transport.close();
			}),
	);
}
