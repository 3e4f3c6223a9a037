/**
 * Our declarations of the ECMA-419 classes (hosts/embedded.d.ts) beside the SDK's own sources: each module that we declare is where
 * the manifests look for it, and each member that we declare is a member there. Pure over texts.
 */

export interface DeclaredModule {
	readonly specifier: string;
	readonly members: readonly string[];
}

/** Members of classes, of interfaces that are exported, and of constants; what a constructor takes is not looked at. */
export function declaredModules(declarations: string): DeclaredModule[] {
	const found: DeclaredModule[] = [];
	for (const part of declarations.split(/^declare module /m).slice(1)) {
		const specifier = /^"([^"]+)"/.exec(part)?.[1] ?? "";
		const members = new Set<string>();
		for (const block of part.matchAll(
			/^\t(?:export )?(?:class|interface|const) (\w+)[^\n]*\{\n?([\s\S]*?)(?:^\t\}|\};?$)/gm,
		)) {
			if (/Options$/.test(block[1]!)) continue;
			for (const [, name] of block[2]!.matchAll(/^\s*(?:static )?(?:readonly )?(?:get )?(\w+)\??\s*[(:]/gm)) {
				if (name !== "constructor" && name !== "private") members.add(name!);
			}
			if (/const /.test(block[0])) for (const [, name] of block[0].matchAll(/(\w+)\(/g)) members.add(name!);
		}
		found.push({ specifier, members: [...members] });
	}
	return found;
}

/** Where the SDK 8.2 has them. */
export const SDK_SOURCES: Readonly<Record<string, readonly string[]>> = Object.freeze({
	"embedded:io/bluetoothle/peripheral": Object.freeze(["modules/io/ble/server/esp32/bleserver.js"]),
	"embedded:io/digital": Object.freeze([
		"modules/io/digital/digital.js",
		"modules/io/digital/digitalbank.js",
	]),
	"embedded:io/serial": Object.freeze(["modules/io/serial/esp32/serial.js"]),
	"embedded:io/socket/tcp": Object.freeze(["modules/io/socket/lwip/tcp.js"]),
	"embedded:io/socket/listener": Object.freeze(["modules/io/socket/lwip/listener.js"]),
	"embedded:storage/key-value": Object.freeze(["modules/io/storage/esp32/storage-esp32.js"]),
	timer: Object.freeze(["modules/base/timer/timer.js"]),
});

/** Each names the module and the member that the SDK has not. */
export function declarationFlaws(
	modules: readonly DeclaredModule[],
	sourceOf: (path: string) => string | undefined,
): string[] {
	const flaws: string[] = [];
	for (const { specifier, members } of modules) {
		const paths = SDK_SOURCES[specifier];
		if (paths === undefined) {
			flaws.push(`${specifier}: nobody says where the SDK has it`);
			continue;
		}
		const text = paths.map((path) => sourceOf(path) ?? "").join("\n");
		if (text.trim() === "") {
			flaws.push(`${specifier}: the SDK has no ${paths.join(", ")}`);
			continue;
		}
		for (const member of members) {
			if (!new RegExp(`\\b${member}\\b`).test(text)) flaws.push(`${specifier}: the SDK's has no "${member}"`);
		}
	}
	return flaws;
}
