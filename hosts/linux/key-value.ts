/**
 * ECMA-419 key-value storage over this host's records: `import KeyValue from "embedded:storage/key-value"`. A path
 * is a domain; domain and key are 1 to 15 bytes of [0-9A-Za-z_.-]. A write is durable when it returns, and atomic
 * under a power cut. It imports nothing: a module under a standard specifier has no folder to import from.
 */

type Code = "record/corrupt" | "record/full" | "record/io" | "record/too-large";

/** What the flash does wrong; `code` is the DeviceErrorCode that it means. */
class StorageError extends Error {
	override readonly name = "StorageError";
	readonly code: Code;

	constructor(code: Code, domain: string, key: string) {
		super(`${code}: ${domain}/${key}`);
		this.code = code;
	}
}

type Format = "buffer" | "string";

interface OpenOptions {
	readonly path: string;
	readonly mode?: "r" | "r+";
	readonly format?: Format;
}

type Fault = Code | undefined;

const readRecord = native<(domain: string, name: string) => ArrayBuffer | Fault>("xs_record_read");
const writeRecord =
	native<(domain: string, name: string, value: ArrayBufferView | ArrayBuffer) => Fault>("xs_record_write");
const deleteRecord = native<(domain: string, name: string) => Fault>("xs_record_delete");
const recordNames = native<(domain: string) => string[] | Code>("xs_record_names");

function check(fault: Fault, domain: string, name: string): void {
	if (fault !== undefined) throw new StorageError(fault, domain, name);
}

class Storage {
	readonly #domain: string;
	readonly #writable: boolean;
	#open = true;
	format: Format;

	constructor(options: OpenOptions) {
		this.#domain = options.path;
		this.#writable = options.mode !== "r";
		this.format = options.format ?? "buffer";
		if (this.format !== "buffer" && this.format !== "string") throw new RangeError("storage: format");
	}

	/** Undefined when there is no such key. */
	read(key: string): ArrayBuffer | string | undefined {
		this.#check(false);
		const value = readRecord(this.#domain, key);
		if (value === undefined) return undefined;
		if (!(value instanceof ArrayBuffer)) throw new StorageError(value, this.#domain, key);
		return this.format === "string" ? new TextDecoder().decode(value) : value;
	}

	write(key: string, value: ArrayBufferView | ArrayBuffer | string): void {
		this.#check(true);
		const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
		check(writeRecord(this.#domain, key, bytes), this.#domain, key);
	}

	/** Deleting an absent key is no error. */
	delete(key: string): void {
		this.#check(true);
		check(deleteRecord(this.#domain, key), this.#domain, key);
	}

	/** Every key, in no order. */
	[Symbol.iterator](): IterableIterator<string> {
		this.#check(false);
		const names = recordNames(this.#domain);
		if (typeof names === "string") throw new StorageError(names, this.#domain, "");
		return names[Symbol.iterator]();
	}

	/** Idempotent. */
	close(): void {
		this.#open = false;
	}

	#check(toWrite: boolean): void {
		if (!this.#open) throw new TypeError("storage: closed");
		if (toWrite && !this.#writable) throw new TypeError("storage: opened to read only");
	}
}

export default Object.freeze({
	open(options: OpenOptions): Storage {
		return new Storage(options);
	},
});
