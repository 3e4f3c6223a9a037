/**
 * The Wi-Fi station of a machine that has one, as far as an owner sets it. The firmware keeps the credentials
 * (docs/STORAGE.md 2) and tells them at each boot; the host writes them nowhere, logs neither, and forgets the last ones when
 * told others or none.
 */
export interface WifiCredentials {
	/** 1 .. 32 bytes, whatever they are. */
	readonly ssid: Uint8Array;
	/** 8 .. 63 printable characters of ASCII, or 64 hexadecimal digits that are the key itself; absent: an open network. */
	readonly passphrase?: string;
}

export type WifiState = "off" | "joining" | "joined" | "refused";

export interface Wifi {
	/** Leaves the network of before and joins this one; undefined: none. Returns at once and never throws. */
	join(credentials: WifiCredentials | undefined): void;
	/** "refused": the network is there and does not take the credentials; who is out of reach is still "joining". */
	readonly state: WifiState;
}
