/** The text version of this firmware. It equals `version` in package.json; a test holds them together. */
export const FIRMWARE_VERSION = "0.1.0";
