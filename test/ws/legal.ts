/** A legal server that others wrote: the `ws` package. Nothing it does may be refused. */
import { type WebSocket, WebSocketServer } from "ws";
import { type Case, clean, expect, same } from "./cases.ts";
import { type ProbeEnd, type ProbeOptions, runProbe } from "./probe-run.ts";

type Talk = (socket: WebSocket, next: () => Promise<[Buffer, boolean]>) => Promise<void>;

async function talkTo(options: ProbeOptions, talk: Talk): Promise<ProbeEnd> {
	// It would compress if the client offered to: the client must not.
	const server = new WebSocketServer({
		port: 0,
		host: "127.0.0.1",
		perMessageDeflate: true,
		maxPayload: 1 << 26,
		handleProtocols: (offered) => [...offered][0] ?? false,
	});
	try {
		await new Promise((resolve) => server.once("listening", resolve));
		let fault: unknown;
		let talking: Promise<void> = Promise.resolve();
		server.on("connection", (socket) => {
			const arrived: [Buffer, boolean][] = [];
			let wake: (() => void) | undefined;
			socket.on("message", (data, isBinary) => {
				arrived.push([data as Buffer, isBinary]);
				wake?.();
			});
			const next = async (): Promise<[Buffer, boolean]> => {
				if (arrived.length === 0) {
					await new Promise<void>((resolve, reject) => {
						wake = resolve;
						setTimeout(() => reject(new Error("no message came")), 20_000).unref();
					});
				}
				return arrived.shift()!;
			};
			talking = talk(socket, next).catch((error: unknown) => {
				fault = error;
				socket.terminate();
			});
		});
		const address = server.address();
		const end = await runProbe(typeof address === "object" && address !== null ? address.port : 0, options);
		await talking;
		if (fault !== undefined) throw fault;
		return end;
	} finally {
		for (const socket of server.clients) socket.terminate();
		server.close();
	}
}

async function echoes(
	socket: WebSocket,
	next: () => Promise<[Buffer, boolean]>,
	payload: Buffer,
	binary: boolean,
): Promise<void> {
	socket.send(payload, { binary });
	const [echo, isBinary] = await next();
	same(isBinary, binary, "type of the echo");
	expect(echo.equals(payload), `an echo of ${payload.length} bytes differs`);
}

export const LEGAL_CASES: readonly Case[] = [
	{
		name: "ws: the hello arrives as text, and text and binary of every length form come back as they went",
		run: async () => {
			const end = await talkTo({ hello: "Grüße 🔑" }, async (socket, next) => {
				const [hello, isBinary] = await next();
				same(`${isBinary} ${hello.toString()}`, "false Grüße 🔑", "hello");
				for (const length of [0, 1, 125, 126, 127, 65_535, 65_536]) {
					await echoes(socket, next, Buffer.alloc(length, "x"), false);
					await echoes(socket, next, Buffer.alloc(length, 0xff), true);
				}
				socket.close(1000);
			});
			clean(end, 1000);
			same(end.messages, 14, "messages");
		},
	},
	{
		name: "ws: 200 messages of mixed sizes and types come back in order, fragmented or not",
		run: async () => {
			const end = await talkTo({}, async (socket, next) => {
				for (let index = 0; index < 200; index++) {
					const payload = Buffer.alloc((index * 331) % 5_000, `m${index}`);
					const binary = index % 3 === 0;
					if (index % 5 === 0) {
						const half = payload.length >> 1;
						socket.send(payload.subarray(0, half), { binary, fin: false });
						socket.ping(`p${index}`);
						socket.send(payload.subarray(half), { binary, fin: true });
						const [echo] = await next();
						expect(echo.equals(payload), `fragmented message ${index} differs`);
					} else {
						await echoes(socket, next, payload, binary);
					}
				}
				socket.close(4_000, "enough");
			});
			clean(end, 4_000);
			same(end.messages, 200, "messages");
		},
	},
	{
		name: "ws: messages of 1 MiB, text and binary, are echoed at the default bound",
		run: async () => {
			const max = 1_048_576;
			const end = await talkTo({ max, heapKb: 8_192 + max / 256 }, async (socket, next) => {
				await echoes(socket, next, Buffer.alloc(max, "x"), false);
				await echoes(socket, next, Buffer.alloc(max, 0x80), true);
				socket.close(1000);
			});
			clean(end, 1000);
		},
	},
	{
		name: "ws: a message of 16 MiB is echoed when the bound allows it, in less than 10 s",
		run: async () => {
			const max = 16_777_216;
			const end = await talkTo({ max, heapKb: 8_192 + max / 256 }, async (socket, next) => {
				await echoes(socket, next, Buffer.alloc(max, "y"), false);
				socket.close(1000);
			});
			clean(end, 1000);
			expect(end.ms < 10_000, `${end.ms} ms`);
		},
	},
	{
		name: "ws: pings are answered with their payload",
		run: async () => {
			const end = await talkTo({}, async (socket) => {
				for (const payload of ["", "a", "b".repeat(125)]) {
					const pong = new Promise<Buffer>((resolve) => socket.once("pong", resolve));
					socket.ping(payload);
					same((await pong).toString(), payload, "pong");
				}
				socket.close(1001);
			});
			clean(end, 1001);
		},
	},
	{
		name: "ws: the subprotocol that was offered is agreed on",
		run: async () => {
			const end = await talkTo({ subprotocol: "latchkey.device.1" }, async (socket) => {
				same(socket.protocol, "latchkey.device.1", "subprotocol");
				same(socket.extensions, "", "extensions");
				socket.close();
			});
			clean(end, 1005);
			same(end.subprotocol, "latchkey.device.1", "subprotocol");
		},
	},
	{
		name: "ws: a message above the bound ends the connection with 1009, as the server sees it",
		run: async () => {
			const end = await talkTo({ max: 1_000 }, async (socket) => {
				const closed = new Promise<number>((resolve) => socket.once("close", resolve));
				socket.send(Buffer.alloc(1_001));
				same(await closed, 1009, "code");
			});
			same(end.reason, "too-big", "reason");
		},
	},
	{
		name: "ws: a server that lets go without a Close is told from one that closes",
		run: async () => {
			const end = await talkTo({}, async (socket) => socket.terminate());
			same(end.status, 1, "status");
			same(end.code, 1006, "code");
		},
	},
];
