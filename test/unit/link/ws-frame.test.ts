import { concatBytes, toHex } from "../../../modules/base/bytes.ts";
import { PLAIN_WS_BYTES } from "../../../modules/link/ws-bytes.ts";
import { encodeFrame, WsDecoder, type WsFrameFault } from "../../../modules/link/ws-frame.ts";
import { check, type Suite } from "../../harness/test.ts";
import {
	ascii,
	BINARY,
	CLOSE,
	CONTINUATION,
	frame,
	PING,
	PONG,
	readClientFrame,
	TEXT,
} from "./server-frames.ts";

const LIMIT = 1000;

/** What the decoder makes of bytes in pieces of so many octets: one line a part, payloads of one frame joined. */
function decode(bytes: Uint8Array, piece = bytes.length, limit = LIMIT, frameLimit = limit): string[] {
	const decoder = new WsDecoder(frameLimit, limit);
	const lines: string[] = [];
	for (let at = 0; at < bytes.length; at += Math.max(1, piece)) {
		const input = { bytes: bytes.subarray(at, at + piece), offset: 0 };
		for (;;) {
			const part = decoder.next(input);
			if (part === undefined) break;
			if (part.kind === "violation") return [...lines, part.fault];
			if (part.kind === "control") {
				lines.push(`control ${part.opcode} ${toHex(part.payload)}`);
			} else {
				const hex = toHex(part.bytes);
				if (part.frameBegins) lines.push(`${part.begins ? part.type : "more"} ${part.frameBytes} ${hex}`);
				else lines.push(`${lines.pop()!}${hex}`);
				if (part.ends) lines.push("end");
			}
		}
		check.equal(input.offset, input.bytes.length, "the input is used up");
	}
	return lines;
}

function refusedFor(fault: WsFrameFault, ...frames: Uint8Array[]): void {
	const bytes = concatBytes(...frames);
	for (const piece of [bytes.length, 1, 3]) {
		check.equal(decode(bytes, piece).at(-1), fault, `in pieces of ${piece}`);
	}
}

export default function suite(t: Suite): void {
	t.test("a frame of each length form is read back whole (RFC 6455 5.2)", ({ random }) => {
		for (const length of [0, 1, 125, 126, 127, 65535, 65536]) {
			const payload = random.bytes(length);
			const bytes = frame(BINARY, payload);
			check.equal(bytes.length - length, length < 126 ? 2 : length < 65536 ? 4 : 10);
			check.deepEqual(decode(bytes, 4096, 65536), [`binary ${length} ${toHex(payload)}`, "end"]);
		}
	});

	t.test(
		"fragments of one message, with control frames between them, are read in order (RFC 6455 5.4)",
		() => {
			const bytes = concatBytes(
				frame(TEXT, ascii("ab"), { final: false }),
				frame(PING, ascii("p")),
				frame(CONTINUATION, ascii(""), { final: false }),
				frame(PONG),
				frame(CONTINUATION, ascii("c")),
				frame(BINARY, ascii("d")),
			);
			const expected = [
				"text 2 6162",
				"control 9 70",
				"more 0 ",
				"control 10 ",
				"more 1 63",
				"end",
				"binary 1 64",
				"end",
			];
			for (const piece of [bytes.length, 1, 2, 5]) check.deepEqual(decode(bytes, piece), expected);
		},
	);

	t.test("each reserved bit is refused, alone and with others, on every kind of frame", () => {
		for (let reserved = 1; reserved < 8; reserved++) {
			for (const opcode of [TEXT, BINARY, CLOSE, PING, PONG]) {
				refusedFor("reserved-bits", frame(opcode, ascii("x"), { reserved }));
			}
			refusedFor(
				"reserved-bits",
				frame(TEXT, ascii("x"), { final: false }),
				frame(CONTINUATION, ascii("y"), { reserved }),
			);
		}
	});

	t.test("each reserved opcode is refused", () => {
		for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) refusedFor("opcode", frame(opcode));
	});

	t.test("a masked frame from the server is refused (RFC 6455 5.1)", () => {
		for (const opcode of [TEXT, BINARY, PING, CLOSE]) {
			refusedFor("masked", frame(opcode, ascii("\0\0\0\0x"), { masked: true, length: 1 }));
		}
	});

	t.test("a length that is not in its shortest form is refused", () => {
		for (const length of [0, 1, 125])
			refusedFor("length-form", frame(BINARY, ascii("x"), { length, lengthBytes: 2 }));
		for (const length of [0, 125, 126, 65535]) {
			refusedFor("length-form", frame(BINARY, ascii("x"), { length, lengthBytes: 8 }));
		}
	});

	t.test("a 64-bit length with its top bit set is refused, at that octet", () => {
		const bytes = Uint8Array.of(0x82, 0xff & 127, 0x80);
		check.deepEqual(decode(bytes, 1), ["length-range"]);
		check.deepEqual(decode(Uint8Array.of(0x82, 127, 0x7f), 1), []);
	});

	t.test(
		"a message is refused by its header when it is above the bound, at the bound it is read",
		({ random }) => {
			refusedFor("too-big", frame(BINARY, ascii(""), { length: LIMIT + 1 }));
			refusedFor("too-big", frame(BINARY, ascii(""), { length: 2 ** 52 }));
			refusedFor("too-big", Uint8Array.of(0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
			check.equal(decode(frame(BINARY, random.bytes(LIMIT))).at(-1), "end");
		},
	);

	t.test("a frame has a bound of its own, below that of a message (RFC 6455 10.4)", ({ random }) => {
		const piece = (bytes: number, final = false): Uint8Array => frame(BINARY, random.bytes(bytes), { final });
		const more = (bytes: number, final = false): Uint8Array =>
			frame(CONTINUATION, random.bytes(bytes), { final });
		const read = (...frames: Uint8Array[]): string | undefined =>
			decode(concatBytes(...frames), 7, LIMIT, 400).at(-1);
		check.equal(read(piece(400), more(400), more(200, true)), "end");
		check.equal(read(piece(400), more(401, true)), "frame-size");
		check.equal(read(piece(401, true)), "frame-size");
		check.equal(read(piece(400), more(400), more(201, true)), "too-big");
		check.equal(read(frame(BINARY, ascii(""), { length: 2 ** 60 })), "too-big");
	});

	t.test("fragments are refused when they add up to more than the bound", ({ random }) => {
		const first = frame(BINARY, random.bytes(600), { final: false });
		refusedFor("too-big", first, frame(CONTINUATION, ascii(""), { length: 401 }));
		check.equal(decode(concatBytes(first, frame(CONTINUATION, random.bytes(400)))).at(-1), "end");
		// The next message starts its own sum.
		check.equal(
			decode(concatBytes(frame(BINARY, random.bytes(600)), frame(BINARY, random.bytes(600)))).at(-1),
			"end",
		);
	});

	t.test("a control frame of 125 bytes is read, a longer or a fragmented one is refused", ({ random }) => {
		const payload = random.bytes(125);
		for (const opcode of [CLOSE, PING, PONG]) {
			check.deepEqual(decode(frame(opcode, payload)), [`control ${opcode} ${toHex(payload)}`]);
			refusedFor("control-length", frame(opcode, random.bytes(126)));
			refusedFor("control-length", frame(opcode, ascii("x"), { length: 1, lengthBytes: 8 }));
			refusedFor("control-fragmented", frame(opcode, ascii("x"), { final: false }));
		}
	});

	t.test("a continuation of nothing and a message inside a message are refused", () => {
		refusedFor("continuation", frame(CONTINUATION, ascii("x")));
		refusedFor("continuation", frame(CONTINUATION, ascii("x"), { final: false }));
		refusedFor("continuation", frame(TEXT, ascii("x")), frame(CONTINUATION, ascii("x")));
		refusedFor("interleaved", frame(TEXT, ascii("x"), { final: false }), frame(TEXT, ascii("x")));
		refusedFor(
			"interleaved",
			frame(TEXT, ascii("x"), { final: false }),
			frame(BINARY, ascii("x"), { final: false }),
		);
	});

	t.test("the wrong first octet of a frame is refused before its second one arrives", () => {
		check.deepEqual(decode(Uint8Array.of(0x83)), ["opcode"]);
		check.deepEqual(decode(Uint8Array.of(0xc1)), ["reserved-bits"]);
		check.deepEqual(decode(Uint8Array.of(0x09)), ["control-fragmented"]);
		check.deepEqual(decode(Uint8Array.of(0x80)), ["continuation"]);
		check.deepEqual(decode(Uint8Array.of(0x81)), []);
	});

	t.test(
		"what the client encodes is masked with the given key and has a minimal length (RFC 6455 5.1)",
		({ random }) => {
			for (const length of [0, 1, 3, 4, 5, 125, 126, 65535, 65536]) {
				const payload = random.bytes(length);
				const key = random.bytes(4);
				const encoded = encodeFrame(BINARY, payload, key, PLAIN_WS_BYTES);
				const header = length < 126 ? 2 : length < 65536 ? 4 : 10;
				check.bytes(encoded.subarray(header, header + 4), key);
				const read = readClientFrame(encoded);
				check.ok(read !== undefined);
				check.ok(read.frame.final && read.frame.opcode === BINARY);
				check.equal(read.bytes, encoded.length);
				check.bytes(read.frame.payload, payload);
			}
		},
	);

	t.test("encoding leaves the caller's payload as it was", ({ random }) => {
		const payload = random.bytes(33);
		const before = toHex(payload);
		encodeFrame(TEXT, payload, random.bytes(4), PLAIN_WS_BYTES);
		check.equal(toHex(payload), before);
	});
}
