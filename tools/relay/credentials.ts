/** The files of a relay's credentials folder, as `latchkey factory pki` writes it to PKI/relay-server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ListenerCredentials } from "./relay.ts";

export const CREDENTIAL_FILES = Object.freeze({
	deviceCertificate: "device-listener.pem",
	deviceKey: "device-listener.key",
	appCertificate: "app-listener.pem",
	appKey: "app-listener.key",
	deviceRoots: "device-roots.pem",
} as const);

export interface RelayCredentials {
	readonly device: ListenerCredentials;
	readonly app: ListenerCredentials;
	/** PEM. */
	readonly deviceRoots: string;
}

export function readCredentials(dir: string): RelayCredentials {
	const read = (file: string): string => readFileSync(join(dir, file), "utf8");
	return {
		device: { certificate: read(CREDENTIAL_FILES.deviceCertificate), key: read(CREDENTIAL_FILES.deviceKey) },
		app: { certificate: read(CREDENTIAL_FILES.appCertificate), key: read(CREDENTIAL_FILES.appKey) },
		deviceRoots: read(CREDENTIAL_FILES.deviceRoots),
	};
}
