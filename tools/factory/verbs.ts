/**
 * The line's verbs (PROTOCOL 6): one request at a time, each answered by a board or refused by a closed list of codes.
 * A lost answer is asked for again, because every verb may be repeated.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { decodeCborMap } from "../../modules/wire/cbor-decode.ts";
import { type CborFields, encodeCbor } from "../../modules/wire/cbor-encode.ts";
import { CborMap } from "../../modules/wire/cbor-map.ts";
import { SerialFault, SerialLine } from "./serial-line.ts";

export const VERB = Object.freeze({ identify: 1, begin: 2, install: 3, label: 4, seal: 5 } as const);
export type Verb = keyof typeof VERB;

export type VerbRefusal =
	| "sealed"
	| "conflict"
	| "malformed"
	| "out-of-order"
	| "certificate-refused"
	/** A code of a later protocol. */
	| "refused";

const REFUSALS: readonly (VerbRefusal | undefined)[] = Object.freeze([
	undefined,
	"sealed",
	"conflict",
	"malformed",
	"out-of-order",
	"certificate-refused",
]);

const KIND_VERB = 16;
const KIND_ANSWER = 17;
const CODE_MAX = 255;
const ANSWER_MS = 5_000;
const ATTEMPTS = 3;
const NO_RESULT = new CborMap();

interface Waiting {
	readonly number: number;
	readonly settle: (answer: Result<CborMap, VerbRefusal>) => void;
	readonly fail: (fault: SerialFault) => void;
}

export class VerbLine {
	readonly #line: SerialLine;
	readonly #answerMs: number;
	#waiting: Waiting | undefined;
	#lost = false;

	/** Throws SerialFault open. */
	constructor(path: string, answerMs: number = ANSWER_MS) {
		this.#answerMs = answerMs;
		this.#line = SerialLine.open(path, {
			onFrame: (frame) => this.#receive(frame),
			onClosed: () => {
				this.#lost = true;
				this.#waiting?.fail(new SerialFault("closed", "it went away"));
			},
		});
	}

	/** The answer's result, empty when there is none. Rejects with SerialFault when no answer comes. */
	async call(verb: Verb, fields?: CborFields): Promise<Result<CborMap, VerbRefusal>> {
		const number = VERB[verb];
		const message = encodeCbor({ 0: KIND_VERB, 1: number, 2: fields });
		for (let attempt = 1; ; attempt++) {
			try {
				return await this.#ask(number, message);
			} catch (error) {
				const mayRepeat = error instanceof SerialFault && error.code === "timeout";
				if (!mayRepeat || attempt === ATTEMPTS) throw error;
			}
		}
	}

	close(): void {
		this.#line.close();
	}

	#ask(number: number, message: Uint8Array): Promise<Result<CborMap, VerbRefusal>> {
		return new Promise((resolve, reject) => {
			const finish = (act: () => void): void => {
				clearTimeout(deadline);
				this.#waiting = undefined;
				act();
			};
			const fail = (fault: unknown): void => finish(() => reject(fault));
			const deadline = setTimeout(
				() => fail(new SerialFault("timeout", "the board does not answer")),
				this.#answerMs,
			);
			this.#waiting = { number, settle: (answer) => finish(() => resolve(answer)), fail };
			if (this.#lost) fail(new SerialFault("closed", "it went away"));
			else this.#line.send(message).catch(fail);
		});
	}

	/** Frames that are no answer to the verb under way belong to sessions, or came too late. */
	#receive(frame: Uint8Array): void {
		const map = decodeCborMap(frame);
		if (!map.ok || map.value.uint(0) !== KIND_ANSWER) return;
		const code = map.value.uint(2, CODE_MAX);
		if (this.#waiting === undefined || map.value.uint(1) !== this.#waiting.number || code === undefined)
			return;
		const refusal = code === 0 ? undefined : (REFUSALS[code] ?? "refused");
		this.#waiting.settle(refusal === undefined ? accept(map.value.map(3) ?? NO_RESULT) : refuse(refusal));
	}
}
