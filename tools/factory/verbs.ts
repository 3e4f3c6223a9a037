/**
 * The line's verbs (PROTOCOL 6): one request at a time, each answered by a board or refused by a closed list of codes.
 * A lost answer is asked for again, because every verb may be repeated.
 */
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import type { CborFields } from "../../modules/wire/cbor-encode.ts";
import type { CborMap } from "../../modules/wire/cbor-map.ts";
import {
	decodeLineAnswer,
	encodeLineRequest,
	LINE_VERBS,
	type LineCode,
	type LineVerbName,
} from "../../modules/wire/line-verb.ts";
import { SerialLine, type SerialLineHandlers } from "./serial-line.ts";
import { SerialFault } from "./serial-port.ts";

export type VerbRefusal = Exclude<LineCode, "done">;

/** For the person at the line. */
export const VERB_REFUSALS: Readonly<Record<VerbRefusal, string>> = Object.freeze({
	sealed: "the board is sealed",
	conflict: "the board was begun as another device",
	malformed: "the board does not read what this line sends",
	"out-of-order": "the board has not done the step before",
	"certificate-refused": "the board refuses its certificate",
	storage: "the board's flash refuses or it is busy; the same may be done again",
	refused: "the board refuses what it was given",
	later: "the board takes no more of it for a while",
});

/** What carries frames to and from a board: a serial line, or what a test puts in its place. */
export interface FrameLine {
	send(frame: Uint8Array): Promise<void>;
	close(): void;
}

const ANSWER_MS = 5_000;
const ATTEMPTS = 3;

interface Waiting {
	readonly verb: number;
	readonly settle: (answer: Result<CborMap, VerbRefusal>) => void;
	readonly fail: (fault: SerialFault) => void;
}

export class VerbLine {
	readonly #line: FrameLine;
	#answerMs: number;
	#waiting: Waiting | undefined;
	#lost = false;

	constructor(open: (handlers: SerialLineHandlers) => FrameLine, answerMs: number = ANSWER_MS) {
		this.#answerMs = answerMs;
		this.#line = open({
			onFrame: (frame) => this.#receive(frame),
			onClosed: () => {
				this.#lost = true;
				this.#waiting?.fail(new SerialFault("closed", "it went away"));
			},
		});
	}

	/** Throws SerialFault open. */
	static onPort(path: string, answerMs?: number): VerbLine {
		return new VerbLine((handlers) => SerialLine.open(path, handlers), answerMs);
	}

	/** How long each answer is waited for from now on. */
	set answerMs(ms: number) {
		this.#answerMs = ms;
	}

	/** The answer's result, empty when there is none. Rejects with SerialFault when no answer comes. */
	async call(verb: LineVerbName, fields?: CborFields): Promise<Result<CborMap, VerbRefusal>> {
		const message = encodeLineRequest(verb, fields);
		for (let attempt = 1; ; attempt++) {
			try {
				return await this.#ask(LINE_VERBS[verb], message);
			} catch (error) {
				const mayRepeat = error instanceof SerialFault && error.code === "timeout";
				if (!mayRepeat || attempt === ATTEMPTS) throw error;
			}
		}
	}

	close(): void {
		this.#line.close();
	}

	#ask(verb: number, message: Uint8Array): Promise<Result<CborMap, VerbRefusal>> {
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
			this.#waiting = { verb, settle: (answer) => finish(() => resolve(answer)), fail };
			if (this.#lost) fail(new SerialFault("closed", "it went away"));
			else this.#line.send(message).catch(fail);
		});
	}

	/** Frames that are no answer to the verb under way belong to sessions, or came too late. */
	#receive(frame: Uint8Array): void {
		const answer = decodeLineAnswer(frame);
		if (!answer.ok || answer.value.verb !== this.#waiting?.verb) return;
		const { code, result } = answer.value;
		this.#waiting.settle(code === "done" ? accept(result) : refuse(code));
	}
}
