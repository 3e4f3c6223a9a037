/** What "latchkey:recovery-host" is on this host; see host.ts. */
export { openRecoveryPlatform } from "hosts/linux/recovery-platform";
