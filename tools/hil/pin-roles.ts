/** The roles of the simulated board's pins, by number. */
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import type { RigRole } from "./rig-message.ts";

export const PIN_ROLES: ReadonlyMap<number, RigRole> = new Map(
	Object.entries(BOARD_PINS).map(([role, pin]) => [pin, role as RigRole]),
);
