/**
 * Who this board is (DESIGN 7, PROTOCOL 6 and 8): serial, hardware class, keys, certificate chain, and how far the
 * factory line got. Every verb may be repeated; each fact is one record, so a line that was interrupted goes on where
 * it was. The seal is one-way: nothing here removes it, a factory reset neither.
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
import type { Store } from "../store/store.ts";
import { decodeCertificate } from "../trust/certificate.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import type { LineStage } from "../wire/line-verb.ts";
import { asSerial } from "../wire/names.ts";
import { encodeCsr } from "./csr.ts";
import { CERTIFICATE_CODEC, DEVICE_CODEC, type Device, isHardwareClass, SEAL_CODEC } from "./records.ts";

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

export class Identity {
	readonly #store: Store;
	readonly #keys: KeyStore;
	readonly #trust: TrustStore;
	/** What could not be read, as "record-reason", for the caller to log once. */
	readonly faults: readonly string[];
	#device: Device | undefined;
	#chain: readonly Uint8Array[] | undefined;
	#sealed: boolean;

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
		this.#sealed = !seal.ok || seal.value;
		if (!seal.ok) faults.push(`seal-${seal.reason}`);
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

	seal(): Result<void, IdentityReason> {
		if (this.#sealed) return refuse("sealed");
		if (this.stage !== "installed") return refuse("out-of-order");
		if (!this.#store.write(SEAL_CODEC, true).ok) return refuse("storage");
		this.#sealed = true;
		return accept(undefined);
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

function isSameChain(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
	return a.length === b.length && a.every((certificate, index) => bytesEqual(certificate, b[index]!));
}
