/**
 * A lock's renewal under the test's hand: its records, its key store, a link that connects with the first certificate that
 * the relay takes, and a relay that issues. Everything is synchronous; a power cut anywhere ends the boot.
 */
import { Renewal } from "../../modules/app/renewal.ts";
import { Identity } from "../../modules/identity/identity.ts";
import { OPERATIONAL_KEYS, OperationalPairs } from "../../modules/identity/operational-pairs.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { TlsTime } from "../../modules/platform/tls.ts";
import { Store } from "../../modules/store/store.ts";
import { decodeCertificate } from "../../modules/trust/certificate.ts";
import { DER, DerReader } from "../../modules/trust/der.ts";
import type { RenewalEnvelope } from "../../modules/wire/envelope.ts";
import type { CertificateParts } from "../unit/trust/certificates.ts";
import { SimAuthority } from "./device-authority.ts";
import { SimKeys } from "./keys.ts";
import { PowerCut } from "./power.ts";
import { SimStorage } from "./storage.ts";
import { SimClock, SimTime } from "./time.ts";

export const RENEWAL_SERIAL = "LK-RENEW-1";

/** Whether the relay takes a certificate, by its key's name in the lock. */
export type Admission = (name: string) => boolean;

export class RenewalRig {
	readonly crypto: TestCrypto;
	readonly time = new SimTime();
	readonly root: SimAuthority;
	readonly issuer: SimAuthority;
	readonly requests: RenewalEnvelope[] = [];
	readonly log: string[] = [];
	readonly renewed: number[] = [];
	/** Names of the keys with which the link was ready, oldest first. */
	readonly connections: string[] = [];
	storage: SimStorage;
	trustedTime: TlsTime = { unixMs: Date.UTC(2026, 0, 2), kind: "estimate" };
	admit: Admission = () => true;
	mayBegin = true;
	roots: readonly Uint8Array[];
	#renewal: Renewal | undefined;
	#clock: SimClock | undefined;
	#connected: string | undefined;
	#again = false;

	constructor(crypto: TestCrypto, storage?: SimStorage) {
		this.crypto = crypto;
		this.root = SimAuthority.root(crypto, 1);
		this.issuer = this.root.intermediate(2);
		this.roots = [this.root.certificate];
		this.storage = storage ?? RenewalRig.factoryRecords(crypto);
	}

	/** A board as the line leaves it: factory key, certificate. */
	static factoryRecords(crypto: TestCrypto): SimStorage {
		const storage = new SimStorage();
		const keys = new SimKeys(crypto, storage);
		const identity = new Identity(new Store(storage), keys, { current: {} } as never);
		const begun = identity.begin(RENEWAL_SERIAL, "sim");
		if (!begun.ok) throw new Error(begun.reason);
		const leaf = SimAuthority.root(crypto, 1).device(RENEWAL_SERIAL, identity.keyP256!);
		const installed = identity.install([leaf]);
		if (!installed.ok) throw new Error(installed.reason);
		return storage;
	}

	get renewal(): Renewal {
		return this.#renewal!;
	}

	/** Starts over from the records; what was left of the former boot is gone. */
	boot(): void {
		this.#clock?.stop();
		this.storage = this.storage.reboot();
		this.#connected = undefined;
		this.#clock = new SimClock(this.time, (run) => this.run(run));
		const store = new Store(this.storage);
		const keys = new SimKeys(this.crypto, this.storage);
		const pairs = new OperationalPairs(store, keys);
		pairs.eraseLeftovers();
		this.#renewal = new Renewal({
			clock: this.#clock,
			crypto: this.crypto,
			keys,
			system: { log: (line) => this.log.push(line) },
			identity: new Identity(store, keys, { current: {} } as never),
			pairs,
			time: () => this.trustedTime,
			floorMs: () => (this.trustedTime.kind === "floor" ? this.trustedTime.unixMs : 0),
			relays: () => ["the relay"],
			deviceRoots: () => this.roots,
			send: (envelope) => {
				this.requests.push(envelope);
				return this.#connected !== undefined;
			},
			reconnect: () => {
				this.#again = true;
			},
			mayBegin: () => this.mayBegin,
			onRenewed: (notAfterMs) => this.renewed.push(notAfterMs),
		});
	}

	/** Firmware code that a power cut may end. True: it went on to its end. */
	run(code: () => void): boolean {
		try {
			code();
			return true;
		} catch (error) {
			if (!(error instanceof PowerCut)) throw error;
			return false;
		}
	}

	/** Connects, as often as the lock asks for it: with the first certificate that the relay takes. */
	connect(): void {
		for (let round = 0; round < 8; round++) {
			this.#again = false;
			this.#down();
			for (const { key } of this.renewal.certificates()) {
				const { name } = key as { readonly name: string };
				if (!this.admit(name)) {
					this.renewal.refused(name, "the relay");
					continue;
				}
				this.#connected = name;
				this.connections.push(name);
				this.renewal.linkReady(name);
				break;
			}
			if (!this.#again) return;
		}
		throw new Error(`the lock does not stop connecting\n${this.log.join("\n")}`);
	}

	/** The relay's answer to the last request; then whatever connection follows. */
	answer(parts: CertificateParts = {}): void {
		this.#again = false;
		this.renewal.receive({ kind: "certificate", chain: this.issue(parts) });
		if (this.#again) this.connect();
	}

	refuse(): void {
		this.renewal.receive({ kind: "certificate", chain: undefined });
	}

	/** A chain for the key of the last request. */
	issue(parts: CertificateParts = {}): readonly Uint8Array[] {
		const key = requestedKey(this.requests.at(-1)!.csr);
		return [this.issuer.device(RENEWAL_SERIAL, key, parts), this.issuer.certificate];
	}

	/** Key names whose pair works: certificate and key belong together, under the root. */
	workingKeys(): readonly string[] {
		const keys = new SimKeys(this.crypto, this.storage);
		return this.renewal.certificates().flatMap(({ chain, key }) => {
			const { name } = key as { readonly name: string };
			const leaf = decodeCertificate(chain[0]!);
			const own = keys.kindOf(name) === "p256" ? keys.publicKey(name) : new Uint8Array(0);
			return leaf?.keyP256 !== undefined && this.crypto.equal(leaf.keyP256, own) ? [name] : [];
		});
	}

	/** Operational keys that lie in flash. */
	storedKeys(): readonly string[] {
		return OPERATIONAL_KEYS.filter((name) => this.storage.peek("keys", name) !== undefined);
	}

	#down(): void {
		if (this.#connected === undefined) return;
		this.#connected = undefined;
		this.renewal.linkDown();
	}
}

/** The key inside a request. */
export function requestedKey(csr: Uint8Array): Uint8Array {
	const info = new DerReader(csr).enter(DER.sequence)?.enter(DER.sequence);
	info?.read(DER.integer);
	info?.read(DER.sequence);
	const key = info?.enter(DER.sequence);
	key?.read(DER.sequence);
	return key!.read(DER.bitString)!.slice(1);
}
