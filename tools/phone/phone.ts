/**
 * What a phone does with a lock (PROTOCOL 5.5, 5.6): pair, status, unlock, lock, log, members. Over any Transport, in
 * Node and in a browser. What it learns comes back as values; who keeps them is the caller's business (wallet.ts).
 */
import { LIMITS } from "../../modules/base/limits.ts";
import { pairingPsk } from "../../modules/pairing/initiator.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import {
	asArray,
	asBytes,
	asText,
	asUint,
	type CborMap,
	type CborValue,
} from "../../modules/wire/cbor-map.ts";
import { BOLT_POSITIONS, type BoltPosition, ROLES, type RoleName } from "../../modules/wire/command.ts";
import { enrolmentBytes } from "../../modules/wire/enrolment.ts";
import { TIME_NONCE_BYTES } from "../../modules/wire/envelope.ts";
import type { Label } from "../../modules/wire/label.ts";
import {
	type LogHead,
	type LogPage,
	type LogReason,
	noLogKnown,
	pageStart,
	type VerifiedLog,
	verifyLog,
} from "../../modules/wire/log-chain.ts";
import { TIME_SOURCES, type TimeSource } from "../../modules/wire/report.ts";
import { NobleSigningKey } from "../crypto/noble.ts";
import { type Answer, LockClient, PhoneFault } from "./lock-client.ts";
import { PhoneLocal } from "./phone-local.ts";
import { PhoneTrust } from "./phone-trust.ts";
import { PhoneUpdate } from "./phone-update.ts";
import type { Transport } from "./transport.ts";

export interface PhoneKeys {
	/** X25519, 32 bytes. */
	readonly noisePrivateKey: Uint8Array;
	/** P-256, 32 bytes. */
	readonly signingPrivateKey: Uint8Array;
}

/** A lock that this phone was paired with. */
export interface KnownLock {
	readonly serial: string;
	readonly noisePublicKey: Uint8Array;
}

export interface PhoneContext {
	readonly crypto: TestCrypto;
	readonly keys: PhoneKeys;
	readonly transport: Transport;
	readonly nowMs: () => number;
	readonly onFrame?: (direction: "sent" | "received", frame: Uint8Array) => void;
	readonly onBolt?: (bolt: BoltPosition) => void;
}

export interface LockStatus {
	readonly bolt: BoltPosition;
	/** Absent where no door contact is fitted. */
	readonly doorClosed?: boolean;
	readonly inhibited: boolean;
	readonly firmware: string;
	readonly uptimeMs: number;
	/** How old this may be. */
	readonly ageMs: number;
}

export interface LockTime {
	readonly floorUnixMs: number;
	/** Absent: the lock does not know. */
	readonly unixMs?: number;
	readonly source: TimeSource;
}

export interface Member {
	readonly id: number;
	readonly role: RoleName;
	readonly name: string;
}

export interface Enrolled {
	readonly grantId: number;
	readonly lockId: Uint8Array;
}

/** What a new member's phone shows to an owner: its keys and the proof that it holds them. */
export interface MemberCard {
	readonly key25519: Uint8Array;
	readonly keyP256: Uint8Array;
	readonly proof: Uint8Array;
}

export class Phone {
	readonly #client: LockClient;
	readonly #crypto: TestCrypto;

	private constructor(client: LockClient, crypto: TestCrypto) {
		this.#client = client;
		this.#crypto = crypto;
	}

	/** A session with a lock that knows this phone. Rejects with PhoneFault. */
	static async open(context: PhoneContext, lock: KnownLock): Promise<Phone> {
		return new Phone(await openClient(context, lock), context.crypto);
	}

	/**
	 * Claims the lock of this label (PROTOCOL 5.6). A phone that may have lost the reply of an earlier attempt calls
	 * `open` first. Rejects with PhoneFault.
	 */
	static async pair(
		context: PhoneContext,
		label: Label,
		name: string,
	): Promise<{ phone: Phone; enrolled: Enrolled }> {
		const { crypto, keys } = context;
		const secret = crypto.importSecret(label.setupSecret.slice());
		const psk = pairingPsk(crypto, label.serial, secret);
		secret.close();
		const client = await openClient(context, label, psk);
		try {
			const card = memberCard(crypto, keys, label.serial);
			const { result } = await client.request("enrol", { 0: name, 1: card.keyP256, 2: card.proof });
			const grantId = result.uint(0);
			const lockId = result.bytes(1, 16);
			if (grantId === undefined || lockId === undefined) throw malformed("enrol");
			return { phone: new Phone(client, crypto), enrolled: { grantId, lockId } };
		} catch (error) {
			client.close();
			throw error;
		}
	}

	get ended(): boolean {
		return this.#client.ended;
	}

	async status(): Promise<LockStatus> {
		const { result, tookMs } = await this.#client.request("status");
		const bolt = readBolt(result);
		const doorClosed = result.bool(1);
		const inhibited = result.bool(2);
		const firmware = result.text(3, 64);
		const uptimeMs = result.uint(4);
		if (bolt === undefined || inhibited === undefined) throw malformed("status");
		if (firmware === undefined || uptimeMs === undefined) throw malformed("status");
		return {
			bolt,
			...(doorClosed === undefined ? {} : { doorClosed }),
			inhibited,
			firmware,
			uptimeMs,
			ageMs: tookMs,
		};
	}

	/** `actAtMs`: when the user acted, on the context's clock. Resolves when the bolt has moved. */
	async unlock(actAtMs?: number): Promise<Answer> {
		return await this.#client.request("unlock", undefined, actAtMs);
	}

	async lock(actAtMs?: number): Promise<Answer> {
		return await this.#client.request("lock", undefined, actAtMs);
	}

	/** Every entry that the lock keeps after `known`, verified to extend it. Rejects when the log does not. */
	async readLog(known: LogHead = noLogKnown()): Promise<VerifiedLog & { readonly gap: boolean }> {
		let head = known;
		let gap = false;
		const entries: VerifiedLog["entries"][number][] = [];
		for (;;) {
			const page = await this.#logPage(head.sequence + 1);
			let verified = verifyLog((data) => this.#crypto.sha256(data), page, head);
			if (!verified.ok && verified.reason === "gap") {
				const start = pageStart(page);
				if (start === undefined) throw malformed("log.read");
				gap = true;
				verified = verifyLog((data) => this.#crypto.sha256(data), page, start);
			}
			if (!verified.ok) throw new LogFault(verified.reason);
			head = verified.value.known;
			entries.push(...verified.value.entries);
			if (verified.value.entries.length === 0) return { entries, known: head, gap };
		}
	}

	async listMembers(): Promise<readonly Member[]> {
		const { result } = await this.#client.request("members.list");
		const members: Member[] = [];
		for (const item of result.array(0, { min: 0, max: 256 }) ?? []) {
			const member = readMember(item);
			if (member === undefined) throw malformed("members.list");
			members.push(member);
		}
		return members;
	}

	async addMember(name: string, role: RoleName, card: MemberCard): Promise<number> {
		const args = { 0: name, 1: ROLES[role], 2: card.key25519, 3: card.keyP256, 4: card.proof };
		const { result } = await this.#client.request("members.add", args);
		const id = result.uint(0);
		if (id === undefined) throw malformed("members.add");
		return id;
	}

	async removeMember(id: number): Promise<void> {
		await this.#client.request("members.remove", { 0: id });
	}

	/** What the lock trusts, and its owner's own relays. */
	get trust(): PhoneTrust {
		return new PhoneTrust(this.#client);
	}

	/** The lock's firmware, and releases for it. */
	get update(): PhoneUpdate {
		return new PhoneUpdate(this.#client);
	}

	/** The ways to the lock. */
	get local(): PhoneLocal {
		return new PhoneLocal(this.#client);
	}

	/** What the lock says of itself (PROTOCOL 12), encoded. */
	async health(): Promise<Uint8Array> {
		const { result } = await this.#client.request("health");
		const report = result.bytes(0, { min: 1, max: LIMITS.reportBytes });
		if (report === undefined) throw malformed("health");
		return report;
	}

	/** The lock's floor and time, and whose word that is. */
	async time(): Promise<LockTime> {
		const { result } = await this.#client.request("trust.status");
		const floorUnixMs = result.uint(3);
		const unixMs = result.uint(4);
		const source = TIME_SOURCES[result.uint(5) ?? -1];
		if (floorUnixMs === undefined || source === undefined) throw malformed("trust.status");
		return { floorUnixMs, ...(unixMs === undefined ? {} : { unixMs }), source };
	}

	/** Brings the lock the time role's answer to its own question; its time afterwards, milliseconds since 1970 UTC. */
	async bringTime(answer: (nonce: Uint8Array) => Promise<Uint8Array> | Uint8Array): Promise<number> {
		const { result } = await this.#client.request("time.nonce");
		const nonce = result.bytes(0, TIME_NONCE_BYTES);
		if (nonce === undefined) throw malformed("time.nonce");
		return readUnixMs("time.put", await this.#client.request("time.put", { 0: await answer(nonce) }));
	}

	/** Sets the lock's time by this phone's word. */
	async setTime(unixMs: number): Promise<number> {
		return readUnixMs("time.set", await this.#client.request("time.set", { 0: unixMs }));
	}

	/** Ends the session. Idempotent. */
	close(): void {
		this.#client.close();
	}

	async #logPage(from: number): Promise<LogPage> {
		const { result } = await this.#client.request("log.read", { 0: from, 1: 16 });
		const items = result.array(0, { min: 0, max: 16 });
		const next = result.uint(1);
		const oldest = result.uint(2);
		const headBefore = result.bytes(3, 32);
		const entries = items?.map((item) => asBytes(item, { min: 1, max: 4096 }));
		if (entries === undefined || entries.includes(undefined)) throw malformed("log.read");
		if (next === undefined || oldest === undefined || headBefore === undefined) throw malformed("log.read");
		return { entries: entries as Uint8Array[], next, oldest, headBefore };
	}
}

/** The lock's log is not what this phone verified before: shown as broken, never merged. */
export class LogFault extends Error {
	readonly reason: LogReason;

	constructor(reason: LogReason) {
		super(`the log is ${reason}`);
		this.name = "LogFault";
		this.reason = reason;
	}
}

/** What an owner needs to add this phone to a lock. */
export function memberCard(crypto: TestCrypto, keys: PhoneKeys, serial: string): MemberCard {
	const pair = crypto.importKeyPair(keys.noisePrivateKey.slice());
	const key25519 = pair.publicKey.slice();
	pair.close();
	const signer = new NobleSigningKey(keys.signingPrivateKey);
	const proof = signer.sign(enrolmentBytes(serial, key25519));
	signer.close();
	return { key25519, keyP256: signer.publicKey, proof };
}

async function openClient(
	context: PhoneContext,
	lock: KnownLock,
	psk?: ReturnType<typeof pairingPsk>,
): Promise<LockClient> {
	const { crypto, keys, transport, nowMs, onFrame, onBolt } = context;
	return await LockClient.open({
		transport,
		crypto,
		lock: { serial: lock.serial, noisePublicKey: lock.noisePublicKey },
		secrets: {
			staticKeys: crypto.importKeyPair(keys.noisePrivateKey.slice()),
			...(psk === undefined ? {} : { psk }),
		},
		nowMs,
		...(onFrame === undefined ? {} : { onFrame }),
		onNotice: (notice) => {
			const bolt = notice.event === 1 ? readBolt(notice.data) : undefined;
			if (bolt !== undefined) onBolt?.(bolt);
		},
	});
}

function readBolt(result: CborMap): BoltPosition | undefined {
	return BOLT_POSITIONS[result.uint(0, BOLT_POSITIONS.length - 1) ?? -1];
}

function readMember(item: CborValue): Member | undefined {
	const fields = asArray(item, 3);
	const id = asUint(fields?.[0]);
	const number = asUint(fields?.[1]);
	const name = asText(fields?.[2], 32);
	const role = (["owner", "member"] as const).find((candidate) => ROLES[candidate] === number);
	return id === undefined || role === undefined || name === undefined ? undefined : { id, role, name };
}

function readUnixMs(command: string, { result }: Answer): number {
	const unixMs = result.uint(0);
	if (unixMs === undefined) throw malformed(command);
	return unixMs;
}

function malformed(command: string): PhoneFault {
	return new PhoneFault("broken", `${command}: a reply that makes no sense`);
}
