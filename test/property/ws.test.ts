import { concatBytes, toHex } from "../../modules/base/bytes.ts";
import { acceptFor } from "../../modules/link/ws-accept.ts";
import { PLAIN_WS_BYTES } from "../../modules/link/ws-bytes.ts";
import { isCloseCode } from "../../modules/link/ws-close.ts";
import { WsHandshakeReader } from "../../modules/link/ws-handshake.ts";
import { WsReader } from "../../modules/link/ws-reader.ts";
import type { Random } from "../harness/random.ts";
import { check, type Suite } from "../harness/test.ts";
import { ascii, CLOSE, CONTINUATION, closeBody, frame, PING } from "../unit/link/server-frames.ts";

const LIMIT = 400;
const FRAME_LIMIT = 250;

/** What a reader makes of bytes that come in these pieces. */
function read(pieces: readonly Uint8Array[]): string[] {
	const reader = new WsReader({
		maxFrameBytes: FRAME_LIMIT,
		maxMessageBytes: LIMIT,
		textAllowed: true,
		bytes: PLAIN_WS_BYTES,
	});
	const lines: string[] = [];
	for (const bytes of pieces) {
		const input = { bytes, offset: 0 };
		for (let part = reader.next(input); part !== undefined; part = reader.next(input)) {
			if (part.kind === "violation") return [...lines, part.fault];
			if (part.kind === "message") lines.push(`${part.type} ${toHex(part.bytes)}`);
			else lines.push(`control ${part.opcode} ${toHex(part.payload)}`);
		}
	}
	return lines;
}

function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
	const pieces: Uint8Array[] = [];
	let at = 0;
	while (at < bytes.length) {
		const end = Math.min(bytes.length, at + random.between(1, 40));
		pieces.push(bytes.subarray(at, end));
		at = end;
	}
	return pieces;
}

/** A legal conversation: messages in fragments with control frames between, and what must come of it. */
function conversation(random: Random): { bytes: Uint8Array; lines: string[] } {
	const frames: Uint8Array[] = [];
	const lines: string[] = [];
	for (let message = random.between(1, 4); message > 0; message--) {
		const text = random.boolean();
		const payload = text ? new TextEncoder().encode(random.text(40)) : random.bytes(random.below(200));
		let opcode = text ? 1 : 2;
		let at = 0;
		for (let fragments = random.between(1, 4); fragments > 0; fragments--) {
			const end = fragments === 1 ? payload.length : random.between(at, payload.length);
			frames.push(frame(opcode, payload.subarray(at, end), { final: fragments === 1 }));
			opcode = CONTINUATION;
			at = end;
			if (fragments > 1 && random.boolean()) {
				const ping = random.bytes(random.below(126));
				frames.push(frame(PING, ping));
				lines.push(`control 9 ${toHex(ping)}`);
			}
		}
		lines.push(`${text ? "text" : "binary"} ${toHex(payload)}`);
	}
	return { bytes: concatBytes(...frames), lines };
}

export default function suite(t: Suite): void {
	t.test("a legal conversation is read the same in any pieces", ({ random }) => {
		for (let round = 0; round < 150; round++) {
			const { bytes, lines } = conversation(random);
			check.deepEqual(read([bytes]), lines);
			check.deepEqual(read(cut(bytes, random)), lines);
		}
	});

	t.test("any bytes are read the same in any pieces, without a throw (I9)", ({ random }) => {
		for (let round = 0; round < 300; round++) {
			const bytes = random.boolean()
				? random.bytes(random.below(120))
				: random.mutate(conversation(random).bytes);
			check.deepEqual(read(cut(bytes, random)), read([bytes]));
		}
	});

	t.test("no message above the bound is ever handed out (I8)", ({ random }) => {
		for (let round = 0; round < 200; round++) {
			const frames: Uint8Array[] = [];
			let total = 0;
			let faulty: string | undefined;
			for (let fragments = random.between(1, 5); fragments > 0; fragments--) {
				const payload = random.bytes(random.below(300));
				total += payload.length;
				faulty ??= total > LIMIT ? "too-big" : payload.length > FRAME_LIMIT ? "frame-size" : undefined;
				frames.push(frame(frames.length === 0 ? 2 : CONTINUATION, payload, { final: fragments === 1 }));
			}
			const last = read(cut(concatBytes(...frames), random)).at(-1);
			check.equal(last === "frame-size" || last === "too-big" ? last : undefined, faulty);
		}
	});

	t.test(
		"a mutated answer to the handshake is accepted only where the mutation says nothing",
		({ random }) => {
			const key = "dGhlIHNhbXBsZSBub25jZQ==";
			const request = { host: "h", resource: "/", subprotocols: [], subprotocolRequired: false, key };
			const good = ascii(
				`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`,
			);
			const judge = (pieces: readonly Uint8Array[]): string => {
				const reader = new WsHandshakeReader(request, 300);
				for (const bytes of pieces) {
					const answer = reader.next({ bytes, offset: 0 });
					if (answer !== undefined) return answer.kind === "accepted" ? "accepted" : answer.refusal;
				}
				return "more";
			};
			check.equal(judge([good]), "accepted");
			for (let round = 0; round < 400; round++) {
				const mutated = random.mutate(good);
				const judged = judge([mutated]);
				check.equal(judge(cut(mutated, random)), judged);
				if (judged !== "accepted") continue;
				const text = String.fromCharCode(...mutated).toLowerCase();
				check.ok(text.includes(acceptFor(key).toLowerCase()) && text.startsWith("http/1.1 101 "), text);
			}
		},
	);

	t.test("of all close codes exactly those of the registry are accepted", ({ random }) => {
		for (let code = 0; code <= 65535; code += random.between(1, 7)) {
			const registered =
				(code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);
			check.equal(isCloseCode(code), registered, String(code));
			check.equal(read([frame(CLOSE, closeBody(code))]).length, 1);
		}
	});
}
