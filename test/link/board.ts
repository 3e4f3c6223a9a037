/** Boards that run a program of test/link/firmware: the host as it is, beside it the gauge. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { keyPem } from "../bindings/issue.ts";
import { gaugeWords } from "./gauge-build.ts";
import { DEVICE, ROOT, type Stage, StageServers } from "./stages.ts";

const MAIN = "test/link/firmware/cycles";
const EXTRA = [MAIN, "hosts/linux/probe-host"];
/** Without caches for each thread and size, memory that was freed is seen to be free. */
const MALLOC = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1";
/** Patience of the TLS client: for a stage that waits for it, and for one that must not. */
const BRIEF_MS = 300;
const AMPLE_MS = 10_000;

export interface Gauge {
	readonly descriptors: number;
	readonly slots: number;
	readonly chunks: number;
	readonly malloc: number;
	readonly keys: number;
}

export interface BoardEnd {
	readonly status: number | null;
	readonly gauges: readonly Gauge[];
	/** `name stage/reason` and how often. */
	readonly counts: ReadonlyMap<string, number>;
	readonly done: number;
	readonly ready: number;
	readonly ms: number;
	readonly output: string;
}

export interface BoardCall {
	readonly stages: readonly Stage[];
	readonly cycles: number;
	readonly marks?: readonly number[];
	/** Patience of the WebSocket in milliseconds; 0 is a board's own. */
	readonly quickMs?: number;
	readonly leak?: string;
	/** Another end than that of the cycles (firmware/cycles.ts). */
	readonly until?: string;
	/** Told of each line as it comes; then the board says when it is ready and when it failed. */
	readonly onLine?: (line: string) => void;
	readonly limitMs: number;
}

const scratch = mkdtempSync(join(tmpdir(), "latchkey-link-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
let built: { readonly image: string; readonly gauge: string } | undefined;

function build(): { readonly image: string; readonly gauge: string } {
	if (built !== undefined) return built;
	const image = join(scratch, "image");
	const list = join(scratch, "list");
	const extra = new Map(EXTRA.map((name) => [name, join(PATHS.javascript, `${name}.js`)]));
	writeFileSync(list, imageListText(imageModules([join(PATHS.root, "hosts/linux/manifest.json")], extra)));
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), ["--list", list, "--output", image], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: 60_000,
	});
	const gauge = join(scratch, "gauge.so");
	execFileSync("gcc", gaugeWords(gauge), { stdio: ["ignore", "ignore", "inherit"], timeout: 60_000 });
	built = { image, gauge };
	return built;
}

/** Starts the servers of the stages and a board that is a client of each in turn; both come to their end. */
export async function runBoard(call: BoardCall): Promise<BoardEnd> {
	const { image, gauge } = build();
	const servers = new StageServers();
	const folder = mkdtempSync(join(scratch, "board-"));
	writeFileSync(join(folder, "root"), ROOT.der);
	writeFileSync(join(folder, "chain"), DEVICE.der);
	writeFileSync(join(folder, "key"), keyPem(DEVICE));
	try {
		const targets: string[] = [];
		for (const { name, host, brief, start } of call.stages) {
			const patienceMs = brief === true && call.quickMs !== 0 ? BRIEF_MS : AMPLE_MS;
			targets.push(`${name} ${host ?? "127.0.0.1"} ${await start(servers)} ${patienceMs}`);
		}
		const settings: Readonly<Record<string, string | number | undefined>> = {
			targets: targets.join(","),
			files: folder,
			now: Date.parse("2026-06-01T00:00:00Z"),
			cycles: call.cycles,
			marks: (call.marks ?? []).join(","),
			quick: call.quickMs ?? 400,
			leak: call.leak,
			until: call.until,
			tell: call.onLine === undefined ? undefined : 1,
		};
		const words = ["--image", image, "--main", MAIN, "--state", join(folder, "state"), "--heap-kb", "1024"];
		for (const [key, value] of Object.entries(settings))
			if (value !== undefined) words.push("--arg", `${key}=${value}`);
		return await runProcess(words, gauge, call);
	} finally {
		servers.close();
	}
}

function runProcess(words: readonly string[], gauge: string, call: BoardCall): Promise<BoardEnd> {
	return new Promise((resolve, reject) => {
		const child = spawn(PATHS.boardBinary, words, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, LD_PRELOAD: gauge, GLIBC_TUNABLES: MALLOC },
			timeout: call.limitMs,
			killSignal: "SIGKILL",
		});
		const stop = (): void => void child.kill("SIGKILL");
		process.on("exit", stop);
		let output = "";
		let rest = "";
		const take = (text: string): void => {
			output = (output + text).slice(-65_536);
			const lines = (rest + text).split("\n");
			rest = lines.pop()!;
			for (const line of lines) call.onLine?.(line);
		};
		const gauges: Gauge[] = [];
		let errors = "";
		child.stdout.setEncoding("utf8").on("data", take);
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			errors += text;
		});
		child.on("error", reject);
		child.on("close", (status) => {
			process.removeListener("exit", stop);
			for (const line of errors.split("\n")) {
				const read = /^gauge descriptors (\d+) slots (\d+) chunks (\d+) malloc (\d+) keys (\d+)$/.exec(line);
				if (read === null) continue;
				const [descriptors, slots, chunks, malloc, keys] = read.slice(1).map(Number) as [
					number,
					number,
					number,
					number,
					number,
				];
				gauges.push({ descriptors, slots, chunks, malloc, keys });
			}
			const json = output.split("\n").find((line) => line.startsWith("{"));
			const end = JSON.parse(json ?? "{}") as Partial<{
				counts: [string, number][];
				done: number;
				ready: number;
				ms: number;
			}>;
			resolve({
				status,
				gauges,
				counts: new Map(end.counts ?? []),
				done: end.done ?? 0,
				ready: end.ready ?? 0,
				ms: end.ms ?? 0,
				output: output + errors,
			});
		});
	});
}
