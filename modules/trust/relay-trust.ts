/**
 * Whom the lock talks to (DESIGN 7): relay roots and relay addresses, one record, installed by the factory line. Roots
 * of devices and of updates are other roots and never here. Everything is checked when it is installed, so that no
 * connection meets a root that does not parse; nothing here verifies a peer (docs/TLS.md).
 */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import { type CborFields, encodeCbor } from "../wire/cbor-encode.ts";
import { asArray, asBytes, asText, asUint, type CborMap, type CborValue } from "../wire/cbor-map.ts";
import { decodeCertificate } from "./certificate.ts";

export interface RelayAddress {
	/** A DNS name or an IP address. */
	readonly host: string;
	readonly port: number;
	/** What the relay's certificate must name. */
	readonly serverName: string;
}

export interface RelayTrust {
	/** 0 as the line installed it; later versions come in signed bundles. */
	readonly version: number;
	/** DER, 1 .. LIMITS.relayRoots */
	readonly roots: readonly Uint8Array[];
	/** 1 .. LIMITS.relayAddresses, in the order of preference */
	readonly addresses: readonly RelayAddress[];
}

export type InstallReason = "malformed" | "storage";

const HOST = /^[0-9A-Za-z._:-]+$/;

/** Whether every root is a CA certificate and everything is within its bounds. */
export function isRelayTrust(trust: RelayTrust): boolean {
	const { roots, addresses } = trust;
	if (roots.length === 0 || roots.length > LIMITS.relayRoots) return false;
	let rootsBytes = 0;
	for (const root of roots) {
		rootsBytes += root.length;
		if (rootsBytes > LIMITS.relayRootsBytes || decodeCertificate(root)?.isCa !== true) return false;
	}
	if (addresses.length === 0 || addresses.length > LIMITS.relayAddresses) return false;
	return addresses.every(
		({ host, port, serverName }) =>
			isHost(host) && isHost(serverName) && Number.isSafeInteger(port) && port >= 1 && port <= 65535,
	);
}

function isHost(host: string): boolean {
	return host.length <= LIMITS.hostBytes && HOST.test(host);
}

export const CODEC = recordCodec<RelayTrust>({
	row: RECORDS.relayTrust,
	format: 1,
	encode: encodeFields,
	decode: decodeFields,
});

function encodeFields(trust: RelayTrust): CborFields {
	const addresses = trust.addresses.map(({ host, port, serverName }) => [host, port, serverName]);
	return { 1: trust.version, 2: trust.roots, 3: addresses };
}

function decodeFields(fields: CborMap): RelayTrust | undefined {
	const version = fields.uint(1);
	const roots = decodeRoots(fields.get(2));
	const addresses = decodeAddresses(fields.get(3));
	if (
		!fields.hasOnly([0, 1, 2, 3]) ||
		version === undefined ||
		roots === undefined ||
		addresses === undefined
	) {
		return undefined;
	}
	const trust = { version, roots, addresses };
	return isRelayTrust(trust) ? trust : undefined;
}

/** `[+ relay root DER]` of PROTOCOL 6; isRelayTrust has the last word. */
export function decodeRoots(value: CborValue | undefined): readonly Uint8Array[] | undefined {
	const items = asArray(value, { min: 1, max: LIMITS.relayRoots });
	const roots: Uint8Array[] = [];
	for (const item of items ?? []) {
		const root = asBytes(item, { min: 1, max: LIMITS.relayRootsBytes });
		if (root === undefined) return undefined;
		roots.push(root);
	}
	return items && roots;
}

/** `[+ [host, port, name]]` of PROTOCOL 6; isRelayTrust has the last word. */
export function decodeAddresses(value: CborValue | undefined): readonly RelayAddress[] | undefined {
	const items = asArray(value, { min: 1, max: LIMITS.relayAddresses });
	const addresses: RelayAddress[] = [];
	for (const item of items ?? []) {
		const fields = asArray(item, 3);
		const host = asText(fields?.[0], LIMITS.hostBytes);
		const port = asUint(fields?.[1], 65535);
		const serverName = asText(fields?.[2], LIMITS.hostBytes);
		if (host === undefined || port === undefined || serverName === undefined) return undefined;
		addresses.push({ host, port, serverName });
	}
	return items && addresses;
}

/** The stored relay trust. Without one the lock has no relay; everything local works (I10). */
export class RelayTrustStore {
	readonly #store: Store;
	readonly #sha256: (data: Uint8Array) => Uint8Array;
	/** Why there is none, for the caller to log once; "absent" on a board that is not provisioned. */
	readonly fault: ReadReason | undefined;
	#trust: RelayTrust | undefined;

	constructor(store: Store, sha256: (data: Uint8Array) => Uint8Array) {
		this.#store = store;
		this.#sha256 = sha256;
		const read = store.read(CODEC);
		if (read.ok) this.#trust = read.value;
		else this.fault = read.reason;
	}

	get current(): RelayTrust | undefined {
		return this.#trust;
	}

	/** What a resumable TLS session is bound to: another set of roots or addresses is another scope (DESIGN 7). */
	get scope(): string | undefined {
		if (this.#trust === undefined) return undefined;
		const digest = this.#sha256(encodeCbor(encodeFields(this.#trust)));
		return `trust-${this.#trust.version}-${toHex(digest.subarray(0, 8))}`;
	}

	/** Writes nothing when the same trust is there already. Refused: nothing changed. */
	install(trust: RelayTrust): Result<void, InstallReason> {
		if (!isRelayTrust(trust)) return refuse("malformed");
		if (this.#trust !== undefined && isSame(this.#trust, trust)) return accept(undefined);
		if (!this.#store.write(CODEC, trust).ok) return refuse("storage");
		this.#trust = trust;
		return accept(undefined);
	}
}

function isSame(a: RelayTrust, b: RelayTrust): boolean {
	return bytesEqual(encodeCbor(encodeFields(a)), encodeCbor(encodeFields(b)));
}
