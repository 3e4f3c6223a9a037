/**
 * What a host is wired to while it answers the contract: the same jig on a desk, in memory, and around the board on
 * Linux. Outputs lead back to inputs, the serial line echoes, and three addresses behave as named.
 *
 *   indicator -> exit    drive-throw -> tamper    drive-retract -> door    brake -> inhibit
 *
 * A test file of the contract exports a function of a Suite and an `open`, which gives a jig whose outputs are off.
 */
import type { OutputRole } from "../../modules/platform/pins.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";

export interface Jig {
	readonly platform: Platform;
	/** Lets that many milliseconds pass, and the event loop run. */
	pass(ms: number): Promise<void>;
	/** How long a change of an output may take to arrive at its input. */
	readonly latencyMs: number;
	readonly network: JigNetwork;
	/** Connects to the platform's listener, as somebody on its network would. */
	dial(): JigPeer;
	/** Connects to the platform's radio as a central with packets of that many bytes, and hears it. */
	central(packetBytes: number): JigCentral;
	/** The service data that the platform's radio advertises now, as somebody near it hears it; undefined: none. */
	sighting(): Uint8Array | undefined;
	/** Under which link-layer address; undefined: this radio has none. */
	linkAddress?(): Uint8Array;
	/** Where a host can make its storage fail on command; absent elsewhere. */
	readonly storageFaults?: StorageFaults;
	/** The same for its slots. */
	readonly slotFaults?: SlotFaults;
}

export interface JigNetwork {
	/** Takes TCP connections and never says anything. */
	readonly silent: Address;
	/** Takes TCP connections and ends them at once. */
	readonly closing: Address;
	/** An address where nothing listens. */
	readonly refusing: Address;
	/** A host name that nobody has. */
	readonly unknownHost: string;
}

/** The other end of a connection to the platform's listener. */
export interface JigPeer {
	write(bytes: Uint8Array): void;
	/** Everything that has come. */
	readonly received: Uint8Array;
	/** The platform has ended it. */
	readonly ended: boolean;
	close(): void;
}

/** The other end of a connection to the platform's radio. */
export interface JigCentral {
	/** One packet; they leave in order. */
	write(packet: Uint8Array): void;
	/** Every packet that has come. */
	readonly received: readonly Uint8Array[];
	/** The platform has ended it. */
	readonly ended: boolean;
	close(): void;
}

export interface Address {
	readonly host: string;
	readonly port: number;
}

export interface StorageFaults {
	failWrites(code: "record/full" | "record/io"): void;
	heal(): void;
	/** Damages what is stored. */
	corrupt(domain: string, name: string): Promise<void>;
	/** The records as the next boot finds them. */
	reboot(): RecordStorage;
}

export interface SlotFaults {
	/** Every operation on slots, boot choice and fuse fails from now on. */
	fail(): void;
	heal(): void;
}

export const WIRED: Readonly<Record<OutputRole, "exit" | "tamper" | "door" | "inhibit">> = Object.freeze({
	indicator: "exit",
	"drive-throw": "tamper",
	"drive-retract": "door",
	brake: "inhibit",
});

export type OpenJig = () => Jig | Promise<Jig>;

/** Lets time pass until the condition holds; false when it does not within the limit. */
export async function passUntil(jig: Jig, condition: () => boolean, limitMs: number): Promise<boolean> {
	const startMs = jig.platform.clock.monotonicMs();
	while (!condition()) {
		if (jig.platform.clock.monotonicMs() - startMs > limitMs) return false;
		await jig.pass(2);
	}
	return true;
}
