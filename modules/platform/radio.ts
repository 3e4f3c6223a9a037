/**
 * The local radio (docs/BLE.md): phones near the lock that connect to it, and what it tells whoever listens. Packets are
 * anybody's bytes: nothing of the link's own pairing or encryption is relied on, what they carry protects itself. A platform
 * without it has no radio, or was told to keep quiet.
 *
 * A host promises: one connection more than the firmware has places for (LIMITS.radioConnections) can stand, so that a
 * waiting phone can replace a stranger; each `advertise` begins under a new link-layer address that says nothing of the
 * lock (a random private one); at most LIMITS.radioWaitingPackets of a connection are kept before it is taken, then
 * the connection ends.
 */
export interface RadioConnectionHandlers {
	/** The phone wrote once; the bytes are the handler's to keep. */
	onPacket(packet: Uint8Array): void;
	/** `send` may take again; nothing is taken before the first time. */
	onRoom(): void;
	/** The phone is gone, or the connection failed. Once, and not after `close`. */
	onClosed(): void;
}

export interface RadioConnection {
	/** The most bytes of a packet now: LIMITS.radioPacketMinBytes at least; it may grow while the connection stands. */
	readonly packetBytes: number;
	/** One packet, copied. False: it was not taken, wait for onRoom. */
	send(packet: Uint8Array): boolean;
	/** Idempotent. No handler runs after it. */
	close(): void;
}

export interface Radio {
	/** Calls back from the event loop when a connection waits; again only after `accept` found none. One callback. */
	onConnection(callback: () => void): void;
	/** The connection that has waited longest; undefined: none waits. No handler runs from inside the call. */
	accept(handlers: RadioConnectionHandlers): RadioConnection | undefined;
	/** From now on, in place of what it was: at most 10 bytes of service data; undefined: nothing is advertised. */
	advertise(serviceData: Uint8Array | undefined): void;
	/**
	 * Calls back from the event loop when the stack may have stopped advertising by itself, since a connection began or ended: what is to be
	 * heard is advertised anew. One callback.
	 */
	onSilenced(callback: () => void): void;
	/** Advertises nothing, takes no connection; those that were taken stay. Idempotent. */
	close(): void;
}
