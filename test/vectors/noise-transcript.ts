/** Plays one side of a recorded handshake through modules/noise and compares every byte. */
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { HandshakeState, type NoiseRole } from "../../modules/noise/handshake-state.ts";
import type { NoisePattern } from "../../modules/noise/patterns.ts";
import type { Transport } from "../../modules/noise/transport.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { FixedEphemeralCrypto } from "../harness/delegating-crypto.ts";
import { check } from "../harness/test.ts";

/** The fields of a row of cacophony's vectors; byte strings in hexadecimal. */
export interface NoiseTranscript {
	readonly protocol_name: string;
	readonly init_prologue: string;
	readonly init_psks?: readonly string[];
	readonly init_static?: string;
	readonly init_ephemeral?: string;
	readonly init_remote_static?: string;
	readonly resp_prologue: string;
	readonly resp_psks?: readonly string[];
	readonly resp_static?: string;
	readonly resp_ephemeral?: string;
	readonly resp_remote_static?: string;
	readonly handshake_hash: string;
	readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

function bytes(hex: string): Uint8Array {
	return fromHex(hex) ?? check.fail(`no hexadecimal: ${hex}`);
}

function openSide(
	crypto: TestCrypto,
	pattern: NoisePattern,
	role: NoiseRole,
	row: NoiseTranscript,
): HandshakeState {
	const initiator = role === "initiator";
	const ephemeral = initiator ? row.init_ephemeral : row.resp_ephemeral;
	const local = initiator ? row.init_static : row.resp_static;
	const remote = initiator ? row.init_remote_static : row.resp_remote_static;
	const psk = (initiator ? row.init_psks : row.resp_psks)?.[0];
	return new HandshakeState({
		crypto: new FixedEphemeralCrypto(crypto, ephemeral === undefined ? undefined : bytes(ephemeral)),
		pattern,
		role,
		prologue: bytes(initiator ? row.init_prologue : row.resp_prologue),
		...(local === undefined ? {} : { localStatic: crypto.importKeyPair(bytes(local)) }),
		...(remote === undefined ? {} : { remoteStatic: bytes(remote) }),
		...(psk === undefined ? {} : { psk: crypto.importSecret(bytes(psk)) }),
	});
}

export function playTranscript(
	crypto: TestCrypto,
	pattern: NoisePattern,
	role: NoiseRole,
	row: NoiseTranscript,
): void {
	const handshake = openSide(crypto, pattern, role, row);
	let transport: Transport | undefined;
	const steps = pattern.messages.length;
	row.messages.forEach(({ payload, ciphertext }, index) => {
		const where = `${row.protocol_name} ${role} message ${index + 1}`;
		const writes = steps === 1 ? role === "initiator" : (index % 2 === 0) === (role === "initiator");
		if (index === steps) {
			check.equal(toHex(handshake.handshakeHash), row.handshake_hash, where);
			transport = handshake.split();
		}
		const side = transport;
		if (writes) {
			const written = side === undefined ? handshake.writeMessage(bytes(payload)) : side.seal(bytes(payload));
			check.bytes(check.accepted(written, where), ciphertext, where);
		} else {
			const read =
				side === undefined ? handshake.readMessage(bytes(ciphertext)) : side.open(bytes(ciphertext));
			check.bytes(check.accepted(read, where), payload, where);
		}
	});
	check.ok(transport, `${row.protocol_name} has no transport messages`);
	transport.close();
}
