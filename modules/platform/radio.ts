/** The board's radio, as far as a factory line asks for it. Boards without one, or hosts that cannot listen, have none. */
export interface Radio {
	/** Listens once and tells how many other stations were heard; never called back when it cannot. */
	listen(onHeard: (stations: number) => void): void;
}
