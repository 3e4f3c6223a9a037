/** The program of a board: binds its host's Platform to the lock. It holds no logic. */
import { openPlatform } from "latchkey:host";
import { App } from "./modules/app/app.ts";
import { FIRMWARE_VERSION } from "./modules/base/version.ts";

new App(openPlatform(), { firmwareVersion: FIRMWARE_VERSION }).start();
