/**
 * The Wi-Fi station of a machine that has one, as far as an owner sets it. The host keeps name and passphrase in the one record
 * `network/wifi` (docs/STORAGE.md 2), where the firmware cannot read them, and gives the passphrase to nobody but the radio; it logs neither.
 */
export interface WifiCredentials {
	/** 1 .. 32 bytes, whatever they are. */
	readonly ssid: Uint8Array;
	/** 8 .. 63 printable characters of ASCII, or 64 hexadecimal digits that are the key itself; absent: an open network. */
	readonly passphrase?: string;
}

export type WifiState = "off" | "joining" | "joined" | "refused";

export interface Wifi {
	/** Joins what is kept, now and whenever it is lost; before it the machine joins nothing. Idempotent, returns at once and never throws. */
	start(): void;
	/**
	 * Keeps these in place of what was, or forgets it (undefined); durable when it returns. Then, once started, the machine leaves the
	 * network of before and joins this one, or none. False: they were kept before, and nothing changes. Throws DeviceError
	 * record/full or record/io: what was kept stands.
	 */
	keep(credentials: WifiCredentials | undefined): boolean;
	/** The name that is kept; undefined: none. Throws DeviceError record/corrupt or record/io. */
	readonly ssid: Uint8Array | undefined;
	/** "refused": the network is there and does not take the credentials; who is out of reach is still "joining". */
	readonly state: WifiState;
}
