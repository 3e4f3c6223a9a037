/**
 * The lock's side towards its relays: one link, and all that goes over it but the phones' channels (which are
 * app/transports'). It offers the link each trusted relay with each certificate, hands what the link meets to those whose
 * business it is (time, certificates, trust, health), and begins it anew when the relays change. It decides nothing of
 * what the lock trusts, and nothing of the lock waits for it (I10).
 */
import { LIMITS } from "../base/limits.ts";
import type { Identity } from "../identity/identity.ts";
import type { OperationalPairs } from "../identity/operational-pairs.ts";
import { Link } from "../link/link.ts";
import { isRefusal, LINK_FAILURES } from "../link/link-failure.ts";
import type { LinkFailure } from "../link/link-host.ts";
import type { LinkRelay } from "../link/link-relay.ts";
import type { Timer } from "../platform/clock.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import type { OwnerRelays } from "../trust/owner-relays.ts";
import type { RelayAddress } from "../trust/relay-entry.ts";
import { relayList } from "../trust/relay-list.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import type { Health } from "./health.ts";
import { Renewal } from "./renewal.ts";
import { Reporter } from "./reporter.ts";
import { TimeKeeper } from "./time-keeper.ts";
import { TrustKeeper } from "./trust-keeper.ts";
import { runsOnTrial } from "./update-host.ts";

export interface RelaySideOptions {
	readonly platform: Platform;
	readonly firmwareVersion: string;
	readonly time: TrustedTime;
	readonly trust: TrustStore;
	readonly ownerRelays: OwnerRelays;
	readonly identity: Identity;
	readonly pairs: OperationalPairs;
	readonly health: Health;
	/** False while the bolt drives: no connection, no key and no verification begins then (DESIGN 10). */
	readonly mayWork: () => boolean;
	/** Nobody is served any more: a factory reset has begun. */
	readonly isOver: () => boolean;
	readonly append: (event: LogEvent) => void;
	/** A new bundle is there. */
	readonly onTrustChanged: () => void;
	/** Envelopes pass: what waited for a link goes first. */
	readonly onReady: () => void;
}

export class RelaySide {
	readonly #options: RelaySideOptions;
	readonly #renewal: Renewal;
	readonly #reporter: Reporter;
	#settling: Timer | undefined;
	readonly link: Link;
	readonly timeKeeper: TimeKeeper;
	readonly trustKeeper: TrustKeeper;

	constructor(options: RelaySideOptions) {
		const { platform, time, trust, health } = options;
		const { clock, crypto, system, tls } = platform;
		this.#options = options;
		this.link = new Link({
			clock,
			tls,
			system,
			random: (bytes) => crypto.random(bytes),
			relays: () => this.#relays(),
			mayConnect: options.mayWork,
			isUrgent: () => runsOnTrial(platform.slots),
			onFailure: (failure) => this.#failed(failure),
			...(platform.wsBytes === undefined ? {} : { wsBytes: platform.wsBytes }),
		});
		this.timeKeeper = new TimeKeeper({
			clock,
			crypto,
			time,
			timeKeys: () => trust.timeKeys,
			ask: (nonce) => this.link.send({ kind: "time-request", nonce }),
			onSet: (source) => {
				health.recordTimeSource(source);
				this.#renewal.timeSet();
			},
			log: (line) => system.log(line),
		});
		this.#reporter = new Reporter({
			clock,
			firmwareVersion: options.firmwareVersion,
			health,
			time,
			trustVersion: () => trust.version,
			credential: () => this.#renewal.connectedAs ?? "factory",
			send: (report) => this.link.send({ kind: "report", report }),
		});
		this.#renewal = this.#openRenewal();
		this.trustKeeper = new TrustKeeper({
			clock,
			system,
			trust,
			isSealed: () => options.identity.stage === "sealed",
			mayVerify: options.mayWork,
			append: options.append,
			onChanged: () => this.#trustChanged(),
		});
		this.#listen();
	}

	/** What the lock says of itself (PROTOCOL 12). */
	report(): Uint8Array {
		return this.#reporter.report();
	}

	/** Once the factory line has installed a certificate, and with a relay to go to. Idempotent. */
	start(): void {
		if (this.#options.identity.certificateChain === undefined || this.#relays().length === 0) return;
		this.link.start();
		this.link.poke();
	}

	/**
	 * Whom the lock talks to has changed: nothing is resumed, and the link begins anew. One that is ready does so in a while:
	 * the rest of a chain may be on its way, and replies. A further change does not put that off.
	 */
	relaysChanged(): void {
		const { clock, tls } = this.#options.platform;
		tls.dropSessions();
		if (this.link.state !== "ready") return this.#reconnect();
		if (this.#settling !== undefined) return;
		this.#settling = clock.after(LIMITS.trustSettleMs, () => {
			this.#settling = undefined;
			this.#reconnect();
		});
	}

	#openRenewal(): Renewal {
		const { platform, identity, ownerRelays, pairs, time, trust, mayWork, append } = this.#options;
		const { clock, crypto, keys, system } = platform;
		return new Renewal({
			clock,
			crypto,
			keys,
			system,
			identity,
			pairs,
			time: () => time.tlsTime(),
			floorMs: () => time.floorUnixMs,
			relays: () => [...new Set(relayList(trust, ownerRelays).map(nameOf))],
			deviceRoots: () => trust.deviceRoots,
			send: (envelope) => this.link.send(envelope),
			reconnect: () => this.link.reconnect(),
			mayBegin: mayWork,
			onRenewed: (notAfterMs) => append({ kind: "certificate", notAfter: Math.floor(notAfterMs / 1000) }),
		});
	}

	#listen(): void {
		const { link, timeKeeper, trustKeeper } = this;
		link.on("time-answer", ({ statement }) => timeKeeper.linkAnswered(statement));
		link.on("report-request", () => this.#reporter.requested());
		link.on("certificate", (envelope) => this.#renewal.receive(envelope));
		link.on("trust", ({ message }) => void trustKeeper.take("relay", message));
		link.onDown(() => {
			timeKeeper.linkDown();
			this.#renewal.linkDown();
		});
		link.onReady((relay) => {
			this.#options.onReady();
			timeKeeper.linkReady();
			const key = ownKey(relay);
			if (key !== undefined) this.#renewal.linkReady(key);
			this.#reporter.tell();
		});
	}

	#failed({ stage, reason, relay }: LinkFailure): void {
		this.#options.health.recordLinkFailure(LINK_FAILURES[reason]);
		const key = ownKey(relay);
		if (key !== undefined && isRefusal(stage, reason)) this.#renewal.refused(key, nameOf(relay));
		this.timeKeeper.linkFailed({
			dates: reason === "expired" || reason === "not-yet-valid",
			accepted: stage === "upgrading" || stage === "ready",
			judgedAt: relay.time.kind,
		});
	}

	#trustChanged(): void {
		this.#options.onTrustChanged();
		this.timeKeeper.trustChanged();
		this.#reporter.tell();
		this.relaysChanged();
	}

	#reconnect(): void {
		if (this.#options.isOver()) return;
		if (this.link.state === "idle") this.start();
		else this.link.reconnect();
	}

	/** Each trusted relay with each certificate: the best certificate at every relay before the next one. */
	#relays(): readonly LinkRelay[] {
		const { ownerRelays, time, trust } = this.#options;
		const relays = relayList(trust, ownerRelays);
		return this.#renewal.certificates().flatMap((clientCertificate) =>
			relays.map(({ host, port, serverName, roots, scope }) => ({
				host,
				port,
				serverName,
				roots,
				time: time.tlsTime(),
				clientCertificate,
				resumptionScope: scope,
			})),
		);
	}
}

function ownKey({ clientCertificate }: LinkRelay): string | undefined {
	const key = clientCertificate?.key;
	return key !== undefined && "name" in key ? key.name : undefined;
}

function nameOf({ host, port, serverName }: RelayAddress): string {
	return `${serverName} at ${host}:${port}`;
}
