/** The stream under a WebSocket probe: plain TCP, or TLS as the product makes it. */
import { DeviceError } from "../../modules/base/device-error.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";
import type { TlsClientCertificate, TlsOptions } from "../../modules/platform/tls.ts";
import { NativeTls } from "../bindings/tls.ts";
import { CLOCK } from "../ecma419/clock.ts";
import { TcpStream } from "../ecma419/tcp-stream.ts";
import {
	finishProbe,
	neededArgument,
	probeArgument,
	probeFile,
	probeFiles,
	probeRoots,
} from "./probe-host.ts";

export interface ProbeStreamUser {
	connected(stream: ByteStream): void;
	readable(): void;
	writable(): void;
	/** reason: undefined when the peer ended in good order; writable: its half only. */
	ended(reason: string | undefined, writable: boolean): void;
}

/** `--arg secure=1` asks for TLS; folder `--arg files=` then has roots, and maybe a chain and its key. */
export function openProbeStream(user: ProbeStreamUser): void {
	const host = neededArgument("host");
	const port = Number(neededArgument("port"));
	if (probeArgument("secure") === undefined) openTcp(host, port, user);
	else openTls(tlsOptions(host, port), user);
}

function openTcp(host: string, port: number, user: ProbeStreamUser): void {
	const late = CLOCK.after(LIMITS.tlsHandshakeMs, () => {
		finishProbe({ ok: false, code: 1006, by: "none", reason: "timeout" });
	});
	const stream = new TcpStream(
		{ host, port },
		{
			onConnected: () => {
				late.cancel();
				user.connected(stream);
			},
			onReadable: () => user.readable(),
			onWritable: () => user.writable(),
			onClosed: (reason) => user.ended(reason === "end" ? undefined : reason, reason === "end"),
		},
	);
}

function tlsOptions(host: string, port: number): TlsOptions {
	const folder = neededArgument("files");
	const chain = probeFiles("chain", `${folder}/chain`);
	const clientCertificate: TlsClientCertificate | undefined =
		chain.length === 0 ? undefined : { chain, key: { encoded: probeFile(`${folder}/key`) } };
	return {
		host,
		port,
		serverName: host,
		roots: probeRoots(folder),
		time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
		handshakeMs: LIMITS.tlsHandshakeMs,
		...(clientCertificate === undefined ? {} : { clientCertificate }),
	};
}

function openTls(options: TlsOptions, user: ProbeStreamUser): void {
	try {
		const stream = new NativeTls().connect(options, {
			onConnected: () => user.connected(stream),
			onReadable: () => user.readable(),
			onWritable: () => user.writable(),
			onClosed: (reason) => user.ended(reason, false),
		});
	} catch (error) {
		if (!(error instanceof DeviceError)) throw error;
		finishProbe({ ok: false, code: 1006, by: "none", reason: error.code });
	}
}
