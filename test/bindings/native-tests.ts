/** C of the bindings with a piece of the world beside it that no machine has: a resolver, a library without a call. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { rootOf } from "./issue.ts";
import { type ProbeEnd, probe } from "./probe.ts";
import type { BindingTest } from "./run.ts";

const scratch = mkdtempSync(join(tmpdir(), "latchkey-native-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** Values of psa/crypto_values.h. */
const PSA_ERROR_NOT_SUPPORTED = -134;
const PSA_ERROR_INSUFFICIENT_ENTROPY = -148;

function compile(name: string, source: string, ...words: readonly string[]): string {
	const output = join(scratch, name);
	const prefix = process.env.LATCHKEY_MBEDTLS;
	const includes = prefix === undefined ? [] : ["-isystem", join(prefix, "include")];
	const warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];
	const file = join(PATHS.root, "test/bindings", source);
	const own = ["-I", join(PATHS.root, "hosts/bindings")];
	execFileSync("gcc", [...warnings, ...includes, ...own, "-o", output, file, ...words], {
		stdio: ["ignore", "inherit", "inherit"],
		timeout: 60_000,
	});
	return output;
}

let entropyCheck: string | undefined;

function entropyWhenMixing(status: number): readonly string[] {
	entropyCheck ??= compile("entropy-check", "entropy-check.c");
	const said = execFileSync(entropyCheck, [String(status)], { encoding: "utf8", timeout: 10_000 });
	return said.trimEnd().split("\n");
}

let resolver: string | undefined;

function dial(name: string, port: number): Promise<ProbeEnd> {
	resolver ??= compile("two-addresses.so", "two-addresses.c", "-shared", "-fPIC");
	return probe({
		port,
		host: name,
		roots: [rootOf().der],
		environment: { LD_PRELOAD: resolver },
		handshakeMs: 5000,
	});
}

/** A server on 127.0.0.1 alone, which says nothing that is TLS. */
async function onOneAddress(run: (port: number, connections: () => number) => Promise<void>): Promise<void> {
	let connections = 0;
	const server: Server = createServer((socket) => {
		connections++;
		socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n");
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	try {
		await run((server.address() as { port: number }).port, () => connections);
	} finally {
		server.close();
	}
}

export const nativeTests: readonly BindingTest[] = [
	...["second.test", "sixth.test"].map((name) => ({
		name: `of several addresses the next is tried when the first refuses (I10): ${name}`,
		run: () =>
			onOneAddress(async (port, connections) => {
				const end = await dial(name, port);
				assert.equal(connections(), 1, JSON.stringify(end));
				assert.equal(end.reason, "plain-http", JSON.stringify(end));
			}),
	})),
	{
		name: "of several addresses that all refuse the end is told, and nothing is connected to",
		run: () =>
			onOneAddress(async (port, connections) => {
				const end = await dial("neither.test", port);
				assert.deepEqual([end.reason, connections()], ["connect", 0], JSON.stringify(end));
			}),
	},
	{
		name: "a library that cannot mix the stored seed is said once, and the seed is replaced all the same",
		run: () => {
			assert.deepEqual(entropyWhenMixing(PSA_ERROR_NOT_SUPPORTED), [
				"entropy: this Mbed TLS cannot mix the stored seed",
				"draws, draws, replaced 1",
			]);
		},
	},
	{
		name: "a generator that could not be seeded lets nothing draw; one that could says nothing",
		run: () => {
			const refusal = "entropy: the generator could not be seeded, nothing may draw";
			const said = entropyWhenMixing(PSA_ERROR_INSUFFICIENT_ENTROPY);
			assert.deepEqual(said, [refusal, `nothing, ${refusal}`, "nothing, replaced 0"]);
			assert.deepEqual(entropyWhenMixing(0), ["draws, draws, replaced 1"]);
		},
	},
];
