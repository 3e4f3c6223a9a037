/** What stands for a radio on the simulated board: `--arg radio=N` hears N stations; without it there is none. */
import type { Radio } from "../../modules/platform/radio.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { boardArgument } from "./system.ts";

const LISTEN_MS = 20;

export function openRadio(): Radio | undefined {
	const stations = Number(boardArgument("radio") ?? Number.NaN);
	if (!(stations >= 0)) return undefined;
	return { listen: (onHeard) => void CLOCK.after(LISTEN_MS, () => onHeard(stations)) };
}
