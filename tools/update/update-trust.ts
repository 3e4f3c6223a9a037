/** The trust bundle that an update is judged under: one that its own holders signed, for a draft says nothing yet. */

import { bytesEqual } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { type SignMessage, verifySign } from "../../modules/cose/sign.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { isMet, judgeBundle } from "../../modules/trust/bundle-acceptance.ts";
import { type Manifest, manifestAad } from "../../modules/update/manifest.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { readBundleFile, standingAlone } from "../trust/bundle-file.ts";
import { UpdateFault } from "./update-fault.ts";

/** Throws UpdateFault, and TrustFault for what is no bundle. */
export function readTrust(path: string): TrustBundle {
	const file = readBundleFile(path);
	const judged = judgeBundle(new NobleCrypto(), undefined, standingAlone(file), "any");
	if (!judged.ok) throw new UpdateFault(`${path}: its own holders have not signed it: ${judged.reason}`);
	return judged.value.bundle;
}

/**
 * Throws UpdateFault unless a lock with this trust takes the manifest as signed: every signature by a key of the update
 * role, each once, and enough of them.
 */
export function requireSigned(trust: TrustBundle, message: SignMessage): void {
	const crypto = new NobleCrypto();
	const signers = verifySign(crypto, message, {
		externalAad: manifestAad(),
		keyFor: (keyId) => trust.updateRole.keys.find((key) => bytesEqual(keyIdOf(crypto, key), keyId)),
	});
	if (!signers.ok) throw new UpdateFault(`a signature of the manifest does not stand: ${signers.reason}`);
	const { threshold } = trust.updateRole;
	if (!isMet(trust.updateRole, signers.value))
		throw new UpdateFault(
			`${signers.value.length} of ${threshold} signatures: the manifest's threshold is not met`,
		);
}

/** Throws UpdateFault when a lock with this trust is one that the manifest is not for: an older bundle may name other keys. */
export function requireTrustVersion({ version }: TrustBundle, { trustVersion }: Manifest): void {
	if (version < trustVersion)
		throw new UpdateFault(
			`the manifest needs trust version ${trustVersion}, and this bundle is version ${version}`,
		);
}
