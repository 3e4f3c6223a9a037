/** Instructions of 16 KiB messages that a server echoes over TLS: the board's client beside a plain C client. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { ensurePki } from "../factory/pki.ts";
import { prepareCertificates } from "../probe/certificates.ts";
import { readCredentials } from "../relay/credentials.ts";
import { buildBaseline, buildBoard, buildImage } from "./bench-build.ts";
import { countInstructions } from "./callgrind.ts";
import type { Figure } from "./figure.ts";

const SUITE = "ECDHE-ECDSA-AES128-GCM-SHA256";
const HOST = "127.0.0.1";
const NAME = "localhost";
const MESSAGE_BYTES = 16_384;
const ROUNDS = 32;

export async function measureTlsMessages(): Promise<Figure[]> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
	let server: Server | undefined;
	try {
		await ensurePki(join(dir, "pki"), [NAME, HOST]);
		server = await listen(dir);
		const port = String((server.address() as AddressInfo).port);
		const root = join(dir, "pki", "relay-root.pem");
		const product = (await countInstructions(boardCommand(dir, root, port), { region: true })) / ROUNDS;
		const words = [HOST, port, NAME, root, String(ROUNDS)];
		const plain = (await countInstructions([buildBaseline("tls-echo"), ...words], { region: true })) / ROUNDS;
		return [
			{ name: "16 KiB echoed over TLS by the board", value: product / 1e3, unit: "thousand instructions" },
			{
				name: "16 KiB echoed over TLS by a plain C client",
				value: plain / 1e3,
				unit: "thousand instructions",
			},
			{ name: "16 KiB echoed over TLS, ratio", value: product / plain, unit: "", goal: 1.25 },
		];
	} finally {
		server?.close();
		rmSync(dir, { recursive: true, force: true });
	}
}

function boardCommand(dir: string, root: string, port: string): [string, ...string[]] {
	const board = buildBoard("BENCH=1", "TESTKEYS=1");
	const main = "tools/bench/board/echo";
	const image = buildImage("echo", ["hosts/linux/probe-host", main]);
	const files = join(dir, "files");
	mkdirSync(files);
	const prepared = prepareCertificates(files, { ca: root });
	const settings = {
		host: HOST,
		port,
		name: NAME,
		now: String(Date.now()),
		rounds: String(ROUNDS),
		...prepared,
	};
	const words = Object.entries(settings).flatMap(([name, value]) => ["--arg", `${name}=${value}`]);
	return [
		board,
		"--image",
		image,
		"--main",
		main,
		"--state",
		join(dir, "state"),
		"--watchdog-ms",
		"0",
		...words,
	];
}

/** Answers each message when it is whole, in one record. */
function listen(dir: string): Promise<Server> {
	const { app } = readCredentials(join(dir, "pki", "relay-server"));
	const options = { cert: app.certificate, key: app.key, maxVersion: "TLSv1.2", ciphers: SUITE } as const;
	const server = createServer(options, (socket) => {
		let waiting: Buffer = Buffer.alloc(0);
		socket.on("error", () => undefined);
		socket.on("data", (chunk) => {
			waiting = Buffer.concat([waiting, chunk]);
			for (; waiting.length >= MESSAGE_BYTES; waiting = waiting.subarray(MESSAGE_BYTES))
				socket.write(waiting.subarray(0, MESSAGE_BYTES));
		});
	});
	server.on("tlsClientError", (error) => process.stderr.write(`# server: ${error.message}\n`));
	return new Promise((resolve) => server.listen(0, HOST, () => resolve(server)));
}
