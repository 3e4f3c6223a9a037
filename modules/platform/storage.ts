/**
 * Records: small values under a domain and a name, each replaced atomically and durable when `write` returns
 * (I5). Domain and name are 1 to 15 bytes of [0-9A-Za-z_.-] (what an ESP32's NVS takes).
 */
export interface RecordStorage {
	/** Undefined when absent. Throws DeviceError record/corrupt or record/io. */
	read(domain: string, name: string): Uint8Array | undefined;
	/** Throws DeviceError record/full or record/io; the old record then stands. */
	write(domain: string, name: string, value: Uint8Array): void;
	/** Deleting an absent record is no error. */
	delete(domain: string, name: string): void;
	/** Every name of a domain, in no particular order. */
	names(domain: string): readonly string[];
}
