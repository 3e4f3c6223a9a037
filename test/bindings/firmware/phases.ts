/**
 * Connects to a server several times: once to its end, then closing from inside what it hears at each phase, while
 * garbage is made for the collector. Says what it heard of each connection.
 */
import Timer from "timer";
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import { neededArgument, probeRoots } from "../../../hosts/linux/probe-host.ts";
import { end, say } from "./say.ts";

const ends = ["ready", "connecting", "handshaking", "ready", "connecting"] as const;
const tls = new NativeTls();
let kept: Uint8Array[] = [];

function attempt(number: number): void {
	const until = ends[number];
	if (until === undefined) return end();
	const heard: string[] = [];
	const done = (): void => {
		connection.close();
		kept = Array.from({ length: 20 }, () => new Uint8Array(1000));
		Timer.set(() => {
			say(...heard, kept.length);
			attempt(number + 1);
		}, 50);
	};
	const hear = (what: string): void => {
		heard.push(what);
		if (what === until) done();
	};
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
			onPhase: (phase) => hear(phase),
			onConnected: () => hear("ready"),
			onReadable: () => hear("readable"),
			onWritable: () => hear("writable"),
			onClosed: (reason) => hear(`closed ${reason}`),
		},
	);
}

attempt(0);
