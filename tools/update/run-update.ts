/** What the commands of `latchkey update` have in common: which failures are the user's to act on, and a path that may be a folder. */
import { statSync } from "node:fs";
import { existingFile } from "../cli/arguments.ts";
import { explaining } from "../cli/fault.ts";
import { plainLines } from "../cli/plain-text.ts";
import { IssuerFault } from "../pki/signer.ts";
import { TrustFault } from "../trust/trust-fault.ts";
import { RELEASE_FILES } from "./release.ts";
import { UpdateFault } from "./update-fault.ts";

export async function runUpdate(work: () => Promise<void>): Promise<void> {
	await explaining([UpdateFault, TrustFault, IssuerFault], work);
}

/** Whatever is in it, nothing but printable text reaches the terminal. */
export function say(text: string): void {
	process.stdout.write(`${plainLines(text)}\n`);
}

/** A reader of a manifest's file, or of the folder of its release. */
export function manifestPath(text: string): string {
	const isFolder = statSync(text, { throwIfNoEntry: false })?.isDirectory() === true;
	return existingFile(isFolder ? RELEASE_FILES.manifest(text) : text);
}
