/** The keys of a phone that no lock knows. */
import { randomBytes } from "node:crypto";
import { NobleSigningKey } from "../crypto/noble.ts";
import type { PhoneKeys } from "../phone/phone.ts";

export function strangersKeys(): PhoneKeys {
	const signer = new NobleSigningKey();
	const keys = {
		noisePrivateKey: new Uint8Array(randomBytes(32)),
		signingPrivateKey: signer.exportPrivateKey(),
	};
	signer.close();
	return keys;
}
