/**
 * Every bound of the firmware in one place (I8). Protocol constants that a peer must know too are in
 * docs/PROTOCOL.md; a change here that a peer can see changes that file in the same commit.
 */
export const LIMITS = Object.freeze({
	/** CBOR: nesting of arrays and maps. */
	cborDepth: 8,
	/** CBOR: items in one array or map. */
	cborItems: 256,

	/** COSE: bytes of a signed payload, and of a key id. */
	cosePayloadBytes: 16384,
	coseKeyIdBytes: 64,

	/** Secrets held in C at once, and the bytes of one; unfinished hashes (hosts/bindings/secrets.h, hash.c). */
	secretHandles: 96,
	secretBytes: 64,
	hashHandles: 16,

	/** Deflate: how far back a stream refers, bytes fed or read at once, all that one takes, streams at once (hosts/bindings/inflate.c). */
	inflateWindowBytes: 4096,
	inflatePieceBytes: 512,
	inflateBytes: 16384,
	inflateStreams: 2,
	/**
	 * Delta update (update/patch.ts): bytes of a result that come at once, bytes of the source read at once, and steps of one
	 * turn. 32 steps are 17,000 byte codes at most; half of that is the copying of 4 KiB.
	 */
	patchPieceBytes: 4096,
	patchSourceBytes: 1024,
	patchSteps: 32,

	/** TLS: certificates a peer may send, and their bytes in all; roots, pins of one; connections; sessions kept (hosts/bindings). */
	tlsChainCertificates: 6,
	tlsChainBytes: 12288,
	tlsRoots: 16,
	tlsPins: 4,
	tlsConnections: 2,
	tlsSessions: 2,
	tlsHandshakeMs: 15000,
	tlsWriteQueueBytes: 32768,

	/** WebSocket: response header bytes, one frame, one message, one read, and pongs that wait unsent. */
	wsHeaderBytes: 4096,
	wsFrameBytes: 16384,
	wsMessageBytes: 16384,
	wsReadBytes: 4096,
	wsPongs: 16,
	/** WebSocket: patience for the upgrade, for each half of the closing handshake, and after a failure. */
	wsHandshakeMs: 15000,
	wsCloseMs: 5000,
	wsFailMs: 2000,

	/** Link: keepalive, dead-peer detection and back-off. */
	linkPingMs: 20000,
	linkDeadMs: 50000,
	linkBackoffFirstMs: 1000,
	linkBackoffMaxMs: 300000,
	/** While an image is on trial, which has to reach somebody in trialMs. */
	linkBackoffTrialMs: 30000,
	/** A connection that held so long ends a series of failures. */
	linkStableMs: 60000,
	linkQueueBytes: 32768,

	/** Sessions: channels at one transport, open sessions and half-open ones among them, and their patience. */
	channels: 8,
	sessions: 6,
	halfOpen: 2,
	halfOpenMs: 10000,
	sessionMs: 3600000,
	sessionsPerGrant: 2,
	sessionFrames: 65536,
	handshakesBurst: 10,
	handshakesPerMinute: 30,

	/** Delay bound (DESIGN 5.3). */
	delayMaxMs: 5000,
	driftMaxMs: 500,
	anchorMs: 300000,
	anchorsKept: 2,

	/** Serial: one frame, and the bytes that wait to leave. */
	serialFrameBytes: 4608,
	serialQueueBytes: 16384,
	serialReadsPerTurn: 4,

	/** Local network: connections, channels of one, one frame, and the bytes that wait to leave one. */
	localConnections: 2,
	localChannels: 4,
	localFrameBytes: 4608,
	localQueueBytes: 16384,
	localReadBytes: 4096,
	localReadsPerTurn: 4,
	/** A connection that carries no session gives its place to another one after the first time; one on which nothing comes ends after the second. */
	localGraceMs: 3000,
	localIdleMs: 60000,

	/**
	 * Local radio (docs/BLE.md): connections; one packet (an ATT MTU of 23 to 517, less 3); notifications that wait for the
	 * stack; packets of one connection that wait until it has a place.
	 */
	radioConnections: 2,
	radioPacketMinBytes: 20,
	radioPacketBytes: 514,
	radioNotifies: 4,
	radioWaitingPackets: 16,
	/** So long one identifier is advertised. */
	advertiseMs: 900000,
	/** Wi-Fi credentials (IEEE 802.11), and how often they may change: flash lasts ten years (docs/STORAGE.md 5). */
	wifiSsidBytes: 32,
	wifiPassphraseMinBytes: 8,
	wifiKeyDigits: 64,
	wifiSetsBurst: 6,
	wifiSetsPerHour: 6,

	/** Access. */
	grants: 32,
	nameBytes: 32,
	scheduleWindows: 14,
	grantUses: 1000000,

	/** Identity: the factory chain fits one serial frame; two operational chains fit one record. */
	hardwareClassBytes: 24,
	ownChainCertificates: 3,
	ownChainBytes: 4096,
	operationalChainBytes: 2048,
	csrBytes: 512,
	/** After a refusal, and when time is not known, the lock asks for a certificate again so much later. */
	renewalRetryMs: 3600000,
	renewalAnswerMs: 30000,
	/** So many requests at once, whatever becomes of them: each costs flash a key. */
	renewalsBurst: 3,
	/** While the bolt drives nothing begins: the lock looks again so much later. */
	renewalLookMs: 1000,
	/** Links in a row that were ready with another certificate than the first in order, before that one is left for a while. */
	passedOver: 2,
	/** A certificate on trial that is passed over still is forgotten after so many looks, renewalRetryMs or more apart. */
	trialRetries: 24,

	/** Trust: a signed bundle, a piece of it in a session or on the line, and what it may hold. */
	bundleBytes: 8192,
	bundlePieceBytes: 2048,
	roleKeys: 5,
	roleThreshold: 3,
	onlineKeys: 3,
	bundleSignatures: 10,
	relayRoots: 4,
	relayRootsBytes: 4096,
	relayAddresses: 4,
	deviceRoots: 2,
	deviceRootsBytes: 2048,
	ownerRelayRoots: 2,
	ownerRelayRootsBytes: 2048,
	ownerRelayAddresses: 2,
	hostBytes: 253,
	/** Refused bundles of one way in (relay, sessions, serial line): checking one costs a signature. */
	trustRefusalsBurst: 10,
	trustRefusalsPerMinute: 6,
	/** After a new bundle the link waits so long for the next of a chain, and for replies to leave, before it begins anew. */
	trustSettleMs: 1000,
	/** How often an owner's relays may change: flash lasts ten years (docs/STORAGE.md 5). */
	relaySetsBurst: 6,
	relaySetsPerHour: 6,

	/** Unix seconds in a record or message end with the year 9999. */
	unixSecondsMax: 253402300799,
	/** Time: an answer to a nonce comes within so long; the time role is asked again so often. */
	timeAnswerMs: 10000,
	timeRefreshMs: 21600000,
	/** After a question over the link that got no good answer. */
	timeRetryMs: 300000,
	/** Questions that a phone or the line may cause, at once and in the long run: each may cost a verification. */
	timeNoncesBurst: 8,
	timeNoncesPerMinute: 12,
	/** An owner's time that differs more from the time role's makes the lock ask the time role at once. */
	timeContradictionMs: 60000,
	/** So many attempts in a row that fail for a certificate's dates alone end the estimate they were judged by. */
	timeDoubts: 8,

	/** Health: resets kept, the stack of the last fault, and the whole report of a lock. */
	healthResets: 8,
	healthStackBytes: 512,
	healthFailureReasons: 64,
	/** What is counted reaches flash so often at most. */
	healthWriteMs: 3600000,
	/** The heap is measured so often at most, whoever asks: each time costs a collection. */
	healthMeasureMs: 1000,
	reportBytes: 2048,
	/** Reports that a relay may ask for. */
	reportsBurst: 4,
	reportsPerMinute: 4,

	/** Updates: a signed manifest, what it may hold, and its numbers. An image has 64 chunks of 64 KiB at most. */
	manifestBytes: 5120,
	manifestDeltas: 2,
	chunkBytes: 65536,
	imageChunks: 64,
	imageBytes: 4194304,
	deltaBytes: 1048576,
	sequenceMax: 2147483647,
	/** A manifest goes at most so far above the floor: who stole a threshold once cannot use up the numbers. */
	sequenceStep: 1000,
	securityVersionMax: 16,
	securityVersionStep: 4,
	freshnessLifeSeconds: 7776000,
	/** Pieces of an image or a delta, and how many bytes of them may be on their way. */
	objectPieceBytes: 4096,
	objectWindowBytes: 16384,
	/** Who sends no piece for so long loses its chunk to another sender; the link is asked again. */
	updateStallMs: 30000,
	/** Who does not finish a chunk in so long loses it too. For so long it comes after the other ways in then. */
	updateChunkMs: 300000,
	updateLateMs: 3600000,
	/** Who sent a chunk with a wrong digest gets no other for so long, twice as long each time, so long at most. */
	badChunkMs: 3600000,
	badChunkMaxMs: 86400000,
	/** Phones of which it is remembered that they sent wrong chunks, or were late: every grant's at once. Link and line are, always. */
	updatePhones: 32,
	/** Chunks that phones left, and that they may go on with: each holds a hash. */
	updateLeft: 2,
	/** A piece that does not end its chunk is a multiple of this: what encrypted flash takes. */
	flashUnitBytes: 16,
	/** Flash that is read and hashed in one turn. */
	updateSliceBytes: 16384,
	/** Rest between two pieces, and after anything that a person waits for. */
	updateRestMs: 20,
	updateYieldMs: 2000,
	/** It stands back so long in one go and so long in a minute: half of any minute in all. */
	updateYieldBurstMs: 15000,
	/** A complete update restarts the machine once nobody wanted anything for so long, at the latest after updateQuietMaxMs. */
	updateQuietMs: 10000,
	updateQuietMaxMs: 86400000,
	/** How often an update that waits is looked at, and how often its progress is reported. */
	updateLookMs: 1000,
	updateReportMs: 5000,
	/** Flash wear: updates that may begin, and chunks that may be written again, at once and in a day. */
	updateBeginsBurst: 4,
	updateBeginsPerDay: 8,
	chunkRetriesBurst: 8,
	chunkRetriesPerDay: 8,
	/** What filled up of both is written down so often at most. */
	allowanceWriteMs: 3600000,
	/** Offers of one way in, or of one grant, that were refused: checking one costs signatures. */
	offerRefusalsBurst: 10,
	offerRefusalsPerMinute: 6,
	/** Attestations for one way in, or one grant: each is a signature. */
	attestationsBurst: 4,
	attestationsPerMinute: 4,
	/** A trial that did not pass its self-test by then is reverted (platform/slots has the host's own deadline). */
	trialMs: 600000,
	/** A trial passes no sooner than that, and is looked at so often. */
	trialSettleMs: 10000,
	trialLookMs: 1000,
	/** The inside button is held so long from power-on for recovery, and no longer than that; it is looked at so often meanwhile. */
	recoveryHoldMs: 3000,
	recoveryReleaseMs: 10000,
	recoveryLookMs: 100,
	/** Recovery is left when the serial line was silent for so long. */
	recoveryIdleMs: 600000,
	/** "Could reach somebody": a link or a session in so long before the restart. */
	reachedMs: 3600000,
	/** So many reverts park a sequence; until then it is tried again after the pause. */
	revertsMax: 3,
	revertPauseMs: 3600000,
	/** The pause of what reached nobody so often that it would be parked. */
	revertPauseMaxMs: 86400000,
	/** Hours of uptime after which a confirmed release retires an image of a lower security version in the other slot. */
	oldSlotHours: 24,
	oldSlotLookMs: 3600000,
	/** A newer freshness statement is written to flash so often at most. */
	freshnessWriteSeconds: 43200,
	/** Whatever a thief of a freshness key signs. */
	freshnessWritesBurst: 4,
	freshnessWritesPerDay: 4,
	/** A statement issued so long after the estimate of time counts for nothing: clocks are wrong by less. */
	freshnessAheadMs: 86400000,
	/** A manifest signed so long after its statement, or after the estimate of time, is not taken: its signing time becomes a floor. */
	manifestAheadMs: 86400000,

	/** Claiming. */
	windowMs: 180000,
	resetHoldMs: 10000,
	/** Sealed notices that wait for a link, and the bytes of one. */
	keptNotices: 4,
	keptNoticeBytes: 80,
	/** What a reset says to the owners has this long to reach the relay before it erases; it looks each resetLookMs. */
	resetGraceMs: 3000,
	resetLookMs: 250,
	shortPressMinMs: 30,
	shortPressMaxMs: 2000,

	/**
	 * Self-test of a factory line (app/self-test.ts): random bytes drawn; how often one byte may come in a row and in a window
	 * of 512 (NIST SP 800-90B 4.4, H = 8, false alarms below 2^-30); how long an output is energised, and looked at how often;
	 * how long the radio listens.
	 */
	selfTestRandomBytes: 4096,
	selfTestRepeats: 5,
	selfTestWindowBytes: 512,
	selfTestWindowRepeats: 16,
	selfTestPulseMs: 200,
	selfTestLookMs: 5,
	selfTestRadioMs: 5000,

	/** Log. */
	logEntries: 512,
	logPage: 16,
	logEntryBytes: 128,
	logTextBytes: 32,
	/** Entries that one grant may cause, at once and in the long run: flash lasts ten years (docs/STORAGE.md 5). */
	logGrantBurst: 120,
	logGrantPerMinute: 6,
	/** Transports whose strangers are counted apart. */
	logTransports: 4,

	/** Bolt. */
	travelMs: 2000,
	stallMs: 1000,
	brakeMs: 100,
	holdMs: 5000,
	relockMs: 0,
	relockMaxMs: 86400000,
	/** How long after a contact changed a bolt at rest looks (contacts bounce), and the events that may queue. */
	contactBounceMs: 50,
	boltEvents: 16,
	/** The longest that one call may energise an output (Drive), and when a lasting hold is renewed before that. */
	energiseMaxMs: 10000,
	holdRenewMs: 8000,
} as const);
