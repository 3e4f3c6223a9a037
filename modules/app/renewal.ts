/**
 * The lock's operational certificate at work (DESIGN 7, PROTOCOL 8.1): offers the link its certificates in order, hears
 * what became of each, asks the relay for a new one when that is due, and takes only what is this lock's. One request at
 * a time, LIMITS.renewalAnswerMs for its answer, LIMITS.renewalRetryMs with jitter between two.
 *
 * The rules are identity/credential-state, what is kept identity/operational-pairs, who may be an issuer
 * trust/device-chain. Whatever fails here leaves the lock with the certificates that it had (T12), and the door alone (I10).
 */
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import {
	type Credential,
	type CredentialEvent,
	type CredentialState,
	candidates,
	freeSlot,
	isRenewalDue,
	isTrialOver,
	type KeySlot,
	renewalDueMs,
	stepCredentials,
} from "../identity/credential-state.ts";
import { DEVICE_KEYS, type Identity } from "../identity/identity.ts";
import { OPERATIONAL_KEYS, type OperationalPairs } from "../identity/operational-pairs.ts";
import { buildRenewalRequest } from "../identity/renewal-request.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { KeyName, KeyStore } from "../platform/keys.ts";
import type { System } from "../platform/system.ts";
import type { TlsClientCertificate, TlsTime } from "../platform/tls.ts";
import { verifyDeviceChain } from "../trust/device-chain.ts";
import type { CertificateEnvelope, RenewalEnvelope } from "../wire/envelope.ts";

export interface RenewalOptions {
	readonly clock: Clock;
	readonly crypto: Pick<Crypto, "verifyP256" | "random">;
	readonly keys: KeyStore;
	readonly system: Pick<System, "log">;
	readonly identity: Identity;
	readonly pairs: OperationalPairs;
	readonly time: () => TlsTime;
	readonly floorMs: () => number;
	/** Names of the relays that the link goes to, each once. */
	readonly relays: () => readonly string[];
	/** Who may issue a device's certificate; DER. */
	readonly deviceRoots: () => readonly Uint8Array[];
	/** False: the link did not take it. */
	readonly send: (envelope: RenewalEnvelope) => boolean;
	/** The link begins anew, from the first candidate on. */
	readonly reconnect: () => void;
	/** False while the bolt drives: no key is made then (DESIGN 10). */
	readonly mayBegin: () => boolean;
	/** A new certificate serves from now on. */
	readonly onRenewed: (notAfterMs: number) => void;
}

interface Asked {
	readonly slot: KeySlot;
	readonly publicKey: Uint8Array;
	readonly deadline: Timer;
}

export class Renewal {
	readonly #options: RenewalOptions;
	readonly #allowance: TokenBucket;
	/** What follows a correction of the time at once, beside the ordinary. */
	readonly #corrections: TokenBucket;
	/** What the monotonic clock lacked when the time was last set. */
	#offsetMs: number | undefined;
	/** The last certificate that came was refused for its dates alone. */
	#datesRefused = false;
	#state: CredentialState;
	/** With what the present link came; undefined: there is none. */
	#connectedAs: Credential | undefined;
	#asked: Asked | undefined;
	#look: Timer | undefined;

	constructor(options: RenewalOptions) {
		this.#options = options;
		this.#state = options.pairs.found;
		const perMinute = 60000 / LIMITS.renewalRetryMs;
		const nowMs = options.clock.monotonicMs();
		this.#allowance = new TokenBucket(LIMITS.renewalsBurst, perMinute, nowMs);
		this.#corrections = new TokenBucket(LIMITS.renewalsBurst, perMinute, nowMs);
	}

	/** With which kind of certificate the present link came, for the report (PROTOCOL 12). */
	get connectedAs(): "factory" | "operational" | undefined {
		if (this.#connectedAs === undefined) return undefined;
		return this.#connectedAs === "factory" ? "factory" : "operational";
	}

	/** For the link, in the order to try them; none while the factory line has not installed one. */
	certificates(): readonly TlsClientCertificate[] {
		const found: TlsClientCertificate[] = [];
		for (const credential of candidates(this.#state, this.#options.floorMs())) {
			const chain = this.#chainOf(credential);
			if (chain !== undefined) found.push({ chain, key: { name: this.#keyOf(credential) } });
		}
		return found;
	}

	/** The link is ready, and came with the certificate of this key. */
	linkReady(key: KeyName): void {
		const credential = this.#credentialOf(key);
		if (credential === undefined) return;
		const trial = credential === "trial" ? this.#state.trial : undefined;
		this.#connectedAs = credential;
		const kept = this.#step({ kind: "ready", credential });
		if (trial !== undefined && kept) {
			this.#connectedAs = "current";
			this.#options.onRenewed(trial.notAfterMs);
		}
		// A trial that flash did not take as the current pair stays one; its link serves all the same.
		if (kept) this.#consider(false);
	}

	/** A relay, by its name, refused the certificate of this key (isRefusal in modules/link). */
	refused(key: KeyName, relay: string): void {
		const credential = this.#credentialOf(key);
		if (credential === undefined) return;
		this.#log(`the ${credential} certificate is refused by ${relay}`);
		this.#step({ kind: "refused", credential, relay, relays: this.#options.relays() });
	}

	/** The time is another: what was judged by the former one is judged anew, and at once. */
	timeSet(): void {
		const { clock, floorMs, time } = this.#options;
		const before = this.#offsetMs;
		this.#offsetMs = time().unixMs - clock.monotonicMs();
		if (before === undefined || Math.abs(this.#offsetMs - before) <= LIMITS.timeContradictionMs) return;
		if (this.#connectedAs === undefined || this.#asked !== undefined) return;
		if (this.#connectedAs === "factory" && candidates(this.#state, floorMs())[0] !== "factory") {
			if (this.#corrections.take(clock.monotonicMs())) this.#step({ kind: "retry" });
			return;
		}
		if (this.#datesRefused) this.#consider(false, this.#corrections);
	}

	linkDown(): void {
		this.#connectedAs = undefined;
		this.#asked?.deadline.cancel();
		this.#asked = undefined;
		this.#look?.cancel();
		this.#look = undefined;
	}

	receive(envelope: CertificateEnvelope): void {
		const asked = this.#asked;
		if (asked === undefined) return this.#log("a certificate that nobody asked for");
		asked.deadline.cancel();
		this.#asked = undefined;
		const refusal = this.#take(asked, envelope.chain);
		this.#datesRefused = refusal === "expired" || refusal === "not-yet-valid";
		if (refusal === undefined) return;
		this.#log(`no new certificate: ${refusal}`);
		this.#options.pairs.eraseKey(asked.slot);
		this.#lookAfter(this.#retryMs());
	}

	/** Undefined when the certificate is on trial from now on; else why not. */
	#take({ slot, publicKey }: Asked, chain: readonly Uint8Array[] | undefined): string | undefined {
		const { crypto, deviceRoots, identity, time } = this.#options;
		const serial = identity.serial;
		if (chain === undefined || serial === undefined) return "the relay refuses";
		const leaf = verifyDeviceChain(crypto, chain, {
			serial,
			keyP256: publicKey,
			roots: deviceRoots(),
			time: time(),
		});
		if (!leaf.ok) return leaf.reason;
		const { notBeforeMs, notAfterMs } = leaf.value;
		const pair = { slot, chain, notBeforeMs, notAfterMs };
		return this.#step({ kind: "issued", pair }) ? undefined : "storage";
	}

	/** Asks when it is due, or looks again later. again: the time for a repetition has come. */
	#consider(again: boolean, allowance = this.#allowance): void {
		const { floorMs, mayBegin, pairs, time } = this.#options;
		const now = { floorMs: floorMs(), nowMs: time().unixMs };
		if (isTrialOver(this.#state, now.floorMs)) this.#step({ kind: "over" });
		const connectedAs = this.#connectedAs;
		if (connectedAs === undefined || this.#asked !== undefined) return;
		// A trial that was of no use an hour ago may be of use now.
		if (again && this.#state.trial !== undefined && mayBegin()) {
			this.#step({ kind: "retry" });
			return;
		}
		if (!isRenewalDue(this.#state, connectedAs, now)) return this.#lookAfter(this.#untilDueMs(time()));
		if (!pairs.writable) return this.#lookAfter(this.#retryMs());
		if (!mayBegin()) return this.#lookAfter(LIMITS.renewalLookMs);
		// An operational certificate that was of no use an hour ago may be of use now.
		if (again && connectedAs === "factory" && candidates(this.#state, now.floorMs)[0] !== "factory") {
			this.#step({ kind: "retry" });
			return;
		}
		const failed = this.#ask(allowance);
		if (failed === undefined) return;
		this.#log(`no certificate was asked for: ${failed}`);
		this.#lookAfter(this.#retryMs());
	}

	/** Undefined when the request is on its way; else why not. */
	#ask(allowance: TokenBucket): string | undefined {
		const { clock, deviceRoots, identity, keys, pairs, send } = this.#options;
		const serial = identity.serial;
		if (serial === undefined || deviceRoots().length === 0) return "no device root";
		if (!allowance.take(clock.monotonicMs())) return "asked too often";
		const slot = freeSlot(this.#state);
		const publicKey = pairs.makeKey(slot);
		if (publicKey === undefined) return "no new key";
		const sign = (name: KeyName) => (message: Uint8Array) => keys.sign(name, message);
		const request = attempt(() =>
			buildRenewalRequest(
				serial,
				{ publicKey, sign: sign(OPERATIONAL_KEYS[slot]) },
				sign(DEVICE_KEYS.device),
			),
		);
		if (!request.ok) return request.reason;
		if (!send({ kind: "renewal", ...request.value })) return "the link takes nothing";
		const deadline = clock.after(LIMITS.renewalAnswerMs, () => {
			this.#asked = undefined;
			this.#log("no answer to the request for a certificate");
			this.#lookAfter(this.#retryMs());
		});
		this.#asked = { slot, publicKey, deadline };
		return undefined;
	}

	/** False when flash refused: the old state stands, and what would have followed does not. */
	#step(event: CredentialEvent): boolean {
		const { floorMs, pairs, reconnect } = this.#options;
		const { state, effects } = stepCredentials(this.#state, event, floorMs());
		if (effects.some((effect) => effect.kind === "keep") && !pairs.keep(state)) {
			this.#log(`not kept, flash refuses: ${event.kind}`);
			return false;
		}
		this.#state = state;
		for (const effect of effects) {
			if (effect.kind === "erase-key") pairs.eraseKey(effect.slot);
			if (effect.kind === "reconnect") reconnect();
		}
		return true;
	}

	#lookAfter(delayMs: number): void {
		if (this.#connectedAs === undefined) return;
		this.#look?.cancel();
		this.#look = this.#options.clock.after(Math.ceil(delayMs), () => this.#consider(true));
	}

	/** While time is not known its floor may rise; while there is a trial it is tried again. */
	#untilDueMs(now: TlsTime): number {
		const { current, trial } = this.#state;
		if (current === undefined || trial !== undefined || now.kind === "floor") return this.#retryMs();
		const leftMs = renewalDueMs(current) - now.unixMs;
		return Math.max(LIMITS.renewalLookMs, Math.min(leftMs, this.#retryMs()));
	}

	/** From once to one and a half times LIMITS.renewalRetryMs: locks that lost power together do not ask together. */
	#retryMs(): number {
		const [high = 0, low = 0] = this.#options.crypto.random(2);
		return LIMITS.renewalRetryMs * (1 + (high * 256 + low) / 131072);
	}

	#chainOf(credential: Credential): readonly Uint8Array[] | undefined {
		return credential === "factory"
			? this.#options.identity.certificateChain
			: this.#state[credential]?.chain;
	}

	#keyOf(credential: Credential): KeyName {
		if (credential === "factory") return DEVICE_KEYS.device;
		return OPERATIONAL_KEYS[this.#state[credential]!.slot];
	}

	#credentialOf(key: KeyName): Credential | undefined {
		if (key === DEVICE_KEYS.device) return "factory";
		const { current, trial } = this.#state;
		if (trial !== undefined && key === OPERATIONAL_KEYS[trial.slot]) return "trial";
		return current !== undefined && key === OPERATIONAL_KEYS[current.slot] ? "current" : undefined;
	}

	#log(line: string): void {
		this.#options.system.log(`certificate: ${line}`);
	}
}
