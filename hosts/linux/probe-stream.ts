/** The stream under a WebSocket probe: plain TCP, or TLS as the product makes it. */
import { LIMITS } from "../../modules/base/limits.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";
import { finishProbe, neededArgument, PROBE_CLOCK } from "./probe-host.ts";
import { TcpStream } from "./tcp-stream.ts";

export interface ProbeStreamUser {
	connected(stream: ByteStream): void;
	readable(): void;
	writable(): void;
	ended(reason: string | undefined, writable: boolean): void;
}

export function openProbeStream(user: ProbeStreamUser): void {
	openTcp(user);
}

function openTcp(user: ProbeStreamUser): void {
	const late = PROBE_CLOCK.after(LIMITS.tlsHandshakeMs, () => {
		finishProbe({ ok: false, code: 1006, by: "none", reason: "timeout" });
	});
	const stream = new TcpStream(neededArgument("host"), Number(neededArgument("port")), {
		onConnected: () => {
			late.cancel();
			user.connected(stream);
		},
		onReadable: () => user.readable(),
		onWritable: () => user.writable(),
		onClosed: (reason) => user.ended(reason === "end" ? undefined : reason, reason === "end"),
	});
}
