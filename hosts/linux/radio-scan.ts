/** What stands for what a radio hears on the simulated board: `--arg heard=N` hears N stations; without it there is none. */
import type { RadioScan } from "../../modules/platform/radio-scan.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { boardArgument } from "./system.ts";

const LISTEN_MS = 20;

export function openRadioScan(): RadioScan | undefined {
	const stations = Number(boardArgument("heard") ?? Number.NaN);
	if (!(stations >= 0)) return undefined;
	return { listen: (onHeard) => void CLOCK.after(LISTEN_MS, () => onHeard(stations)) };
}
