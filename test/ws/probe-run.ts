/** Runs the WebSocket probe on the engine, as tools/probe/ws.ts does, and reads what it says at its end. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateFiles, prepareCertificates } from "../../tools/probe/certificates.ts";
import { probeImage } from "../../tools/probe/image.ts";
import { PATHS } from "../../tools/setup/paths.ts";

export interface ProbeOptions {
	readonly host?: string;
	readonly resource?: string;
	readonly subprotocol?: string;
	readonly hello?: string;
	readonly max?: number;
	readonly maxFrame?: number;
	readonly heapKb?: number;
	/** PEM files for wss. */
	readonly certificates?: CertificateFiles;
	/** How long it may take; for cases that wait for a patience of the client. */
	readonly boundMs?: number;
	/** Longer than any patience of the client, so that a hang is told from patience. */
	readonly limitMs?: number;
}

export interface ProbeEnd {
	/** Null when it had to be killed: it hung. */
	readonly status: number | null;
	/** "ok", or the reason. */
	readonly reason: string;
	readonly code: number;
	readonly by: string;
	readonly messages: number;
	readonly subprotocol: string | undefined;
	readonly ms: number;
	/** Memory that the process ever held at once. */
	readonly peakKb: number;
	/** Of the engine. */
	readonly heapKb: number;
	readonly output: string;
}

const LIMIT_MS = 60_000;
/** Of one turn, on a machine that has other work: a turn that hangs is still told from one that waits for the processor. */
const WATCHDOG_MS = 30_000;

export function runProbe(port: number, options: ProbeOptions = {}): Promise<ProbeEnd> {
	const host = options.host ?? "127.0.0.1";
	const max = options.max ?? 65_536;
	const folder = mkdtempSync(join(tmpdir(), "latchkey-ws-test-"));
	const { certificates } = options;
	const settings: Readonly<Record<string, string | undefined>> = {
		...(certificates === undefined ? {} : prepareCertificates(folder, certificates)),
		secure: certificates === undefined ? undefined : "1",
		now: String(Date.now()),
		host,
		port: String(port),
		authority: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
		resource: options.resource ?? "/",
		subprotocol: options.subprotocol,
		hello: options.hello,
		max: String(max),
		"max-frame": options.maxFrame === undefined ? undefined : String(options.maxFrame),
	};
	const heapKb = options.heapKb ?? 2_048 + Math.ceil(max / 256);
	const words = [
		"--image",
		probeImage("probe-ws"),
		"--watchdog-ms",
		String(WATCHDOG_MS),
		"--main",
		"tools/probe/ws-engine",
		"--state",
		join(folder, "state"),
	];
	words.push("--heap-kb", String(heapKb));
	for (const [key, value] of Object.entries(settings))
		if (value !== undefined) words.push("--arg", `${key}=${value}`);
	const started = performance.now();
	return new Promise((resolve) => {
		const child = spawn(PATHS.boardBinary, words, {
			stdio: ["ignore", "pipe", "pipe"],
			timeout: options.limitMs ?? LIMIT_MS,
			killSignal: "SIGKILL",
		});
		const stop = (): void => void child.kill("SIGKILL");
		process.on("exit", stop);
		let output = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
		child.on("close", (status) => {
			process.removeListener("exit", stop);
			rmSync(folder, { recursive: true, force: true });
			resolve({ status, ...readEnd(output), heapKb, ms: performance.now() - started, output });
		});
	});
}

function readEnd(
	output: string,
): Pick<ProbeEnd, "reason" | "code" | "by" | "messages" | "subprotocol" | "peakKb"> {
	const line = output.split("\n").find((each) => each.startsWith("{"));
	const none = { reason: "none", code: -1, by: "none", messages: -1, subprotocol: undefined, peakKb: -1 };
	if (line === undefined) return none;
	const { ok, reason, ...rest } = JSON.parse(line) as { ok: boolean; reason: string } & Record<string, never>;
	return { ...none, ...rest, reason: ok ? "ok" : reason };
}
