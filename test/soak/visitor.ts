/**
 * One person who comes to a lock again and again with a phone: over the local network or the local radio, which each visit opens anew,
 * for a lock has two places there; or over the relay, by a session that serves some visits and then ends, as phones do.
 */
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { openBle } from "../../tools/phone/ble-transport.ts";
import { openLocal } from "../../tools/phone/local-transport.ts";
import { openRelay } from "../../tools/phone/node-relay.ts";
import { Phone, type PhoneContext, type PhoneKeys } from "../../tools/phone/phone.ts";
import type { Transport } from "../../tools/phone/transport.ts";
import type { Wallet } from "../../tools/phone/wallet.ts";
import type { Random } from "../harness/random.ts";

export type Way = "relay" | "local" | "radio";

/** Where the lock is now. */
export interface Ways {
	/** PEM. */
	readonly roots: string;
	readonly isLinked: () => boolean;
	readonly relay: () => { readonly host: string; readonly port: number; readonly name: string };
	readonly local: () => { readonly host: string; readonly port: number };
	readonly radio: () => { readonly host: string; readonly port: number };
}

const VISITS_MAX = 8;
const MTU = 185;

export class Visitor {
	readonly #keys: PhoneKeys;
	readonly #lock: ReturnType<Wallet["lock"]>;
	readonly #ways: Ways;
	readonly #random: Random;
	#phone: Phone | undefined;
	#transport: Transport | undefined;
	#way: Way = "local";
	#visitsLeft = 0;
	/** Sessions that were opened, by way. */
	readonly sessions: Record<Way, number> = { relay: 0, local: 0, radio: 0 };

	constructor(keys: PhoneKeys, lock: ReturnType<Wallet["lock"]>, ways: Ways, random: Random) {
		this.#keys = keys;
		this.#lock = lock;
		this.#ways = ways;
		this.#random = random;
	}

	/** The session for a visit; opened where there is none, or where it has served enough. */
	async come(): Promise<Phone> {
		if (this.#visitsLeft-- <= 0) this.leave();
		return await this.stay();
	}

	/** The session, once more in the same visit. */
	async stay(): Promise<Phone> {
		const leads = this.#way !== "relay" || this.#ways.isLinked();
		if (this.#phone?.ended === false && leads) return this.#phone;
		this.leave();
		this.#way = this.#chooseWay();
		this.#transport = await this.#open(this.#way);
		this.#phone = await Phone.open(this.#context(this.#transport), this.#lock);
		this.#visitsLeft = this.#random.below(VISITS_MAX);
		this.sessions[this.#way]++;
		return this.#phone;
	}

	/** The visit is over: who was near takes the phone along, over the relay the session stays for the next one. */
	go(): void {
		if (this.#way !== "relay") this.leave();
	}

	/** Ends the session and its way. Idempotent. */
	leave(): void {
		this.#phone?.close();
		this.#transport?.close();
		this.#phone = undefined;
		this.#transport = undefined;
	}

	/** Most come over the relay, where it has a link. */
	#chooseWay(): Way {
		const draw = this.#random.below(10);
		return draw < 7 && this.#ways.isLinked() ? "relay" : draw < 9 ? "local" : "radio";
	}

	async #open(way: Way): Promise<Transport> {
		const { roots, relay, local, radio } = this.#ways;
		if (way === "relay") return await openRelay({ ...relay(), roots });
		if (way === "local") return await openLocal(local());
		return await openBle({ at: radio(), mtu: MTU, resolver: undefined, nowMs: () => performance.now() });
	}

	#context(transport: Transport): PhoneContext {
		return { crypto: new NobleCrypto(), keys: this.#keys, transport, nowMs: () => performance.now() };
	}
}
