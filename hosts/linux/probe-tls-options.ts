/** The TLS part of a probe's arguments, as tools/probe/certificates.ts wrote them. */
import type { TlsOptions } from "../../modules/platform/tls.ts";
import { neededArgument, probeArgument, probeFile, probeFiles, probeRoots } from "./probe-host.ts";

/** A probe answers within 15 s, its start and the second after its text counted. */
const HANDSHAKE_MS = 12_000;

export function tlsOptionsFromArguments(serverName: string): TlsOptions {
	const folder = neededArgument("files");
	const chain = probeFiles("chain", `${folder}/chain`);
	const alpn = probeArgument("alpn");
	return {
		host: neededArgument("host"),
		port: Number(neededArgument("port")),
		serverName,
		roots: probeRoots(folder),
		time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
		handshakeMs: Number(probeArgument("handshake") ?? HANDSHAKE_MS),
		...(alpn === undefined ? {} : { alpn: alpn.split(",") }),
		...(chain.length === 0
			? {}
			: { clientCertificate: { chain, key: { encoded: probeFile(`${folder}/key`) } } }),
	};
}
