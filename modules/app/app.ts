/**
 * The lock: puts the modules together over a host's Platform, in the order of DESIGN 3, and connects their events. It
 * holds no rule of its own; the bolt is reached only through the desk's verdict, the exit button and the relock timer (I2).
 *
 * Boot: a factory reset that a power cut interrupted is finished first; then the bolt and the buttons, which work
 * whatever else fails (I10); then sessions, once the board has a serial and keys; then the link.
 */
import { Grants } from "../access/grants.ts";
import { DeviceError } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { DEVICE_KEYS, Identity } from "../identity/identity.ts";
import { OperationalPairs } from "../identity/operational-pairs.ts";
import { Link } from "../link/link.ts";
import { LINK_FAILURES } from "../link/link-failure.ts";
import type { LinkFailure } from "../link/link-host.ts";
import type { LinkRelay } from "../link/link-relay.ts";
import { type BoltConfig, DEFAULT_BOLT } from "../lock/bolt-config.ts";
import { BoltDriver } from "../lock/bolt-driver.ts";
import type { BoltCause, BoltFault, BoltReport } from "../lock/bolt-state.ts";
import type { Gesture } from "../lock/button.ts";
import { ButtonDriver } from "../lock/button-driver.ts";
import { EventLog } from "../log/event-log.ts";
import { StrangerCounts } from "../log/strangers.ts";
import { qrMethod } from "../pairing/responder.ts";
import type { Timer } from "../platform/clock.ts";
import type { DhKeyPair, Secret } from "../platform/crypto.ts";
import type { Platform } from "../platform/platform.ts";
import { ikMethod } from "../session/method.ts";
import type { Session } from "../session/session.ts";
import { FactoryReset } from "../store/reset.ts";
import { Store } from "../store/store.ts";
import { TrustedTime } from "../time/trusted-time.ts";
import { OwnerRelays } from "../trust/owner-relays.ts";
import { relayList } from "../trust/relay-list.ts";
import { TrustStore } from "../trust/trust-store.ts";
import { BOLT_POSITIONS, EVENT_BOLT } from "../wire/command.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import { NOTICE_RESET } from "../wire/notice.ts";
import { Desk } from "./desk.ts";
import { Handlers } from "./handlers.ts";
import { Health } from "./health.ts";
import { LineVerbs } from "./line-verbs.ts";
import { Notices } from "./notices.ts";
import { Renewal } from "./renewal.ts";
import { Reporter } from "./reporter.ts";
import { ResetKeeper } from "./reset-keeper.ts";
import { SerialLine } from "./serial-line.ts";
import { TimeKeeper } from "./time-keeper.ts";
import { Transports } from "./transports.ts";
import { TrustCommands } from "./trust-commands.ts";
import { TrustKeeper } from "./trust-keeper.ts";
import { WindowKeeper } from "./window-keeper.ts";

export interface AppOptions {
	readonly firmwareVersion: string;
	readonly bolt?: BoltConfig;
}

const HOUR_MS = 3600000;

export class App {
	readonly #platform: Platform;
	readonly #options: AppOptions;
	readonly #store: Store;
	readonly #resets: ResetKeeper;
	readonly #time: TrustedTime;
	readonly #trust: TrustStore;
	readonly #ownerRelays: OwnerRelays;
	readonly #trustKeeper: TrustKeeper;
	readonly #timeKeeper: TimeKeeper;
	readonly #health: Health;
	readonly #reporter: Reporter;
	readonly #identity: Identity;
	readonly #pairs: OperationalPairs;
	readonly #grants: Grants;
	readonly #startedAtMs: number;
	#log: EventLog;
	readonly #strangers = new StrangerCounts();
	readonly #bolt: BoltDriver;
	readonly #link: Link;
	readonly #renewal: Renewal;
	readonly #transports: Transports;
	readonly #notices: Notices;
	readonly #window: WindowKeeper;
	#hour = 0;
	#settling: Timer | undefined;
	/** Once sessions are served. */
	#desk: Desk | undefined;

	constructor(platform: Platform, options: AppOptions) {
		const { clock, crypto, keys, storage, system, tls } = platform;
		this.#platform = platform;
		this.#options = options;
		this.#store = new Store(storage);
		this.#resets = new ResetKeeper({
			clock,
			system,
			reset: new FactoryReset(this.#store),
			onErased: () => {
				this.#log = this.#openLog();
				this.#append({ kind: "reset" });
			},
			onReboot: () => this.#health.flush(),
		});
		this.#health = new Health(this.#store, clock, system);
		this.#time = new TrustedTime(this.#store, clock, system.buildUnixMs);
		this.#startedAtMs = clock.monotonicMs();
		this.#log = this.#openLog();
		this.#resets.finish();
		this.#trust = new TrustStore(this.#store, this.#time, crypto);
		this.#ownerRelays = new OwnerRelays(this.#store, crypto);
		this.#identity = new Identity(this.#store, keys, this.#trust);
		this.#pairs = new OperationalPairs(this.#store, keys);
		this.#grants = new Grants(this.#store);
		this.#window = new WindowKeeper({
			clock,
			platform,
			grants: this.#grants,
			isPairable: () => this.#identity.serial !== undefined,
			onChanged: (opened) => this.#append({ kind: "window", opened }),
		});
		this.#bolt = new BoltDriver(platform, options.bolt ?? DEFAULT_BOLT, {
			onChanged: (bolt, cause) => this.#boltChanged(bolt, cause),
			onFault: (fault) => this.#boltFault(fault),
			onIdle: () => this.#transports.resume(),
		});
		this.#link = new Link({
			clock,
			tls,
			system,
			random: (bytes) => crypto.random(bytes),
			relays: () => this.#relays(),
			mayConnect: () => !this.#bolt.driving,
			onFailure: (failure) => this.#linkFailed(failure),
			...(platform.wsBytes === undefined ? {} : { wsBytes: platform.wsBytes }),
		});
		this.#notices = new Notices({
			store: this.#store,
			crypto,
			openStaticKey: () => this.#openStaticKey(),
			unixSeconds: () => this.#unixSeconds(),
			send: (address, sealed) => this.#link.send({ kind: "notice", address, sealed }),
		});
		this.#timeKeeper = new TimeKeeper({
			clock,
			crypto,
			time: this.#time,
			timeKeys: () => this.#trust.timeKeys,
			ask: (nonce) => this.#link.send({ kind: "time-request", nonce }),
			onSet: (source) => this.#health.recordTimeSource(source),
			log: (line) => system.log(line),
		});
		this.#reporter = new Reporter({
			clock,
			firmwareVersion: options.firmwareVersion,
			health: this.#health,
			time: this.#time,
			trustVersion: () => this.#trust.version,
			credential: () => this.#renewal.connectedAs ?? "factory",
			send: (report) => this.#link.send({ kind: "report", report }),
		});
		this.#link.on("time-answer", ({ statement }) => this.#timeKeeper.linkAnswered(statement));
		this.#link.on("report-request", () => this.#reporter.requested());
		this.#link.onDown(() => this.#timeKeeper.linkDown());
		this.#renewal = new Renewal({
			clock,
			crypto,
			keys,
			system,
			identity: this.#identity,
			pairs: this.#pairs,
			time: () => this.#time.tlsTime(),
			deviceRoots: () => this.#trust.deviceRoots,
			send: (envelope) => this.#link.send(envelope),
			reconnect: () => this.#link.reconnect(),
			mayBegin: () => !this.#bolt.driving,
			onRenewed: (notAfterMs) =>
				this.#append({ kind: "certificate", notAfter: Math.floor(notAfterMs / 1000) }),
		});
		this.#link.on("certificate", (envelope) => this.#renewal.receive(envelope));
		this.#link.onDown(() => this.#renewal.linkDown());
		this.#link.onReady((relay) => {
			const key = ownKey(relay);
			this.#timeKeeper.linkReady();
			if (key !== undefined) this.#renewal.linkReady(key);
			this.#notices.flush();
			this.#reporter.tell();
		});
		this.#trustKeeper = new TrustKeeper({
			clock,
			system,
			trust: this.#trust,
			isSealed: () => this.#identity.stage === "sealed",
			mayVerify: () => !this.#bolt.driving,
			append: (event) => this.#append(event),
			onChanged: () => this.#trustChanged(),
		});
		this.#link.on("trust", (envelope) => void this.#trustKeeper.take("relay", envelope.message));
		const verbs = new LineVerbs({
			identity: this.#identity,
			trust: this.#trustKeeper,
			crypto,
			firmwareVersion: options.firmwareVersion,
			timeKeeper: this.#timeKeeper,
			report: () => this.#reporter.report(),
			onProvisioned: () => this.#serve(),
		});
		const serial = new SerialLine(platform.serial, clock, {
			onEnvelope: (envelope) => this.#transports.receiveSerial(envelope),
			onVerb: (request) => verbs.answer(request),
			onDropped: (reason) => system.log(`serial: dropped, ${reason}`),
		});
		this.#transports = new Transports(this.#link, serial);
	}

	start(): void {
		const { clock, pins, system } = this.#platform;
		new ButtonDriver(clock, pins, "button", (gesture) => this.#buttonGesture(gesture));
		new ButtonDriver(clock, pins, "exit", (gesture) => {
			if (gesture === "press") this.#bolt.pressExit();
		});
		this.#health.begin();
		const resetReason = system.resetReason();
		this.#append({ kind: "boot", resetReason, firmware: this.#options.firmwareVersion });
		system.log(
			`boot: ${resetReason}, firmware ${this.#options.firmwareVersion}, stage ${this.#identity.stage}`,
		);
		this.#reportFaults();
		this.#pairs.eraseLeftovers();
		this.#countHours();
		this.#serve();
	}

	/** Serves sessions once the board has a serial and keys, and the relay once it has a certificate. Idempotent. */
	#serve(): void {
		const { clock, crypto, keys } = this.#platform;
		const serial = this.#identity.serial;
		if (serial === undefined || this.#resets.isPending) return;
		if (this.#desk === undefined) {
			const noisePublicKey = this.#tryKey(() => keys.publicKey(DEVICE_KEYS.noise));
			if (noisePublicKey === undefined) return;
			const desk = this.#openDesk(serial);
			this.#desk = desk;
			const methods = [
				ikMethod((phoneKey) => this.#grants.lookup(phoneKey) !== undefined),
				qrMethod({
					serial,
					openSetupSecret: () => this.#tryKey<Secret>(() => keys.openSecret(DEVICE_KEYS.setup)),
					isClaimed: () => this.#grants.claimed,
					isWindowOpen: () => this.#window.isOpen,
				}),
			];
			const openStaticKey = (): DhKeyPair | undefined => this.#openStaticKey();
			this.#transports.serve(
				{ crypto, clock, serial, noisePublicKey, methods, openStaticKey },
				{
					onOpened: (session) => desk.open(session),
					onRequest: (session, request) => desk.receive(session, request),
					onEnded: (session, end) => this.#sessionEnded(session, end),
					onRefused: (transport, reason) => this.#refusedStranger(transport, reason),
				},
				() => !this.#bolt.driving,
			);
		}
		if (this.#identity.certificateChain !== undefined && this.#relays().length > 0) {
			this.#link.start();
			this.#link.poke();
		}
	}

	/**
	 * Whom the lock talks to has changed: nothing is resumed, and the link begins anew. One that is ready does so in a while:
	 * the rest of a chain may be on its way, and replies. A further change does not put that off.
	 */
	#relaysChanged(): void {
		const { clock, tls } = this.#platform;
		tls.dropSessions();
		if (this.#link.state !== "ready") return this.#reconnect();
		if (this.#settling !== undefined) return;
		this.#settling = clock.after(LIMITS.trustSettleMs, () => {
			this.#settling = undefined;
			this.#reconnect();
		});
	}

	#reconnect(): void {
		if (this.#resets.isPending) return;
		if (this.#link.state === "idle") this.#serve();
		else this.#link.reconnect();
	}

	#trustChanged(): void {
		this.#reporter.tell();
		this.#timeKeeper.trustChanged();
		this.#relaysChanged();
	}

	#openDesk(serial: string): Desk {
		const { clock, crypto } = this.#platform;
		const sessions = (): readonly Session[] => this.#transports.sessions();
		const shared = { crypto, serial, grants: this.#grants, log: this.#log, sessions };
		return new Desk({
			...shared,
			time: this.#time,
			handlers: new Handlers({
				...shared,
				clock,
				bolt: this.#bolt,
				timeKeeper: this.#timeKeeper,
				report: () => this.#reporter.report(),
				firmwareVersion: this.#options.firmwareVersion,
				startedAtMs: this.#startedAtMs,
				onStopped: () => this.#tellOfBolt(this.#bolt.bolt),
				trust: new TrustCommands({
					clock,
					crypto,
					time: this.#time,
					trust: this.#trust,
					keeper: this.#trustKeeper,
					owner: this.#ownerRelays,
					onRelaysChanged: () => this.#relaysChanged(),
				}),
			}),
			isWindowOpen: () => this.#window.isOpen,
			onClaimed: () => this.#window.close(),
		});
	}

	#relays(): readonly LinkRelay[] {
		return this.#renewal.certificates().flatMap((clientCertificate) =>
			relayList(this.#trust, this.#ownerRelays).map(({ host, port, serverName, roots, scope }) => ({
				host,
				port,
				serverName,
				roots,
				time: this.#time.tlsTime(),
				clientCertificate,
				resumptionScope: scope,
			})),
		);
	}

	#buttonGesture(gesture: Gesture): void {
		if (gesture === "short") this.#window.open();
		else if (gesture === "reset") this.#factoryReset();
	}

	#factoryReset(): void {
		this.#resets.begin({
			tellOwners: () => {
				const serial = this.#identity.serial;
				if (serial === undefined) return;
				const owners = this.#grants.list().filter((grant) => grant.role === "owner");
				this.#notices.tell(serial, NOTICE_RESET, owners);
			},
			shut: () => {
				this.#transports.shut();
				this.#link.stop();
			},
			isSaid: () => this.#link.state === "idle",
		});
	}

	// ---- what the modules report ----

	#boltChanged(bolt: BoltReport, cause: BoltCause): void {
		this.#platform.system.log(`bolt: ${bolt} (${cause})`);
		if (cause !== "command") this.#append({ kind: "bolt", bolt: BOLT_POSITIONS.indexOf(bolt), cause });
		this.#tellOfBolt(bolt);
	}

	#tellOfBolt(bolt: BoltReport): void {
		this.#desk?.notify(EVENT_BOLT, { 0: BOLT_POSITIONS.indexOf(bolt) });
	}

	#boltFault(fault: BoltFault): void {
		this.#platform.system.log(`bolt: fault ${fault}`);
		this.#append({ kind: "fault", code: fault });
	}

	#linkFailed({ stage, reason, relay }: LinkFailure): void {
		this.#health.recordLinkFailure(LINK_FAILURES[reason]);
		const key = ownKey(relay);
		if (key !== undefined) this.#renewal.linkFailed(key, reason);
		this.#timeKeeper.linkFailed({
			dates: reason === "expired" || reason === "not-yet-valid",
			accepted: stage === "upgrading" || stage === "ready",
			judgedAt: relay.time.kind,
		});
	}

	/** A pairing phone that ends without a grant was a stranger. */
	#sessionEnded(session: Session, end: string): void {
		this.#trustKeeper.forget("session", session);
		if (session.grantId === undefined) this.#strangers.add(session.transportName);
		const who = session.grantId === undefined ? "a pairing phone" : `grant ${session.grantId}`;
		this.#platform.system.log(`session: ${who} over ${session.transportName} ended, ${end}`);
	}

	#refusedStranger(transport: string, reason: string): void {
		this.#strangers.add(transport);
		this.#platform.system.log(`session: refused over ${transport}, ${reason}`);
	}

	#countHours(): void {
		this.#platform.clock.after(HOUR_MS, () => {
			this.#strangers.flush(this.#log, this.#hour++);
			this.#health.measure();
			this.#countHours();
		});
	}

	#reportFaults(): void {
		const faults = [...this.#identity.faults, ...this.#pairs.faults, ...this.#grants.faults];
		if (this.#time.fault !== undefined) faults.push(`time-floor-${this.#time.fault}`);
		if (this.#health.fault !== undefined) faults.push(`health-${this.#health.fault}`);
		for (const [name, fault] of [
			["trust", this.#trust.fault],
			["owner-relays", this.#ownerRelays.fault],
		] as const) {
			if (fault !== undefined && fault !== "absent") faults.push(`${name}-${fault}`);
		}
		if (this.#log.unreadable > 0) faults.push(`log-${this.#log.unreadable}-unreadable`);
		for (const code of faults) {
			this.#platform.system.log(`storage: ${code}`);
			this.#append({ kind: "fault", code: code.slice(0, LIMITS.logTextBytes) });
		}
	}

	#openLog(): EventLog {
		const { clock, crypto } = this.#platform;
		return new EventLog(this.#store, (data) => crypto.sha256(data), {
			secondsSinceBoot: () => Math.floor((clock.monotonicMs() - this.#startedAtMs) / 1000),
			unixSeconds: () => this.#unixSeconds(),
		});
	}

	#unixSeconds(): number | undefined {
		const unixMs = this.#time.nowUnixMs();
		return unixMs === undefined ? undefined : Math.floor(unixMs / 1000);
	}

	/** What goes on without the log (I10): its failure is said locally, and nothing waits for it. */
	#append(event: LogEvent): void {
		const appended = this.#log.append(event);
		if (!appended.ok) this.#platform.system.log(`log: ${event.kind} not written, ${appended.reason}`);
	}

	#openStaticKey(): DhKeyPair | undefined {
		return this.#tryKey(() => this.#platform.keys.openKeyPair(DEVICE_KEYS.noise));
	}

	/** A key that cannot be read takes the sessions, not the lock. */
	#tryKey<Value>(open: () => Value): Value | undefined {
		try {
			return open();
		} catch (error) {
			if (!(error instanceof DeviceError)) throw error;
			this.#platform.system.log(`key: ${error.message}`);
			return undefined;
		}
	}
}

/** Of the key store, with which the lock came to this relay. */
function ownKey({ clientCertificate }: LinkRelay): string | undefined {
	const key = clientCertificate?.key;
	return key !== undefined && "name" in key ? key.name : undefined;
}
