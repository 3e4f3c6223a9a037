/**
 * ECDSA P-256 with SHA-256 and deterministic nonces (RFC 6979) in a few lines, so that the simulator signs on both
 * engines with nothing but the hash of its Crypto. Slow, not in constant time, for tests only.
 * Curve: SEC 2 2.4.2. Points are Jacobian (X/Z², Y/Z³); Z = 0 is the point at infinity.
 */
import { concatBytes, fromHex, toHex } from "../../modules/base/bytes.ts";
import type { Crypto } from "../../modules/platform/crypto.ts";

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n;
const GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n;

interface Point {
	readonly x: bigint;
	readonly y: bigint;
	readonly z: bigint;
}

const INFINITY: Point = Object.freeze({ x: 1n, y: 1n, z: 0n });

function mod(value: bigint, modulus: bigint): bigint {
	const rest = value % modulus;
	return rest < 0n ? rest + modulus : rest;
}

/** Extended Euclid; value is not a multiple of the modulus. */
function invert(value: bigint, modulus: bigint): bigint {
	let [a, b, u, v] = [mod(value, modulus), modulus, 1n, 0n];
	while (a !== 0n) {
		const quotient = b / a;
		[a, b] = [b - quotient * a, a];
		[u, v] = [v - quotient * u, u];
	}
	return mod(v, modulus);
}

function double(p: Point): Point {
	if (p.z === 0n) return p;
	const zz = mod(p.z * p.z, P);
	const yy = mod(p.y * p.y, P);
	const s = mod(4n * p.x * yy, P);
	const m = mod(3n * (p.x - zz) * (p.x + zz), P);
	const x = mod(m * m - 2n * s, P);
	return { x, y: mod(m * (s - x) - 8n * yy * yy, P), z: mod(2n * p.y * p.z, P) };
}

function add(p: Point, q: Point): Point {
	if (p.z === 0n) return q;
	if (q.z === 0n) return p;
	const pzz = mod(p.z * p.z, P);
	const qzz = mod(q.z * q.z, P);
	const u = mod(p.x * qzz, P);
	const s = mod(p.y * q.z * qzz, P);
	const h = mod(q.x * pzz - u, P);
	const r = mod(q.y * p.z * pzz - s, P);
	if (h === 0n) return r === 0n ? double(p) : INFINITY;
	const hh = mod(h * h, P);
	const hhh = mod(h * hh, P);
	const x = mod(r * r - hhh - 2n * u * hh, P);
	return { x, y: mod(r * (u * hh - x) - s * hhh, P), z: mod(h * p.z * q.z, P) };
}

/** Points in a row of the table, of which each is a digit 1 .. 15 of a scalar in base 16. */
const DIGITS = 15;
const ROWS = 64;

/**
 * The multiples digit·16^row of the generator: then a multiplication is 64 additions and no doubling. Built at the first
 * one, for tests that need none.
 */
class GeneratorTable {
	#points: Point[] | undefined;

	at(row: number, digit: number): Point {
		this.#points ??= tableOf({ x: GX, y: GY, z: 1n });
		return this.#points[row * DIGITS + digit - 1]!;
	}
}

function tableOf(generator: Point): Point[] {
	const points: Point[] = [];
	let base = generator;
	for (let row = 0; row < ROWS; row++) {
		let point = base;
		for (let digit = 1; digit <= DIGITS; digit++) {
			points.push(point);
			point = add(point, base);
		}
		base = point;
	}
	return points;
}

const TABLE = new GeneratorTable();

function multiply(scalar: bigint): { readonly x: bigint; readonly y: bigint } {
	let result = INFINITY;
	const digits = scalar.toString(16);
	for (let row = 0; row < digits.length; row++) {
		const digit = Number.parseInt(digits[digits.length - 1 - row]!, 16);
		if (digit !== 0) result = add(result, TABLE.at(row, digit));
	}
	const inverse = invert(result.z, P);
	const square = mod(inverse * inverse, P);
	return { x: mod(result.x * square, P), y: mod(result.y * square * inverse, P) };
}

function toBytes(value: bigint): Uint8Array {
	return fromHex(value.toString(16).padStart(64, "0"))!;
}

function toNumber(bytes: Uint8Array): bigint {
	return BigInt(`0x${toHex(bytes)}`);
}

/** A private key of 32 bytes out of 1 .. n-1. */
export function p256Generate(crypto: Crypto): Uint8Array {
	for (;;) {
		const bytes = crypto.random(32);
		const scalar = toNumber(bytes);
		if (scalar > 0n && scalar < N) return bytes;
	}
}

/** 65 bytes, uncompressed. */
export function p256PublicKey(privateKey: Uint8Array): Uint8Array {
	const { x, y } = multiply(toNumber(privateKey));
	return concatBytes(Uint8Array.of(4), toBytes(x), toBytes(y));
}

/** r || s, 64 bytes (RFC 6979 3.2; the hash and the order are both 256 bits long). */
export function p256Sign(crypto: Crypto, privateKey: Uint8Array, message: Uint8Array): Uint8Array {
	const digest = crypto.sha256(message);
	const z = toNumber(digest);
	const seed = concatBytes(privateKey, toBytes(mod(z, N)));
	let v: Uint8Array = new Uint8Array(32).fill(1);
	let k: Uint8Array = new Uint8Array(32);
	const mix = (separator: number, extra: Uint8Array): void => {
		k = crypto.hmac("sha256", k, concatBytes(v, Uint8Array.of(separator), extra));
		v = crypto.hmac("sha256", k, v);
	};
	mix(0, seed);
	mix(1, seed);
	for (;;) {
		v = crypto.hmac("sha256", k, v);
		const nonce = toNumber(v);
		if (nonce > 0n && nonce < N) {
			const r = mod(multiply(nonce).x, N);
			const s = mod(invert(nonce, N) * (z + r * toNumber(privateKey)), N);
			if (r !== 0n && s !== 0n) return concatBytes(toBytes(r), toBytes(s));
		}
		mix(0, new Uint8Array(0));
	}
}
