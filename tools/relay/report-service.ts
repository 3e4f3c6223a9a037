/** Keeps what locks say of themselves (PROTOCOL 2, 12), each at an allowance: a lock may not keep the disk busy. */
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import type { Reports } from "./reports.ts";
import { SerialRates } from "./serial-rates.ts";

const REPORTS_BURST = 4;
const REPORTS_PER_MINUTE = 4;

export class ReportService implements DeviceService {
	readonly kinds = ["report"] as const;
	readonly #reports: Reports;
	readonly #onFailed: (serial: string, reason: string) => void;
	readonly #rates = new SerialRates(REPORTS_BURST, REPORTS_PER_MINUTE);
	/** Writes follow one another, so that the last report of a lock is the last one kept. */
	#writing: Promise<void> = Promise.resolve();

	constructor(reports: Reports, onFailed: (serial: string, reason: string) => void = () => undefined) {
		this.#reports = reports;
		this.#onFailed = onFailed;
	}

	receive({ serial }: ConnectedDevice, envelope: ServiceEnvelope): void {
		if (envelope.kind !== "report") return;
		if (!this.#rates.take(serial, performance.now())) return;
		this.#writing = this.#writing
			.then(() => this.#reports.keep(serial, envelope.report))
			.catch((error: Error) => this.#onFailed(serial, error.message));
	}

	/** Resolves when everything that came is kept. */
	async settled(): Promise<void> {
		await this.#writing;
	}
}
