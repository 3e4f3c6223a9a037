/**
 * A phone's keys and the locks it knows, in one file of mode 0600 that each change replaces atomically. It stands for
 * a phone's key store: the private keys of a command-line phone lie on disk, of a real one they do not.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { ADVERTISING_KEY_BYTES } from "../../modules/wire/advertisement.ts";
import type { LogHead } from "../../modules/wire/log-chain.ts";
import { asSerial } from "../../modules/wire/names.ts";
import { NobleSigningKey } from "../crypto/noble.ts";
import type { KnownLock, PhoneKeys } from "./phone.ts";

export interface WalletLock extends KnownLock {
	readonly logKnown?: LogHead;
	/** By which this phone knows the lock's advertisements (docs/BLE.md 4). */
	readonly advertisingKey?: Uint8Array;
}

export class WalletFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "WalletFault";
	}
}

interface StoredLock {
	readonly noisePublicKey: string;
	readonly logSequence?: number;
	readonly logHead?: string;
	readonly advertisingKey?: string;
}

interface StoredWallet {
	readonly version: 1;
	readonly noisePrivateKey: string;
	readonly signingPrivateKey: string;
	readonly locks: Record<string, StoredLock>;
}

export class Wallet {
	readonly #path: string;
	readonly keys: PhoneKeys;
	readonly #locks: Map<string, WalletLock>;

	private constructor(path: string, keys: PhoneKeys, locks: Map<string, WalletLock>) {
		this.#path = path;
		this.keys = keys;
		this.#locks = locks;
	}

	/** Reads the wallet at path, or makes one with new keys. Throws WalletFault when the file is none. */
	static open(path: string): Wallet {
		const text = readIfThere(path);
		if (text === undefined) {
			const signer = new NobleSigningKey();
			const keys = {
				noisePrivateKey: new Uint8Array(randomBytes(32)),
				signingPrivateKey: signer.exportPrivateKey(),
			};
			signer.close();
			const wallet = new Wallet(path, keys, new Map());
			wallet.#save();
			return wallet;
		}
		return parse(path, text, (keys, locks) => new Wallet(path, keys, locks));
	}

	get locks(): readonly WalletLock[] {
		return [...this.#locks.values()];
	}

	/** The lock of this serial; without one, the only lock there is. Throws WalletFault. */
	lock(serial?: string): WalletLock {
		if (serial !== undefined) {
			const lock = this.#locks.get(serial);
			if (lock === undefined) throw new WalletFault(`this phone does not know the lock ${serial}`);
			return lock;
		}
		const [only, ...others] = this.#locks.values();
		if (only === undefined) throw new WalletFault("this phone knows no lock yet: pair it first");
		if (others.length > 0) throw new WalletFault("this phone knows several locks: name one by --serial");
		return only;
	}

	keep(lock: WalletLock): void {
		this.#locks.set(lock.serial, lock);
		this.#save();
	}

	forget(serial: string): void {
		if (this.#locks.delete(serial)) this.#save();
	}

	#save(): void {
		const locks: Record<string, StoredLock> = {};
		for (const { serial, noisePublicKey, logKnown, advertisingKey } of this.#locks.values()) {
			locks[serial] = {
				noisePublicKey: toHex(noisePublicKey),
				...(logKnown === undefined ? {} : { logSequence: logKnown.sequence, logHead: toHex(logKnown.head) }),
				...(advertisingKey === undefined ? {} : { advertisingKey: toHex(advertisingKey) }),
			};
		}
		const stored: StoredWallet = {
			version: 1,
			noisePrivateKey: toHex(this.keys.noisePrivateKey),
			signingPrivateKey: toHex(this.keys.signingPrivateKey),
			locks,
		};
		const temporary = `${this.#path}.new`;
		const descriptor = openSync(temporary, "w", 0o600);
		try {
			writeSync(descriptor, `${JSON.stringify(stored, null, "\t")}\n`);
			fsyncSync(descriptor);
		} finally {
			closeSync(descriptor);
		}
		renameSync(temporary, this.#path);
	}
}

function readIfThere(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
		throw error;
	}
}

function parse(
	path: string,
	text: string,
	make: (keys: PhoneKeys, locks: Map<string, WalletLock>) => Wallet,
): Wallet {
	const fault = new WalletFault(`${path} is not a phone's wallet`);
	let stored: Partial<StoredWallet> | null;
	try {
		stored = JSON.parse(text) as Partial<StoredWallet> | null;
	} catch {
		throw fault;
	}
	if (typeof stored !== "object" || stored === null || stored.version !== 1) throw fault;
	const noisePrivateKey = readBytes(stored.noisePrivateKey, 32);
	const signingPrivateKey = readBytes(stored.signingPrivateKey, 32);
	if (noisePrivateKey === undefined || signingPrivateKey === undefined) throw fault;
	const locks = new Map<string, WalletLock>();
	for (const [serial, lock] of Object.entries(stored.locks ?? {})) {
		const noisePublicKey = readBytes(lock.noisePublicKey, 32);
		const head = readBytes(lock.logHead, 32);
		if (asSerial(serial) === undefined || noisePublicKey === undefined) throw fault;
		const logKnown =
			head === undefined || !Number.isSafeInteger(lock.logSequence)
				? undefined
				: { sequence: lock.logSequence ?? 0, head };
		const advertisingKey = readBytes(lock.advertisingKey, ADVERTISING_KEY_BYTES);
		locks.set(serial, {
			serial,
			noisePublicKey,
			...(logKnown === undefined ? {} : { logKnown }),
			...(advertisingKey === undefined ? {} : { advertisingKey }),
		});
	}
	return make({ noisePrivateKey, signingPrivateKey }, locks);
}

function readBytes(text: unknown, count: number): Uint8Array | undefined {
	const bytes = typeof text === "string" ? fromHex(text) : undefined;
	return bytes?.length === count ? bytes : undefined;
}
