/** `latchkey probe ws` as a person types it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { CLOSE, closeBody, frame, TEXT } from "../unit/link/server-frames.ts";
import { type Case, expect, same } from "./cases.ts";
import { goodHead, serveRaw } from "./raw-server.ts";

const PROGRAM = join(PATHS.javascript, "tools/cli/latchkey.js");

interface CommandEnd {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Never blocks: other cases measure time beside this one. */
function command(...words: readonly string[]): Promise<CommandEnd> {
	return new Promise((resolve) => {
		const child = spawn(process.execPath, [PROGRAM, "probe", "ws", ...words], { timeout: 30_000 });
		const said = { stdout: "", stderr: "" };
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			said.stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			said.stderr += text;
		});
		child.on("close", (status) => resolve({ status, ...said }));
	});
}

async function refused(...words: readonly string[]): Promise<void> {
	const { status, stdout, stderr } = await command(...words);
	same(status, 2, `status of ${words.join(" ")} (${stderr})`);
	same(stdout, "", "standard output");
	expect(/^[^\n]+\n$/.test(stderr), `not one line: ${stderr}`);
}

const URL_OPTION = ["--url", "ws://127.0.0.1:9"];

export const COMMAND_CASES: readonly Case[] = [
	{
		name: "probe ws echoes, prints the close code as JSON, and exits 0",
		run: async () => {
			const server = await serveRaw(
				async (peer) => {
					const request = await peer.request();
					expect(request.startsWith("GET /chat?x=1 HTTP/1.1"), request);
					expect(request.includes("Sec-WebSocket-Protocol: a.b"), request);
					peer.write(goodHead(request, "Sec-WebSocket-Protocol: a.b"));
					same(Buffer.from((await peer.frame())?.payload ?? "").toString(), "hello you", "hello");
					peer.write(frame(TEXT, Buffer.from("ping?")));
					same(Buffer.from((await peer.frame())?.payload ?? "").toString(), "ping?", "echo");
					peer.write(frame(CLOSE, closeBody(4_001)));
					await peer.frame();
					peer.socket.end();
				},
				() => undefined,
			);
			const url = `ws://127.0.0.1:${server.port}/chat?x=1`;
			const { status, stdout, stderr } = await command(
				"--url",
				url,
				"--subprotocol",
				"a.b",
				"--hello",
				"hello you",
			);
			server.close();
			same(status, 0, `status (${stdout}${stderr})`);
			const said = JSON.parse(stdout) as Record<string, unknown>;
			same(`${said.ok} ${said.code} ${said.subprotocol} ${said.messages}`, "true 4001 a.b 1", "result");
		},
	},
	{
		name: "probe ws exits 1 when nobody listens, with the reason as JSON",
		run: async () => {
			const server = await serveRaw(
				async () => undefined,
				() => undefined,
			);
			server.close();
			const { status, stdout } = await command("--url", `ws://127.0.0.1:${server.port}`);
			same(status, 1, "status");
			same((JSON.parse(stdout) as Record<string, unknown>).reason, "connect", "reason");
		},
	},
	{
		name: "probe ws refuses bad arguments with one line and status 2",
		run: async () => {
			await refused();
			for (const url of [
				"",
				"foo",
				"http://x",
				"ws://",
				"ws://x/#f",
				"ws://u:p@x/",
				"ws://x:0/",
				"ws://x:99999/",
			])
				await refused("--url", url);
			await refused(...URL_OPTION, "--max-message", "0");
			await refused(...URL_OPTION, "--max-message", "1e6");
			await refused(...URL_OPTION, "--max-frame", "0");
			await refused(...URL_OPTION, "--max-message", "99999999999");
			await refused(...URL_OPTION, "--subprotocol", "a b");
			await refused(...URL_OPTION, "--subprotocol", "");
			await refused(...URL_OPTION, "--ca", "/nowhere");
			await refused(...URL_OPTION, "--unknown");
			await refused(...URL_OPTION, "more");
			await refused("--url", "wss://127.0.0.1:9");
			const folder = mkdtempSync(join(tmpdir(), "latchkey-ws-cli-"));
			try {
				const file = join(folder, "file");
				writeFileSync(file, "no certificate");
				await refused(...URL_OPTION, "--ca", file);
				await refused("--url", "wss://127.0.0.1:9", "--ca", file);
				await refused("--url", "wss://127.0.0.1:9", "--ca", file, "--cert", file);
			} finally {
				rmSync(folder, { recursive: true, force: true });
			}
		},
	},
	{
		name: "probe ws --help explains every option",
		run: async () => {
			const { status, stdout } = await command("--help");
			same(status, 0, "status");
			for (const option of [
				"--url",
				"--ca",
				"--cert",
				"--key",
				"--subprotocol",
				"--hello",
				"--max-message",
				"--max-frame",
			])
				expect(stdout.includes(option), `no ${option}`);
		},
	},
];
