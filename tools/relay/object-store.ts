/**
 * Images and deltas as files of the relay's folder, each under its digest. A file appears whole, and its bytes are compared with
 * its name when it is published and again when a process first reads it, and once more when the file is another or was written to: what
 * a disk or a person did to it meanwhile reaches no lock. (A lock would refuse it; it would have downloaded it for nothing.)
 *
 * Nothing is kept open and nothing is hashed for each reader: whatever a lock asks for, and in whatever order, it costs a read of one chunk.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { writeWhole } from "../update/whole-file.ts";

const DIGEST = /^[0-9a-f]{64}$/;
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

/** What was found when a file was hashed, as long as it is the same file. */
interface Verdict {
	readonly file: string;
	readonly stands: Promise<boolean>;
}

/** The folder of a relay whose data is in `dir`. */
export function objectsPath(dir: string): string {
	return join(dir, "objects");
}

export class ObjectStore {
	readonly #dir: string;
	/** One of each object that was published and asked for. */
	readonly #verdicts = new Map<string, Verdict>();
	/** Read lately, the one that was used longest ago first: in a rollout everybody wants the same ones. */
	readonly #chunks = new Map<string, Promise<Uint8Array>>();
	readonly #reading = new Set<Promise<Uint8Array>>();
	#verifications = 0;
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

	/** How many files were hashed: what it costs to serve them. */
	get verifications(): number {
		return this.#verifications;
	}

	/** So many bytes from there, within one chunk and within the object. Rejects with ObjectFault, or with the system's error. */
	async read(digest: string, offset: number, bytes: number): Promise<Uint8Array> {
		const index = Math.floor(offset / LIMITS.chunkBytes);
		const name = `${digest} ${index}`;
		const chunk = this.#chunks.get(name) ?? this.#begin(digest, index);
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

	#begin(digest: string, index: number): Promise<Uint8Array> {
		const chunk = this.#readChunk(digest, index);
		this.#reading.add(chunk);
		const done = (): void => void this.#reading.delete(chunk);
		chunk.then(done, done);
		return chunk;
	}

	async #readChunk(digest: string, index: number): Promise<Uint8Array> {
		if (this.#closed) throw new ObjectFault("the store is closed");
		const path = this.#path(digest);
		if (!existsSync(path)) throw new ObjectFault(`${digest} is not there`);
		const file = await open(path, "r");
		try {
			await this.#verify(file, digest);
			const buffer = new Uint8Array(LIMITS.chunkBytes);
			const { bytesRead } = await file.read(buffer, 0, buffer.length, index * LIMITS.chunkBytes);
			return buffer.subarray(0, bytesRead);
		} finally {
			await file.close();
		}
	}

	/** Idempotent. Nothing is being read any more when it resolves. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#chunks.clear();
		this.#verdicts.clear();
		await Promise.allSettled(this.#reading);
	}

	#path(digest: string): string {
		if (!DIGEST.test(digest)) throw new ObjectFault("no digest");
		return join(this.#dir, digest);
	}

	/** Rejects with ObjectFault. Whoever comes while a file is being hashed waits for that. */
	async #verify(file: FileHandle, digest: string): Promise<void> {
		const { ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
		if (size > LIMITS.imageBytes) throw new ObjectFault(`${digest} is longer than any object`);
		const name = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
		let verdict = this.#verdicts.get(digest);
		if (verdict?.file !== name) {
			this.#verifications++;
			verdict = { file: name, stands: hashOf(file).then((hash) => hash === digest) };
			this.#verdicts.set(digest, verdict);
		}
		try {
			if (await verdict.stands) return;
		} catch (error) {
			// It could not be read, which says nothing about what is in it.
			if (this.#verdicts.get(digest) === verdict) this.#verdicts.delete(digest);
			throw error;
		}
		throw new ObjectFault(`${digest} was changed on the disk`);
	}
}

async function hashOf(file: FileHandle): Promise<string> {
	const hash = createHash("sha256");
	const buffer = new Uint8Array(READ_BYTES);
	for (let offset = 0; ; ) {
		const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
		if (bytesRead === 0) return hash.digest("hex");
		hash.update(buffer.subarray(0, bytesRead));
		offset += bytesRead;
	}
}
