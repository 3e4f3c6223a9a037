/**
 * Who this board is (DESIGN 7, PROTOCOL 6 and 8): serial, hardware class, keys, certificate chain, and how far the
 * factory line got. Every verb may be repeated; each fact is one record, so a line that was interrupted goes on where
 * it was. The seal is one-way: nothing here removes it, a factory reset neither.
 *
 * A seal that was lost opens nothing (T14). The factory's verbs are there for a board on which nothing of a line is, and for one
 * that holds the line's own record, which is written before anything else and erased by the seal. So one record that rots,
 * or a partition that somebody erased, leaves a sealed board. What flash does not say at a boot seals the board for that boot,
 * and nothing is put on record for it: the next boot may read what this one could not.
 *
 * It verifies that an installed certificate is this board's own; who issued it is for the relay to judge. It never
 * holds a private key: signatures and the setup secret stay behind the key store.
 */
import { bytesEqual } from "../base/bytes.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Secret } from "../platform/crypto.ts";
import type { KeyKind, KeyName, KeyStore } from "../platform/keys.ts";
import { RECORDS } from "../store/records.ts";
import type { ReadReason, Store } from "../store/store.ts";
import { decodeCertificate } from "../trust/certificate.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { LineStage } from "../wire/line-verb.ts";
import { asSerial } from "../wire/names.ts";
import { encodeCsr } from "./csr.ts";
import {
	CERTIFICATE_CODEC,
	DEVICE_CODEC,
	type Device,
	isHardwareClass,
	LINE_CODEC,
	SEAL_CODEC,
} from "./records.ts";

/** The keys a device makes at `begin`, by their names in the key store. */
export const DEVICE_KEYS = Object.freeze({
	/** P-256: TLS client authentication and requests for certificates. */
	device: "device",
	/** X25519: the Noise key, which only the label shows. */
	noise: "noise",
	/** 16 bytes, on the label. */
	setup: "setup",
} as const);

const SETUP_SECRET_BYTES = 16;

export type IdentityReason =
	| "sealed"
	| "conflict" // begun with another serial or hardware class
	| "malformed"
	| "out-of-order" // a verb whose predecessor is not done
	| "certificate-refused" // not this board's own client certificate
	| "storage"; // flash or the key store refused; the verb may be repeated

export interface BeginResult {
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	/** The Noise public key. */
	readonly key25519: Uint8Array;
}

/** Of a line that was here once, in one record. Doubtful: flash would not say. */
type Trace = "none" | "seen" | "doubtful";

export class Identity {
	readonly #store: Store;
	readonly #keys: KeyStore;
	readonly #trust: TrustStore;
	/** What could not be read, as "record-reason", for the caller to log once. */
	readonly faults: readonly string[];
	#device: Device | undefined;
	#chain: readonly Uint8Array[] | undefined;
	#sealed: boolean;
	/** A line has begun: its record reads. */
	#lineOpen: boolean;
	/** What the boot found of the line's record. */
	readonly #lineFound: ReadReason | "there";
	/** Somebody's board, or one that may be, on which neither the seal nor the line's record is. */
	readonly #sealLost: boolean;
	/** Whether a seal is there was said, and where one is missing something was seen that shows that one was. */
	readonly #sealKnown: boolean;

	constructor(store: Store, keys: KeyStore, trust: TrustStore) {
		this.#store = store;
		this.#keys = keys;
		this.#trust = trust;
		const faults: string[] = [];
		const device = store.read(DEVICE_CODEC);
		if (device.ok) this.#device = device.value;
		else if (device.reason !== "absent") faults.push(`device-${device.reason}`);
		const chain = store.read(CERTIFICATE_CODEC);
		if (chain.ok) this.#chain = chain.value;
		else if (chain.reason !== "absent") faults.push(`certificate-${chain.reason}`);
		// A seal that cannot be read is a seal.
		const seal = store.has(SEAL_CODEC.row);
		if (!seal.ok) faults.push(`seal-${seal.reason}`);
		const line = store.read(LINE_CODEC);
		this.#lineOpen = line.ok;
		this.#lineFound = line.ok ? "there" : line.reason;
		const hasSeal = !seal.ok || seal.value;
		const traces = hasSeal || line.ok ? [] : [traceOf(device), traceOf(chain), ...this.#traceKeys()];
		this.#sealLost = traces.some((trace) => trace !== "none");
		this.#sealKnown = seal.ok && (!this.#sealLost || traces.includes("seen"));
		this.#sealed = hasSeal || this.#sealLost;
		if (this.#sealLost) faults.push(this.#sealKnown ? "seal-lost" : "seal-unknown");
		this.faults = faults;
	}

	get stage(): LineStage {
		if (this.#sealed) return "sealed";
		if (this.#device === undefined) return "blank";
		return this.#chain !== undefined && this.#trust.current !== undefined ? "installed" : "keyed";
	}

	get serial(): string | undefined {
		return this.#device?.serial;
	}

	get hardwareClass(): string | undefined {
		return this.#device?.hardwareClass;
	}

	/** DER, leaf first; undefined when there is none: the lock then has no link, everything local works. */
	get certificateChain(): readonly Uint8Array[] | undefined {
		return this.#chain;
	}

	/** The device's P-256 key; undefined before `begin`, or when the key store has lost it. */
	get keyP256(): Uint8Array | undefined {
		if (this.#device === undefined) return undefined;
		const key = attempt(() => this.#keys.publicKey(DEVICE_KEYS.device));
		return key.ok ? key.value : undefined;
	}

	/** Makes what keys are missing, then binds the serial. The request is the same each time. */
	begin(serial: string, hardwareClass: string): Result<BeginResult, IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		if (asSerial(serial) === undefined || !isHardwareClass(hardwareClass)) return refuse("malformed");
		const device = { serial, hardwareClass };
		const known = this.#device;
		if (known !== undefined && (known.serial !== serial || known.hardwareClass !== hardwareClass)) {
			return refuse("conflict");
		}
		// First of all, so that from the first key on its absence means a seal.
		if (!this.#lineOpen && !this.#store.write(LINE_CODEC, true).ok) return refuse("storage");
		this.#lineOpen = true;
		// A key store that fails, or may not draw yet, is a refusal.
		const made = attempt(() => {
			this.#makeKey(DEVICE_KEYS.device, "p256");
			this.#makeKey(DEVICE_KEYS.noise, "x25519");
			this.#makeKey(DEVICE_KEYS.setup, "secret", SETUP_SECRET_BYTES);
			return {
				csr: encodeCsr(serial, this.#keys.publicKey(DEVICE_KEYS.device), (message) =>
					this.#keys.sign(DEVICE_KEYS.device, message),
				),
				key25519: this.#keys.publicKey(DEVICE_KEYS.noise),
			};
		});
		if (!made.ok) return refuse("storage");
		if (known === undefined && !this.#store.write(DEVICE_CODEC, device).ok) return refuse("storage");
		this.#device = device;
		return made;
	}

	/** Leaf first. Trust comes before it: who issues certificates is the bundle's to say. */
	install(chain: readonly Uint8Array[]): Result<void, IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		if (this.#device === undefined || this.#trust.current === undefined) return refuse("out-of-order");
		if (!this.#isOwnChain(chain, this.#device.serial)) return refuse("certificate-refused");
		if (this.#chain !== undefined && isSameChain(this.#chain, chain)) return accept(undefined);
		if (!this.#store.write(CERTIFICATE_CODEC, chain).ok) return refuse("storage");
		this.#chain = chain;
		return accept(undefined);
	}

	/** The chain as flash gives it now, read anew. */
	readBack(): Result<readonly Uint8Array[], IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		const stored = this.#store.read(CERTIFICATE_CODEC);
		if (stored.ok) return stored;
		return refuse(stored.reason === "absent" ? "out-of-order" : "storage");
	}

	/** The setup secret for the label, until the seal; the caller closes it. */
	openSetupSecret(): Result<Secret, IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		if (this.#device === undefined) return refuse("out-of-order");
		const opened = attempt(() => this.#keys.openSecret(DEVICE_KEYS.setup));
		return opened.ok ? opened : refuse("storage");
	}

	/** A line's record that flash does not let go is erased by the next boot. */
	seal(): Result<void, IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		if (this.stage !== "installed") return refuse("out-of-order");
		if (!this.#store.write(SEAL_CODEC, true).ok) return refuse("storage");
		this.#sealed = true;
		this.#store.erase(RECORDS.line);
		return accept(undefined);
	}

	/**
	 * At boot: both records say again that the board is sealed, where a power cut or rot left one. Flash that refuses changes nothing;
	 * what it would not say is not decided here for good.
	 */
	mendSeal(): void {
		const found = this.#lineFound;
		// What the next boot may read, or another image, is left to it.
		if (!this.#sealed || !this.#sealKnown || found === "io" || found === "newer-format") return;
		if (this.#sealLost) this.#store.write(SEAL_CODEC, true);
		if (found !== "absent") this.#store.erase(RECORDS.line);
	}

	#traceKeys(): readonly Trace[] {
		return Object.values(DEVICE_KEYS).map((name) => {
			const kind = attempt(() => this.#keys.kindOf(name));
			if (kind.ok) return kind.value === undefined ? "none" : "seen";
			return kind.reason === "key/corrupt" || kind.reason === "record/newer-format" ? "seen" : "doubtful";
		});
	}

	#makeKey(name: KeyName, kind: KeyKind, secretBytes?: number): void {
		if (this.#keys.kindOf(name) === kind) return;
		this.#keys.generate(name, kind, secretBytes);
	}

	#isOwnChain(chain: readonly Uint8Array[], serial: string): boolean {
		if (chain.length === 0 || chain.length > LIMITS.ownChainCertificates) return false;
		const bytes = chain.reduce((sum, certificate) => sum + certificate.length, 0);
		const leaf = bytes <= LIMITS.ownChainBytes ? decodeCertificate(chain[0]!) : undefined;
		const key = this.keyP256;
		if (leaf?.keyP256 === undefined || key === undefined || !bytesEqual(leaf.keyP256, key)) return false;
		if (leaf.subjectSerial !== serial || leaf.isCa || !leaf.clientAuth || !leaf.digitalSignature)
			return false;
		return chain.slice(1).every((issuer) => decodeCertificate(issuer)?.isCa === true);
	}
}

function traceOf(read: Result<unknown, ReadReason>): Trace {
	if (read.ok) return "seen";
	if (read.reason === "absent") return "none";
	return read.reason === "io" ? "doubtful" : "seen";
}

function isSameChain(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
	return a.length === b.length && a.every((certificate, index) => bytesEqual(certificate, b[index]!));
}
