/** What a house remembers between runs besides its PKI and records: the relay's ports, the printed label. Mode 0600. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

interface Stored {
	devicePort?: number;
	appPort?: number;
	/** Stands for the sticker on the lock. */
	label?: string;
	sealed?: boolean;
}

export class HouseFile {
	readonly #path: string;
	#stored: Stored;

	private constructor(path: string, stored: Stored) {
		this.#path = path;
		this.#stored = stored;
	}

	/** A file that is absent or none is an empty one: everything in it can be made again by `--fresh`. */
	static open(path: string): HouseFile {
		try {
			const stored: unknown = JSON.parse(readFileSync(path, "utf8"));
			return new HouseFile(path, typeof stored === "object" && stored !== null ? (stored as Stored) : {});
		} catch {
			return new HouseFile(path, {});
		}
	}

	get devicePort(): number | undefined {
		return this.#stored.devicePort;
	}

	get appPort(): number | undefined {
		return this.#stored.appPort;
	}

	get label(): string | undefined {
		return this.#stored.label;
	}

	get sealed(): boolean {
		return this.#stored.sealed === true;
	}

	setPorts(devicePort: number, appPort: number): void {
		this.#save({ ...this.#stored, devicePort, appPort });
	}

	setLabel(label: string): void {
		this.#save({ ...this.#stored, label });
	}

	setSealed(): void {
		this.#save({ ...this.#stored, sealed: true });
	}

	#save(stored: Stored): void {
		this.#stored = stored;
		writeFileSync(`${this.#path}.new`, `${JSON.stringify(stored, null, "\t")}\n`, { mode: 0o600 });
		renameSync(`${this.#path}.new`, this.#path);
	}
}
