/** ECDSA-Sig-Value (RFC 3279 2.2.3) in DER to the 64 bytes r || s that the Crypto interface takes. */
import { accept, type Result, refuse } from "../../modules/base/result.ts";

const HALF_BYTES = 32;

/** Strict: definite short lengths, minimal positive integers, nothing behind them. */
export function rawSignature(der: Uint8Array): Result<Uint8Array, "encoding" | "range"> {
	if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 127) return refuse("encoding");
	const raw = new Uint8Array(2 * HALF_BYTES);
	let offset = 2;
	for (let half = 0; half < 2; half++) {
		const length = der[offset + 1];
		if (der[offset] !== 2 || length === undefined || length === 0 || length > 127) return refuse("encoding");
		const integer = der.subarray(offset + 2, offset + 2 + length);
		offset += 2 + length;
		if (integer.length !== length || integer[0]! >= 0x80) return refuse("encoding");
		const padded = integer[0] === 0 && length > 1;
		if (padded && integer[1]! < 0x80) return refuse("encoding");
		const value = padded ? integer.subarray(1) : integer;
		if (value.length > HALF_BYTES) return refuse("range");
		raw.set(value, (half + 1) * HALF_BYTES - value.length);
	}
	return offset === der.length ? accept(raw) : refuse("encoding");
}
