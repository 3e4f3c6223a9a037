/** On the engine: 16 KiB messages to a server that echoes them, one after the other; all but the first few are counted. */
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import { finishProbe, neededArgument, probeRoots } from "../../../hosts/linux/probe-host.ts";

const toggle = native<() => void>("xs_bench_toggle");
const MESSAGE_BYTES = 16_384;
const WARM_ROUNDS = 2;
const rounds = Number(neededArgument("rounds"));

const message = new Uint8Array(MESSAGE_BYTES).fill(7);
let round = 0;
let received = 0;

function send(): void {
	received = 0;
	if (round === WARM_ROUNDS) toggle();
	if (connection.write(message) !== MESSAGE_BYTES) finishProbe({ ok: false, reason: "short write" });
}

function receive(): void {
	for (;;) {
		const bytes = connection.read(MESSAGE_BYTES);
		if (bytes === undefined) return;
		received += bytes.length;
		if (received < MESSAGE_BYTES) continue;
		round++;
		if (round === WARM_ROUNDS + rounds) {
			toggle();
			finishProbe({ ok: received === MESSAGE_BYTES, rounds });
		}
		return send();
	}
}

const connection = new NativeTls().connect(
	{
		host: neededArgument("host"),
		port: Number(neededArgument("port")),
		serverName: neededArgument("name"),
		roots: probeRoots(neededArgument("files")),
		time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
		handshakeMs: 60_000,
	},
	{
		onConnected: send,
		onReadable: receive,
		onWritable: () => undefined,
		onClosed: (reason) => finishProbe({ ok: false, reason }),
	},
);
