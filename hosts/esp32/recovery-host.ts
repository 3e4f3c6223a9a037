/** What "latchkey:recovery-host" is on this host; see hosts/linux/recovery-host.ts. */
export { openRecoveryPlatform } from "hosts/esp32/recovery-platform";
