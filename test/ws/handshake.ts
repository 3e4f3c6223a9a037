/** Servers that answer the opening handshake wrongly, or not at all: each is refused for its reason, and sees no frame. */

import { CLOSE, closeBody, frame, TEXT } from "../unit/link/server-frames.ts";
import { against, type Case, clean, expect, failed, same } from "./cases.ts";
import { runProbe } from "./probe-run.ts";
import { acceptOf, goodHead, type RawPeer, serveRaw } from "./raw-server.ts";

interface Answer {
	readonly what: string;
	readonly reason: string;
	readonly answer: (request: string) => string;
	readonly subprotocol?: string;
}

function without(request: string, name: string, ...lines: readonly string[]): string {
	return goodHead(request)
		.split("\r\n")
		.flatMap((line) => (line.startsWith(name) ? lines : [line]))
		.join("\r\n");
}

const PORTAL = "<!DOCTYPE html><title>Welcome to our hotel</title>";

const REFUSED: readonly Answer[] = [
	{
		what: "a captive portal's page",
		reason: "status",
		answer: () =>
			`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PORTAL.length}\r\n\r\n${PORTAL}`,
	},
	{ what: "a bare page without a head", reason: "http", answer: () => PORTAL },
	{
		what: "a redirect",
		reason: "redirect",
		answer: () => "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n",
	},
	{
		what: "401",
		reason: "unauthorised",
		answer: () => "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n",
	},
	{
		what: "426 with another version",
		reason: "status",
		answer: () => "HTTP/1.1 426 x\r\nSec-WebSocket-Version: 8\r\n\r\n",
	},
	{ what: "an SSH greeting", reason: "http", answer: () => "SSH-2.0-OpenSSH_9.2\r\n" },
	{ what: "a TLS alert", reason: "http", answer: () => "\x15\x03\x01\x00\x02\x02\x46" },
	{
		what: "HTTP/1.0",
		reason: "http",
		answer: (request) => goodHead(request).replace("HTTP/1.1", "HTTP/1.0"),
	},
	{
		what: "no accept value",
		reason: "accept",
		answer: (request) => without(request, "Sec-WebSocket-Accept"),
	},
	{
		what: "an accept value for another key (T4)",
		reason: "accept",
		answer: (request) =>
			without(request, "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
	},
	{
		what: "an accept value in lower case",
		reason: "accept",
		answer: (request) =>
			without(request, "Sec-WebSocket-Accept", `Sec-WebSocket-Accept: ${acceptOf(request).toLowerCase()}`),
	},
	{
		what: "two accept values",
		reason: "accept",
		answer: (request) => goodHead(request, `Sec-WebSocket-Accept: ${acceptOf(request)}`),
	},
	{ what: "no Upgrade", reason: "upgrade", answer: (request) => without(request, "Upgrade") },
	{
		what: "another Upgrade",
		reason: "upgrade",
		answer: (request) => without(request, "Upgrade", "Upgrade: h2c"),
	},
	{ what: "no Connection", reason: "connection", answer: (request) => without(request, "Connection") },
	{
		what: "Connection without upgrade",
		reason: "connection",
		answer: (request) => without(request, "Connection", "Connection: keep-alive"),
	},
	{
		what: "an extension that was not offered",
		reason: "extension",
		answer: (request) => goodHead(request, "Sec-WebSocket-Extensions: permessage-deflate"),
	},
	{
		what: "a subprotocol when none was offered",
		reason: "subprotocol",
		answer: (request) => goodHead(request, "Sec-WebSocket-Protocol: chat"),
	},
	{
		what: "another subprotocol than the offered one",
		reason: "subprotocol",
		subprotocol: "latchkey.device.1",
		answer: (request) => goodHead(request, "Sec-WebSocket-Protocol: latchkey.device.2"),
	},
	{
		what: "a folded header",
		reason: "http",
		answer: (request) => goodHead(request).replace("Upgrade: websocket", "Upgrade:\r\n websocket"),
	},
	{
		what: "a space before a colon",
		reason: "http",
		answer: (request) => goodHead(request).replace("Upgrade:", "Upgrade :"),
	},
	{
		what: "lines that end with LF alone",
		reason: "http",
		answer: (request) => goodHead(request).replaceAll("\r", ""),
	},
	{
		what: "a NUL in a header",
		reason: "http",
		answer: (request) => goodHead(request, "X-Nul: a\0b"),
	},
	{
		what: "a head of 4 KiB and more",
		reason: "header-size",
		answer: (request) => goodHead(request, `X-Long: ${"x".repeat(4_096)}`),
	},
];

function refusedCase({ what, reason, answer, subprotocol }: Answer): Case {
	return {
		name: `a server that answers with ${what} is refused (${reason}) and sees no frame`,
		run: async () => {
			const end = await against(
				async (peer) => {
					peer.write(answer(await peer.request()), frame(TEXT, Buffer.from("hello")));
					same(await peer.end(), 0, "bytes after the request");
				},
				{ hello: "never sent", ...(subprotocol === undefined ? {} : { subprotocol }) },
			);
			failed(end, reason, 1006);
			expect(end.ms < 5_000, `it took ${end.ms} ms`);
		},
	};
}

async function closeNow(peer: RawPeer): Promise<void> {
	peer.write(frame(CLOSE, closeBody(1000)));
	await peer.frame();
	peer.socket.end();
	await peer.end();
}

export const HANDSHAKE_CASES: readonly Case[] = [
	...REFUSED.map(refusedCase),
	{
		name: "the request is that of RFC 6455 4.1: a fresh key, version 13, no extension, the path as given",
		run: async () => {
			const keys = new Set<string>();
			for (let round = 0; round < 2; round++) {
				const end = await against(
					async (peer) => {
						const request = await peer.request();
						const lines = request.split("\r\n");
						same(lines[0], "GET /a%20b?c=d&e HTTP/1.1", "request line");
						for (const line of ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"])
							expect(lines.includes(line), `no ${line}`);
						expect(lines.includes(`Host: 127.0.0.1:${peer.socket.localPort}`), request);
						expect(!/extensions|origin/i.test(request), request);
						const key = /^Sec-WebSocket-Key: ([A-Za-z0-9+/]{22}==)$/m.exec(request.replaceAll("\r", ""))?.[1];
						expect(key !== undefined && Buffer.from(key, "base64").length === 16, `key ${key}`);
						keys.add(key);
						peer.write(goodHead(request));
						await closeNow(peer);
					},
					{ resource: "/a%20b?c=d&e" },
				);
				clean(end, 1000);
			}
			same(keys.size, 2, "different keys");
		},
	},
	{
		name: "a legal answer is accepted in single octets, with other headers, cases and an interim response before it",
		run: async () => {
			const end = await against(
				async (peer) => {
					const request = await peer.request();
					const head = goodHead(request, "Server: x", "Sec-WebSocket-Protocol: chat", "X-Empty:")
						.replace("Upgrade: websocket", "UPGRADE:   WebSocket  ")
						.replace("Connection: Upgrade", "connection: keep-alive, UPGRADE");
					await peer.drip(Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${head}`, "latin1"));
					await closeNow(peer);
				},
				{ subprotocol: "chat" },
			);
			clean(end, 1000);
			same(end.subprotocol, "chat", "subprotocol");
		},
	},
	{
		name: "an answer without a subprotocol is legal when one was offered (RFC 6455 4.1)",
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					await closeNow(peer);
				},
				{ subprotocol: "chat" },
			);
			clean(end, 1000);
			same(end.subprotocol, undefined, "subprotocol");
		},
	},
	{
		name: "frames that come in one segment with the head are read",
		run: async () => {
			const end = await against(async (peer) => {
				const request = await peer.request();
				peer.write(
					Buffer.concat([Buffer.from(goodHead(request), "latin1"), frame(TEXT, Buffer.from("early"))]),
				);
				same(Buffer.from((await peer.frame())?.payload ?? "").toString(), "early", "echo");
				await closeNow(peer);
			});
			clean(end, 1000);
		},
	},
	{
		name: "an endless head is refused at its bound, however long the server goes on",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.request();
				peer.write("HTTP/1.1 101 x\r\n");
				for (let line = 0; line < 10_000 && !peer.ended; line++) {
					peer.write(`X-${line}: ${"y".repeat(100)}\r\n`);
					if (line % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
				}
			});
			failed(end, "header-size");
		},
	},
	{
		name: "a head that drips in (slow loris) is given up after 15 s",
		long: true,
		run: async () => {
			const end = await against(
				async (peer) => {
					const request = await peer.request();
					await peer.drip(Buffer.from(goodHead(request, `X-Slow: ${"z".repeat(200)}`), "latin1"), 500);
				},
				{ boundMs: 18_000 },
			);
			failed(end, "timeout");
			expect(end.ms > 14_000 && end.ms < 17_000, `${end.ms} ms`);
		},
	},
	{
		name: "a server that never answers is given up after 15 s",
		long: true,
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.request();
					await peer.end();
				},
				{ boundMs: 18_000 },
			);
			failed(end, "timeout");
			expect(end.ms > 14_000 && end.ms < 17_000, `${end.ms} ms`);
		},
	},
	{
		name: "a server that ends or resets instead of answering is told apart",
		run: async () => {
			failed(
				await against(async (peer) => {
					await peer.request();
					peer.socket.end();
				}),
				"ended",
			);
			failed(
				await against(async (peer) => {
					await peer.request();
					peer.socket.resetAndDestroy();
				}),
				"reset",
			);
		},
	},
	{
		name: "a port where nobody listens and a name that does not resolve are told apart",
		run: async () => {
			const server = await serveRaw(
				async () => undefined,
				() => undefined,
			);
			server.close();
			failed(await runProbe(server.port), "connect");
			failed(await runProbe(server.port, { host: "nobody.invalid" }), "resolve");
		},
	},
	{
		name: "a server on IPv6 is reached, and named with brackets",
		run: async () => {
			const end = await against(
				async (peer) => {
					const request = await peer.request();
					expect(request.includes(`Host: [::1]:${peer.socket.localPort}`), request);
					peer.write(goodHead(request));
					await closeNow(peer);
				},
				{},
				"::1",
			);
			clean(end, 1000);
		},
	},
];
