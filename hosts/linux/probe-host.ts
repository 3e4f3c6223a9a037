/** What the probes stand on besides the bindings: their arguments and files, one line of JSON at the end. */
import { fromHex } from "../../modules/base/bytes.ts";
import type { TlsRoot } from "../../modules/platform/tls.ts";

const readArgument = native<(key: string) => string | undefined>("xs_system_argument");
const readFile = native<(path: string) => ArrayBuffer | undefined>("xs_probe_file");
const exit = native<(status: number) => never>("xs_probe_exit");

/** The value of `--arg key=value`. */
export function probeArgument(key: string): string | undefined {
	return readArgument(key);
}

export function neededArgument(key: string): string {
	const value = readArgument(key);
	if (value === undefined) throw new TypeError(`no --arg ${key}`);
	return value;
}

/** A file of the command's; it was there when the command looked. */
export function probeFile(path: string): Uint8Array {
	const bytes = readFile(path);
	if (bytes === undefined) throw new TypeError(`cannot read ${path}`);
	return new Uint8Array(bytes);
}

/** Files `<prefix>0.der`, `<prefix>1.der`, ... as many as `--arg count-key` says. */
export function probeFiles(countKey: string, prefix: string): readonly Uint8Array[] {
	const files: Uint8Array[] = [];
	const count = Number(readArgument(countKey) ?? 0);
	for (let index = 0; index < count; index++) files.push(probeFile(`${prefix}${index}.der`));
	return files;
}

/** The roots of a folder, each with the pins of `--arg pins=`: hexadecimal digests with commas between. */
export function probeRoots(folder: string): readonly TlsRoot[] {
	const pins = probePins(probeArgument("pins"));
	const found = probeFiles("roots", `${folder}/root`);
	return found.map((der) => (pins === undefined ? { der } : { der, pins }));
}

export function probePins(listed: string | undefined): readonly Uint8Array[] | undefined {
	return listed?.split(",").map((pin) => {
		const digest = fromHex(pin);
		if (digest === undefined) throw new TypeError(`no pin ${pin}`);
		return digest;
	});
}

/** Prints the result and ends the process: 0 when it is ok, else 1. */
export function finishProbe(result: { readonly ok: boolean } & Readonly<Record<string, unknown>>): never {
	trace(`${JSON.stringify(result)}\n`);
	return exit(result.ok ? 0 : 1);
}
