/**
 * Inputs that are kept: each was interesting once, and each that broke a decoder stands here for ever. By the decoder's
 * file and name, in hexadecimal, with what must become of it.
 */
export interface KeptInput {
	readonly decoder: string;
	readonly hex: string;
	readonly accepted: boolean;
	/** What it is. */
	readonly note: string;
}

export const KEPT_INPUTS: readonly KeptInput[] = Object.freeze([
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "1bffffffffffffffff",
		accepted: false,
		note: "2^64 - 1",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "1b001fffffffffffff",
		accepted: true,
		note: "2^53 - 1",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "1b0020000000000000",
		accepted: false,
		note: "2^53",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "3b001fffffffffffff",
		accepted: false,
		note: "-2^53",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "1817",
		accepted: false,
		note: "23 in two bytes",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "5f4100ff",
		accepted: false,
		note: "no definite length",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "9affffffff",
		accepted: false,
		note: "4 billion items of none",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "818181818181818100",
		accepted: true,
		note: "nested 8 deep",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCbor",
		hex: "81818181818181818100",
		accepted: false,
		note: "nested 9 deep",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCborMap",
		hex: "a201000000",
		accepted: false,
		note: "keys that descend",
	},
	{
		decoder: "modules/wire/cbor-decode.ts decodeCborMap",
		hex: "a200000001",
		accepted: false,
		note: "a key twice",
	},
	{
		decoder: "modules/wire/hello.ts decodeHello",
		hex: "a3000101420000024100",
		accepted: false,
		note: "a MAC of one byte",
	},
	{
		decoder: "modules/wire/envelope.ts decodeToLock",
		hex: "a20001011a00010000",
		accepted: true,
		note: "a channel in its shortest form",
	},
	{
		decoder: "modules/wire/envelope.ts decodeToLock",
		hex: "a20001011b0000000100000000",
		accepted: false,
		note: "a channel of 33 bits",
	},
	{
		decoder: "modules/wire/cobs.ts Deframer",
		hex: "01010101010100",
		accepted: false,
		note: "zeros with a CRC of zeros",
	},
	{ decoder: "modules/wire/cobs.ts Deframer", hex: "ff00", accepted: false, note: "a block cut short" },
	{
		decoder: "modules/trust/der.ts DerReader",
		hex: "308101 00".replaceAll(" ", ""),
		accepted: false,
		note: "a length in two bytes where one does",
	},
	{ decoder: "modules/trust/der.ts DerReader", hex: "3080", accepted: false, note: "an indefinite length" },
	{
		decoder: "modules/link/ws-close.ts decodeClose",
		hex: "03ed",
		accepted: false,
		note: "1005 is not for the wire",
	},
	{
		decoder: "modules/link/ws-close.ts decodeClose",
		hex: "03e8eda080",
		accepted: false,
		note: "a surrogate in the reason",
	},
	{ decoder: "modules/base/utf8.ts decodeUtf8", hex: "c080", accepted: false, note: "an overlong zero" },
	{
		decoder: "modules/base/utf8.ts decodeUtf8",
		hex: "efbbbf41",
		accepted: true,
		note: "U+FEFF is a character",
	},
	{ decoder: "modules/base/utf8.ts decodeUtf8", hex: "f4908080", accepted: false, note: "beyond U+10FFFF" },
	{
		decoder: "modules/wire/update-offer.ts decodeOffer",
		hex: "a0",
		accepted: false,
		note: "an offer of nothing",
	},
	{
		decoder: "modules/wire/update-offer.ts decodeOffer",
		hex: "a200410101 40".replaceAll(" ", ""),
		accepted: false,
		note: "a manifest and an empty statement",
	},
	{
		decoder: "modules/wire/update-envelope.ts readUpdateToLock",
		hex: `a4000b015820${"07".repeat(32)}021a00400000034101`,
		accepted: false,
		note: "a piece right behind the largest image",
	},
	{
		decoder: "modules/wire/update-envelope.ts readUpdateToLock",
		hex: `a4000b015820${"07".repeat(32)}0219ffff03420101`,
		accepted: false,
		note: "a piece over the end of a chunk",
	},
	{
		decoder: "modules/wire/update-envelope.ts readUpdateToLock",
		hex: `a4000b015820${"07".repeat(32)}0219ffff034101`,
		accepted: true,
		note: "the last byte of a chunk",
	},
	{
		decoder: "modules/update/history.ts CODEC",
		hex: "a500010100038306f5f50400 0500".replaceAll(" ", ""),
		accepted: false,
		note: "reverts whose count is no number",
	},
	{
		decoder: "modules/update/history.ts CODEC",
		hex: "a50001011903840383060000 04000500".replaceAll(" ", ""),
		accepted: false,
		note: "reverts whose parking is no bool",
	},
	{
		decoder: "modules/update/floors.ts CODEC",
		hex: "a3000101050211",
		accepted: false,
		note: "a security version beyond the fuses",
	},
]);
