/** How gcc makes gauge.c a library for a build of the host: what the engine's headers want is what that build was compiled with. */
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";

const XS = join(PATHS.root, "node_modules/@agoric/xsnap/moddable/xs");
const DEFINES = Object.freeze([
	"-DINCLUDE_XSPLATFORM",
	'-DXSPLATFORM="engine-platform.h"',
	"-DmxRun=1",
	"-DmxSloppy=1",
	"-DmxLockdown=1",
	"-DmxNoConsole=1",
	"-DmxBoundsCheck=1",
	"-DmxStress=1",
	"-D_GNU_SOURCE",
	"-DmxRegExpUnicodePropertyEscapes=1",
	"-DmxStringNormalize=1",
	"-DmxMinusZero=1",
]);

export function gaugeWords(output: string): readonly string[] {
	const includes = ["includes", "platforms", "sources"].flatMap((folder) => ["-isystem", join(XS, folder)]);
	includes.push("-I", join(PATHS.root, "hosts/linux"), "-I", join(PATHS.root, "hosts/bindings"));
	const flags = ["-shared", "-fPIC", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"];
	return [...flags, ...DEFINES, ...includes, join(PATHS.root, "test/link/gauge.c"), "-o", output];
}
