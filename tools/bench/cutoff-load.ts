/**
 * What a lock does while its cut-off is timed: it downloads releases from its relay, and eight sessions ask at once without a pause, as many
 * as two transports take (LIMITS.sessions and LIMITS.sessionsPerGrant): six through the relay, two over the local network.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { openLocal } from "../phone/local-transport.ts";
import { openRelay } from "../phone/node-relay.ts";
import { memberCard, Phone, type PhoneContext, type PhoneKeys } from "../phone/phone.ts";
import type { Transport } from "../phone/transport.ts";
import { Wallet } from "../phone/wallet.ts";
import type { Progress } from "./load-slices.ts";
import { pause, UpdateDoor } from "./update-door.ts";

const HOST = "127.0.0.1";
const MEMBERS = 4;
const LOCAL_MEMBERS = 1;
/** A release is replaced before it is complete. */
const REPLACE_BYTES = LIMITS.imageBytes - 4 * LIMITS.chunkBytes;
const LOOK_MS = 20;
/** Every so many requests of a session are unlocks; the others ask for the status. */
const UNLOCK_EVERY = 2;

export class CutoffLoad {
	readonly door: UpdateDoor;
	readonly #sessions: { readonly phone: Phone; readonly transport: Transport }[] = [];
	readonly #answers: number[] = [];
	#servedBytes = 0;
	#going = false;
	#work: Promise<unknown> = Promise.resolve();

	private constructor(door: UpdateDoor) {
		this.door = door;
	}

	static async open(binary: string, image: string, boardWords: readonly string[]): Promise<CutoffLoad> {
		const load = new CutoffLoad(await UpdateDoor.open(binary, image, { boardWords, local: true }));
		try {
			await load.door.unlock();
			await load.#addMembers();
			for (let member = 0; member < MEMBERS; member++) await load.#openSessions(member);
		} catch (error) {
			const lines = load.door.bench.lines.slice(-12).join("\n");
			await load.close();
			throw new Error(`${(error as Error).message}\n${lines}`);
		}
		return load;
	}

	/** Those that have not ended. */
	get sessions(): number {
		return this.#sessions.filter(({ phone }) => !phone.ended).length;
	}

	/** Answers that sessions had. */
	get answers(): number {
		return this.#answers.reduce((sum, answers) => sum + answers, 0);
	}

	/** Of the download and of each session. */
	get progress(): Progress {
		const sessions = this.#answers.map((answers, index) => [`session ${index + 1}`, answers] as const);
		return { bytes: this.servedBytes, ...Object.fromEntries(sessions) };
	}

	/** Of images, brought to the lock because it asked for them. */
	get servedBytes(): number {
		return this.#servedBytes + this.door.source.servedBytes;
	}

	async start(): Promise<void> {
		await this.door.offer(LIMITS.imageBytes);
		this.#going = true;
		this.#answers.splice(0, this.#answers.length, ...this.#sessions.map(() => 0));
		this.#work = Promise.all([
			...this.#sessions.map(({ phone }, index) => this.#ask(phone, index)),
			this.#keepDownloading(),
		]);
		this.#work.catch(() => undefined);
	}

	/** Rejects when a session or the download ended before. */
	async stop(): Promise<void> {
		this.#going = false;
		await this.#work;
	}

	async close(): Promise<void> {
		this.#going = false;
		await this.#work.catch(() => undefined);
		for (const { phone, transport } of this.#sessions) {
			phone.close();
			transport.close();
		}
		await this.door.close();
	}

	/** By the owner, whose session then makes place for theirs. */
	async #addMembers(): Promise<void> {
		const { house } = this.door.bench;
		const owner = await house.phone();
		for (let member = 0; member < MEMBERS; member++) {
			const card = memberCard(new NobleCrypto(), this.#keysOf(member), house.label!.serial);
			await owner.addMember(`Member ${member}`, "member", card);
		}
		owner.close();
	}

	async #openSessions(member: number): Promise<void> {
		const keys = this.#keysOf(member);
		for (let session = 0; session < LIMITS.sessionsPerGrant; session++) {
			const transport = member < MEMBERS - LOCAL_MEMBERS ? await this.#relayed() : await this.#local();
			const context: PhoneContext = {
				crypto: new NobleCrypto(),
				keys,
				transport,
				nowMs: () => performance.now(),
			};
			const phone = await Phone.open(context, this.door.bench.house.label!);
			this.#sessions.push({ phone, transport });
			// With its first frame the lock knows it, and it is half open no longer.
			await phone.status();
		}
	}

	#keysOf(member: number): PhoneKeys {
		return Wallet.open(join(this.door.bench.dir, `member-${member}.json`)).keys;
	}

	async #relayed(): Promise<Transport> {
		const { dir, relay } = this.door.bench;
		const roots = readFileSync(join(dir, "pki", "relay-root.pem"), "utf8");
		return await openRelay({ host: HOST, port: relay.appPort, name: "localhost", roots });
	}

	async #local(): Promise<Transport> {
		const { house } = this.door.bench;
		await this.door.until(() => house.localPort !== undefined, "the local network");
		return await openLocal({ host: HOST, port: house.localPort! });
	}

	async #ask(phone: Phone, session: number): Promise<void> {
		for (let count = 0; this.#going; count++) {
			if (count % UNLOCK_EVERY === 0) await phone.unlock();
			else await phone.status();
			this.#answers[session]!++;
		}
	}

	async #keepDownloading(): Promise<void> {
		const { source } = this.door;
		while (this.#going) {
			if (source.servedBytes > REPLACE_BYTES) {
				this.#servedBytes += source.servedBytes;
				await this.door.offer(LIMITS.imageBytes);
			}
			await pause(LOOK_MS);
		}
	}
}
