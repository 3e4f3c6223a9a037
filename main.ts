/** The program of a board: binds its host's Platform to the lock. It holds no logic. */
import { openPlatform } from "latchkey:host";
import { App } from "./modules/app/app.ts";
import { FIRMWARE } from "./modules/base/version.ts";

new App(openPlatform(), { firmware: FIRMWARE }).start();
