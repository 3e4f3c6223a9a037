/** The closing handshake (RFC 6455 5.5.1 and 7), with servers that keep to it and servers that do not. */
import { concatBytes } from "../../modules/base/bytes.ts";
import { BINARY, CLOSE, closeBody, frame, PING, TEXT } from "../unit/link/server-frames.ts";
import { against, type Case, clean, expect, failed, same } from "./cases.ts";

const LEGAL_CODES = [
	1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];

export const CLOSING_CASES: readonly Case[] = [
	...LEGAL_CODES.map((code) => ({
		name: `a Close with code ${code} is answered with that code and ends clean`,
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(CLOSE, closeBody(code, Buffer.from("gründlich"))));
				const answer = await peer.frame();
				same(answer?.opcode, CLOSE, "opcode");
				same(
					Buffer.from(answer!.payload).toString("hex"),
					Buffer.from(closeBody(code)).toString("hex"),
					"body",
				);
				peer.socket.end();
				same(await peer.end(), 0, "bytes after the Close");
			});
			clean(end, code);
			same(end.by, "peer", "by");
		},
	})),
	{
		name: "a Close without a body is answered without a body and ends clean as 1005",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(CLOSE));
				same((await peer.frame())?.payload.length, 0, "body");
				peer.socket.end();
			});
			clean(end, 1005);
		},
	},
	{
		name: "the client waits for the server to end the stream first, and not for ever (RFC 6455 7.1.1)",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(CLOSE, closeBody(1000)));
				await peer.frame();
				await new Promise((resolve) => setTimeout(resolve, 1_000));
				expect(!peer.ended, "the client ended the stream before the server");
				await peer.end();
			});
			clean(end, 1000);
			expect(end.ms > 4_000 && end.ms < 8_000, `${end.ms} ms`);
		},
	},
	{
		name: "a server that ends its half together with its Close still gets the answer",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.socket.end(frame(CLOSE, closeBody(1000)));
				same((await peer.frame())?.opcode, CLOSE, "answer");
			});
			clean(end, 1000);
		},
	},
	{
		name: "what follows a Close is not read",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(
					concatBytes(frame(CLOSE, closeBody(1000)), frame(TEXT, Buffer.from("x")), frame(PING), frame(3)),
				);
				same((await peer.frame())?.opcode, CLOSE, "answer");
				peer.socket.end();
				same(await peer.end(), 0, "bytes after the Close");
			});
			clean(end, 1000);
			same(end.messages, 0, "messages");
		},
	},
	{
		name: "an echo that is on its way out when the Close comes arrives before the answer",
		run: async () => {
			const big = new Uint8Array(1_048_576).fill(0x61);
			const end = await against(
				async (peer) => {
					await peer.upgrade();
					peer.write(frame(TEXT, big), frame(BINARY, Buffer.from("last")), frame(CLOSE, closeBody(1000)));
					same((await peer.frame())?.payload.length, big.length, "first echo");
					same(Buffer.from((await peer.frame())?.payload ?? "").toString(), "last", "second echo");
					same((await peer.frame())?.opcode, CLOSE, "answer");
					peer.socket.end();
				},
				{ max: big.length },
			);
			clean(end, 1000);
			same(end.messages, 2, "messages");
		},
	},
	{
		name: "a stream that ends without a Close is not clean: 1006",
		run: async () => {
			for (const cut of [
				new Uint8Array(0),
				Uint8Array.of(0x81),
				frame(TEXT, Buffer.from("x"), { length: 9 }),
			]) {
				const end = await against(async (peer) => {
					await peer.upgrade();
					peer.write(cut);
					peer.socket.end();
				});
				failed(end, "ended", 1006);
			}
		},
	},
	{
		name: "a stream that is reset is not clean: 1006",
		run: async () => {
			const end = await against(async (peer) => {
				await peer.upgrade();
				peer.write(frame(TEXT, Buffer.from("x")));
				await peer.frame();
				peer.socket.resetAndDestroy();
			});
			failed(end, "reset", 1006);
		},
	},
];
