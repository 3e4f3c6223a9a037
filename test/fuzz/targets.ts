/** The C targets of this folder: how far a short run goes, and the fault that proves that it would notice one. */

/** A change to a source that the target must find; `from` stands in the source exactly once. */
export interface PlantedFault {
	/** From the root of the repository. */
	readonly source: string;
	readonly from: string;
	readonly to: string;
}

export interface FuzzTarget {
	readonly name: string;
	/** Longest input that is tried. */
	readonly maxBytes: number;
	/** Of a short run from the kept corpus; SHORT_SECONDS may end it earlier on a slow machine. */
	readonly runs: number;
	readonly planted: PlantedFault;
}

const BINDINGS = "hosts/bindings";
const LINUX = "hosts/linux";

export const FUZZ_TARGETS: readonly FuzzTarget[] = Object.freeze([
	{
		name: "der",
		maxBytes: 512,
		runs: 60_000,
		planted: {
			source: `${BINDINGS}/der.c`,
			from: "if (length > left - header) return false;",
			to: "if (length > left - header + 1) return false;",
		},
	},
	{
		name: "certificate",
		maxBytes: 4096,
		runs: 30_000,
		planted: {
			source: `${BINDINGS}/certificate.c`,
			from: "if (!der_take(&rest, DER_SEQUENCE, &body) || rest.bytes > 0) return false;",
			to: "if (!der_take(&rest, DER_SEQUENCE, &body)) return false;",
		},
	},
	{
		name: "distinguished-name",
		maxBytes: 512,
		runs: 60_000,
		planted: {
			source: `${BINDINGS}/distinguished-name.c`,
			from: "return lower(text->rest.data[-1]);",
			to: "return text->rest.data[-1];",
		},
	},
	{
		name: "server-name",
		maxBytes: 512,
		runs: 40_000,
		planted: {
			source: `${BINDINGS}/server-name.c`,
			from: "if (label == 0 || name.data[index - 1] == '-') return false;",
			to: "if (label == 0) return false;",
		},
	},
	{
		name: "chain",
		maxBytes: 14_000,
		runs: 3_000,
		planted: {
			source: `${BINDINGS}/chain-judge.c`,
			from: "return server_name_matches(leaf->names, server) ? REASON_NONE : REASON_NAME_MISMATCH;",
			to: "return server[0] ? REASON_NONE : REASON_NAME_MISMATCH;",
		},
	},
	{
		name: "tls-message",
		maxBytes: 4096,
		runs: 30_000,
		planted: {
			source: `${BINDINGS}/tls-failure.c`,
			from: "if (message[at] > 32 || bytes < at + 1 + message[at] + 3u) return REASON_PROTOCOL;",
			to: "if (message[at] > 32) return REASON_PROTOCOL;",
		},
	},
	{
		name: "tls-client",
		maxBytes: 2048,
		runs: 1_000,
		planted: {
			source: `${BINDINGS}/tls.c`,
			from: "\tport_watch_remove(tls->watch);\n",
			to: "",
		},
	},
	{
		name: "websocket",
		maxBytes: 256,
		runs: 20_000,
		planted: {
			source: `${BINDINGS}/websocket.c`,
			from: "[AFTER_F4] = { 0x80, 0x8f, TWO }",
			to: "[AFTER_F4] = { 0x80, 0x9f, TWO }",
		},
	},
	{
		name: "inflate",
		maxBytes: 1024,
		runs: 6_000,
		planted: {
			source: `${BINDINGS}/inflate.c`,
			from: "stream->zlib.avail_in = (uInt)bytes.bytes;",
			to: "stream->zlib.avail_in = PIECE_BYTES;",
		},
	},
	{
		name: "byte-queue",
		maxBytes: 256,
		runs: 10_000,
		planted: { source: `${BINDINGS}/byte-queue.c`, from: "\tqueue->first = 0;\n", to: "" },
	},
	{
		name: "key-record",
		maxBytes: 256,
		runs: 60_000,
		planted: {
			source: `${BINDINGS}/keys.c`,
			from: "if (bytes != HEADER_BYTES + private_bytes + public_bytes) return false;",
			to: "if (bytes < HEADER_BYTES + private_bytes + public_bytes) return false;",
		},
	},
	{
		name: "entropy",
		maxBytes: 128,
		runs: 20_000,
		planted: {
			source: `${BINDINGS}/entropy.c`,
			from: "if (state == ENTROPY_STARTED && replace_seed()) state = ENTROPY_READY;",
			to: "if (state == ENTROPY_STARTED) state = ENTROPY_READY;",
		},
	},
	{
		name: "natives",
		maxBytes: 512,
		runs: 6_000,
		planted: {
			source: `${BINDINGS}/check.c`,
			from: 'if (found.bytes != bytes) xsRangeError("argument %d: wrong length", index);',
			to: 'if (found.bytes > bytes) xsRangeError("argument %d: wrong length", index);',
		},
	},
	{
		name: "records",
		maxBytes: 1024,
		runs: 20_000,
		planted: {
			source: `${LINUX}/records.c`,
			from: 'if (get_u32(scratch + 8) != bytes - HEADER_BYTES) return "is corrupt (length)";',
			to: "",
		},
	},
	{
		name: "image",
		maxBytes: 1024,
		runs: 20_000,
		planted: {
			source: `${LINUX}/image.c`,
			from: "memchr(at + IMAGE_RECORD_BYTES, 0, name) != at + IMAGE_RECORD_BYTES + name - 1",
			to: "at[IMAGE_RECORD_BYTES + name - 1] != 0",
		},
	},
]);
