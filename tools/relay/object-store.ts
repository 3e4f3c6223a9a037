/**
 * Images and deltas as files of the relay's folder, each under its digest. A file appears whole, and its bytes are compared with
 * its name when it is published and again when a process first opens it: what a disk or a person did to it meanwhile reaches
 * no lock. (A lock would refuse it; it would have downloaded it for nothing.)
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { writeWhole } from "../update/whole-file.ts";

const DIGEST = /^[0-9a-f]{64}$/;
const FILES_OPEN_MAX = 16;
/** 4 MiB in all. */
const CHUNKS_KEPT = 64;
const READ_BYTES = 65_536;

/** What is stored under this digest is something else, or is not there. */
export class ObjectFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ObjectFault";
	}
}

/** The folder of a relay whose data is in `dir`. */
export function objectsPath(dir: string): string {
	return join(dir, "objects");
}

export class ObjectStore {
	readonly #dir: string;
	/** Opened and verified, the one that was used longest ago first. */
	readonly #files = new Map<string, Promise<FileHandle>>();
	/** Read lately, the one that was used longest ago first: in a rollout everybody wants the same ones. */
	readonly #chunks = new Map<string, Promise<Uint8Array>>();
	#closed = false;

	constructor(dir: string) {
		this.#dir = dir;
	}

	/** Durable when it returns. Throws ObjectFault for what its digest does not name, or what no lock would take. */
	keep(digest: string, bytes: Uint8Array): void {
		if (bytes.length === 0 || bytes.length > LIMITS.imageBytes)
			throw new ObjectFault("no object has that size");
		if (createHash("sha256").update(bytes).digest("hex") !== digest)
			throw new ObjectFault(`${digest} is not the digest of what was to be stored`);
		mkdirSync(this.#dir, { recursive: true });
		writeWhole(this.#path(digest), bytes);
	}

	has(digest: string): boolean {
		return existsSync(this.#path(digest));
	}

	/** So many bytes from there, within one chunk and within the object. Rejects with ObjectFault, or with the system's error. */
	async read(digest: string, offset: number, bytes: number): Promise<Uint8Array> {
		const index = Math.floor(offset / LIMITS.chunkBytes);
		const name = `${digest} ${index}`;
		const chunk = this.#chunks.get(name) ?? this.#readChunk(digest, index);
		this.#chunks.delete(name);
		this.#chunks.set(name, chunk);
		if (this.#chunks.size > CHUNKS_KEPT) this.#chunks.delete(this.#chunks.keys().next().value!);
		try {
			const from = offset - index * LIMITS.chunkBytes;
			const part = (await chunk).slice(from, from + bytes);
			if (part.length !== bytes) throw new ObjectFault(`${digest} ends early`);
			return part;
		} catch (error) {
			if (this.#chunks.get(name) === chunk) this.#chunks.delete(name);
			throw error;
		}
	}

	async #readChunk(digest: string, index: number): Promise<Uint8Array> {
		const file = await this.#open(digest);
		const buffer = new Uint8Array(LIMITS.chunkBytes);
		const { bytesRead } = await file.read(buffer, 0, buffer.length, index * LIMITS.chunkBytes);
		return buffer.subarray(0, bytesRead);
	}

	/** Idempotent. */
	async close(): Promise<void> {
		this.#closed = true;
		const files = [...this.#files.values()];
		this.#files.clear();
		this.#chunks.clear();
		for (const file of files) await file.then((handle) => handle.close()).catch(() => undefined);
	}

	#path(digest: string): string {
		if (!DIGEST.test(digest)) throw new ObjectFault("no digest");
		return join(this.#dir, digest);
	}

	async #open(digest: string): Promise<FileHandle> {
		if (this.#closed) throw new ObjectFault("the store is closed");
		const opened = this.#files.get(digest) ?? openVerified(this.#path(digest), digest);
		this.#files.delete(digest);
		this.#files.set(digest, opened);
		// A file that is being read from stays open until the read is done.
		const [oldest] = this.#files;
		if (this.#files.size > FILES_OPEN_MAX && oldest !== undefined) {
			this.#files.delete(oldest[0]);
			void oldest[1].then((handle) => handle.close()).catch(() => undefined);
		}
		try {
			return await opened;
		} catch (error) {
			if (this.#files.get(digest) === opened) this.#files.delete(digest);
			throw error;
		}
	}
}

async function openVerified(path: string, digest: string): Promise<FileHandle> {
	if (!existsSync(path)) throw new ObjectFault(`${digest} is not there`);
	if (statSync(path).size > LIMITS.imageBytes) throw new ObjectFault(`${digest} is longer than any object`);
	const file = await open(path, "r");
	const hash = createHash("sha256");
	const buffer = new Uint8Array(READ_BYTES);
	for (let offset = 0; ; ) {
		const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
		if (bytesRead === 0) break;
		hash.update(buffer.subarray(0, bytesRead));
		offset += bytesRead;
	}
	if (hash.digest("hex") === digest) return file;
	await file.close();
	throw new ObjectFault(`${digest} was changed on the disk`);
}
