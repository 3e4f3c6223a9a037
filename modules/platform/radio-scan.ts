/** What the board's radio hears, as a factory line asks for it. Boards without a radio, or hosts that cannot listen, have none. */
export interface RadioScan {
	/** Listens once and tells how many other stations were heard; never called back when it cannot. */
	listen(onHeard: (stations: number) => void): void;
}
