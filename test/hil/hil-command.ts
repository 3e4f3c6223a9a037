/** `latchkey hil` as a user runs it, a simulated bench for it, and what its reports say. Nothing of it outlives its test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeRunReport, type RunReport } from "../../tools/hil/run-report.ts";
import { COMPILED } from "../harness/files.ts";
import { check } from "../harness/test.ts";
import { eventually } from "../tools/support/temporary.ts";

const READY_MS = 60_000;
const RUN_MS = 280_000;
const ANSWER_MS = 30_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

/** One run of `latchkey hil`; what it prints grows. */
export class HilCommand {
	readonly child: ChildProcess;
	readonly ended: Promise<number | null>;
	text = "";

	constructor(words: readonly string[]) {
		this.child = spawn(process.execPath, [join(COMPILED, "tools/cli/latchkey.js"), "hil", ...words], {
			stdio: ["pipe", "pipe", "pipe"],
		});
		running.add(this.child);
		const limit = setTimeout(() => this.child.kill("SIGKILL"), RUN_MS);
		for (const stream of [this.child.stdout!, this.child.stderr!])
			stream.setEncoding("utf8").on("data", (text: string) => {
				this.text += text;
			});
		this.child.stdin!.on("error", () => undefined);
		this.ended = new Promise((resolve) =>
			this.child.on("close", (status) => {
				clearTimeout(limit);
				running.delete(this.child);
				resolve(status);
			}),
		);
	}

	/** Resolves when it has printed that; fails when it ends before. */
	async printed(pattern: RegExp, withinMs = READY_MS): Promise<void> {
		const isOver = (): boolean => pattern.test(this.text) || this.child.exitCode !== null;
		await eventually(isOver, withinMs);
		check.ok(pattern.test(this.text), this.text);
	}
}

export interface HilPlace {
	readonly dir: string;
	readonly at: (name: string) => string;
	/** The report of a run that put it there. */
	readonly report: () => RunReport;
}

export async function withPlace(work: (place: HilPlace) => Promise<void>): Promise<void> {
	const dir = mkdtempSync(join(tmpdir(), "hil-"));
	const at = (name: string): string => join(dir, name);
	const report = (): RunReport =>
		check.accepted(decodeRunReport(new Uint8Array(readFileSync(join(dir, "report", "report.json")))));
	try {
		await work({ dir, at, report });
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

export interface Simulated extends HilPlace {
	/** Words for `hil run` that name this bench's ports. */
	readonly words: readonly string[];
	readonly control: (command: string) => Promise<void>;
}

/** A simulated bench, and words for a driver at it. */
export async function withSimulated(
	kind: "rig" | "kit",
	options: readonly string[],
	work: (bench: Simulated) => Promise<void>,
): Promise<void> {
	await withPlace(async (place) => {
		const relay = `127.0.0.1:${await freePort()}`;
		const kit = kind === "kit" ? ["--kit"] : [];
		const simulator = new HilCommand([
			"simulate",
			"--dir",
			place.at("sim"),
			"--relay",
			relay,
			...kit,
			...options,
		]);
		try {
			await simulator.printed(/^ready$/m);
			const value = (name: string): string =>
				new RegExp(`^${name}\t(.+)$`, "m").exec(simulator.text)?.[1] ?? "";
			const ports = ["--port", value("port"), "--reach-at", value("reach-at"), "--ble", value("ble")];
			ports.push("--console", value("console"), "--hardware-class", "latchkey-linux");
			const own =
				kind === "rig"
					? ["--rig", value("rig")]
					: [
							...value("esptool")
								.split(" ")
								.flatMap((word) => ["--esptool", word]),
						];
			const folders = ["--dir", place.at("bench"), "--report", place.at("report")];
			await work({
				...place,
				words: ["run", "--driver", kind, ...ports, ...own, "--listen", relay, ...folders],
				control: (command) => ask(value("control"), command),
			});
		} finally {
			simulator.child.kill("SIGTERM");
			await simulator.ended;
		}
	});
}

export function only(...names: readonly string[]): readonly string[] {
	return names.flatMap((name) => ["--only", name]);
}

/** "name: outcome" of each scenario. */
export function outcomesOf({ scenarios }: RunReport): readonly string[] {
	return scenarios.map(({ name, outcome }) => `${name}: ${outcome}`);
}

async function ask(path: string, command: string): Promise<void> {
	const answer = await new Promise<string>((resolve, reject) => {
		const socket = connect(path);
		socket.setEncoding("latin1").setTimeout(ANSWER_MS, () => socket.destroy(new Error("no answer")));
		socket.on("connect", () => socket.write(`${command}\n`));
		socket.on("error", reject);
		socket.on("data", (text: string) => {
			socket.destroy();
			resolve(text);
		});
	});
	check.equal(answer, "ok\n", command);
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}
