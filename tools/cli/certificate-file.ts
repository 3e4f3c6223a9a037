/** A certificate that somebody names at the command line. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { CliFault } from "./fault.ts";

/** DER of the first certificate of a PEM file. Throws CliFault. */
export function readCertificateFile(path: string): Uint8Array {
	try {
		return new Uint8Array(new X509Certificate(readFileSync(path)).raw);
	} catch (error) {
		throw new CliFault(`${path} is no certificate: ${(error as Error).message}`);
	}
}
