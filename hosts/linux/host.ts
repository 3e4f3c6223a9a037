/**
 * What "latchkey:host" is on this host. The manifest maps that one name to this file, so relative imports would not
 * find their way from here; the platform is named as the tree names it.
 */
export { openPlatform } from "hosts/linux/platform";
