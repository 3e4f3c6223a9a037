/**
 * Builds every variant of the host that the parts of `npm test` need, one after the other with all cores, before the parts
 * run side by side: two of them would build the same files twice. Prints the time of each that was not up to date.
 */
import { buildVariants } from "./bindings/boards.ts";
import { buildHostVariants, canBuild32 } from "./host/board.ts";
import { buildScenarioBoards } from "./scenario/scenario-board.ts";
import { buildSoakBoard } from "./soak/soak-house.ts";

const SAID_S = 1;

/** The soak has no other board: where that cannot be built it skips itself, by name. */
function buildSoak(): void {
	if (canBuild32()) buildSoakBoard();
	else process.stdout.write("# variants of the soak: none, the packages of the 32-bit build are missing\n");
}

for (const [name, build] of [
	["of the host's tests", buildHostVariants],
	["of the bindings' tests", buildVariants],
	["of the scenarios", buildScenarioBoards],
	["of the soak", buildSoak],
] as const) {
	const started = performance.now();
	build();
	const seconds = (performance.now() - started) / 1000;
	if (seconds > SAID_S) process.stdout.write(`# variants ${name}: ${seconds.toFixed(1)} s\n`);
}
