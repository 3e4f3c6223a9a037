/**
 * Relays of the owner's own (DESIGN 7, T18): roots and addresses that an owner added, in one record apart from the bundle's.
 * No bundle adds to them, replaces or removes them; a factory reset erases them. They outlive whoever signs bundles.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { TlsRoot } from "../platform/tls.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import { type CborFields, encodeCbor } from "../wire/cbor-encode.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import {
	areRelayAddresses,
	areRelayRoots,
	decodeRelayAddresses,
	decodeRelayRoots,
	encodeRelayAddresses,
	encodeRelayRoots,
	type RelayAddress,
} from "./relay-entry.ts";

export interface OwnRelays {
	/** 1 .. LIMITS.ownerRelayRoots, each verified for these addresses alone. */
	readonly roots: readonly TlsRoot[];
	/** 1 .. LIMITS.ownerRelayAddresses, in order of preference. */
	readonly addresses: readonly RelayAddress[];
}

export type OwnRelaysReason = "malformed" | "storage";

export const CODEC = recordCodec<OwnRelays>({
	row: RECORDS.ownerRelays,
	format: 1,
	encode: encodeFields,
	// The form alone, as of a bundle: what an image admitted is not judged again by a later one (trust-store.ts).
	decode: (fields) => (fields.hasOnly([0, 1, 2]) ? readForm(fields, 1, 2) : undefined),
});

function encodeFields({ roots, addresses }: OwnRelays): CborFields {
	return { 1: encodeRelayRoots(roots), 2: encodeRelayAddresses(addresses) };
}

/** Under two keys of a map, of which nothing else is looked at. Undefined for what is malformed, or none. */
export function decodeOwnRelays(
	fields: CborMap,
	rootsKey: number,
	addressesKey: number,
): OwnRelays | undefined {
	const own = readForm(fields, rootsKey, addressesKey);
	return own !== undefined && areOwnRelays(own) ? own : undefined;
}

function readForm(fields: CborMap, rootsKey: number, addressesKey: number): OwnRelays | undefined {
	const roots = decodeRelayRoots(fields.get(rootsKey), LIMITS.ownerRelayRoots);
	const addresses = decodeRelayAddresses(fields.get(addressesKey), LIMITS.ownerRelayAddresses);
	if (roots === undefined || addresses === undefined) return undefined;
	return { roots, addresses };
}

export function areOwnRelays({ roots, addresses }: OwnRelays): boolean {
	if (!areRelayRoots(roots, LIMITS.ownerRelayRoots, LIMITS.ownerRelayRootsBytes)) return false;
	return areRelayAddresses(addresses, LIMITS.ownerRelayAddresses);
}

export class OwnerRelays {
	readonly #store: Store;
	readonly #crypto: Crypto;
	/** Why there are none, for the caller to log once; "absent" when nobody added any. */
	readonly fault: ReadReason | undefined;
	#own: OwnRelays | undefined;

	constructor(store: Store, crypto: Crypto) {
		this.#store = store;
		this.#crypto = crypto;
		const read = store.read(CODEC);
		if (read.ok) this.#own = read.value;
		else this.fault = read.reason;
	}

	get current(): OwnRelays | undefined {
		return this.#own;
	}

	/** SHA-256 of the record's content; undefined when there is none. */
	get digest(): Uint8Array | undefined {
		return this.#own && this.#crypto.sha256(encodeCbor(encodeFields(this.#own)));
	}

	/** Replaces them; undefined: none any more. True when that changed anything. Refused: they stand. */
	set(own: OwnRelays | undefined): Result<boolean, OwnRelaysReason> {
		if (own !== undefined && !areOwnRelays(own)) return refuse("malformed");
		// A record that could not be read is not "none": setting none erases it.
		const unreadable = this.fault !== undefined && this.fault !== "absent" && this.#own === undefined;
		if (!unreadable && isSame(own, this.#own)) return accept(false);
		const done = own === undefined ? this.#store.erase(RECORDS.ownerRelays) : this.#store.write(CODEC, own);
		if (!done.ok) return refuse("storage");
		this.#own = own;
		return accept(true);
	}
}

function isSame(a: OwnRelays | undefined, b: OwnRelays | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	return bytesEqual(encodeCbor(encodeFields(a)), encodeCbor(encodeFields(b)));
}
