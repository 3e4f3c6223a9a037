/** Where a relay keeps its database, and the fault of one that cannot be used; without the driver, which takes long to load. */
import { join } from "node:path";

/** The database cannot be opened or brought up to date. */
export class RegistryFault extends Error {
	constructor(message: string) {
		super(`registry: ${message}`);
		this.name = "RegistryFault";
	}
}

/** The database of a relay whose data is in `dir`. */
export function registryPath(dir: string): string {
	return join(dir, "relay.db");
}
