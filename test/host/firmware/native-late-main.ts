import { monotonicMs } from "./native-late.ts";

trace(`${monotonicMs() > 0}\n`);
native<() => never>("xs_system_reboot")();
