/** The Mbed TLS that the bindings under test are built with, as its headers tell: the system's or that of check:mbedtls. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

let macros: ReadonlyMap<string, string> | undefined;

function readMacros(): ReadonlyMap<string, string> {
	const prefix = process.env.LATCHKEY_MBEDTLS;
	const includes = prefix === undefined ? [] : ["-isystem", join(prefix, "include")];
	const listed = execFileSync("gcc", [...includes, "-E", "-dM", "-x", "c", "-"], {
		input: "#include <mbedtls/version.h>\n",
		encoding: "utf8",
		maxBuffer: 16 * 1024 * 1024,
		timeout: 60_000,
	});
	return new Map(
		[...listed.matchAll(/^#define (\w+)(?: (.*))?$/gm)].map((match) => [match[1]!, match[2] ?? ""]),
	);
}

function macro(name: string): string | undefined {
	macros ??= readMacros();
	return macros.get(name);
}

/** 0x021c0300 for 2.28.3. */
export function libraryNumber(): number {
	return Number(macro("MBEDTLS_VERSION_NUMBER"));
}

export function hasTls13(): boolean {
	return libraryNumber() >= 0x0306_0000 && macro("MBEDTLS_SSL_PROTO_TLS1_3") !== undefined;
}

/** Whether a handshake message may come in several records (RFC 5246 6.2.1). */
export function joinsRecords(): boolean {
	return libraryNumber() >= 0x0306_0300;
}
