/**
 * Answers a lock's question for the time (PROTOCOL 2, 11) by asking the time role for it. The relay signs nothing and keeps
 * no answer: each is good for one nonce. A question that cannot be answered stays unanswered; the lock asks again.
 */
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import { SerialRates } from "./serial-rates.ts";

/** Of one lock: its own are four a day, and one at each connection. */
const QUESTIONS_BURST = 6;
const QUESTIONS_PER_MINUTE = 4;
/** On their way to the time role, of all locks together. */
const ASKED_MAX = 256;

export interface TimeServiceOptions {
	/** The time role's statement over a nonce; rejects when it has none. */
	readonly ask: (nonce: Uint8Array) => Promise<Uint8Array> | Uint8Array;
	/** Why a question was not answered. */
	readonly onFailed?: (serial: string, reason: string) => void;
}

export class TimeService implements DeviceService {
	readonly kinds = ["time-request"] as const;
	readonly #options: TimeServiceOptions;
	readonly #rates = new SerialRates(QUESTIONS_BURST, QUESTIONS_PER_MINUTE);
	#asked = 0;

	constructor(options: TimeServiceOptions) {
		this.#options = options;
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		if (envelope.kind !== "time-request") return;
		const { serial } = device;
		if (!this.#rates.take(serial, performance.now())) return this.#failed(serial, "too often");
		if (this.#asked >= ASKED_MAX) return this.#failed(serial, "busy");
		void this.#answer(device, envelope.nonce);
	}

	async #answer(device: ConnectedDevice, nonce: Uint8Array): Promise<void> {
		this.#asked++;
		try {
			device.send({ kind: "time-answer", statement: await this.#options.ask(nonce) });
		} catch (error) {
			this.#failed(device.serial, (error as Error).message);
		} finally {
			this.#asked--;
		}
	}

	#failed(serial: string, reason: string): void {
		this.#options.onFailed?.(serial, reason);
	}
}
