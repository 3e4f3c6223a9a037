/**
 * Where labels go: files in a folder that only its owner may enter, a printer's command, or both. The secret is in what is
 * written there and nowhere else: no name, no argument, no environment, no message holds it.
 */
import {
	chmodSync,
	closeSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { runBounded } from "./bounded-process.ts";
import { StepFault } from "./cause.ts";
import type { LineConfig } from "./config.ts";
import { drawLabel } from "./label-file.ts";

const PRINT_MS = 60_000;
const DRAFT = /^\.label-(\d+)-\d+\.new$/;

/** The folder cannot hold labels. */
export class LabelFault extends Error {
	constructor(message: string) {
		super(`labels: ${message}`);
		this.name = "LabelFault";
	}
}

export class Labels {
	readonly #config: LineConfig["labels"];
	#drafts = 0;

	private constructor(config: LineConfig["labels"]) {
		this.#config = config;
	}

	/** Makes the folder, removes what a killed tool left half-written. Throws LabelFault. */
	static open(config: LineConfig["labels"]): Labels {
		const { folder } = config;
		if (folder !== undefined) {
			mkdirSync(folder, { recursive: true, mode: 0o700 });
			const status = statSync(folder);
			if (!status.isDirectory()) throw new LabelFault(`${folder} is no folder`);
			if (status.uid !== process.getuid?.()) throw new LabelFault(`${folder} is another user's`);
			if ((status.mode & 0o077) !== 0)
				throw new LabelFault(`others may enter ${folder}: its mode must be 0700`);
			removeDrafts(folder);
		}
		return new Labels(config);
	}

	/** Written and printed when it resolves. Rejects with StepFault printer. */
	async put(code: string, serial: string): Promise<void> {
		const { title, folder, formats, printer } = this.#config;
		const label = { title, serial, code };
		if (folder !== undefined) {
			for (const format of formats)
				this.#write(folder, `${serial}.${format}`, await drawLabel(format, label));
			sync(folder);
		}
		if (printer === undefined) return;
		const end = await runBounded({
			command: printer.command,
			input: await drawLabel(printer.format, label),
			timeoutMs: PRINT_MS,
			outputBytesMax: 0,
			silent: true,
		});
		if (end.kind === "missing") throw new StepFault("printer", { detail: "its command is not installed" });
		if (end.kind === "late") throw new StepFault("printer", { detail: "its command does not end" });
		if (end.kind !== "ended" || end.status !== 0)
			throw new StepFault("printer", { detail: "its command failed" });
	}

	/** The same name again gets the same content. */
	#write(folder: string, name: string, bytes: Uint8Array): void {
		const draft = join(folder, `.label-${process.pid}-${++this.#drafts}.new`);
		const file = openSync(draft, "wx", 0o600);
		try {
			writeSync(file, bytes);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
		chmodSync(draft, 0o600);
		renameSync(draft, join(folder, name));
	}
}

/** What killed tools left half-written; the process of that number may be another's by now, and its draft then stays a while. */
function removeDrafts(folder: string): void {
	for (const name of readdirSync(folder)) {
		const owner = DRAFT.exec(name)?.[1];
		if (owner !== undefined && !isAlive(Number(owner))) rmSync(join(folder, name), { force: true });
	}
}

function isAlive(pid: number): boolean {
	if (pid === process.pid) return false;
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

function sync(path: string): void {
	const folder = openSync(path, "r");
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}
