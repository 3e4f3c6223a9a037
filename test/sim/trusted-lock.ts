/**
 * A lock with a relay, an owner and a chain of bundles: what the drills of trust begin with (T5, T18). A relay here has a
 * root, and a lock reaches it only while it trusts that root, as TLS would have it.
 */
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { TlsOptions } from "../../modules/platform/tls.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import type { Label } from "../../modules/wire/label.ts";
import { SimRelay } from "../unit/link/sim-relay.ts";
import { makeRootFor, SIGNED_UNIX_SECONDS, signBundle, trustBundle } from "./bundles.ts";
import { LockRig } from "./lock-rig.ts";
import { PhoneRig } from "./phone-rig.ts";

const DAY = 86400;

/** Where version n of the chain leads, and the number of the root that it trusts there. */
export function relayOf(version: number): RelayAddress {
	return { host: `192.0.2.${version}`, port: 8443, serverName: "relay.example" };
}

export function rootOf(version: number): Uint8Array {
	return makeRootFor(100 + version);
}

/** Version n: a root and an address of its own. */
export function linkBundle(version: number, parts: Partial<TrustBundle> = {}): TrustBundle {
	return trustBundle({
		version,
		signedUnixSeconds: SIGNED_UNIX_SECONDS + version * DAY,
		expiresUnixSeconds: SIGNED_UNIX_SECONDS + (version + 100) * DAY,
		relayRoots: [{ der: rootOf(version) }],
		relays: [relayOf(version)],
		...parts,
	});
}

export interface TrustedLock {
	readonly rig: LockRig;
	readonly label: Label;
	readonly owner: PhoneRig;
	/** Connections that relays accepted, oldest first. */
	readonly relays: SimRelay[];
	/** Hosts whose chain a lock refused. */
	readonly untrusted: string[];
}

/** A relay at this address whose chain leads to this root. */
export function serveRelay(lock: TrustedLock, address: RelayAddress, root: Uint8Array): void {
	const same = (der: Uint8Array): boolean =>
		der.length === root.length && der.every((byte, at) => byte === root[at]);
	lock.rig.board.network.listen(address.host, address.port, (options: TlsOptions) => {
		if (!options.roots.some(({ der }) => same(der))) {
			lock.untrusted.push(options.host);
			return "chain-untrusted";
		}
		return (peer) => void lock.relays.push(new SimRelay(peer));
	});
}

/** Sealed, owned, with version 1, and connected to its relay. */
export function newTrustedLock(
	crypto: TestCrypto,
	first: Uint8Array = signBundle(crypto, linkBundle(1)),
): TrustedLock {
	const rig = new LockRig({ crypto });
	const label = rig.provision();
	const owner = new PhoneRig(rig, crypto, label, 11);
	const lock: TrustedLock = { rig, label, owner, relays: [], untrusted: [] };
	for (let version = 1; version <= 5; version++) serveRelay(lock, relayOf(version), rootOf(version));
	rig.installMessage(first);
	if (rig.verb("seal").code !== "done") throw new Error("the board was not sealed");
	rig.advance(2000);
	rig.press();
	if (owner.pair()?.status !== "done") throw new Error(`the owner did not pair\n${rig.log}`);
	return lock;
}
