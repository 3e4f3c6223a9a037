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
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { runBounded } from "./bounded-process.ts";
import { StepFault } from "./cause.ts";
import type { LineConfig } from "./config.ts";
import { drawLabel } from "./label-file.ts";

const PRINT_MS = 60_000;
/** Each label's file has one draft, which the next attempt replaces. */
const DRAFT = /^\..+\.new$/;
/** A draft is there for as long as it takes to write it; an older one is a killed tool's. */
const DRAFT_MS = 60_000;

/** The folder cannot hold labels. */
export class LabelFault extends Error {
	constructor(message: string) {
		super(`labels: ${message}`);
		this.name = "LabelFault";
	}
}

export class Labels {
	readonly #config: LineConfig["labels"];

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

	/**
	 * The same name again gets the same content. Power that goes leaves the file of before, or this one, never a part: the content
	 * is on disk before it has the name, the name before the caller goes on.
	 */
	#write(folder: string, name: string, bytes: Uint8Array): void {
		const draft = join(folder, `.${name}.new`);
		rmSync(draft, { force: true });
		const file = openSync(draft, "wx", 0o600);
		try {
			// As often as it takes: a write may be cut short.
			writeFileSync(file, bytes);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
		chmodSync(draft, 0o600);
		renameSync(draft, join(folder, name));
		sync(folder);
	}
}

/** Half-written labels have a secret in them too. */
function removeDrafts(folder: string): void {
	for (const name of readdirSync(folder)) {
		if (!DRAFT.test(name)) continue;
		const path = join(folder, name);
		const written = statSync(path, { throwIfNoEntry: false });
		if (written !== undefined && Date.now() - written.mtimeMs > DRAFT_MS) rmSync(path, { force: true });
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
