/** On the engine: ten handshakes, of which only the responder's steps are counted. */
import { PsaTestCrypto } from "../../../hosts/bindings/test-crypto.ts";
import { finishProbe } from "../../../hosts/linux/probe-host.ts";
import { openIkInitiator } from "../../../modules/noise/initiator.ts";
import { openIkResponder } from "../../../modules/noise/responder.ts";

const toggle = native<() => void>("xs_bench_toggle");
const ROUNDS = 10;

const crypto = new PsaTestCrypto();
const prologue = new Uint8Array(48).fill(1);
const nothing = new Uint8Array(0);
const lockKey = new Uint8Array(32).fill(2);
const phoneKey = new Uint8Array(32).fill(3);
const lockPublicKey = crypto.importKeyPair(lockKey.slice()).publicKey.slice();
let finished = 0;

for (let round = 0; round < ROUNDS; round++) {
	const initiator = openIkInitiator({
		crypto,
		prologue,
		localStatic: crypto.importKeyPair(phoneKey.slice()),
		remoteStatic: lockPublicKey,
	});
	const message = initiator.writeMessage(nothing);
	const localStatic = crypto.importKeyPair(lockKey.slice());
	if (!message.ok) break;
	toggle();
	const responder = openIkResponder({ crypto, prologue, localStatic });
	const payload = responder.readMessage(message.value);
	const reply = responder.writeMessage(nothing);
	const transport = responder.split();
	toggle();
	if (payload.ok && reply.ok && initiator.readMessage(reply.value).ok) finished++;
	transport.close();
	initiator.split().close();
}
finishProbe({ ok: finished === ROUNDS, rounds: finished });
