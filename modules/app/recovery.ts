/**
 * The recovery program (docs/UPDATE.md 10): runs where neither slot boots, is no update's target, and brings back a release that a threshold
 * signed, over the serial line alone. It never drives an output: a lock that has come so far opens from the inside by its
 * mechanics. Identity, trust, seal and floors are what the records say; it changes none of them but by the rules of every update.
 *
 * It is of no release itself (sequence 0), so that the release of the floor may come again; freshness is not asked of it.
 */
import type { Firmware } from "../base/version.ts";
import { Identity } from "../identity/identity.ts";
import { EventLog } from "../log/event-log.ts";
import type { Platform } from "../platform/platform.ts";
import { Store } from "../store/store.ts";
import { TrustedTime } from "../time/trusted-time.ts";
import { TrustStore } from "../trust/trust-store.ts";
import type { LogEvent } from "../wire/log-entry.ts";
import { RecoveryLine } from "./recovery-line.ts";
import { SerialLine } from "./serial-line.ts";
import { TrustKeeper } from "./trust-keeper.ts";
import { UpdateCore } from "./update-core.ts";
import { UpdateVerbs } from "./update-verbs.ts";

/** No network, no pins, no drive. */
export type RecoveryPlatform = Pick<
	Platform,
	"clock" | "crypto" | "keys" | "storage" | "serial" | "system" | "slots" | "inflate"
>;

export class Recovery {
	readonly #platform: RecoveryPlatform;
	readonly #core: UpdateCore;
	readonly #identity: Identity;

	/** `firmware`: whose it is, and of which version; its numbers are those of a release that this is none of. */
	constructor(platform: RecoveryPlatform, firmware: Firmware) {
		const { clock, crypto, keys, storage, system, serial } = platform;
		// No slot runs: nothing is on trial.
		const store = new Store(storage);
		// Of no release: what it says of the time raises nothing.
		const time = new TrustedTime(store, clock, system.buildUnixMs, false);
		const trust = new TrustStore(store, time, crypto);
		const identity = new Identity(store, keys, trust);
		const startedAtMs = clock.monotonicMs();
		const log = new EventLog(store, (data) => crypto.sha256(data), {
			secondsSinceBoot: () => Math.floor((clock.monotonicMs() - startedAtMs) / 1000),
			unixSeconds: () => undefined,
		});
		const append = (event: LogEvent): void => {
			const appended = log.append(event);
			if (!appended.ok) system.log(`log: ${event.kind} not written, ${appended.reason}`);
		};
		const name = `recovery ${firmware.version}`;
		this.#platform = platform;
		this.#identity = identity;
		this.#core = new UpdateCore({
			...platform,
			store,
			time,
			trust,
			identity,
			firmware: { ...firmware, version: name, sequence: 0, securityVersion: 0 },
			isRecovery: true,
			hardwareClass: () => identity.hardwareClass,
			mayWork: () => true,
			isReachable: () => false,
			isBoltReadable: () => true,
			hasReached: () => false,
			boots: () => 0,
			append,
			onReboot: () => undefined,
		});
		const line = new RecoveryLine({
			identity,
			firmwareVersion: name,
			updates: new UpdateVerbs(this.#core),
			trust: new TrustKeeper({
				clock,
				system,
				trust,
				isSealed: () => identity.stage === "sealed",
				mayVerify: () => true,
				append,
				onChanged: () => this.#core.keeper.revise(),
			}),
		});
		new SerialLine(serial, clock, {
			// There are no sessions here.
			onEnvelope: () => undefined,
			onVerb: (request) => line.answer(request),
			onDropped: (reason) => system.log(`serial: dropped, ${reason}`),
		});
	}

	start(): void {
		const { system } = this.#platform;
		system.log(`recovery: no slot boots, stage ${this.#identity.stage}; the serial line takes a release`);
		for (const fault of [...this.#identity.faults, ...this.#core.faults]) system.log(`storage: ${fault}`);
		this.#core.start();
	}
}
