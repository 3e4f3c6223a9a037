/** The floor of a round trip here: a raw `ws` echo through TLS with the relay's own certificate. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket, WebSocketServer } from "ws";
import { ensurePki } from "../factory/pki.ts";
import { readCredentials } from "../relay/credentials.ts";

const HOST = "127.0.0.1";
const NAME = "localhost";
const MESSAGE_BYTES = 64;

/** Times of `count` echoes, one after the other. */
export async function measureEchoTimes(count: number): Promise<number[]> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
	await ensurePki(join(dir, "pki"), [NAME, HOST]);
	const { app } = readCredentials(join(dir, "pki", "relay-server"));
	const server = createServer({ cert: app.certificate, key: app.key });
	const sockets = new WebSocketServer({ server, perMessageDeflate: false });
	sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
	await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
	const { port } = server.address() as AddressInfo;
	const ca = readFileSync(join(dir, "pki", "relay-root.pem"), "utf8");
	const client = new WebSocket(`wss://${NAME}:${port}/`, { ca, perMessageDeflate: false });
	try {
		await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject));
		const times: number[] = [];
		const message = Buffer.alloc(MESSAGE_BYTES, 1);
		for (let index = 0; index < count; index++) {
			const startedMs = performance.now();
			const answered = new Promise((resolve) => client.once("message", resolve));
			client.send(message);
			await answered;
			times.push(performance.now() - startedMs);
		}
		return times;
	} finally {
		client.terminate();
		sockets.close();
		server.close();
		rmSync(dir, { recursive: true, force: true });
	}
}
