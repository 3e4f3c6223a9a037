/**
 * Whose key signed an image for secure boot v2: the blocks behind it (esp-idf, secure_boot_v2/secure_boot.c and
 * esp_secure_boot.h; espsecure 4.7.0, generate_signature_block_using_private_key), each with its key, whose digest is what an
 * eFuse holds. A block counts only when its checksum, the image's digest and the signature itself are right. RSA-3072 alone;
 * an ECDSA signature is none here. Pure; never throws.
 */
import { constants, createHash, createPublicKey, verify } from "node:crypto";
import { crc32 } from "../../../modules/wire/crc32.ts";

const SECTOR = 4_096;
const BLOCK_BYTES = 1_216;
const BLOCKS_MAX = 3;
const MAGIC = 0xe7;
const VERSION_RSA = 2;

/** Offsets in a block, all little-endian. */
const DIGEST_AT = 4;
const MODULUS_AT = 36;
const EXPONENT_AT = 420;
/** Modulus, exponent, and two numbers that follow from the modulus. */
const KEY_BYTES = 776;
const SIGNATURE_AT = 812;
const RSA_BYTES = 384;
const CHECKSUM_AT = 1_196;

/** Digests of the keys that signed it, in the order of their blocks, in hexadecimal; none: nobody did. */
export function signersOf(file: Uint8Array): readonly string[] {
	if (file.length < 2 * SECTOR || file.length % SECTOR !== 0) return [];
	const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
	const signed = bytes.subarray(0, bytes.length - SECTOR);
	const found: string[] = [];
	for (let number = 0; number < BLOCKS_MAX; number++) {
		const at = signed.length + number * BLOCK_BYTES;
		const signer = signerOf(bytes.subarray(at, at + BLOCK_BYTES), signed);
		if (signer === undefined) break;
		found.push(signer);
	}
	return found;
}

function signerOf(block: Buffer, signed: Buffer): string | undefined {
	if (block[0] !== MAGIC || block[1] !== VERSION_RSA) return undefined;
	if (block.readUInt32LE(CHECKSUM_AT) !== crc32(block.subarray(0, CHECKSUM_AT))) return undefined;
	const digest = createHash("sha256").update(signed).digest();
	if (!digest.equals(block.subarray(DIGEST_AT, DIGEST_AT + digest.length))) return undefined;
	const modulus = Buffer.from(block.subarray(MODULUS_AT, MODULUS_AT + RSA_BYTES)).reverse();
	const exponent = Buffer.from(
		block
			.readUInt32LE(EXPONENT_AT)
			.toString(16)
			.padStart(8, "0")
			.replace(/^(00)+/, ""),
		"hex",
	);
	const signature = Buffer.from(block.subarray(SIGNATURE_AT, SIGNATURE_AT + RSA_BYTES)).reverse();
	if (!isSigned(modulus, exponent, signature, signed)) return undefined;
	return createHash("sha256")
		.update(block.subarray(MODULUS_AT, MODULUS_AT + KEY_BYTES))
		.digest("hex");
}

function isSigned(modulus: Buffer, exponent: Buffer, signature: Buffer, signed: Buffer): boolean {
	try {
		const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") };
		const key = createPublicKey({ key: jwk, format: "jwk" });
		const padding = constants.RSA_PKCS1_PSS_PADDING;
		return verify("sha256", signed, { key, padding, saltLength: 32 }, signature);
	} catch {
		// A key that is none.
		return false;
	}
}
