/** The same client on the product's TLS: what wss adds, and what must not change. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { PemConverter, PublicKey } from "@peculiar/x509";
import { type WebSocket, WebSocketServer } from "ws";
import {
	type Authority,
	generateKeyPair,
	issueDevice,
	issueIntermediate,
	issueListener,
	issueRoot,
	issuerFor,
} from "../../tools/factory/certificates.ts";
import { CLOSE, closeBody, frame, TEXT } from "../unit/link/server-frames.ts";
import { type Case, clean, expect, failed, same } from "./cases.ts";
import { type ProbeEnd, type ProbeOptions, runProbe } from "./probe-run.ts";

interface SecureOptions extends ProbeOptions {
	/** Names of the server's certificate. */
	readonly names?: readonly string[];
	/** The client presents its certificate (default), or none. */
	readonly identify?: boolean;
	/** The server's certificate comes of a root that the client does not trust. */
	readonly foreign?: boolean;
}

async function pemKey(key: webcrypto.CryptoKey): Promise<string> {
	return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

async function pair(purpose: "relay" | "device"): Promise<{ root: Authority; intermediate: Authority }> {
	const root = await issueRoot(purpose);
	return { root, intermediate: await issueIntermediate(purpose, root) };
}

/** A TLS server that wants a device certificate and speaks `ws`, and one probe against it. */
async function overTls(
	options: SecureOptions,
	talk: (socket: WebSocket, tls: TLSSocket) => Promise<void>,
): Promise<{ end: ProbeEnd; upgrades: number }> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-wss-"));
	const [relays, devices] = [await pair("relay"), await pair("device")];
	const listener = await issueListener(relays.intermediate, options.names ?? ["127.0.0.1"]);
	const deviceKeys = await generateKeyPair();
	const device = await issueDevice(
		issuerFor(devices.intermediate),
		"LK-0001",
		await PublicKey.create(deviceKeys.publicKey),
	);
	const pem = (...authorities: readonly { toString(format: "pem"): string }[]): string =>
		authorities.map((each) => `${each.toString("pem")}\n`).join("");
	const trusted = options.foreign === true ? (await pair("relay")).root : relays.root;
	const files = { ca: join(folder, "ca.pem"), cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
	writeFileSync(files.ca, pem(trusted.certificate));
	writeFileSync(files.cert, pem(device, devices.intermediate.certificate));
	writeFileSync(files.key, await pemKey(deviceKeys.privateKey));
	const https: Server = createServer({
		cert: pem(listener.certificate, relays.intermediate.certificate),
		key: await pemKey(listener.key),
		ca: pem(devices.root.certificate),
		requestCert: true,
		rejectUnauthorized: true,
	});
	https.on("tlsClientError", () => undefined);
	const server = new WebSocketServer({ server: https, maxPayload: 1 << 24 });
	let upgrades = 0;
	let fault: unknown;
	let talking: Promise<void> = Promise.resolve();
	server.on("connection", (socket, request) => {
		upgrades++;
		socket.on("error", () => undefined);
		talking = talk(socket, request.socket as TLSSocket).catch((error: unknown) => {
			fault = error;
			socket.terminate();
		});
	});
	try {
		await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
		const address = https.address();
		const end = await runProbe(typeof address === "object" && address !== null ? address.port : 0, {
			...options,
			certificates: options.identify === false ? { ca: files.ca } : files,
		});
		for (const socket of server.clients) socket.terminate();
		await Promise.race([talking, new Promise((resolve) => setTimeout(resolve, 2_000))]);
		if (end.status === null) throw new Error(`the probe hung: ${end.output}`);
		if (fault !== undefined) throw fault;
		return { end, upgrades };
	} finally {
		for (const socket of server.clients) socket.terminate();
		server.close();
		https.close();
		https.closeAllConnections();
		rmSync(folder, { recursive: true, force: true });
	}
}

export const SECURE_CASES: readonly Case[] = [
	{
		name: "wss: a server that is verified, and that verifies the client, gets every echo, up to 1 MiB",
		run: async () => {
			const max = 1_048_576;
			const { end } = await overTls({ max, hello: "hi" }, async (socket, tls) => {
				same(tls.authorized, true, "the client's certificate");
				const sizes = [0, 1, 16_384, 40_000, max];
				const echoes = new Promise<Buffer[]>((resolve) => {
					const got: Buffer[] = [];
					socket.on("message", (data) => {
						got.push(data as Buffer);
						if (got.length === sizes.length + 1) resolve(got);
					});
				});
				for (const size of sizes) socket.send(Buffer.alloc(size, 0x77));
				const got = await echoes;
				same(got[0]!.toString(), "hi", "hello");
				same(
					got
						.slice(1)
						.map((each) => each.length)
						.join(),
					sizes.join(),
					"sizes",
				);
				socket.close(1000);
			});
			clean(end, 1000);
		},
	},
	{
		name: "wss: a server of a foreign root, or of another name, is refused before any request (T4)",
		run: async () => {
			const foreign = await overTls({ foreign: true }, async () => undefined);
			failed(foreign.end, "chain-untrusted", 1006);
			same(foreign.upgrades, 0, "upgrades");
			const other = await overTls({ names: ["relay.example"] }, async () => undefined);
			failed(other.end, "name-mismatch", 1006);
			same(other.upgrades, 0, "upgrades");
		},
	},
	{
		name: "wss: a server that wants a client certificate refuses a client without one",
		run: async () => {
			const { end, upgrades } = await overTls({ identify: false }, async () => undefined);
			same(end.status, 1, "status");
			// A server that resets right behind its alert may take the alert back.
			expect(end.reason.startsWith("alert") || end.reason === "reset", end.reason);
			same(upgrades, 0, "upgrades");
		},
	},
	{
		name: "wss: a violation is answered with its code over TLS too",
		run: async () => {
			const { end } = await overTls({}, async (socket, tls) => {
				const closed = new Promise<number>((resolve) => socket.once("close", resolve));
				tls.write(frame(TEXT, Buffer.from("x"), { masked: true }));
				same(await closed, 1002, "code");
			});
			failed(end, "masked", 1002);
		},
	},
	{
		name: "wss: a server that ends TLS right behind its Close is a clean end",
		run: async () => {
			const { end } = await overTls({}, async (_socket, tls) => {
				tls.end(frame(CLOSE, closeBody(1000)));
			});
			clean(end, 1000);
		},
	},
	{
		name: "wss: a server that drops the connection without a Close is not a clean end",
		run: async () => {
			const { end } = await overTls({}, async (_socket, tls) => {
				tls.destroy();
			});
			same(end.status, 1, "status");
			same(end.code, 1006, "code");
		},
	},
];
