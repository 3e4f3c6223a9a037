/**
 * Brings updates to locks (docs/UPDATE.md 5, 6, 8, 9): offers each the release that its rollout means for it, sends the pieces that it asks
 * for, renews its freshness statement, asks it to attest, and halts a rollout whose locks fail. It believes no report and
 * can install nothing: a lock judges everything by its own trust.
 *
 * A lock is spoken to once it has reported its update on this connection, for an older firmware knows none of these envelopes.
 * What the relay decides by is in memory; the database has it for the next start, for people and for their commands.
 */
import { decodeUpdateReport, type UpdateReport } from "../../modules/wire/update-report.ts";
import { AttestationTable } from "./attestation-table.ts";
import { type AttestedLock, Attestor } from "./attestor.ts";
import { openDatabase, registryPath } from "./database.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import { RELAY_LIMITS, type RelayLimits } from "./limits.ts";
import { type LogSink, RelayLog } from "./log.ts";
import { ObjectStore, objectsPath } from "./object-store.ts";
import { PieceServer } from "./piece-server.ts";
import { SqlRegistry } from "./registry.ts";
import {
	type Candidate,
	chooseOffer,
	type FormerOffer,
	newestFreshness,
	outcomeOf,
	type PublishedFreshness,
	type PublishedRelease,
} from "./rollout.ts";
import { RolloutBoard } from "./rollout-board.ts";
import { TokenBucket } from "./token-bucket.ts";
import { UpdateJournal } from "./update-journal.ts";
import { UpdateTable } from "./update-table.ts";

/** How often the database is asked whether anything changed. */
const POLL_MS = 1_000;

/** One connection's lock. */
interface Known {
	readonly device: ConnectedDevice;
	/** The last one of this connection. */
	report: UpdateReport | undefined;
	/** What the database has of it; undefined until it was read. */
	stored: { readonly lock: AttestedLock; readonly offers: Map<string, FormerOffer> } | undefined;
	loading: boolean;
	/** The statement that was sent last on this connection. */
	freshness: PublishedFreshness | undefined;
}

export interface UpdateServiceOptions {
	readonly limits?: Partial<RelayLimits>;
	readonly pollMs?: number;
}

export class UpdateService implements DeviceService {
	readonly kinds = Object.freeze(["update-report", "object-want", "attestation"] as const);
	readonly #table: UpdateTable;
	readonly #attestations: AttestationTable;
	readonly #registry: SqlRegistry;
	readonly #store: ObjectStore;
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #attestor: Attestor;
	readonly #journal: UpdateJournal;
	readonly #board: RolloutBoard;
	readonly #pieces: PieceServer;
	readonly #offerRate: TokenBucket;
	readonly #known = new Map<ConnectedDevice, Known>();
	readonly #poll: NodeJS.Timeout;
	#dataVersion: number | undefined;
	#polling = false;
	#closed = false;

	private constructor(table: UpdateTable, store: ObjectStore, log: LogSink, options: UpdateServiceOptions) {
		this.#limits = { ...RELAY_LIMITS, ...options.limits };
		this.#log = new RelayLog(log);
		this.#table = table;
		this.#store = store;
		this.#attestations = new AttestationTable(table.db);
		this.#registry = new SqlRegistry(table.db);
		this.#journal = new UpdateJournal(table, this.#log, this.#limits.updateWriteMs);
		this.#attestor = new Attestor(this.#attestations, this.#journal, this.#limits, this.#log);
		this.#board = new RolloutBoard(table, this.#journal, this.#log);
		this.#pieces = new PieceServer(store, (digest) => this.#board.sizes.get(digest), this.#limits, this.#log);
		const { offersBurst, offersPerMinute } = this.#limits;
		this.#offerRate = new TokenBucket(offersBurst, offersPerMinute, performance.now());
		this.#poll = setInterval(() => void this.#look(), options.pollMs ?? POLL_MS);
	}

	/** Of the relay whose folder this is; it opens the database for itself. Rejects with RegistryFault. */
	static async open(dir: string, log: LogSink, options: UpdateServiceOptions = {}): Promise<UpdateService> {
		const table = new UpdateTable(await openDatabase(registryPath(dir)));
		const service = new UpdateService(table, new ObjectStore(objectsPath(dir)), log, options);
		await service.#look();
		return service;
	}

	attached(device: ConnectedDevice): void {
		const known = { device, report: undefined, stored: undefined, loading: false, freshness: undefined };
		this.#known.set(device, known);
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		const known = this.#known.get(device);
		if (known === undefined) return;
		switch (envelope.kind) {
			case "update-report":
				this.#reported(known, envelope.report);
				return;
			case "object-want":
				this.#pieces.want(device, envelope.want);
				return;
			case "attestation":
				this.#attested(known, envelope.statement);
				return;
			default:
		}
	}

	detached(device: ConnectedDevice): void {
		this.#known.delete(device);
		this.#pieces.forget(device);
	}

	/** Resolves when everything that came is in the database. */
	async settled(): Promise<void> {
		await this.#journal.settled();
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#poll);
		this.#pieces.close();
		while (this.#polling || [...this.#known.values()].some(({ loading }) => loading))
			await new Promise((resolve) => setTimeout(resolve, 5));
		await this.#journal.close();
		await this.#store.close();
		await this.#table.close();
	}

	#reported(known: Known, bytes: Uint8Array): void {
		const report = decodeUpdateReport(bytes);
		if (!report.ok) return;
		const newTrust = known.report !== undefined && known.report.trustVersion !== report.value.trustVersion;
		known.report = report.value;
		this.#journal.report(known.device.serial, bytes);
		if (newTrust) this.#forgive(known);
		if (known.stored === undefined) void this.#load(known);
		else this.#consider(known, Date.now());
	}

	/** What the database knows of a lock is read once a connection. */
	async #load(known: Known): Promise<void> {
		if (known.loading || this.#closed) return;
		known.loading = true;
		const { serial } = known.device;
		try {
			// What was offered on its former connection may not be written yet.
			await this.#journal.settled();
			const row = await this.#registry.find(serial);
			const lock = await this.#attestor.meet(known.device, row?.public_key ?? "");
			known.stored = { lock, offers: new Map(await this.#table.offersOf(serial)) };
		} catch (error) {
			this.#fault(error);
		}
		known.loading = false;
		this.#consider(known, Date.now());
	}

	#attested(known: Known, statement: Uint8Array): void {
		const { stored, device } = known;
		if (stored === undefined) {
			this.#log.write("warning", "attestation-refused", { serial: device.serial, reason: "unasked" });
			return;
		}
		if (this.#attestor.receive(stored.lock, statement)) this.#consider(known, Date.now());
	}

	/** Says to a lock what there is to say to it now. */
	#consider(known: Known, nowMs: number): void {
		const { device, report, stored } = known;
		if (report === undefined || stored === undefined || this.#closed) return;
		if (this.#known.get(device) !== known) return;
		const { lock, offers } = stored;
		this.#judge(known, report, offers);
		if (!isAttested(report, lock)) this.#attestor.ask(lock, performance.now());
		const { board } = lock;
		if (board === undefined) return;
		const candidate: Candidate = { serial: device.serial, board, report, offers };
		this.#renew(known, candidate, nowMs);
		this.#offer(known, candidate, offers, nowMs);
	}

	/** What became of what was offered. */
	#judge(known: Known, report: UpdateReport, offers: Map<string, FormerOffer>): void {
		const { serial } = known.device;
		for (const [digest, former] of offers) {
			const release = this.#board.releases.get(digest);
			if (release === undefined) continue;
			const { sequence } = release.manifest;
			if (this.#isOlderOffer(sequence, former, offers)) continue;
			const now = outcomeOf(report, sequence, former.outcome);
			if (now === undefined || (now.outcome === former.outcome && now.result === former.result)) continue;
			const changed = { ...former, ...now, outcomeAt: new Date().toISOString() };
			offers.set(digest, changed);
			this.#board.outcome(release, serial, changed, now);
		}
	}

	/** Releases for two kinds of boards may have one number: a lock's word is about what it was offered last. */
	#isOlderOffer(sequence: number, { offeredAtMs }: FormerOffer, offers: Map<string, FormerOffer>): boolean {
		for (const [digest, other] of offers) {
			if (other.offeredAtMs <= offeredAtMs) continue;
			if (this.#board.releases.get(digest)?.manifest.sequence === sequence) return true;
		}
		return false;
	}

	/** Once a connection, and again when there is a newer one. */
	#renew(known: Known, candidate: Candidate, nowMs: number): void {
		const newest = newestFreshness(candidate, this.#board.releases);
		if (newest === undefined || newest === known.freshness) return;
		const { stale, freshUntilUnixSeconds } = candidate.report;
		if (newest.expiresUnixSeconds * 1_000 <= nowMs) return;
		if (!stale && freshUntilUnixSeconds === newest.expiresUnixSeconds) return;
		const offer = { manifest: undefined, freshness: newest.statement };
		if (known.device.send({ kind: "update-offer", offer })) known.freshness = newest;
	}

	#offer(known: Known, candidate: Candidate, offers: Map<string, FormerOffer>, nowMs: number): void {
		const { device } = known;
		const { offerPauseMs, offerPauseMaxMs } = this.#limits;
		const pauses = { firstMs: offerPauseMs, maxMs: offerPauseMaxMs };
		const release = chooseOffer(candidate, this.#board.releases, this.#board.rollouts, nowMs, pauses);
		if (release === undefined || !this.#offerRate.take(1, performance.now())) return;
		const offer = { manifest: release.message, freshness: release.freshness?.statement };
		if (!device.send({ kind: "update-offer", offer })) return;
		const former = offers.get(release.digest);
		const made: FormerOffer = {
			outcome: "offered",
			result: undefined,
			outcomeAt: undefined,
			...former,
			tries: (former?.tries ?? 0) + 1,
			offeredAtMs: nowMs,
		};
		offers.set(release.digest, made);
		this.#board.offered(release, device.serial, made);
		this.#log.write("info", "update-offered", {
			serial: device.serial,
			sequence: release.manifest.sequence,
			count: made.tries,
		});
	}

	/** What a lock refused before it may take now: no pause. */
	#forgive(known: Known, releases?: ReadonlySet<PublishedRelease["digest"]>): void {
		for (const [digest, former] of known.stored?.offers ?? []) {
			if (former.outcome !== "refused" || releases?.has(digest) === false) continue;
			known.stored?.offers.set(digest, { ...former, offeredAtMs: 0 });
		}
	}

	async #look(): Promise<void> {
		if (this.#polling || this.#closed) return;
		this.#polling = true;
		try {
			const dataVersion = await this.#table.dataVersion();
			if (dataVersion !== this.#dataVersion) {
				const renewed = await this.#board.read();
				for (const known of this.#known.values()) this.#forgive(known, renewed);
				await this.#answerRequests();
				this.#dataVersion = dataVersion;
			}
		} catch (error) {
			this.#fault(error);
		}
		this.#polling = false;
		const nowMs = Date.now();
		for (const known of this.#known.values()) {
			if (known.report !== undefined && known.stored === undefined) void this.#load(known);
			else this.#consider(known, nowMs);
		}
	}

	/** Somebody at a command line waits for these. Who is not here is asked when he comes, as everyone is. */
	async #answerRequests(): Promise<void> {
		const requests = await this.#attestations.requests();
		if (requests.size === 0) return;
		for (const { device, stored, report } of this.#known.values()) {
			if (stored === undefined || report === undefined || !requests.has(device.serial)) continue;
			await this.#attestor.answer(stored.lock, performance.now());
		}
	}

	#fault(error: unknown): void {
		if (!this.#closed) this.#log.write("error", "registry", { reason: (error as Error).message });
	}
}

/** Since the lock came, and since the last step of its update: it runs another image, or has confirmed it. */
function isAttested({ sequence, sequenceFloor }: UpdateReport, { attested }: AttestedLock): boolean {
	return attested?.sequence === sequence && attested.sequenceFloor === sequenceFloor;
}
