/**
 * One candidate of the link: a relay, what it is verified against, and as whom the lock comes. Several candidates may
 * name the same relay with different certificates of the lock's.
 */
import { bytesEqual } from "../base/bytes.ts";
import { LIMITS } from "../base/limits.ts";
import type { TlsClientCertificate, TlsOptions } from "../platform/tls.ts";
import { LINK_PATH, LINK_SUBPROTOCOL } from "../wire/envelope.ts";
import type { WsOptions } from "./ws-connection.ts";
import type { WsSettings } from "./ws-state.ts";

/** Everything about one relay but the patience, which is the link's. */
export type LinkRelay = Omit<TlsOptions, "handshakeMs" | "alpn">;

/** Whether two lists name the same candidates in the same order: the time and the roots of each may differ. */
export function sameRelays(one: readonly LinkRelay[], other: readonly LinkRelay[]): boolean {
	return one.length === other.length && one.every((relay, index) => sameRelay(relay, other[index]!));
}

function sameRelay(one: LinkRelay, other: LinkRelay): boolean {
	return (
		one.host === other.host &&
		one.port === other.port &&
		one.serverName === other.serverName &&
		sameCertificate(one.clientCertificate, other.clientCertificate)
	);
}

function sameCertificate(
	one: TlsClientCertificate | undefined,
	other: TlsClientCertificate | undefined,
): boolean {
	if (one === undefined || other === undefined) return one === other;
	if (one.chain.length !== other.chain.length) return false;
	return one.chain.every((certificate, index) => bytesEqual(certificate, other.chain[index]!));
}

export function webSocketOptions(relay: LinkRelay, settings: WsSettings): WsOptions {
	const name = relay.serverName.includes(":") ? `[${relay.serverName}]` : relay.serverName;
	return {
		request: {
			host: relay.port === 443 ? name : `${name}:${relay.port}`,
			resource: LINK_PATH,
			subprotocols: [LINK_SUBPROTOCOL],
			subprotocolRequired: true,
		},
		settings,
		maxHeaderBytes: LIMITS.wsHeaderBytes,
		maxFrameBytes: LIMITS.wsFrameBytes,
		maxMessageBytes: LIMITS.wsMessageBytes,
		textAllowed: false,
		readBytes: LIMITS.wsReadBytes,
		pauseBytes: LIMITS.linkQueueBytes,
		queueBytes: LIMITS.linkQueueBytes,
	};
}
