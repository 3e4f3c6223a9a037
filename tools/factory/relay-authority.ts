/** A relay CA of its own, and the listener of a relay under it: what a vendor has after its first CA was stolen, or an owner's relay. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { PemConverter } from "@peculiar/x509";
import type { ListenerCredentials } from "../relay/relay.ts";
import { type Authority, issueIntermediate, issueListener, issueRoot } from "./certificates.ts";

export interface RelayAuthority {
	readonly rootDer: Uint8Array;
	readonly rootPem: string;
	readonly credentials: ListenerCredentials;
}

/** The listener's key and its chain up to the issuer, as a relay takes them. */
export async function credentialsOf(listener: Authority, issuer: Authority): Promise<ListenerCredentials> {
	const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", listener.key);
	return {
		certificate: `${listener.certificate.toString("pem")}\n${issuer.certificate.toString("pem")}\n`,
		key: PemConverter.encode(pkcs8, "PRIVATE KEY"),
	};
}

/** `names`: what the listener's certificate names. */
export async function newRelayAuthority(
	names: readonly string[] = ["localhost", "127.0.0.1"],
): Promise<RelayAuthority> {
	const root = await issueRoot("relay");
	const intermediate = await issueIntermediate("relay", root);
	return {
		rootDer: new Uint8Array(root.certificate.rawData),
		rootPem: root.certificate.toString("pem"),
		credentials: await credentialsOf(await issueListener(intermediate, names), intermediate),
	};
}
