/**
 * Power cuts from a journal of the recorder (hosts/linux/files-recorder.h): makes the state directory that a cut
 * after any operation could leave. What was synced is there. Of the rest a seeded subset is: each create, rename
 * and unlink by itself unless the directory was synced since; of a file's unsynced writes each 512-byte piece by
 * itself, and one of the lengths that the file had since its last sync. A piece that is lost reads as before the
 * write, as zeros, or as noise. A state directory whose own name was not synced may be gone with all that is in it.
 *
 *   node build/js/test/host/cut.js --journal FILE --at OPERATIONS --seed N --out DIRECTORY
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../harness/random.ts";

export type Operation =
	| { readonly kind: "made"; readonly synced: boolean }
	| { readonly kind: "exists"; readonly file: number; readonly name: string; readonly bytes: Uint8Array }
	| { readonly kind: "create"; readonly file: number; readonly name: string }
	| { readonly kind: "open"; readonly file: number; readonly name: string }
	| { readonly kind: "write"; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
	| { readonly kind: "sync"; readonly file: number }
	| { readonly kind: "rename"; readonly from: string; readonly to: string }
	| { readonly kind: "unlink"; readonly name: string }
	| { readonly kind: "syncdir" }
	| { readonly kind: "mark"; readonly what: string; readonly name: string; readonly value: number };

const PIECE_BYTES = 512;

export function parseJournal(journal: Uint8Array): Operation[] {
	const operations: Operation[] = [];
	let at = 0;
	const content = (length: number): Uint8Array => {
		const bytes = journal.slice(at, at + length);
		at += length + 1;
		return bytes;
	};
	while (at < journal.length) {
		const end = journal.indexOf(10, at);
		const words = Buffer.from(journal.subarray(at, end)).toString("latin1").split(" ");
		at = end + 1;
		operations.push(parseOperation(words, content));
	}
	return operations;
}

function parseOperation(words: readonly string[], content: (length: number) => Uint8Array): Operation {
	const [kind, first = "", second = "", third = ""] = words;
	switch (kind) {
		case "made":
			return { kind, synced: first === "1" };
		case "exists":
			return { kind, file: Number(first), name: second, bytes: content(Number(third)) };
		case "create":
		case "open":
			return { kind, file: Number(first), name: second };
		case "write":
			return { kind, file: Number(first), offset: Number(second), bytes: content(Number(third)) };
		case "sync":
			return { kind, file: Number(first) };
		case "rename":
			return { kind, from: first, to: second };
		case "unlink":
			return { kind, name: first };
		case "syncdir":
			return { kind };
		case "mark":
			return { kind, what: first, name: second, value: Number(third) };
		default:
			throw new Error(`journal: unknown operation ${words.join(" ")}`);
	}
}

interface FileState {
	/** What a cut cannot take away. */
	synced: Uint8Array;
	writes: { readonly offset: number; readonly bytes: Uint8Array }[];
}

type NameChange = (names: Map<string, number>) => void;

/** What the flash holds for certain, and what it may hold, after some operations. */
class Flash {
	readonly #files = new Map<number, FileState>();
	/** The directory as the running board sees it, and as it was last synced. */
	readonly #names = new Map<string, number>();
	#syncedNames = new Map<string, number>();
	#changes: NameChange[] = [];
	/** The whole directory may vanish: its own name was never synced. */
	#unrooted = false;

	apply(operation: Operation): void {
		switch (operation.kind) {
			case "made":
				this.#unrooted = !operation.synced;
				return;
			case "exists":
				this.#files.set(operation.file, { synced: operation.bytes, writes: [] });
				this.#names.set(operation.name, operation.file);
				this.#syncedNames.set(operation.name, operation.file);
				return;
			case "create":
				this.#files.set(operation.file, { synced: new Uint8Array(0), writes: [] });
				this.#change((names) => names.set(operation.name, operation.file));
				return;
			case "open":
				// Another number of the same file.
				this.#files.set(operation.file, this.#files.get(this.#names.get(operation.name)!)!);
				return;
			case "write":
				this.#files.get(operation.file)!.writes.push(operation);
				return;
			case "sync": {
				const file = this.#files.get(operation.file)!;
				file.synced = written(file, () => true);
				file.writes = [];
				return;
			}
			case "rename": {
				const file = this.#names.get(operation.from)!;
				this.#change((names) => {
					names.set(operation.to, file);
					if (names.get(operation.from) === file) names.delete(operation.from);
				});
				return;
			}
			case "unlink":
				this.#change((names) => names.delete(operation.name));
				return;
			case "syncdir":
				this.#syncedNames = new Map(this.#names);
				this.#changes = [];
				return;
			case "mark":
				return;
		}
	}

	/** Name and content of every file that a cut now leaves. */
	cut(random: Random): Map<string, Uint8Array> {
		if (this.#unrooted && random.boolean()) return new Map();
		const names = new Map(this.#syncedNames);
		for (const change of this.#changes) if (random.boolean()) change(names);
		return new Map([...names].map(([name, file]) => [name, torn(this.#files.get(file)!, random)]));
	}

	#change(change: NameChange): void {
		change(this.#names);
		this.#changes.push(change);
	}
}

/** The content with those pieces of its unsynced writes that `keeps` says. */
function written(file: FileState, keeps: () => boolean, lost?: (piece: Uint8Array) => void): Uint8Array {
	const length = file.writes.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), 0);
	const content = new Uint8Array(Math.max(length, file.synced.length));
	content.set(file.synced);
	for (const { offset, bytes } of file.writes) {
		let at = 0;
		while (at < bytes.length) {
			const count = Math.min(PIECE_BYTES - ((offset + at) % PIECE_BYTES), bytes.length - at);
			const piece = bytes.subarray(at, at + count);
			if (keeps()) content.set(piece, offset + at);
			else lost?.(content.subarray(offset + at, offset + at + count));
			at += count;
		}
	}
	return content;
}

function torn(file: FileState, random: Random): Uint8Array {
	if (file.writes.length === 0) return file.synced;
	const content = written(
		file,
		() => random.boolean(),
		(piece) => {
			const fate = random.below(3);
			if (fate === 1) piece.fill(0);
			else if (fate === 2) piece.set(random.bytes(piece.length));
		},
	);
	const lengths = [file.synced.length];
	for (const { offset, bytes } of file.writes) {
		// A write in place makes no file shorter.
		lengths.push(Math.max(lengths.at(-1)!, offset + bytes.length));
	}
	return content.slice(0, random.pick(lengths));
}

/** What a cut after the first `at` operations leaves. */
export function cutAfter(
	operations: readonly Operation[],
	at: number,
	seed: number,
): Map<string, Uint8Array> {
	const flash = new Flash();
	for (const operation of operations.slice(0, at)) flash.apply(operation);
	return flash.cut(new Random(seed, `cut ${at}`));
}

/** Every cut in order: after 0 operations, after 1, and so on. */
export function* everyCut(
	operations: readonly Operation[],
	seed: number,
): Generator<readonly [at: number, files: Map<string, Uint8Array>]> {
	const flash = new Flash();
	for (let at = 0; ; at++) {
		yield [at, flash.cut(new Random(seed, `cut ${at}`))];
		if (at === operations.length) return;
		flash.apply(operations[at]!);
	}
}

export function writeState(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}

function main(words: readonly string[]): void {
	const value = (option: string): string => {
		const index = words.indexOf(option);
		const text = index < 0 ? undefined : words[index + 1];
		if (text === undefined) {
			process.stderr.write("usage: cut --journal FILE --at OPERATIONS --seed N --out DIRECTORY\n");
			process.exit(2);
		}
		return text;
	};
	const operations = parseJournal(new Uint8Array(readFileSync(value("--journal"))));
	writeState(value("--out"), cutAfter(operations, Number(value("--at")), Number(value("--seed"))));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
