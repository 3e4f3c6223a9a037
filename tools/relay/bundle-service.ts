/**
 * Brings trust bundles to locks (PROTOCOL 2, 10): a lock that reports an older version gets what it lacks, link by link and
 * in order, when it connects and when another process publishes one. It never sends what a lock has; a lock that does not
 * take what it gets is asked again less and less often. It can change nothing that a lock trusts: the lock judges each.
 */
import { decodeCborMap } from "../../modules/wire/cbor-decode.ts";
import { BundleTable, type StoredBundle } from "./bundle-table.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import type { LogSink } from "./log.ts";
import { RelayLog } from "./log.ts";

/** How often the database is asked whether anything changed, and the pauses between two tries at one lock. */
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

interface Known {
	readonly device: ConnectedDevice;
	/** What the lock said; undefined until it did. */
	version: number | undefined;
	tries: number;
	nextTryMs: number;
}

export interface BundleServiceOptions {
	readonly table: BundleTable;
	readonly log: LogSink;
	readonly pollMs?: number;
}

export class BundleService implements DeviceService {
	readonly kinds = Object.freeze(["report"] as const);
	readonly #table: BundleTable;
	readonly #log: RelayLog;
	readonly #known = new Map<ConnectedDevice, Known>();
	readonly #poll: NodeJS.Timeout;
	#bundles: readonly StoredBundle[] = [];
	#dataVersion: number | undefined;
	#polling = false;
	#closed = false;

	private constructor({ table, log, pollMs }: BundleServiceOptions) {
		this.#table = table;
		this.#log = new RelayLog(log);
		this.#poll = setInterval(() => void this.#look(), pollMs ?? POLL_MS);
	}

	/** Over the database at an SQLite file path, which it opens for itself. Rejects with RegistryFault. */
	static async open(path: string, log: LogSink, pollMs?: number): Promise<BundleService> {
		const table = await BundleTable.open(path);
		return await BundleService.over({ table, log, ...(pollMs === undefined ? {} : { pollMs }) });
	}

	/** Over a table, which is its own from then on. */
	static async over(options: BundleServiceOptions): Promise<BundleService> {
		const service = new BundleService(options);
		await service.#look();
		return service;
	}

	attached(device: ConnectedDevice): void {
		this.#known.set(device, { device, version: undefined, tries: 0, nextTryMs: 0 });
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		const known = this.#known.get(device);
		if (envelope.kind !== "report" || known === undefined) return;
		// Of a report of a later version nothing but this key counts (PROTOCOL 12).
		const report = decodeCborMap(envelope.report);
		const version = report.ok ? report.value.uint(1) : undefined;
		if (version === undefined) return;
		if (version !== known.version) {
			known.tries = 0;
			known.nextTryMs = 0;
		}
		known.version = version;
		this.#send(known, performance.now());
	}

	detached(device: ConnectedDevice): void {
		this.#known.delete(device);
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#poll);
		while (this.#polling) await new Promise((resolve) => setTimeout(resolve, 5));
		await this.#table.close();
	}

	async #look(): Promise<void> {
		if (this.#polling || this.#closed) return;
		this.#polling = true;
		try {
			const dataVersion = await this.#table.dataVersion();
			if (dataVersion !== this.#dataVersion) {
				await this.#read();
				this.#dataVersion = dataVersion;
			}
		} catch (error) {
			this.#log.write("error", "registry", { reason: (error as Error).message });
		}
		this.#polling = false;
		const nowMs = performance.now();
		for (const known of this.#known.values()) this.#send(known, nowMs);
	}

	/** Every stored report changes the data version: the bundles themselves are read only when there are others. */
	async #read(): Promise<void> {
		const { count, newest } = await this.#table.extent();
		const newestKnown = this.#bundles.at(-1)?.version ?? 0;
		if (count === this.#bundles.length && newest === newestKnown) return;
		this.#bundles = await this.#table.list();
		if (newest === newestKnown) return;
		for (const known of this.#known.values()) known.nextTryMs = 0;
	}

	/** Nothing to a lock whose version nobody knows, nor one that no published chain leads on from. */
	#send(known: Known, nowMs: number): void {
		const { device, version } = known;
		if (version === undefined || nowMs < known.nextTryMs) return;
		const missing = this.#bundles.filter((bundle) => bundle.version > version);
		if (missing[0]?.version !== version + 1) return;
		for (const { message } of missing) if (!device.send({ kind: "trust", message })) break;
		this.#log.write("info", "trust-sent", { serial: device.serial, count: missing.length });
		known.nextTryMs = nowMs + Math.min(RETRY_FIRST_MS * 2 ** known.tries, RETRY_MAX_MS);
		known.tries++;
	}
}
