/** A lock over its local network, as processes: a house whose relay is gone for good (I10, T18). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { House } from "../../tools/start/house.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, runCommand } from "../tools/support/command.ts";
import { eventually } from "../tools/support/temporary.ts";

const PORT_MS = 30_000;

interface Home {
	readonly house: House;
	readonly dir: string;
	/** One command of `latchkey phone`, by the phone of that folder. */
	readonly phone: (folder: string, ...words: readonly string[]) => Promise<CommandEnd>;
	readonly local: () => Promise<string>;
}

/** A provisioned lock that nobody has claimed, its local network open. */
async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-local-"));
	const boardLines: string[] = [];
	const house = await House.open({ dir, local: true, onBoardLine: (line) => void boardLines.push(line) });
	try {
		await house.startRelay();
		await house.startBoard();
		await house.provision();
		await house.waitForLink();
		await work({
			house,
			dir,
			phone: (folder, ...words) => runCommand("phone", ...words, "--dir", join(dir, folder)),
			local: async () => {
				check.ok(await eventually(() => house.localPort !== undefined, PORT_MS), boardLines.join("\n"));
				return `127.0.0.1:${house.localPort}`;
			},
		});
	} catch (error) {
		throw new Error(`${(error as Error).message}\n${boardLines.join("\n")}`);
	} finally {
		await house.close();
		rmSync(dir, { recursive: true, force: true });
	}
}

function demand(end: CommandEnd, says: RegExp): void {
	check.equal(end.status, 0, end.stderr);
	check.ok(says.test(end.stdout), end.stdout);
}

export default function suite(t: Suite): void {
	t.test(
		"with the relay dead a phone pairs, unlocks and locks over the local network and the serial line (I10, T18)",
		() =>
			withHome(async ({ house, dir, phone, local }) => {
				await house.stopRelay();
				await house.mechanism.press("button", 200);
				check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2_000));
				const there = ["--local", await local()];
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
				demand(await phone("ada", "lock", "--local", await local()), /^locked in/);
			}),
	);

	t.test(
		"while the relay lives, a session over it and one over the local network serve side by side (T18)",
		() =>
			withHome(async ({ house, local }) => {
				await house.mechanism.press("button", 200);
				check.ok(await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2_000));
				await house.pair("Ada");
				await local();
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
