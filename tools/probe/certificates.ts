/** Certificates of a probe: PEM or DER files of its command line, as the DER files that it reads on the engine. */
import { X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliFault } from "../cli/fault.ts";

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function readCertificates(path: string): readonly Uint8Array[] {
	const text = readFileSync(path, "latin1");
	const blocks = text.match(PEM)?.map((block) => new TextEncoder().encode(block));
	try {
		return (blocks ?? [Uint8Array.from(text, (octet) => octet.charCodeAt(0))]).map((block) =>
			Uint8Array.from(new X509Certificate(block).raw),
		);
	} catch {
		throw new CliFault(`${path}: no certificate`, 2);
	}
}

function writeCertificates(folder: string, prefix: string, path: string): string {
	const certificates = readCertificates(path);
	certificates.forEach((der, index) => {
		writeFileSync(join(folder, `${prefix}${index}.der`), der);
	});
	return String(certificates.length);
}

export interface CertificateFiles {
	readonly ca: string;
	readonly cert?: string;
	readonly key?: string;
}

/** Writes the files; returns the settings that name them. */
export function prepareCertificates(folder: string, files: CertificateFiles): Record<string, string> {
	const settings: Record<string, string> = {
		files: folder,
		roots: writeCertificates(folder, "root", files.ca),
	};
	if (files.cert !== undefined && files.key !== undefined) {
		settings.chain = writeCertificates(folder, "chain", files.cert);
		copyFileSync(files.key, join(folder, "key"));
	}
	return settings;
}
