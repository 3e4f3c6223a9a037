/** The program of a board on which no firmware boots: binds what is left of the host's Platform to recovery. It holds no logic. */
import { openRecoveryPlatform } from "latchkey:recovery-host";
import { Recovery } from "./modules/app/recovery.ts";
import { FIRMWARE } from "./modules/base/version.ts";

new Recovery(openRecoveryPlatform(), FIRMWARE).start();
