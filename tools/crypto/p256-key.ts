/** P-256 keys as Node reads them: the point of one, and private ones in PEM. Any other key is refused, never thrown about. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { accept, type Result, refuse } from "../../modules/base/result.ts";

const POINT_BYTES = 65;

/** The uncompressed point of a public key or of a private one, 65 bytes; undefined for any other key. */
export function readP256Point(key: KeyObject): Uint8Array | undefined {
	// Asked first: other curves have no JWK, and exporting one throws.
	if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return undefined;
	const { crv, x, y } = key.export({ format: "jwk" });
	if (crv !== "P-256" || x === undefined || y === undefined) return undefined;
	const point = Uint8Array.from([4, ...Buffer.from(x, "base64url"), ...Buffer.from(y, "base64url")]);
	return point.length === POINT_BYTES ? point : undefined;
}

export interface P256PrivateKey {
	readonly key: KeyObject;
	/** 65 bytes, uncompressed. */
	readonly point: Uint8Array;
}

/** Of a PEM file's text. */
export function readP256PrivateKey(pem: string): Result<P256PrivateKey, "not-pem" | "not-p256"> {
	let key: KeyObject;
	try {
		key = createPrivateKey(pem);
	} catch {
		return refuse("not-pem");
	}
	const point = readP256Point(key);
	return point === undefined ? refuse("not-p256") : accept({ key, point });
}
