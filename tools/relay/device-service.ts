/**
 * What a relay does for a connected lock besides carrying frames (PROTOCOL 2): it passes on bundles of trust and updates,
 * answers requests for certificates and for the time, keeps reports. Each is one service. None of it can open a session or
 * change what a lock trusts: whatever a service sends, the lock verifies by itself.
 */
import type {
	RenewalEnvelope,
	ReportEnvelope,
	TimeRequestEnvelope,
	ToLock,
} from "../../modules/wire/envelope.ts";
import type { UpdateFromLock } from "../../modules/wire/update-envelope.ts";

/** With which of its certificates a lock is here (PROTOCOL 8): the factory's opens renewal only. */
export type DeviceCredential = "factory" | "operational";

export interface ConnectedDevice {
	readonly serial: string;
	readonly credential: DeviceCredential;
	/** What was sent and has not left this machine: whoever sends much waits until it is little, for phones' frames wait behind it. */
	readonly waitingBytes: number;
	/** False, and nothing is sent, when the connection is over or too much is waiting. */
	send(envelope: ToLock): boolean;
}

export type ServiceEnvelope = TimeRequestEnvelope | RenewalEnvelope | ReportEnvelope | UpdateFromLock;

/** Neither method throws; what takes time goes on by itself and ends in `send`. */
export interface DeviceService {
	/** Kinds of envelopes that are this service's. */
	readonly kinds: readonly ServiceEnvelope["kind"][];
	/** A lock is there. */
	attached?(device: ConnectedDevice): void;
	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void;
	detached?(device: ConnectedDevice): void;
}
