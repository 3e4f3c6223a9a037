/**
 * Boards for the tests of the Linux host: builds an image from fixture modules (test/host/firmware), runs one of
 * the host's binaries on it, and never leaves a process or a folder behind.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../../tools/setup/paths.ts";

export type Variant = "plain" | "recorder" | "sanitize" | "debug" | "meter" | "32";

export interface BoardEnd {
	/** Null when a signal ended the process. */
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface BoardOptions {
	/** The program; the default is the board's own, "main". */
	readonly main?: string;
	readonly image?: string;
	readonly state?: string;
	readonly variant?: Variant;
	/** Another build of the host, instead of a variant. */
	readonly binary?: string;
	readonly words?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	readonly limitMs?: number;
}

/** Of a board that hangs, on a machine that has other work. */
const LIMIT_MS = 60_000;
const UNTIL_MS = 30_000;
const running = new Set<ChildProcess>();

/** A folder of this run for sockets, states and images. */
export const scratch = mkdtempSync(join(tmpdir(), "latchkey-host-"));

process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
	rmSync(scratch, { recursive: true, force: true });
});

let folders = 0;

export function newFolder(): string {
	folders++;
	return mkdtempSync(join(scratch, `state${folders}-`));
}

/** With LATCHKEY_HOST_VARIANT=sanitize (or debug) every test that asks for the plain build gets that one. */
export function binaryOf(variant: Variant): string {
	const built = variant === "plain" ? (process.env.LATCHKEY_HOST_VARIANT ?? variant) : variant;
	return join(PATHS.hostBuild, built, "latchkey-board");
}

/** Builds a variant of the host once for all tests that need it. */
export function buildVariant(variant: Variant): void {
	const settings = {
		plain: [],
		recorder: ["RECORDER=1"],
		sanitize: ["SANITIZE=1"],
		debug: ["DEBUG=1"],
		meter: ["METER=1"],
		"32": ["BITS=32"],
	};
	execFileSync("make", ["-s", "-j2", "-C", join(PATHS.root, "hosts/linux"), ...settings[variant]], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: 300_000,
	});
}

/** All that the tests of the host run on. */
export function buildHostVariants(): void {
	for (const variant of ["plain", "recorder", "sanitize", "debug", "meter"] as const) buildVariant(variant);
	if (canBuild32()) buildVariant("32");
}

/** Whether the packages for the 32-bit build are installed. */
export function canBuild32(): boolean {
	try {
		const program = "#include <stdio.h>\n#include <mbedtls/version.h>\nint main(void) { return 0; }\n";
		const words = ["-m32", "-x", "c", "-", "-o", join(scratch, "probe32"), "-lmbedcrypto"];
		execFileSync("gcc", words, { input: program, stdio: ["pipe", "ignore", "ignore"], timeout: 60_000 });
		return true;
	} catch {
		return false;
	}
}

/** Compiles modules (name -> JavaScript file) on top of the host's own ones into an image; throws with what was said. */
export function makeImage(
	name: string,
	additional: ReadonlyMap<string, string>,
	preloaded: readonly string[] = [],
	words: readonly string[] = [],
): string {
	const manifest = join(PATHS.root, "test/host/manifest.json");
	const modules = imageModules([manifest], additional);
	const chosen = modules.map((module) =>
		preloaded.includes(module.name) ? { ...module, preload: true } : module,
	);
	const list = join(scratch, `${name}.list`);
	const image = join(scratch, `${name}.image`);
	writeFileSync(list, imageListText(chosen));
	execFileSync(
		join(PATHS.hostBuild, "latchkey-image"),
		["--lines", ...words, "--list", list, "--output", image],
		{
			stdio: ["ignore", "ignore", "pipe"],
			timeout: 60_000,
		},
	);
	return image;
}

/** An image with fixture modules of test/host/firmware, named as they lie in the tree. */
export function fixtureImage(
	name: string,
	fixtures: readonly string[],
	preloaded: readonly string[] = [],
): string {
	const named = fixtures.map((fixture) => `test/host/firmware/${fixture}`);
	const modules = new Map(named.map((module) => [module, join(PATHS.javascript, `${module}.js`)]));
	return makeImage(
		name,
		modules,
		preloaded.map((fixture) => `test/host/firmware/${fixture}`),
	);
}

/** A file of the given source. */
export function sourceFile(name: string, source: string): string {
	const path = join(scratch, `${name}.js`);
	writeFileSync(path, source);
	return path;
}

/** An image with one module of the given source; `words` are latchkey-image's. */
export function sourceImage(
	name: string,
	source: string,
	words: readonly string[] = [],
	module = "main",
): string {
	return makeImage(name, new Map([[module, sourceFile(name, source)]]), [], words);
}

/** A board that runs; its output grows. */
export class Board {
	readonly child: ChildProcess;
	stdout = "";
	stderr = "";
	readonly #end: Promise<BoardEnd>;
	readonly #waiting = new Set<() => void>();

	constructor(options: BoardOptions) {
		const words = ["--state", options.state ?? newFolder()];
		if (options.main !== undefined) words.push("--main", options.main);
		if (options.image !== undefined) words.push("--image", options.image);
		this.child = spawn(
			options.binary ?? binaryOf(options.variant ?? "plain"),
			[...words, ...(options.words ?? [])],
			{
				stdio: ["ignore", "pipe", "pipe"],
				env: { ...process.env, ...options.environment },
			},
		);
		running.add(this.child);
		const limit = setTimeout(() => this.child.kill("SIGKILL"), options.limitMs ?? LIMIT_MS);
		this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
			this.stdout += text;
			this.#wake();
		});
		this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
			this.#wake();
		});
		this.#end = new Promise((resolve, reject) => {
			this.child.on("error", reject);
			this.child.on("close", (status, signal) => {
				clearTimeout(limit);
				running.delete(this.child);
				this.#wake();
				resolve({ status, signal, stdout: this.stdout, stderr: this.stderr });
			});
		});
	}

	/** Resolves when the output satisfies `condition`; rejects when the board ends before, or after UNTIL_MS. */
	async until(condition: (board: Board) => boolean): Promise<void> {
		const deadline = Date.now() + UNTIL_MS;
		while (!condition(this)) {
			if (this.child.exitCode !== null || this.child.signalCode !== null) {
				throw new Error(`the board ended before: ${this.stdout}${this.stderr}`);
			}
			if (Date.now() > deadline) throw new Error(`not in time: ${this.stdout}${this.stderr}`);
			await new Promise<void>((resolve) => {
				const wake = (): void => {
					clearTimeout(late);
					this.#waiting.delete(wake);
					resolve();
				};
				const late = setTimeout(wake, 1000);
				this.#waiting.add(wake);
			});
		}
	}

	end(): Promise<BoardEnd> {
		return this.#end;
	}

	async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<BoardEnd> {
		this.child.kill(signal);
		return await this.#end;
	}

	#wake(): void {
		for (const wake of [...this.#waiting]) wake();
	}
}

export function runBoard(options: BoardOptions): Promise<BoardEnd> {
	return new Board(options).end();
}

/** Runs one module of the given source to its end. */
export function runSource(
	name: string,
	source: string,
	options: Partial<BoardOptions> = {},
): Promise<BoardEnd> {
	return runBoard({ ...options, main: "main", image: sourceImage(name, source) });
}

export function readBytes(path: string): Uint8Array {
	return new Uint8Array(readFileSync(path));
}
