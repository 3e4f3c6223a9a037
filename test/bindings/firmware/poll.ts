/**
 * Reads from a timer and never when it is told to, as a reader that had to wait does; between the reads the engine is
 * busy, so that the socket and the timer are ready in the same turn of the loop. Says how each connection ended.
 */
import Timer from "timer";
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import { neededArgument, probeRoots } from "../../../hosts/linux/probe-host.ts";
import { end, say } from "./say.ts";

const monotonicMs = native<() => number>("xs_monotonic_ms");
const tls = new NativeTls();
let left = Number(neededArgument("times"));

function connect(): void {
	let received = 0;
	const connection = tls.connect(
		{
			host: "127.0.0.1",
			port: Number(neededArgument("port")),
			serverName: "relay.test",
			roots: probeRoots(neededArgument("files")),
			time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
			handshakeMs: 10_000,
		},
		{
			onConnected: () => undefined,
			onReadable: () => undefined,
			onWritable: () => undefined,
			onClosed: (reason) => {
				Timer.clear(reading);
				say(received, reason ?? "clean");
				left--;
				if (left === 0) end();
				connect();
			},
		},
	);
	const reading = Timer.repeat(() => {
		for (let bytes = connection.read(1000); bytes !== undefined; bytes = connection.read(1000))
			received += bytes.length;
		for (const until = monotonicMs() + 5; monotonicMs() < until; );
	}, 1);
}

connect();
