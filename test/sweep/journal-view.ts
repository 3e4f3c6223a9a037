/**
 * The state directory as the running board saw it, along a journal of the recorder (test/host/cut.ts): what each record's whole
 * contents were, and from when on one was promised to outlive a cut.
 */
import type { Operation } from "../host/cut.ts";

export interface RecordHistory {
	/** Hexadecimal contents that the name had, each from the operation at which it got them; "": absent. */
	readonly contents: { readonly from: number; readonly content: string }[];
	/** Operations at which the newest content was told to be durable. */
	readonly durable: number[];
}

const RECORD = /\.rec$|^boot$|^fuse$|^flashed$/;

export function recordHistories(operations: readonly Operation[]): ReadonlyMap<string, RecordHistory> {
	const histories = new Map<string, RecordHistory>();
	const contents = new Map<number, Uint8Array>();
	const names = new Map<string, number>();
	const note = (name: string, at: number, content: string): void => {
		if (!RECORD.test(name)) return;
		const history = histories.get(name) ?? { contents: [], durable: [] };
		if (history.contents.length === 0 && at > 0) history.contents.push({ from: 0, content: "" });
		history.contents.push({ from: at, content });
		histories.set(name, history);
	};
	for (const [index, operation] of operations.entries()) {
		const at = index + 1;
		switch (operation.kind) {
			case "exists":
				contents.set(operation.file, operation.bytes);
				names.set(operation.name, operation.file);
				note(operation.name, 0, hex(operation.bytes));
				break;
			case "create":
				contents.set(operation.file, new Uint8Array(0));
				names.set(operation.name, operation.file);
				break;
			case "open":
				break;
			case "write": {
				const old = contents.get(operation.file);
				// Slots are opened once more under another number, and are no records.
				if (old === undefined) break;
				const next = new Uint8Array(Math.max(old.length, operation.offset + operation.bytes.length));
				next.set(old);
				next.set(operation.bytes, operation.offset);
				contents.set(operation.file, next);
				break;
			}
			case "rename": {
				const file = names.get(operation.from)!;
				names.delete(operation.from);
				names.set(operation.to, file);
				note(operation.to, at, hex(contents.get(file)!));
				break;
			}
			case "unlink":
				names.delete(operation.name);
				note(operation.name, at, "");
				break;
			case "mark":
				// "done NAME" of records, "boot done" and "fuse done" of the boot loader's.
				if (operation.what === "done") histories.get(operation.name)?.durable.push(at);
				else if (operation.name === "done") histories.get(operation.what)?.durable.push(at);
				break;
			case "made":
			case "sync":
			case "syncdir":
				break;
		}
	}
	return histories;
}

/** What the name may hold after a cut behind so many operations: what was promised last, and whatever came since. */
export function mayHold({ contents, durable }: RecordHistory, at: number): ReadonlySet<string> {
	const promisedAt = Math.max(0, ...durable.filter((index) => index <= at));
	const promised = contents.reduce((last, { from }, index) => (from <= promisedAt ? index : last), 0);
	return new Set(
		contents.filter(({ from }, index) => index >= promised && from <= at).map(({ content }) => content),
	);
}

export function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}
