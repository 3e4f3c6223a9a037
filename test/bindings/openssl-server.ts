/** `openssl s_server`, for what Node's server does otherwise. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, keyPem } from "./issue.ts";

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

export async function opensslServer(
	leaf: Certificate,
	rest: readonly Certificate[],
	words: readonly string[],
	clientRoot: Certificate,
): Promise<{ readonly port: number; close(): Promise<void> }> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-openssl-"));
	const port = await freePort();
	const file = (name: string, text: string): string => {
		writeFileSync(join(folder, name), text);
		return join(folder, name);
	};
	const child = spawn(
		"openssl",
		[
			...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_2", "-quiet", "-naccept", "10"],
			...["-key", file("key", keyPem(leaf)), "-cert", file("cert", leaf.pem)],
			...["-cert_chain", file("chain", rest.map((each) => each.pem).join(""))],
			...["-CAfile", file("ca", clientRoot.pem)],
			...words,
		],
		{ stdio: ["pipe", "ignore", "ignore"], timeout: 60_000 },
	);
	const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
	await new Promise((resolve) => setTimeout(resolve, 300));
	return {
		port,
		close: async () => {
			child.kill("SIGKILL");
			await ended;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
