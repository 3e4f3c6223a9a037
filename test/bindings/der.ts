/** Writing DER, right or wrong on purpose: what the certificates of these tests are made of. */

export type Der = Buffer;

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Der {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size =
		length < 0x80
			? [length]
			: length < 0x100
				? [0x81, length]
				: length < 0x10000
					? [0x82, length >> 8, length & 255]
					: [0x83, length >> 16, (length >> 8) & 255, length & 255];
	return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Der {
	return tlv(0x30, ...parts);
}

export function setOf(...parts: readonly Uint8Array[]): Der {
	return tlv(0x31, ...parts);
}

/** A non-negative number in its shortest form. */
export function integer(value: number | bigint): Der {
	let hex = BigInt(value).toString(16);
	if (hex.length % 2 === 1) hex = `0${hex}`;
	const bytes = Buffer.from(hex, "hex");
	return tlv(2, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function oid(dotted: string): Der {
	const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
	const bytes: number[] = [];
	for (const arc of [first * 40 + second, ...rest]) {
		const groups = [arc & 127];
		for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 127) | 128);
		bytes.push(...groups);
	}
	return tlv(6, Buffer.from(bytes));
}

export function bits(unused: number, ...parts: readonly Uint8Array[]): Der {
	return tlv(3, Buffer.from([unused]), ...parts);
}

export const octets = (...parts: readonly Uint8Array[]): Der => tlv(4, ...parts);
export const boolean = (value: boolean): Der => tlv(1, Buffer.from([value ? 255 : 0]));
export const nothing = (): Der => tlv(5);
export const utf8 = (text: string): Der => tlv(0x0c, Buffer.from(text, "utf8"));
export const printable = (text: string): Der => tlv(0x13, Buffer.from(text, "latin1"));

/** UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
export function time(date: Date): Der {
	const digits = date
		.toISOString()
		.replace(/\.\d+Z$/, "Z")
		.replace(/[-:T]/g, "");
	return date.getUTCFullYear() < 2050
		? tlv(0x17, Buffer.from(digits.slice(2)))
		: tlv(0x18, Buffer.from(digits));
}
