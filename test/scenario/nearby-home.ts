/** A provisioned lock that nobody has claimed, for phones beside it: the real board, and the phone of the command line. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { House } from "../../tools/start/house.ts";
import { check } from "../harness/test.ts";
import { type CommandEnd, runCommand } from "../tools/support/command.ts";
import { eventually } from "../tools/support/temporary.ts";
import { scenarioBoard } from "./scenario-board.ts";

const PORT_MS = 30_000;

export interface NearbyHome {
	readonly house: House;
	readonly dir: string;
	readonly boardLines: readonly string[];
	/** One command of `latchkey phone`, by the phone of that folder. */
	readonly phone: (folder: string, ...words: readonly string[]) => Promise<CommandEnd>;
	/** The port on this machine where the way in is, once the board says so. */
	readonly port: () => Promise<number>;
}

/** `way`: by its local network, or by its radio. Its relay runs. */
export async function withNearbyHome(
	way: "local" | "radio",
	work: (home: NearbyHome) => Promise<void>,
): Promise<void> {
	const dir = mkdtempSync(join(tmpdir(), `latchkey-${way}-`));
	const boardLines: string[] = [];
	const onBoardLine = (line: string): void => void boardLines.push(line);
	const house = await House.open({ ...scenarioBoard(), dir, [way]: true, onBoardLine });
	const portOf = (): number | undefined => (way === "local" ? house.localPort : house.radioPort);
	try {
		await house.startRelay();
		await house.startBoard();
		await house.provision();
		await house.waitForLink();
		await work({
			house,
			dir,
			boardLines,
			phone: (folder, ...words) => runCommand("phone", ...words, "--dir", join(dir, folder)),
			port: async () => {
				check.ok(await eventually(() => portOf() !== undefined, PORT_MS), boardLines.join("\n"));
				return portOf()!;
			},
		});
	} catch (error) {
		throw new Error(`${(error as Error).message}\n${boardLines.join("\n")}`);
	} finally {
		await house.close();
		rmSync(dir, { recursive: true, force: true });
	}
}

export function demand(end: CommandEnd, says: RegExp): void {
	check.equal(end.status, 0, end.stderr);
	check.ok(says.test(end.stdout), end.stdout);
}
