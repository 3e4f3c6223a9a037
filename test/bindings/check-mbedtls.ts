/**
 * `npm run check:mbedtls -- --prefix DIR`: builds the bindings with the Mbed TLS under DIR (include/ and lib/, lib64/ or
 * lib/<machine>/) and runs all of test/bindings, the same tests as for the system's library. What it builds lies in a
 * folder of its own and goes afterwards.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { PATHS } from "../../tools/setup/paths.ts";

/** Exit status of test/bindings with that library. Nothing of it stays behind. */
export async function checkMbedtls(prefix: string, words: readonly string[] = []): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-mbedtls-"));
	const env = { ...process.env, LATCHKEY_MBEDTLS: prefix, LATCHKEY_HOST_BUILD: join(folder, "host") };
	const program = join(PATHS.javascript, "test/bindings/run.js");
	const child = spawn(process.execPath, ["--enable-source-maps", program, ...words], {
		env,
		stdio: "inherit",
	});
	const stop = (): void => void child.kill("SIGTERM");
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
	try {
		return await new Promise((settle, reject) => {
			child.on("error", reject);
			child.on("close", (status) => settle(status ?? 1));
		});
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function usage(message: string): never {
	process.stderr.write(`${message}\nusage: npm run check:mbedtls -- --prefix DIR [--only TEXT]\n`);
	process.exit(2);
}

async function main(): Promise<number> {
	const { values } = parseArgs({ options: { prefix: { type: "string" }, only: { type: "string" } } });
	if (values.prefix === undefined) usage("no --prefix");
	const prefix = resolve(values.prefix);
	if (!existsSync(join(prefix, "include/mbedtls/ssl.h"))) usage(`${prefix}/include has no mbedtls/ssl.h`);
	return await checkMbedtls(prefix, values.only === undefined ? [] : ["--only", values.only]);
}

if (process.argv[1]?.endsWith("check-mbedtls.js")) process.exit(await main());
