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
import type { Firmware } from "../base/version.ts";
import { DEVICE_KEYS, Identity } from "../identity/identity.ts";
import { OperationalPairs } from "../identity/operational-pairs.ts";
import { type BoltConfig, DEFAULT_BOLT } from "../lock/bolt-config.ts";
import { BoltDriver } from "../lock/bolt-driver.ts";
import type { BoltCause, BoltFault, BoltReport } from "../lock/bolt-state.ts";
import type { Gesture } from "../lock/button.ts";
import { ButtonDriver } from "../lock/button-driver.ts";
import { EventLog } from "../log/event-log.ts";
import { StrangerCounts } from "../log/strangers.ts";
import { qrMethod } from "../pairing/responder.ts";
import type { DhKeyPair, Secret } from "../platform/crypto.ts";
import type { Platform } from "../platform/platform.ts";
import { ikMethod } from "../session/method.ts";
import type { Session } from "../session/session.ts";
import { FactoryReset } from "../store/reset.ts";
import { Store } from "../store/store.ts";
import { TrustedTime } from "../time/trusted-time.ts";
import { OwnerRelays } from "../trust/owner-relays.ts";
import { TrustStore } from "../trust/trust-store.ts";
import { BOLT_POSITIONS, EVENT_BOLT } from "../wire/command.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import { NOTICE_RESET } from "../wire/notice.ts";
import { Desk } from "./desk.ts";
import { namesOfFaults } from "./faults.ts";
import { Handlers } from "./handlers.ts";
import { Health } from "./health.ts";
import { LineVerbs } from "./line-verbs.ts";
import { LocalSide } from "./local-side.ts";
import { Notices } from "./notices.ts";
import { RecoveryLine } from "./recovery-line.ts";
import { RecoveryMode } from "./recovery-mode.ts";
import { RelaySide } from "./relay-side.ts";
import { ResetKeeper } from "./reset-keeper.ts";
import { SelfTest } from "./self-test.ts";
import { SerialLine } from "./serial-line.ts";
import { Transports } from "./transports.ts";
import { TrustCommands } from "./trust-commands.ts";
import { runsOnTrial } from "./update-host.ts";
import { UpdateSide } from "./update-side.ts";
import { WindowKeeper } from "./window-keeper.ts";

export interface AppOptions {
	readonly firmware: Firmware;
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
	readonly #health: Health;
	readonly #identity: Identity;
	readonly #pairs: OperationalPairs;
	readonly #grants: Grants;
	readonly #startedAtMs: number;
	#log: EventLog;
	readonly #strangers = new StrangerCounts();
	readonly #bolt: BoltDriver;
	readonly #selfTest: SelfTest;
	readonly #relaySide: RelaySide;
	readonly #transports: Transports;
	readonly #notices: Notices;
	readonly #window: WindowKeeper;
	readonly #updates: UpdateSide;
	readonly #localSide: LocalSide;
	/** No link and no sessions before it is over (docs/UPDATE.md 10). */
	readonly #recovery: RecoveryMode;
	#hour = 0;
	/** Once sessions are served. */
	#desk: Desk | undefined;

	constructor(platform: Platform, options: AppOptions) {
		const { clock, crypto, keys, storage, system } = platform;
		this.#platform = platform;
		this.#options = options;
		this.#store = new Store(storage, () => runsOnTrial(platform.slots));
		this.#resets = new ResetKeeper({
			clock,
			system,
			reset: new FactoryReset(this.#store, platform.forgetWifi),
			onErased: () => {
				this.#log = this.#openLog();
				this.#append({ kind: "reset" });
			},
			onReboot: () => this.#health.flush(),
		});
		this.#health = new Health(this.#store, clock, system);
		this.#time = new TrustedTime(this.#store, clock, system.buildUnixMs, !runsOnTrial(platform.slots));
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
			onChanged: (opened) => {
				this.#append({ kind: "window", opened });
				this.#localSide.refresh();
			},
		});
		this.#localSide = new LocalSide({
			platform,
			store: this.#store,
			isClaimed: () => this.#grants.claimed,
			departed: () => this.#grants.departed,
			isWindowOpen: () => this.#window.isOpen,
			openSetupSecret: () => this.#openSetupSecret(),
		});
		this.#selfTest = new SelfTest({
			platform,
			mayDrive: () => !this.#grants.claimed && !this.#bolt.driving && this.#identity.stage !== "sealed",
		});
		const { pins, drive } = platform;
		const ports = { clock, pins, drive, isTaken: () => this.#selfTest.drives };
		this.#bolt = new BoltDriver(ports, options.bolt ?? DEFAULT_BOLT, {
			onChanged: (bolt, cause) => this.#boltChanged(bolt, cause),
			onFault: (fault) => this.#boltFault(fault),
			onIdle: () => {
				this.#transports.resume();
				this.#updates.wake();
			},
		});
		this.#relaySide = new RelaySide({
			platform,
			firmwareVersion: options.firmware.version,
			time: this.#time,
			trust: this.#trust,
			ownerRelays: this.#ownerRelays,
			identity: this.#identity,
			pairs: this.#pairs,
			health: this.#health,
			mayWork: () => !this.#bolt.driving,
			isOver: () => this.#resets.isPending,
			append: (event) => this.#append(event),
			onTrustChanged: () => this.#updates.revise(),
			onReady: () => this.#notices.flush(),
		});
		this.#notices = new Notices({
			store: this.#store,
			crypto,
			openStaticKey: () => this.#openStaticKey(),
			unixSeconds: () => this.#unixSeconds(),
			send: (address, sealed) => this.#relaySide.link.send({ kind: "notice", address, sealed }),
		});
		this.#updates = new UpdateSide({
			platform,
			store: this.#store,
			time: this.#time,
			trust: this.#trust,
			identity: this.#identity,
			firmware: options.firmware,
			link: this.#relaySide.link,
			boots: () => this.#health.boots,
			mayWork: () => !this.#bolt.driving,
			openSessions: () => this.#transports.sessions().length,
			append: (event) => this.#append(event),
			onReboot: () => this.#health.flush(),
		});
		const line = {
			identity: this.#identity,
			trust: this.#relaySide.trustKeeper,
			firmwareVersion: options.firmware.version,
			updates: this.#updates.verbs,
		};
		const recoveryVerbs = new RecoveryLine(line);
		this.#recovery = new RecoveryMode({
			clock,
			pins: platform.pins,
			system,
			onEntered: () => this.#appendRecovery("recovery-entered"),
			onOver: (wasOn) => {
				if (wasOn) this.#appendRecovery("recovery-left");
				this.#serve();
			},
		});
		const verbs = new LineVerbs({
			...line,
			crypto,
			timeKeeper: this.#relaySide.timeKeeper,
			selfTest: this.#selfTest,
			report: () => this.#relaySide.report(),
			onProvisioned: () => {
				this.#updates.revise();
				this.#serve();
			},
		});
		const serial = new SerialLine(platform.serial, clock, {
			onEnvelope: (envelope) => this.#transports.receiveSerial(envelope),
			onVerb: (request) => {
				this.#recovery.heard();
				return (this.#recovery.isOn ? recoveryVerbs : verbs).answer(request);
			},
			onDropped: (reason) => system.log(`serial: dropped, ${reason}`),
		});
		this.#transports = new Transports({
			link: this.#relaySide.link,
			serial,
			listener: platform.listener,
			radio: platform.radio,
			clock,
			log: (line) => system.log(line),
		});
	}

	start(): void {
		const { clock, pins, system } = this.#platform;
		new ButtonDriver(clock, pins, "button", (gesture) => this.#buttonGesture(gesture));
		new ButtonDriver(clock, pins, "exit", (gesture) => {
			if (gesture === "press") this.#bolt.pressExit();
		});
		this.#health.begin();
		const resetReason = system.resetReason();
		this.#append({ kind: "boot", resetReason, firmware: this.#options.firmware.version });
		system.log(
			`boot: ${resetReason}, firmware ${this.#options.firmware.version}, stage ${this.#identity.stage}`,
		);
		this.#reportFaults();
		this.#identity.mendSeal();
		this.#pairs.eraseLeftovers();
		if (!this.#resets.isPending) this.#localSide.joinWifi();
		this.#countHours();
		this.#updates.start();
		this.#recovery.ask();
	}

	/** Serves sessions once the board has a serial and keys, and the relay once it has a certificate. Idempotent. */
	#serve(): void {
		const { clock, crypto, keys } = this.#platform;
		const serial = this.#identity.serial;
		if (serial === undefined || !this.#recovery.isOver || this.#resets.isPending) return;
		if (this.#desk === undefined) {
			const noisePublicKey = this.#tryKey(() => keys.publicKey(DEVICE_KEYS.noise));
			if (noisePublicKey === undefined) return;
			const desk = this.#openDesk(serial);
			this.#desk = desk;
			const methods = [
				ikMethod((phoneKey) => this.#grants.lookup(phoneKey) !== undefined),
				qrMethod({
					serial,
					openSetupSecret: () => this.#openSetupSecret(),
					isClaimed: () => this.#grants.claimed,
					isWindowOpen: () => this.#window.isOpen,
				}),
			];
			const openStaticKey = (): DhKeyPair | undefined => this.#openStaticKey();
			this.#transports.serve(
				{ crypto, clock, serial, noisePublicKey, methods, openStaticKey },
				{
					onOpened: (session) => {
						const isOpen = desk.open(session);
						if (isOpen) this.#updates.sessionOpened();
						return isOpen;
					},
					onRequest: (session, request) => desk.receive(session, request),
					onEnded: (session, end) => this.#sessionEnded(session, end),
					onRefused: (transport, reason) => this.#refusedStranger(transport, reason),
				},
				() => !this.#bolt.driving,
			);
			this.#localSide.advertise();
		}
		this.#relaySide.start();
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
				timeKeeper: this.#relaySide.timeKeeper,
				report: () => this.#relaySide.report(),
				firmwareVersion: this.#options.firmware.version,
				startedAtMs: this.#startedAtMs,
				onStopped: () => this.#tellOfBolt(this.#bolt.bolt),
				updates: this.#updates.commands,
				local: this.#localSide.commands,
				onRemoved: () => this.#localSide.phoneRemoved(),
				trust: new TrustCommands({
					clock,
					crypto,
					time: this.#time,
					trust: this.#trust,
					keeper: this.#relaySide.trustKeeper,
					owner: this.#ownerRelays,
					onRelaysChanged: () => this.#relaySide.relaysChanged(),
				}),
			}),
			isWindowOpen: () => this.#window.isOpen,
			onClaimed: () => {
				this.#window.close();
				this.#localSide.refresh();
			},
			onRequest: (command) => this.#updates.wanted(command),
		});
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
				this.#localSide.fallSilent();
				this.#relaySide.link.stop();
			},
			isSaid: () => this.#relaySide.link.state === "idle",
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

	/** A pairing phone that ends without a grant was a stranger. */
	#sessionEnded(session: Session, end: string): void {
		this.#relaySide.trustKeeper.forget("session", session);
		this.#updates.sessionEnded(session);
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
		const faults = namesOfFaults({
			lists: [this.#identity.faults, this.#pairs.faults, this.#grants.faults, this.#updates.faults],
			records: {
				"time-floor": this.#time.fault,
				health: this.#health.fault,
				trust: this.#trust.fault,
				"owner-relays": this.#ownerRelays.fault,
				...this.#localSide.faults,
			},
			unreadableEntries: this.#log.unreadable,
		});
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

	#appendRecovery(step: "recovery-entered" | "recovery-left"): void {
		this.#append({ kind: "update", sequence: this.#options.firmware.sequence, step });
	}

	#openStaticKey(): DhKeyPair | undefined {
		return this.#tryKey(() => this.#platform.keys.openKeyPair(DEVICE_KEYS.noise));
	}

	#openSetupSecret(): Secret | undefined {
		return this.#tryKey<Secret>(() => this.#platform.keys.openSecret(DEVICE_KEYS.setup));
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
