/** Servers that want too much: memory, time, attention. The heap of each probe is fixed, so that growth would abort it. */
import { concatBytes } from "../../modules/base/bytes.ts";
import {
	BINARY,
	CLOSE,
	CONTINUATION,
	closeBody,
	frame,
	PING,
	PONG,
	TEXT,
} from "../unit/link/server-frames.ts";
import { against, type Case, clean, expect, failed, same } from "./cases.ts";
import type { RawPeer } from "./raw-server.ts";

async function closeClean(peer: RawPeer): Promise<void> {
	peer.write(frame(CLOSE, closeBody(1000)));
	let last = await peer.frame();
	while (last !== undefined && last.opcode !== CLOSE) last = await peer.frame();
	same(last?.opcode, CLOSE, "answer to the Close");
	peer.socket.end();
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

export const LIMIT_CASES: readonly Case[] = [
	{
		name: "a message of exactly the bound is echoed, whole and in fragments",
		run: async () => {
			const max = 20_000;
			const payload = Uint8Array.from({ length: max }, (_, index) => index & 0xff);
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.write(frame(BINARY, payload));
					peer.write(frame(BINARY, payload.subarray(0, 9_999), { final: false }));
					peer.write(frame(CONTINUATION, payload.subarray(9_999, max - 1), { final: false }));
					peer.write(frame(CONTINUATION, payload.subarray(max - 1)));
					for (let echo = 0; echo < 2; echo++) {
						const answer = await peer.frame();
						expect(Buffer.from(answer?.payload ?? "").equals(Buffer.from(payload)), "the echo differs");
					}
					await closeClean(peer);
				},
				{ max },
			);
			clean(end, 1000);
		},
	},
	{
		name: "a frame above its own bound is refused (1009) where the message would do, its fragments are not",
		run: async () => {
			const bounds = { max: 10_000, maxFrame: 4_000 };
			const whole = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(BINARY, new Uint8Array(4_001)));
				same((await peer.frame())?.opcode, CLOSE, "opcode");
				peer.socket.end();
			}, bounds);
			failed(whole, "frame-size", 1009);
			const parts = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(BINARY, new Uint8Array(4_000), { final: false }));
				peer.write(frame(CONTINUATION, new Uint8Array(4_000)));
				same((await peer.frame())?.payload.length, 8_000, "echo");
				await closeClean(peer);
			}, bounds);
			clean(parts, 1000);
		},
	},
	{
		name: "100,000 empty fragments are one empty message, and cost no memory (T16)",
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.write(frame(TEXT, new Uint8Array(0), { final: false }));
					const empty = concatBytes(
						...Array.from({ length: 1_000 }, () => frame(CONTINUATION, undefined, { final: false })),
					);
					for (let round = 0; round < 100; round++) peer.write(empty);
					peer.write(frame(CONTINUATION));
					same((await peer.frame())?.payload.length, 0, "echo");
					await closeClean(peer);
				},
				{ heapKb: 1_024, max: 16_384 },
			);
			clean(end, 1000);
		},
	},
	{
		name: "fragments without an end are refused at the bound (1009)",
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.write(frame(BINARY, new Uint8Array(100), { final: false }));
					const more = frame(CONTINUATION, new Uint8Array(100), { final: false });
					while (!peer.ended) {
						peer.write(more);
						await pause(1);
					}
				},
				{ heapKb: 1_024, max: 16_384 },
			);
			failed(end, "too-big", 1009);
		},
	},
	{
		name: "50,000 pings from a server that reads are answered, none too many (T16)",
		run: async () => {
			const count = 50_000;
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					const pings = concatBytes(...Array.from({ length: 500 }, () => frame(PING, Buffer.from("p"))));
					for (let round = 0; round < count / 500; round++) peer.write(pings);
					peer.write(frame(PING, Buffer.from("last")));
					let pongs = 0;
					for (;;) {
						const answer = await peer.frame();
						same(answer?.opcode, PONG, "opcode");
						pongs++;
						if (answer!.payload.length === 4) break;
					}
					expect(pongs <= count + 1, `${pongs} pongs`);
					await closeClean(peer);
				},
				{ heapKb: 1_024, max: 16_384 },
			);
			clean(end, 1000);
		},
	},
	{
		name: "a server that pings without reading gets few pongs, the newest among them, and no memory (T16)",
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.socket.pause();
					const payload = new Uint8Array(125);
					const pings = concatBytes(...Array.from({ length: 500 }, () => frame(PING, payload)));
					// Far more answers than the sockets' buffers hold.
					for (let round = 0; round < 400; round++) {
						peer.write(pings);
						await pause(1);
					}
					peer.write(frame(PING, Buffer.from("last")));
					await pause(500);
					peer.socket.resume();
					let answer = await peer.frame();
					while (answer !== undefined && answer.payload.length !== 4) answer = await peer.frame();
					same(Buffer.from(answer?.payload ?? "").toString(), "last", "the newest ping's pong");
					await closeClean(peer);
				},
				{ heapKb: 1_024, max: 16_384 },
			);
			clean(end, 1000);
		},
	},
	{
		name: "a server that sends 48 MiB without reading is made to wait, then gets every echo in order (T16)",
		run: async () => {
			const count = 3_000;
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.socket.pause();
					for (let index = 0; index < count; index++) {
						const payload = new Uint8Array(16_384);
						new DataView(payload.buffer).setUint32(0, index);
						peer.write(frame(BINARY, payload));
					}
					await pause(1_500);
					expect(
						peer.socket.writableLength > 10_000_000,
						`${peer.socket.writableLength} bytes wait at the server`,
					);
					peer.socket.resume();
					for (let index = 0; index < count; index++) {
						const answer = await peer.frame();
						const { buffer, byteOffset } = answer!.payload;
						same(new DataView(buffer, byteOffset).getUint32(0), index, "the echo's number");
					}
					await closeClean(peer);
				},
				{ heapKb: 2_048, max: 16_384, limitMs: 60_000, boundMs: 50_000 },
			);
			clean(end, 1000);
			same(end.messages, count, "messages");
		},
	},
	{
		name: "100,000 tiny messages are echoed in order",
		run: async () => {
			const count = 100_000;
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					const one = frame(TEXT, Buffer.from("x"));
					const some = concatBytes(...Array.from({ length: 1_000 }, () => one));
					for (let round = 0; round < count / 1_000; round++) peer.write(some);
					for (let index = 0; index < count; index++) same((await peer.frame())?.payload.length, 1, "echo");
					await closeClean(peer);
				},
				{ heapKb: 2_048, max: 16_384, limitMs: 60_000, boundMs: 50_000 },
			);
			clean(end, 1000);
			same(end.messages, count, "messages");
		},
	},
	{
		name: "a server that falls silent (half-open) is pinged, and given up within 60 s",
		long: true,
		run: async () => {
			let pings = 0;
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.socket.on("data", () => pings++);
				},
				{ limitMs: 75_000, boundMs: 62_000 },
			);
			failed(end, "silent", 1006);
			expect(end.ms > 45_000 && end.ms < 60_000, `${end.ms} ms`);
			same(pings, 2, "pings");
		},
	},
	{
		name: "a server that never reads is given up within 60 s",
		long: true,
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.socket.pause();
					for (let index = 0; index < 2_000; index++) peer.write(frame(BINARY, new Uint8Array(16_384)));
				},
				{ limitMs: 75_000, boundMs: 62_000, max: 16_384, heapKb: 2_048 },
			);
			failed(end, "silent", 1006);
			expect(end.ms > 45_000 && end.ms < 60_000, `${end.ms} ms`);
		},
	},
	{
		name: "a server that only answers pings is kept for longer than a silent one",
		long: true,
		run: async () => {
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					const startMs = performance.now();
					for (let ping = 0; ping < 3; ping++) {
						let asked = await Promise.race([peer.frame().catch(() => undefined), pause(25_000)]);
						if (asked === undefined) asked = await peer.frame();
						same(asked?.opcode, PING, "opcode");
						peer.write(frame(PONG, asked!.payload));
					}
					expect(performance.now() - startMs > 55_000, "three pings came too fast");
					await closeClean(peer);
				},
				{ limitMs: 90_000, boundMs: 80_000 },
			);
			clean(end, 1000);
		},
	},
];
