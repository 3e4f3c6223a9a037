/**
 * Sends `--arg bytes=` bytes to a server that echoes them and reads `--arg piece=` at a time; both ways are hashed. With
 * `pause` it reads nothing for a while first, so that both directions stand still.
 */
import Timer from "timer";
import { PsaCrypto } from "../../../hosts/bindings/crypto.ts";
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import { neededArgument, probeArgument, probeRoots } from "../../../hosts/linux/probe-host.ts";
import { bytesEqual } from "../../../modules/base/bytes.ts";
import { end, say } from "./say.ts";

const total = Number(neededArgument("bytes"));
const piece = Number(neededArgument("piece"));
const crypto = new PsaCrypto();
const block = crypto.random(1021).slice();
const sentHash = crypto.openHash("sha256");
const receivedHash = crypto.openHash("sha256");

let sent = 0;
let received = 0;
let shortWrites = 0;
let paused = probeArgument("pause") !== undefined;

const connection = new NativeTls().connect(
	{
		host: "127.0.0.1",
		port: Number(neededArgument("port")),
		serverName: "relay.test",
		roots: probeRoots(neededArgument("files")),
		time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
		handshakeMs: 10_000,
	},
	{
		onConnected: () => {
			send();
			if (paused)
				Timer.set(() => {
					paused = false;
					receive();
				}, 500);
		},
		onReadable: () => receive(),
		onWritable: () => send(),
		onClosed: (reason) => {
			say("ended", reason ?? "clean", received);
			end();
		},
	},
);

function send(): void {
	while (sent < total) {
		const bytes = block.subarray(0, total - sent);
		const taken = connection.write(bytes);
		sentHash.update(bytes.subarray(0, taken));
		sent += taken;
		if (taken === bytes.length) continue;
		shortWrites++;
		return;
	}
}

function receive(): void {
	if (paused) return;
	for (;;) {
		const bytes = connection.read(piece);
		if (bytes === undefined) return;
		if (bytes.length > piece) throw new RangeError("more than was asked for");
		receivedHash.update(bytes);
		received += bytes.length;
		if (received >= total) return finish();
	}
}

function finish(): void {
	say("done", sent, received, bytesEqual(sentHash.digest(), receivedHash.digest()));
	say("short writes", shortWrites > 0);
	connection.close();
	connection.close();
	say("after", String(connection.read(1)), connection.write(block));
	Timer.set(() => end(), 50);
}
