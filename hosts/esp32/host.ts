/** What "latchkey:host" is on this host; see hosts/linux/host.ts. */
export { openPlatform } from "hosts/esp32/platform";
