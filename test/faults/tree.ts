/**
 * A copy of the sources with what was built from them, to be broken in: a patch is applied here, built, run and taken
 * back, and the repository itself is never touched. node_modules is shared by a link.
 */
import {
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import type { CommandResult, Commands } from "./command.ts";
import type { Fault } from "./fault-file.ts";
import { killMarked } from "./processes.ts";
import type { Run, Runner } from "./runners.ts";

const NOT_COPIED = new Set([".git", "node_modules", ".latchkey", "build/setup.lock", "hosts/esp32/sdk"]);
const COMPILER_STATE = "build/faults.tsbuildinfo";
/** Of `npm run build`: what it compiled last. */
const BUILD_STAMP = "build/typescript.json";
const APPLY_MS = 30_000;
const BUILD_MS = 900_000;
const REASON_LINES = 6;

/** In the environment of all that runs in a tree: its folder. */
export const MARK = "LATCHKEY_FAULTS_TREE";

/** What each test printed last, by its name. */
export type Outcomes = ReadonlyMap<string, "ok" | "not ok" | "skip">;

function lastLines(output: string): string {
	return output.trimEnd().split("\n").slice(-REASON_LINES).join("\n");
}

export class Tree {
	readonly #root: string;
	readonly #folder: string;
	readonly #commands: Commands;
	readonly #environment: NodeJS.ProcessEnv;
	/** What the patch that is applied found; undefined where it made the file. */
	readonly #originals = new Map<string, Buffer | undefined>();

	/** Copies `root` to `folder`, which must not exist. */
	constructor(root: string, folder: string, commands: Commands) {
		this.#root = root;
		this.#folder = join(folder, "tree");
		this.#commands = commands;
		const temporary = join(folder, "tmp");
		mkdirSync(temporary, { recursive: true });
		this.#environment = {
			...process.env,
			TMPDIR: temporary,
			[MARK]: folder,
			LATCHKEY_VECTORS: process.env.LATCHKEY_VECTORS ?? join(root, "../shared/vectors"),
			// git apply must not take the copy for a part of a repository above it.
			GIT_CEILING_DIRECTORIES: folder,
		};
		cpSync(root, this.#folder, {
			recursive: true,
			preserveTimestamps: true,
			verbatimSymlinks: true,
			filter: (path) => !NOT_COPIED.has(relative(root, path)),
		});
		symlinkSync(join(root, "node_modules"), join(this.#folder, "node_modules"));
		this.#moveDependencies();
	}

	/** Undefined when the patch lies in the tree now, else why not. */
	async apply(fault: Fault): Promise<string | undefined> {
		for (const file of fault.touches) this.#originals.set(file, readOrUndefined(join(this.#folder, file)));
		const words = ["git", "apply", "--whitespace=nowarn", join(this.#root, fault.file)];
		const result = await this.#run(words, APPLY_MS);
		return result.status === 0 ? undefined : `does not apply:\n${lastLines(result.output)}`;
	}

	/** Puts the files of the patch back as they were, with a new time so that all that was made of them is made again. */
	restore(): void {
		for (const [file, content] of this.#originals) {
			rmSync(join(this.#folder, file), { force: true });
			if (content !== undefined) writeFileSync(join(this.#folder, file), content);
		}
		this.#originals.clear();
	}

	/** Undefined when it is built, else why not. */
	async build(needs: Runner["needs"]): Promise<string | undefined> {
		rmSync(join(this.#folder, BUILD_STAMP), { force: true });
		// The two ways to compile do not know what the other one wrote.
		if (needs === "all") rmSync(join(this.#folder, COMPILER_STATE), { force: true });
		const words =
			needs === "all"
				? [process.execPath, "tools/setup/run.mjs", "build"]
				: [process.execPath, "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"].concat([
						"--incremental",
						"--tsBuildInfoFile",
						COMPILER_STATE,
					]);
		const result = await this.#run(words, BUILD_MS);
		return result.status === 0 ? undefined : `does not build:\n${lastLines(result.output)}`;
	}

	/** Why there are no outcomes, or the outcomes. */
	async test({ name, runner, words }: Run): Promise<Outcomes | string> {
		const command = [process.execPath, "--enable-source-maps", runner.file, ...runner.words, ...words];
		const result = await this.#run(command, runner.deadlineMs);
		if (result.late) return `${name} was not done after ${runner.deadlineMs / 60_000} minutes`;
		const outcomes = new Map<string, "ok" | "not ok" | "skip">();
		for (const line of result.output.split("\n")) {
			const match = /^(ok|not ok|skip) - (.*)$/.exec(line);
			if (match === null) continue;
			const outcome = match[1] as "ok" | "not ok" | "skip";
			outcomes.set(outcome === "skip" ? match[2]!.split(" # ")[0]! : match[2]!, outcome);
		}
		return outcomes.size > 0 ? outcomes : `${name} ran no tests:\n${lastLines(result.output)}`;
	}

	async #run(words: readonly string[], deadlineMs: number): Promise<CommandResult> {
		const options = { cwd: this.#folder, deadlineMs, env: this.#environment };
		const result = await this.#commands.run(words, options);
		killMarked(MARK, this.#environment[MARK]!);
		return result;
	}

	/** The compiler wrote absolute paths: in the copy, headers of the copy are what objects depend on. */
	#moveDependencies(): void {
		const built = join(this.#folder, "build/host");
		for (const entry of readEntries(built)) {
			if (!entry.endsWith(".d")) continue;
			const file = join(built, entry);
			writeFileSync(file, readFileSync(file, "utf8").replaceAll(`${this.#root}/`, `${this.#folder}/`));
		}
	}
}

function readEntries(folder: string): string[] {
	try {
		return readdirSync(folder, { recursive: true, encoding: "utf8" });
	} catch {
		return [];
	}
}

function readOrUndefined(path: string): Buffer | undefined {
	return existsSync(path) ? readFileSync(path) : undefined;
}
