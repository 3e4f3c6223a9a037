/** Programs of a board as files: with a mark of what they burn, signed for secure boot v2 as espsecure 4.7.0 signs. Of no real key. */
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { crc32 } from "../../../modules/wire/crc32.ts";
import { BURN_MARKS, type BurnMark } from "../../../tools/factory/line/burn-mark.ts";

const SECTOR = 4_096;
const RSA_BYTES = 384;
const ERASED = 0xff;

export interface BootKey {
	readonly privateKey: KeyObject;
	/** What an eFuse holds of it. */
	readonly digest: Buffer;
	/** Modulus, exponent, and what follows from the modulus, as a block has them. */
	readonly words: Buffer;
}

/** The bytes of a number in the order of the RSA peripheral. */
function littleEndian(value: bigint, bytes: number): Buffer {
	return Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex").reverse();
}

/** -n^-1 modulo 2^32, by Newton's method. */
function negatedInverse(modulus: bigint): bigint {
	const range = 1n << 32n;
	let inverse = 1n;
	for (let round = 0; round < 6; round++) inverse = (inverse * (2n - modulus * inverse)) % range;
	return ((-inverse % range) + range) % range;
}

export function makeBootKey(): BootKey {
	const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 8 * RSA_BYTES });
	const { n } = publicKey.export({ format: "jwk" });
	const modulus = BigInt(`0x${Buffer.from(n!, "base64url").toString("hex")}`);
	const words = Buffer.concat([
		littleEndian(modulus, RSA_BYTES),
		littleEndian(65_537n, 4),
		littleEndian((1n << BigInt(16 * RSA_BYTES)) % modulus, RSA_BYTES),
		littleEndian(negatedInverse(modulus), 4),
	]);
	return { privateKey, digest: createHash("sha256").update(words).digest(), words };
}

/** Begins as ESP-IDF's images do. */
export function makeProgram(mark: BurnMark | undefined, keys: readonly BootKey[], bytes = 100): Buffer {
	const text = mark === undefined ? "" : BURN_MARKS[mark];
	const body = Buffer.concat([Buffer.of(0xe9), Buffer.alloc(bytes, 0x5a), Buffer.from(`${text}\0`)]);
	if (keys.length === 0) return body;
	const signed = Buffer.alloc(Math.ceil(body.length / SECTOR) * SECTOR, ERASED);
	body.copy(signed);
	const blocks = Buffer.alloc(SECTOR, ERASED);
	let at = 0;
	for (const key of keys) {
		const block = signatureBlock(signed, key);
		block.copy(blocks, at);
		at += block.length;
	}
	return Buffer.concat([signed, blocks]);
}

function signatureBlock(signed: Buffer, { privateKey, words }: BootKey): Buffer {
	const padding = constants.RSA_PKCS1_PSS_PADDING;
	const signature = sign("sha256", signed, { key: privateKey, padding, saltLength: 32 });
	const head = Buffer.concat([
		Buffer.of(0xe7, 2, 0, 0),
		createHash("sha256").update(signed).digest(),
		words,
		Buffer.from(signature).reverse(),
	]);
	const checksum = Buffer.alloc(4);
	checksum.writeUInt32LE(crc32(head));
	return Buffer.concat([head, checksum, Buffer.alloc(16)]);
}
