/** Every scenario, in the order in which they are run: what leaves the lock otherwise than it was stands last. */

import type { Scenario } from "./scenario.ts";
import { BLE } from "./scenarios/ble.ts";
import { JAM } from "./scenarios/jam.ts";
import { PAIR } from "./scenarios/pair.ts";
import { POWER_CUT } from "./scenarios/power-cut.ts";
import { RESET } from "./scenarios/reset.ts";
import { TRUST_DRILL } from "./scenarios/trust-drill.ts";
import { UNLOCK } from "./scenarios/unlock.ts";
import { UPDATE } from "./scenarios/update.ts";
import { WIFI_LOSS } from "./scenarios/wifi-loss.ts";

export const SCENARIOS: readonly Scenario[] = Object.freeze([
	PAIR,
	UNLOCK,
	JAM,
	POWER_CUT,
	WIFI_LOSS,
	BLE,
	TRUST_DRILL,
	UPDATE,
	RESET,
]);
