/**
 * Whom the lock may connect to, in order: the owner's own relays, then the bundle's (DESIGN 7). Each address is verified
 * against the roots of its own origin alone: the vendor's roots open no door at an owner's address, nor the other way.
 */
import { toHex } from "../base/bytes.ts";
import type { TlsRoot } from "../platform/tls.ts";
import type { OwnerRelays } from "./owner-relays.ts";
import type { RelayAddress } from "./relay-entry.ts";
import type { TrustStore } from "./trust-store.ts";

export interface TrustedRelay extends RelayAddress {
	readonly roots: readonly TlsRoot[];
	/** What a resumable TLS session is bound to: another origin, version, root, pin or address is another scope. */
	readonly scope: string;
}

const SHORT_DIGEST_BYTES = 8;

/** Empty when the lock has no trust: everything local works (I10). */
export function relayList(trust: TrustStore, owner: OwnerRelays): readonly TrustedRelay[] {
	const own = owner.current;
	const bundle = trust.current;
	const relays: TrustedRelay[] = [];
	if (own !== undefined) {
		const scope = `owner-${shortHex(owner.digest)}`;
		for (const address of own.addresses) relays.push({ ...address, roots: own.roots, scope });
	}
	if (bundle !== undefined) {
		const scope = `trust-${bundle.version}-${shortHex(trust.digest)}`;
		for (const address of bundle.relays) relays.push({ ...address, roots: bundle.relayRoots, scope });
	}
	return relays;
}

function shortHex(digest: Uint8Array | undefined): string {
	return toHex((digest ?? new Uint8Array(0)).subarray(0, SHORT_DIGEST_BYTES));
}
