/**
 * One signature by a key that has a role, in a file or in a token (PKCS#11). A key in a file is known before it signs; of a token
 * the one signature that is wanted is asked for, and whose it is is told by the role's keys: what none of them verifies
 * is forgotten. Either way nothing leaves this file that a lock would not take as a signature of the role.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import type { CoseSignature } from "../../modules/cose/sign.ts";
import { decodeEcdsaSignature } from "../../modules/trust/ecdsa-signature.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { openPkcs11Key } from "../pki/pkcs11-key.ts";
import { withKeyFile } from "../trust/key-file.ts";
import { UpdateFault } from "./update-fault.ts";

/**
 * `key`: a PEM file or a pkcs11: URI. `roleKeys`: who may sign; `duty` names the role in the refusal of anybody else. Rejects
 * with UpdateFault, with TrustFault for a file that is no key, with IssuerFault for a token that does not sign.
 */
export async function signAs(
	roleKeys: readonly Uint8Array[],
	duty: string,
	key: string,
	toBeSigned: Uint8Array,
): Promise<CoseSignature> {
	const crypto = new NobleCrypto();
	const made = key.startsWith("pkcs11:")
		? await signInToken(roleKeys, key, toBeSigned)
		: signWithFile(roleKeys, key, toBeSigned);
	if (made === undefined)
		throw new UpdateFault(
			`the key signs no ${duty}: it is not in that role of the trust bundle, and a lock refuses what it signs`,
		);
	return { keyId: keyIdOf(crypto, made.publicKey), signature: made.signature };
}

interface Made {
	readonly publicKey: Uint8Array;
	readonly signature: Uint8Array;
}

function signWithFile(
	roleKeys: readonly Uint8Array[],
	path: string,
	toBeSigned: Uint8Array,
): Made | undefined {
	return withKeyFile(path, (key) =>
		roleKeys.some((each) => bytesEqual(each, key.publicKey))
			? { publicKey: key.publicKey, signature: key.sign(toBeSigned) }
			: undefined,
	);
}

async function signInToken(
	roleKeys: readonly Uint8Array[],
	uri: string,
	toBeSigned: Uint8Array,
): Promise<Made | undefined> {
	const sign = await openPkcs11Key(uri);
	const signature = decodeEcdsaSignature(await sign(toBeSigned));
	if (signature === undefined) throw new UpdateFault("the token gave no signature of P-256");
	const crypto = new NobleCrypto();
	const publicKey = roleKeys.find((each) => crypto.verifyP256(each, toBeSigned, signature));
	return publicKey && { publicKey, signature };
}
