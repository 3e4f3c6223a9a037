/**
 * Brings updates to locks (docs/UPDATE.md 5, 6, 8, 9): offers each the release that its rollout means for it, sends the pieces that it asks
 * for, renews its freshness statement, asks it to attest, and halts a rollout whose locks fail. It believes no report and
 * can install nothing: a lock judges everything by its own trust.
 *
 * A lock is spoken to once it has reported its update on this connection, for an older firmware knows none of these envelopes.
 * What the relay decides by is in memory; the database has it for the next start, for people and for their commands.
 */
import type { UpdateReport } from "../../modules/wire/update-report.ts";
import { AttestationTable } from "./attestation-table.ts";
import { type AttestedLock, Attestor } from "./attestor.ts";
import { type RelayClock, SYSTEM_CLOCK } from "./clock.ts";
import { openServingDatabase, type RelayDatabase } from "./database.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import { type Arrived, KnownLock } from "./known-lock.ts";
import { RELAY_LIMITS, type RelayLimits } from "./limits.ts";
import { type LogSink, RelayLog } from "./log.ts";
import { ObjectStore, objectsPath } from "./object-store.ts";
import { judgeOffers } from "./offer-judge.ts";
import { PieceServer } from "./piece-server.ts";
import { SqlRegistry } from "./registry.ts";
import { registryPath } from "./registry-file.ts";
import { type Candidate, chooseOffer, type FormerOffer, newestFreshness } from "./rollout.ts";
import { RolloutBoard } from "./rollout-board.ts";
import { SerialRates } from "./serial-rates.ts";
import { TokenBucket } from "./token-bucket.ts";
import { UpdateJournal } from "./update-journal.ts";
import { UpdateTable } from "./update-table.ts";

/** How often the database is asked whether anything changed. */
const POLL_MS = 1_000;

export interface UpdateServiceOptions {
	readonly limits?: Partial<RelayLimits>;
	readonly pollMs?: number;
	readonly clock?: RelayClock;
	/**
	 * The relay's own connection: what is written here then has nobody look at it again for what others changed. It stays the caller's.
	 */
	readonly db?: RelayDatabase;
}

export class UpdateService implements DeviceService {
	readonly kinds = Object.freeze(["update-report", "object-want", "attestation"] as const);
	readonly #table: UpdateTable;
	readonly #attestations: AttestationTable;
	readonly #registry: SqlRegistry;
	readonly #store: ObjectStore;
	readonly #limits: RelayLimits;
	readonly #clock: RelayClock;
	readonly #log: RelayLog;
	readonly #attestor: Attestor;
	readonly #journal: UpdateJournal;
	readonly #board: RolloutBoard;
	readonly #pieces: PieceServer;
	readonly #offerRate: TokenBucket;
	readonly #offerRates: SerialRates;
	readonly #reportRates: SerialRates;
	readonly #ownsDatabase: boolean;
	readonly #known = new Map<ConnectedDevice, KnownLock>();
	/** Locks that somebody at a command line waits for, with when that was requested. */
	#requests = new Map<string, string>();
	readonly #poll: NodeJS.Timeout;
	#dataVersion: number | undefined;
	#polling = false;
	#closed = false;
	#looks = 0;

	private constructor(table: UpdateTable, store: ObjectStore, log: LogSink, options: UpdateServiceOptions) {
		this.#limits = { ...RELAY_LIMITS, ...options.limits };
		this.#clock = options.clock ?? SYSTEM_CLOCK;
		this.#log = new RelayLog(log);
		this.#table = table;
		this.#store = store;
		this.#attestations = new AttestationTable(table.db, this.#clock);
		this.#registry = new SqlRegistry(table.db);
		this.#journal = new UpdateJournal(table.db, this.#log, this.#limits.updateWriteMs);
		this.#attestor = new Attestor(this.#attestations, this.#journal, this.#limits, this.#log, this.#clock);
		this.#board = new RolloutBoard(table, this.#journal, this.#log, this.#clock, this.#limits.silenceGraceMs);
		this.#pieces = new PieceServer(store, (digest) => this.#board.sizes.get(digest), this.#limits, this.#log);
		const limits = this.#limits;
		this.#offerRate = new TokenBucket(limits.offersBurst, limits.offersPerMinute, this.#clock.monotonicMs());
		this.#offerRates = new SerialRates(limits.offersPerLockBurst, limits.offersPerLockPerMinute);
		this.#reportRates = new SerialRates(limits.updateReportsBurst, limits.updateReportsPerMinute);
		this.#ownsDatabase = options.db === undefined;
		this.#poll = setInterval(() => void this.#look(), options.pollMs ?? POLL_MS);
	}

	/** Of the relay whose folder this is. Rejects with RegistryFault. */
	static async open(dir: string, log: LogSink, options: UpdateServiceOptions = {}): Promise<UpdateService> {
		const table = new UpdateTable(
			options.db ?? (await openServingDatabase(registryPath(dir))),
			options.clock,
		);
		const service = new UpdateService(table, new ObjectStore(objectsPath(dir)), log, options);
		await service.#look();
		return service;
	}

	attached(device: ConnectedDevice): void {
		this.#known.set(device, new KnownLock(device));
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		const known = this.#known.get(device);
		if (known === undefined) return;
		switch (envelope.kind) {
			case "update-report":
				this.#heard(known, envelope.report);
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
		const known = this.#known.get(device);
		if (known !== undefined) this.#takeLastWord(known);
		this.#known.delete(device);
		// From now on it is silent, also for the relay's next start.
		const last = known?.last;
		if (last !== undefined && this.#board.isAwaited(device.serial))
			this.#journal.report(device.serial, { report: last.bytes, atMs: this.#clock.unixMs() });
		this.#pieces.forget(device);
	}

	/** How often it has looked at the database and at every lock, to the end. */
	get looks(): number {
		return this.#looks;
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
		if (this.#ownsDatabase) await this.#table.close();
	}

	#heard(known: KnownLock, bytes: Uint8Array): void {
		const arrived = known.heard(bytes);
		if (arrived !== undefined) this.#reported(known, arrived);
	}

	#reported(known: KnownLock, arrived: Arrived): void {
		known.late = undefined;
		if (known.repeats(arrived)) return;
		if (!this.#reportRates.take(known.device.serial, this.#clock.monotonicMs())) {
			known.late = arrived;
			return;
		}
		if (this.#keep(known, arrived)) known.forgive();
		if (known.stored === undefined) void this.#load(known);
		else this.#consider(known, this.#clock.unixMs());
	}

	/** True: it has newer trust. */
	#keep(known: KnownLock, arrived: Arrived): boolean {
		this.#journal.report(known.device.serial, { report: arrived.bytes, atMs: this.#clock.unixMs() });
		return known.keep(arrived);
	}

	/** The connection ends, and with it the time to wait for an allowance: one report a connection comes without. */
	#takeLastWord(known: KnownLock): void {
		if (known.late !== undefined) this.#keep(known, known.late);
		known.late = undefined;
		this.#judge(known);
	}

	/** What the database knows of a lock is read once a connection. */
	async #load(known: KnownLock): Promise<void> {
		if (known.loading || this.#closed) return;
		known.loading = true;
		const { serial } = known.device;
		try {
			// What was offered on its former connection may not be written yet.
			await this.#journal.settled();
			const row = await this.#registry.find(serial);
			const lock = await this.#attestor.meet(known.device, row?.public_key ?? "");
			known.stored = { lock, offers: new Map(await this.#table.offersOf(serial)) };
			// It is asked now in any case.
			known.askedFor = this.#requests.get(serial);
		} catch (error) {
			this.#fault(error);
		}
		known.loading = false;
		this.#consider(known, this.#clock.unixMs());
	}

	#attested(known: KnownLock, statement: Uint8Array): void {
		const { stored, device } = known;
		if (stored === undefined) {
			this.#log.write("warning", "attestation-refused", { serial: device.serial, reason: "unasked" });
			return;
		}
		if (!this.#attestor.receive(stored.lock, statement)) return;
		this.#requests.delete(device.serial);
		this.#consider(known, this.#clock.unixMs());
	}

	/** Says to a lock what there is to say to it now. */
	#consider(known: KnownLock, nowMs: number): void {
		const { device, report, stored } = known;
		if (report === undefined || stored === undefined || this.#closed) return;
		if (this.#known.get(device) !== known) return;
		const { lock, offers } = stored;
		this.#judge(known);
		if (!isAttested(report, lock)) this.#attestor.ask(lock, this.#clock.monotonicMs());
		const { board } = lock;
		if (board === undefined) return;
		const candidate: Candidate = { serial: device.serial, board, report, offers };
		this.#renew(known, candidate, nowMs);
		this.#offer(known, candidate, offers, nowMs);
	}

	#judge({ device: { serial }, last, answers, stored }: KnownLock): void {
		if (last === undefined || stored === undefined) return;
		const { lock, offers } = stored;
		const { report, arrival } = last;
		judgeOffers(this.#board, { serial, report, arrival, answers, offers, attested: lock.attested });
	}

	/** Once a connection, and again when there is a newer one. */
	#renew(known: KnownLock, candidate: Candidate, nowMs: number): void {
		const { stale, freshUntilUnixSeconds } = candidate.report;
		for (const [kind, newest] of newestFreshness(candidate, this.#board.releases)) {
			if (newest === known.freshness.get(kind)) continue;
			if (newest.expiresUnixSeconds * 1_000 <= nowMs) continue;
			if (!stale && freshUntilUnixSeconds === newest.expiresUnixSeconds) continue;
			const offer = { manifest: undefined, freshness: newest.statement };
			if (known.device.send({ kind: "update-offer", offer })) known.freshness.set(kind, newest);
		}
	}

	#offer(known: KnownLock, candidate: Candidate, offers: Map<string, FormerOffer>, nowMs: number): void {
		const { device } = known;
		const { offerPauseMs, offerPauseMaxMs } = this.#limits;
		const pauses = { firstMs: offerPauseMs, maxMs: offerPauseMaxMs };
		const release = chooseOffer(candidate, this.#board.releases, this.#board.rollouts, nowMs, pauses);
		if (release === undefined) return;
		// What one may not have is nobody's loss, nor is it spent on an offer that all together may not have.
		const atMs = this.#clock.monotonicMs();
		if (!this.#offerRate.has(1, atMs) || !this.#offerRates.take(device.serial, atMs)) return;
		this.#offerRate.take(1, atMs);
		const offer = { manifest: release.message, freshness: release.freshness?.statement };
		if (!device.send({ kind: "update-offer", offer })) return;
		const former = offers.get(release.digest);
		const made: FormerOffer = {
			outcome: "offered",
			result: undefined,
			outcomeAt: undefined,
			generation: 0,
			reverts: undefined,
			...former,
			tries: (former?.tries ?? 0) + 1,
			offeredAtMs: nowMs,
		};
		offers.set(release.digest, made);
		known.answers.offered(release.digest);
		this.#board.offered(release, device.serial, made);
		this.#log.write("info", "update-offered", {
			serial: device.serial,
			sequence: release.manifest.sequence,
			count: made.tries,
		});
	}

	async #look(): Promise<void> {
		if (this.#polling || this.#closed) return;
		this.#polling = true;
		try {
			const dataVersion = await this.#table.dataVersion();
			if (dataVersion !== this.#dataVersion) {
				const renewed = await this.#board.read();
				for (const known of this.#known.values()) known.forgive(renewed);
				await this.#journal.settled();
				this.#requests = new Map(await this.#attestations.requests());
				for (const { device, stored, askedFor } of this.#known.values()) {
					const requested = this.#requests.get(device.serial);
					if (stored === undefined || requested === undefined || requested === askedFor) continue;
					await this.#attestor.requested(stored.lock);
				}
				this.#dataVersion = dataVersion;
			}
		} catch (error) {
			this.#fault(error);
		}
		this.#polling = false;
		const nowMs = this.#clock.unixMs();
		for (const known of this.#known.values()) {
			if (known.late !== undefined) this.#reported(known, known.late);
			if (known.report !== undefined && known.stored === undefined) void this.#load(known);
			else this.#consider(known, nowMs);
			this.#answerRequest(known, nowMs);
		}
		this.#judgeSilence();
		this.#looks++;
	}

	#judgeSilence(): void {
		const here = new Set<string>();
		for (const { device, report } of this.#known.values()) if (report !== undefined) here.add(device.serial);
		this.#board.judgeSilence((serial) => here.has(serial));
	}

	/**
	 * Somebody at a command line waits for it: it is asked at once, and then with pauses. Who is not here is asked when he comes, as
	 * everyone is.
	 */
	#answerRequest(known: KnownLock, nowMs: number): void {
		const { device, stored, report } = known;
		const requested = this.#requests.get(device.serial);
		if (requested === undefined || stored === undefined || report === undefined) return;
		const ageMs = nowMs - Date.parse(requested);
		if (!(ageMs < this.#limits.attestationRequestMs)) {
			this.#requests.delete(device.serial);
			return;
		}
		const isUrgent = known.askedFor !== requested;
		if (this.#attestor.ask(stored.lock, this.#clock.monotonicMs(), isUrgent)) known.askedFor = requested;
	}

	#fault(error: unknown): void {
		if (!this.#closed) this.#log.write("error", "registry", { reason: (error as Error).message });
	}
}

/** Since the lock came, and since the last step of its update: it runs another image, or has confirmed it. */
function isAttested({ sequence, sequenceFloor }: UpdateReport, { attested }: AttestedLock): boolean {
	return attested?.sequence === sequence && attested.sequenceFloor === sequenceFloor;
}
