/**
 * The trust of a bench's own relay: its newest bundle names the bench's root and relay and no others, whatever a drill that ended in the
 * middle left behind it.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { NamedEndpoint } from "../cli/arguments.ts";
import { PKI_FILES, readCertificate } from "../factory/pki.ts";
import { readBundleFile } from "../trust/bundle-file.ts";
import { ensureTrust, newestBundlePath, signDevelopmentBundle } from "../trust/development-trust.ts";

/** The newest bundle; signs one where that is another's. Throws TrustFault. */
export function ownTrust(pkiDir: string, { host, port, name }: NamedEndpoint): TrustBundle {
	const path = newestBundlePath(pkiDir);
	const newest = path === undefined ? undefined : readBundleFile(path).bundle;
	const der = new Uint8Array(readCertificate(PKI_FILES.rootCertificate(pkiDir, "relay")).rawData);
	const isOwn = newest?.relayRoots.length === 1 && bytesEqual(newest.relayRoots[0]!.der, der);
	if (newest === undefined || isOwn) return ensureTrust(pkiDir, [{ host, port, name }]).file.bundle;
	return signDevelopmentBundle(pkiDir, {
		...newest,
		version: newest.version + 1,
		signedUnixSeconds: Math.floor(Date.now() / 1_000),
		relayRoots: [{ der }],
		relays: [{ host, port, serverName: name }],
	}).bundle;
}
