/** Runs on the engine: the host's byte loops against the plain ones, on seeded random input. Prints one line of JSON. */
import { NATIVE_WS_BYTES } from "../../hosts/bindings/websocket.ts";
import { finishProbe, neededArgument } from "../../hosts/linux/probe-host.ts";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { PLAIN_WS_BYTES } from "../../modules/link/ws-bytes.ts";
import { UTF8_INVALID } from "../../modules/link/ws-utf8.ts";
import { Random } from "../harness/random.ts";
import { workOf } from "./byte-loops.ts";

const seed = Number(neededArgument("seed"));
const random = new Random(seed, "native bytes");

function masksDiffer(): string | undefined {
	const room = random.bytes(random.below(80) + 8);
	const start = random.below(9);
	const plain = room.slice();
	const from = random.below(room.length - start + 1);
	const key = random.bytes(4);
	PLAIN_WS_BYTES.mask(plain.subarray(start), from, key);
	NATIVE_WS_BYTES.mask(room.subarray(start), from, key);
	return toHex(plain) === toHex(room) ? undefined : `mask from ${from} of ${room.length - start}`;
}

function checksDiffer(): string | undefined {
	const text = encodeUtf8(random.text(30));
	const bytes = random.below(3) === 0 ? text : random.mutate(text);
	const state = random.below(UTF8_INVALID + 1);
	const plain = PLAIN_WS_BYTES.utf8(state, bytes);
	const native = NATIVE_WS_BYTES.utf8(state, bytes);
	return plain === native ? undefined : `utf8 from ${state} of ${toHex(bytes)}: ${native}, not ${plain}`;
}

/** Every state and every octet, alone and behind a long run of ASCII. */
function tablesDiffer(): string | undefined {
	const ascii = new Uint8Array(17).fill(0x61);
	for (let octet = 0; octet < 256; octet++) {
		for (let state = 0; state <= UTF8_INVALID; state++) {
			const one = Uint8Array.of(octet);
			if (PLAIN_WS_BYTES.utf8(state, one) !== NATIVE_WS_BYTES.utf8(state, one))
				return `state ${state}, octet ${octet}`;
		}
		for (let at = 0; at < ascii.length; at++) {
			const run = ascii.slice();
			run[at] = octet;
			if (PLAIN_WS_BYTES.utf8(0, run) !== NATIVE_WS_BYTES.utf8(0, run)) return `octet ${octet} at ${at}`;
		}
	}
	return undefined;
}

let reason = tablesDiffer();
for (let round = 0; round < 2_000 && reason === undefined; round++) reason = masksDiffer() ?? checksDiffer();
finishProbe({
	ok: reason === undefined,
	reason: reason ?? "equal",
	native: workOf(seed, NATIVE_WS_BYTES),
	plain: workOf(seed, PLAIN_WS_BYTES),
});
