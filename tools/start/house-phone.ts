/**
 * The phone of a house: its wallet, its way to the relay, and one session that is opened again when it has ended. `close` leaves
 * no socket behind; the wallet stays on the disk.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { BoltPosition } from "../../modules/wire/command.ts";
import type { Label } from "../../modules/wire/label.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { openLocal } from "../phone/local-transport.ts";
import { openRelay } from "../phone/node-relay.ts";
import { Phone, type PhoneContext } from "../phone/phone.ts";
import type { Transport } from "../phone/transport.ts";
import { Wallet } from "../phone/wallet.ts";
import { HouseFault } from "./house-fault.ts";

export interface HousePhoneOptions {
	readonly dir: string;
	/** What the phone computes with; the default is @noble. */
	readonly phoneCrypto?: TestCrypto;
	readonly onBolt?: (bolt: BoltPosition) => void;
}

/** Where the relay takes phones, and the name in its certificate. */
export interface AppAddress {
	readonly host: string;
	readonly port: number;
	readonly name: string;
}

export class HousePhone {
	readonly #options: HousePhoneOptions;
	readonly #wallet: Wallet;
	/** Undefined as long as the relay does not run. */
	readonly #address: () => AppAddress | undefined;
	#transport: Transport | undefined;
	#phone: Phone | undefined;

	constructor(options: HousePhoneOptions, address: () => AppAddress | undefined) {
		this.#options = options;
		this.#address = address;
		this.#wallet = Wallet.open(join(options.dir, "phone.json"));
	}

	get paired(): boolean {
		return this.#wallet.locks.length > 0;
	}

	/** Claims the lock of this label. The window must be open. */
	async pair(label: Label, name: string): Promise<void> {
		this.#endSession();
		const { phone } = await Phone.pair(await this.#context(), label, name);
		this.#phone = phone;
		this.#wallet.keep({ serial: label.serial, noisePublicKey: label.noisePublicKey });
	}

	/** The phone's session; a new one when the last has ended. */
	async session(): Promise<Phone> {
		if (this.#phone?.ended === false) return this.#phone;
		this.#phone = await Phone.open(await this.#context(), this.#wallet.lock());
		return this.#phone;
	}

	/** A session of its own over the lock's local network, without the relay. The caller closes phone and transport. */
	async overLocal(at: {
		readonly host: string;
		readonly port: number;
	}): Promise<{ readonly phone: Phone; readonly transport: Transport }> {
		const transport = await openLocal(at);
		try {
			const phone = await Phone.open(this.#contextOver(transport), this.#wallet.lock());
			return { phone, transport };
		} catch (error) {
			transport.close();
			throw error;
		}
	}

	/** Knocks once with the label's key and no grant; resolves when the lock has turned it away. */
	async knock(label: Label): Promise<void> {
		const context = await this.#context();
		const noisePrivateKey = context.crypto.random(32);
		const stranger = { ...context, keys: { ...context.keys, noisePrivateKey } };
		const phone = await Phone.open(stranger, label).catch(() => undefined);
		phone?.close();
		if (phone !== undefined) throw new HouseFault("the lock let a stranger in");
	}

	/** Forgets the pairing, as after a reset of the lock. */
	forget(): void {
		this.#endSession();
		for (const { serial } of this.#wallet.locks) this.#wallet.forget(serial);
	}

	/** Ends the session and the way to the relay; the next use opens them again. Idempotent. */
	close(): void {
		this.#endSession();
		this.#transport?.close();
		this.#transport = undefined;
	}

	#endSession(): void {
		this.#phone?.close();
		this.#phone = undefined;
	}

	async #context(): Promise<PhoneContext> {
		const address = this.#address();
		if (address === undefined) throw new HouseFault("the relay does not run");
		if (this.#transport?.closed !== false) {
			const roots = readFileSync(join(this.#options.dir, "pki", "relay-root.pem"), "utf8");
			this.#transport = await openRelay({ ...address, roots });
		}
		return this.#contextOver(this.#transport);
	}

	#contextOver(transport: Transport): PhoneContext {
		const { onBolt } = this.#options;
		return {
			crypto: this.#options.phoneCrypto ?? new NobleCrypto(),
			keys: this.#wallet.keys,
			transport,
			nowMs: () => performance.now(),
			...(onBolt === undefined ? {} : { onBolt }),
		};
	}
}
