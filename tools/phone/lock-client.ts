/**
 * A phone's conversation with one lock over one channel: opens the session, stamps each request with the time of the
 * user's act, matches replies, shows how old a reply is. Runs in Node and in a browser; it holds no key longer than
 * the session and stores nothing.
 *
 * It never sends a command again (DESIGN 5.3): a request that got no reply fails as "no-reply", and what the lock did is
 * unknown until its status is asked anew.
 */
import type { Crypto } from "../../modules/platform/crypto.ts";
import {
	type InitiatorSecrets,
	type LockIdentity,
	SessionInitiator,
} from "../../modules/session/initiator.ts";
import type { CborFields } from "../../modules/wire/cbor-encode.ts";
import type { CborMap } from "../../modules/wire/cbor-map.ts";
import { COMMANDS, type CommandName, type Refusal } from "../../modules/wire/command.ts";
import type { Notice, Reply } from "../../modules/wire/session-message.ts";
import type { Channel, Transport } from "./transport.ts";

export type PhoneFaultCode =
	| "unreachable" // no way to the lock: it is offline, or refuses this phone; the two look alike
	| "handshake" // what answers is not the lock of this label, or not with this secret
	| "version" // the lock speaks another protocol version
	| "broken" // a frame did not open or made no sense; the session is closed
	| "no-reply" // the time is up; whether the lock acted is unknown
	| "refused"; // the lock's refusal, in `refusal`

export class PhoneFault extends Error {
	readonly code: PhoneFaultCode;
	readonly refusal: Refusal | undefined;

	constructor(code: PhoneFaultCode, detail: string, refusal?: Refusal) {
		super(`${code}: ${detail}`);
		this.name = "PhoneFault";
		this.code = code;
		this.refusal = refusal;
	}
}

export interface Answer {
	readonly result: CborMap;
	/** From sending the request to its reply. A present state is not older than this. */
	readonly tookMs: number;
}

export interface LockClientOptions {
	readonly transport: Transport;
	readonly crypto: Crypto;
	readonly lock: LockIdentity;
	/** Taken over. A psk makes it a pairing by QR secret. */
	readonly secrets: InitiatorSecrets;
	/** Monotonic milliseconds. */
	readonly nowMs: () => number;
	readonly openTimeoutMs?: number;
	readonly replyTimeoutMs?: number;
	readonly onNotice?: (notice: Notice) => void;
	/** Every frame as it passes, for views and tests: "sent" or "received". */
	readonly onFrame?: (direction: "sent" | "received", frame: Uint8Array) => void;
}

interface Waiting {
	readonly sentAtMs: number;
	settle(outcome: Reply | PhoneFault): void;
}

const OPEN_TIMEOUT_MS = 10000;
const REPLY_TIMEOUT_MS = 8000;
/** An anchor serves five minutes at the lock; it is renewed well before. */
const ANCHOR_RENEW_MS = 240000;

export class LockClient {
	readonly #options: LockClientOptions;
	readonly #initiator: SessionInitiator;
	readonly #waiting = new Map<number, Waiting>();
	#channel: Channel | undefined;
	#ready: ((fault: PhoneFault | undefined) => void) | undefined;
	#fault: PhoneFault | undefined;
	#nextId = 1;

	private constructor(options: LockClientOptions) {
		this.#options = options;
		this.#initiator = new SessionInitiator(options.crypto, options.lock, options.secrets);
	}

	/** Resolves with an open session; rejects with PhoneFault. */
	static async open(options: LockClientOptions): Promise<LockClient> {
		const client = new LockClient(options);
		await client.#open();
		return client;
	}

	/** The session is over, whoever ended it. */
	get ended(): boolean {
		return this.#fault !== undefined;
	}

	/**
	 * One command. `actAtMs` is when the user acted, on the clock of `nowMs`; it defaults to now. Rejects with PhoneFault.
	 */
	async request(command: CommandName, args?: CborFields, actAtMs = this.#options.nowMs()): Promise<Answer> {
		if (command !== "anchor" && this.#initiator.anchorAgeMs(this.#options.nowMs()) > ANCHOR_RENEW_MS) {
			await this.renewAnchor();
		}
		const sentAtMs = this.#options.nowMs();
		const reply = await this.#exchange(COMMANDS[command], args, actAtMs, sentAtMs);
		if (reply.status !== "done") {
			throw new PhoneFault("refused", `${command}: ${reply.status}`, reply.status);
		}
		return { result: reply.result, tookMs: this.#options.nowMs() - sentAtMs };
	}

	/** Asks for a new anchor; stamps count from it afterwards. */
	async renewAnchor(): Promise<void> {
		const { result } = await this.request("anchor");
		const anchor = result.uint(0);
		if (anchor === undefined) throw this.#break(new PhoneFault("broken", "an anchor without a number"));
		this.#initiator.adoptAnchor(anchor, this.#options.nowMs());
	}

	/** Ends the session and wipes its keys. Idempotent. */
	close(): void {
		this.#break(new PhoneFault("broken", "closed by this phone"));
	}

	async #open(): Promise<void> {
		const { transport, lock, openTimeoutMs } = this.#options;
		const fault = await new Promise<PhoneFault | undefined>((resolve) => {
			const timer = setTimeout(
				() => this.#break(new PhoneFault("unreachable", "no answer from the lock")),
				openTimeoutMs ?? OPEN_TIMEOUT_MS,
			);
			this.#ready = (outcome) => {
				clearTimeout(timer);
				this.#ready = undefined;
				resolve(outcome);
			};
			this.#channel = transport.openChannel(lock.serial, {
				onFrame: (frame) => this.#receive(frame),
				onClosed: () => this.#break(new PhoneFault("unreachable", "the channel was closed")),
			});
		});
		if (fault !== undefined) throw fault;
	}

	#exchange(
		command: number,
		args: CborFields | undefined,
		actAtMs: number,
		sentAtMs: number,
	): Promise<Reply> {
		const id = this.#nextId++;
		const sealed = this.#initiator.seal(id, command, actAtMs, args);
		if (!sealed.ok) return Promise.reject(this.#fault ?? new PhoneFault("broken", "the session is closed"));
		return new Promise((resolve, reject) => {
			const timer = setTimeout(
				() => this.#settle(id, new PhoneFault("no-reply", "whether the lock acted is unknown")),
				this.#options.replyTimeoutMs ?? REPLY_TIMEOUT_MS,
			);
			this.#waiting.set(id, {
				sentAtMs,
				settle: (outcome) => {
					clearTimeout(timer);
					if (outcome instanceof PhoneFault) reject(outcome);
					else resolve(outcome);
				},
			});
			this.#send(sealed.value);
		});
	}

	#receive(frame: Uint8Array): void {
		this.#options.onFrame?.("received", frame);
		const event = this.#initiator.receive(frame, this.#options.nowMs());
		if (!event.ok) {
			const code = event.reason === "handshake" || event.reason === "version" ? event.reason : "broken";
			this.#break(new PhoneFault(code, event.reason));
			return;
		}
		if (event.value.kind === "handshake") {
			for (const reply of event.value.send) this.#send(reply);
			if (event.value.ready) this.#ready?.(undefined);
			return;
		}
		const { message } = event.value;
		if (message.kind === "notice") this.#options.onNotice?.(message.notice);
		else this.#settle(message.reply.id, message.reply);
	}

	#send(frame: Uint8Array): void {
		this.#options.onFrame?.("sent", frame);
		this.#channel?.send(frame);
	}

	#settle(id: number, outcome: Reply | PhoneFault): void {
		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		waiting?.settle(outcome);
	}

	#break(fault: PhoneFault): PhoneFault {
		if (this.#fault !== undefined) return this.#fault;
		this.#fault = fault;
		this.#initiator.close();
		this.#channel?.close();
		for (const id of [...this.#waiting.keys()]) {
			this.#settle(id, new PhoneFault("no-reply", `${fault.message}; whether the lock acted is unknown`));
		}
		this.#ready?.(fault);
		return fault;
	}
}
