/**
 * Records over ECMA-419 key-value storage, whose classes promise what RecordStorage asks for: an atomic, durable
 * write. What a class throws becomes a DeviceError here.
 */

import KeyValue, { type Storage } from "embedded:storage/key-value";
import { assert } from "../../modules/base/assert.ts";
import { ALPHANUMERIC, isMadeOf } from "../../modules/base/characters.ts";
import { DeviceError, type DeviceErrorCode } from "../../modules/base/device-error.ts";
import type { RecordStorage } from "../../modules/platform/storage.ts";

const NAME_CHARACTERS = `${ALPHANUMERIC}_.-`;

function assertName(name: string): void {
	assert(isMadeOf(name, NAME_CHARACTERS, 1, 15), `not the name of a record: ${name}`);
}

type RecordCode = Extract<DeviceErrorCode, `record/${string}`>;

const CODES: readonly RecordCode[] = Object.freeze([
	"record/corrupt",
	"record/full",
	"record/io",
	"record/too-large",
]);

/** The Linux host's class says a code; a board's the text of an esp_err_t. */
function codeOf(error: unknown, detail: string): RecordCode {
	const { code } = error as { readonly code?: unknown };
	const said = CODES.find((known) => known === code);
	return said ?? (detail.includes("NOT_ENOUGH_SPACE") ? "record/full" : "record/io");
}

export class KeyValueRecords implements RecordStorage {
	/** Domains that were used once stay open; the firmware has a fixed few. */
	readonly #domains = new Map<string, Storage>();

	read(domain: string, name: string): Uint8Array | undefined {
		assertName(name);
		const value = this.#with(domain, name, (storage) => storage.read(name));
		return value === undefined ? undefined : new Uint8Array(value as ArrayBuffer);
	}

	write(domain: string, name: string, value: Uint8Array): void {
		assertName(name);
		this.#with(domain, name, (storage) => storage.write(name, value));
	}

	delete(domain: string, name: string): void {
		assertName(name);
		this.#with(domain, name, (storage) => storage.delete(name));
	}

	names(domain: string): readonly string[] {
		return this.#with(domain, "*", (storage) => [...storage]);
	}

	#with<Value>(domain: string, name: string, use: (storage: Storage) => Value): Value {
		assertName(domain);
		try {
			let storage = this.#domains.get(domain);
			if (storage === undefined) {
				storage = KeyValue.open({ path: domain });
				this.#domains.set(domain, storage);
			}
			return use(storage);
		} catch (error) {
			const detail = error instanceof Error ? error.message : String(error);
			throw new DeviceError(codeOf(error, detail), `${domain}/${name}: ${detail}`);
		}
	}
}
