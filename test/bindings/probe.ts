/** The TLS probe on the engine, without the command line around it: what it printed, and its exit status. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeImage } from "../../tools/probe/image.ts";
import { PATHS } from "../../tools/setup/paths.ts";

export interface ProbeCall {
	readonly port: number;
	readonly host?: string;
	readonly name?: string;
	readonly roots: readonly Uint8Array[];
	readonly at?: string;
	readonly chain?: readonly Uint8Array[];
	/** PEM or DER. */
	readonly key?: string | Uint8Array;
	readonly send?: string;
	readonly alpn?: string;
	readonly handshakeMs?: number;
	/** Hexadecimal, of every root. */
	readonly pins?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	/** A variant of the host, and words for it. */
	readonly variant?: string;
	readonly words?: readonly string[];
}

export interface ProbeEnd {
	readonly status: number | null;
	readonly ok?: boolean;
	readonly reason?: string;
	readonly stage?: string;
	readonly suite?: string;
	readonly version?: string;
	readonly alpn?: string;
	readonly resumed?: boolean;
	readonly peer?: string;
	readonly stderr: string;
}

const AT = "2026-06-01T00:00:00Z";
const LIMIT_MS = 60_000;

function writeFiles(folder: string, call: ProbeCall): string[] {
	call.roots.forEach((root, index) => {
		writeFileSync(join(folder, `root${index}.der`), root);
	});
	(call.chain ?? []).forEach((certificate, index) => {
		writeFileSync(join(folder, `chain${index}.der`), certificate);
	});
	if (call.key !== undefined) writeFileSync(join(folder, "key"), call.key);
	const settings: Record<string, string | number | undefined> = {
		host: call.host ?? "127.0.0.1",
		port: call.port,
		name: call.name ?? "relay.test",
		now: Date.parse(call.at ?? AT),
		files: folder,
		roots: call.roots.length,
		chain: call.chain?.length,
		send: call.send,
		alpn: call.alpn,
		handshake: call.handshakeMs,
		pins: call.pins?.join(","),
	};
	return Object.entries(settings).flatMap(([key, value]) =>
		value === undefined ? [] : ["--arg", `${key}=${value}`],
	);
}

export function probe(call: ProbeCall): Promise<ProbeEnd> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-probe-test-"));
	const words = ["--image", probeImage("probe-tls"), "--main", "hosts/linux/probe-tls", "--heap-kb", "1024"];
	words.push("--state", join(folder, "state"), ...(call.words ?? []), ...writeFiles(folder, call));
	const binary = call.variant ? join(PATHS.hostBuild, call.variant, "latchkey-board") : PATHS.boardBinary;
	return new Promise((resolve, reject) => {
		const child = spawn(binary, words, {
			stdio: ["ignore", "pipe", "pipe"],
			timeout: LIMIT_MS,
			env: { ...process.env, ...call.environment },
		});
		let stdout = "";
		let stderr = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.on("error", reject);
		child.on("close", (status) => {
			rmSync(folder, { recursive: true, force: true });
			const line = /^(\{.*\})\n$/.exec(stdout)?.[1];
			resolve({ status, stderr, ...(line === undefined ? {} : (JSON.parse(line) as object)) });
		});
	});
}
