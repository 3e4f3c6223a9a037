/** What the scenarios run on is what they say: slots of a board's size, and no more memory than the board's file has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually } from "../tools/support/temporary.ts";
import { isSmall, SCENARIO_BOARD, SMALL_SLOT_BYTES } from "./scenario-board.ts";
import { ScenarioHouse } from "./scenario-house.ts";

const REPORT_MS = 20_000;

export default function suite(t: Suite): void {
	t.test(
		"the scenarios run on slots of 16 bytes in the engine's memory of an ESP32-C3, of which a lock with its link and a session leaves some",
		async ({ skip, note }) => {
			if (!isSmall()) skip("the 64-bit board was asked for, or the packages of the 32-bit build are missing");
			const file = readFileSync(join(PATHS.root, "boards", `${SCENARIO_BOARD}.json`), "utf8");
			const { heapKb } = JSON.parse(file) as { heapKb: number };
			const scenario = await ScenarioHouse.open();
			try {
				await scenario.pair("Ada");
				await (await scenario.house.phone()).unlock();
				process.kill(scenario.house.boardPid!, "SIGUSR1");
				check.ok(
					await eventually(() => /^heap slots /m.test(scenario.boardLog), REPORT_MS),
					scenario.boardLog,
				);
				const line = /^heap slots .*$/m.exec(scenario.boardLog)![0];
				const number = (name: string): number => Number(new RegExp(`(?:^| )${name} (\\d+)`).exec(line)?.[1]);
				check.equal(number("slot"), SMALL_SLOT_BYTES, line);
				check.equal(number("size"), heapKb * 1024, line);
				const used = number("slots") + number("chunks") + number("stack-size");
				note(`${(used / 1024).toFixed(1)} KiB of ${heapKb}: ${line}`);
				check.ok(used < number("size"), line);
			} finally {
				await scenario.close();
			}
		},
	);
}
