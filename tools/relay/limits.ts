/** Every bound of the relay in one place (I8). The wire's own bounds are docs/PROTOCOL.md's. */
export const RELAY_LIMITS = Object.freeze({
	/** PROTOCOL 2: one message. What is in it has its bounds in modules/wire/envelope. */
	envelopeBytes: 16_384,

	/** Connections of each listener, in all and from one address (an IPv6 /64 counts as one). */
	connections: 10_000,
	deviceConnectionsPerAddress: 512,
	appConnectionsPerAddress: 64,
	/** New TCP connections from one address. */
	connectsBurst: 64,
	connectsPerMinute: 240,
	addressesRemembered: 20_000,

	/** Channels: of one app connection, to one lock, to one lock from one address. */
	channelsPerApp: 16,
	channelsPerLock: 8,
	channelsPerLockAndAddress: 6,
	/** Opened channels from one address, refused ones included: serials cannot be tried out in bulk. */
	opensBurst: 30,
	opensPerMinute: 60,
	/** A channel without a frame for this long is closed; a session lives an hour at most (PROTOCOL 4). */
	channelIdleMs: 3_600_000,
	/** Apps that listen at one notice address. */
	listenersPerAddress: 8,

	/** What one connection may send; beyond it the relay reads no further for a while. */
	appMessagesBurst: 100,
	appMessagesPerMinute: 1_200,
	appBytesBurst: 262_144,
	appBytesPerMinute: 3_932_160,
	deviceMessagesBurst: 400,
	deviceMessagesPerMinute: 6_000,
	deviceBytesBurst: 1_048_576,
	deviceBytesPerMinute: 31_457_280,
	noticesBurst: 16,
	noticesPerMinute: 60,

	/**
	 * Updates. Pieces of images: to one lock, whatever connections it has, and to all of them; what one asks for counts as a whole
	 * piece at least. A lock takes 4 KiB in 20 ms at most. No piece is sent while so much waits for the lock.
	 */
	pieceBytesBurst: 1_048_576,
	pieceBytesPerMinute: 16_777_216,
	allPieceBytesBurst: 8_388_608,
	allPieceBytesPerMinute: 629_145_600,
	pieceBehindBytes: 8_192,
	/** Pieces that are being read from the disk. */
	pieceReads: 16,
	/** Until a lock or the relay that may have no more just now is looked at again. */
	pieceRestMs: 20,
	/** Offers to one lock, whatever connections it has; offers and requests for attestations to all locks together. */
	offersPerLockBurst: 8,
	offersPerLockPerMinute: 2,
	offersBurst: 200,
	offersPerMinute: 3_000,
	attestationsBurst: 200,
	attestationsPerMinute: 3_000,
	/**
	 * What one lock may say of its update; more waits, and the last of it counts. A lock that downloads says how far it is every five
	 * seconds, and each change of its state besides.
	 */
	updateReportsBurst: 20,
	updateReportsPerMinute: 20,
	/** A request of somebody at a command line is answered within this time, or not any more. */
	attestationRequestMs: 600_000,
	/** What locks say of their updates is written together so often. */
	updateWriteMs: 250,
	/** An offer that a lock did not take up, and a request for an attestation that it did not answer: the first pause, and the longest. */
	offerPauseMs: 60_000,
	offerPauseMaxMs: 21_600_000,
	attestationPauseMs: 20_000,
	attestationPauseMaxMs: 3_600_000,
	/** So long after its start a relay calls no lock silent: they have to find back to it. So much of the time before counts at most. */
	silenceGraceMs: 3_600_000,

	/** Bytes waiting for one receiver; an app beyond it is dropped, a lock beyond it loses the channel that fills it. */
	sendQueueBytes: 262_144,
	/** Envelopes of a device that cannot be read, before its connection is closed. */
	unreadableEnvelopes: 16,

	/** Patience: TLS, the HTTP request, keepalive, a close handshake. */
	handshakeMs: 10_000,
	requestMs: 10_000,
	pingMs: 20_000,
	deadMs: 50_000,
	closeMs: 2_000,
	/** How often the registry is asked whether another process has changed it: it may have revoked a connected device. */
	registryPollMs: 100,
} as const);

export type RelayLimits = { readonly [Name in keyof typeof RELAY_LIMITS]: number };
