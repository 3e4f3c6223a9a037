/** The real firmware on a board in memory, at the other end of a factory line: power cuts and lost bytes on command. */
import { App } from "../../../modules/app/app.ts";
import { FIRMWARE } from "../../../modules/base/version.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { Deframer, encodeFrame } from "../../../modules/wire/cobs.ts";
import { SerialFault } from "../../../tools/factory/serial-port.ts";
import { type FrameLine, VerbLine } from "../../../tools/factory/verbs.ts";
import { SimBoard } from "../../sim/board.ts";

const ANSWER_MS = 60;

/** What happens to the power during one verb. */
export type Mishap = "none" | "cut-before" | "cut-after" | "answer-lost";

export class FactoryTwin {
	readonly board: SimBoard;
	/** Frames that the line sent, over all connections. */
	sent = 0;
	/** Decides over the n-th frame that the line sends, from 1. */
	mishap: (frame: number) => Mishap = () => "none";

	constructor(crypto: TestCrypto) {
		this.board = new SimBoard({ crypto });
		this.#boot();
	}

	/** A new connection to the board, which boots if a cut took its power. */
	line(): VerbLine {
		if (!this.board.running) this.#boot();
		return new VerbLine((handlers) => {
			const deframer = new Deframer();
			const line: FrameLine = {
				send: async (frame) => {
					this.sent++;
					const mishap = this.mishap(this.sent);
					if (mishap === "cut-before") this.board.powerCut();
					if (!this.board.running) throw new SerialFault("closed", "the power is off");
					this.board.serial.write(encodeFrame(frame));
					this.board.time.advance(20);
					const answer = this.board.serial.take();
					if (mishap === "cut-after") {
						this.board.powerCut();
						throw new SerialFault("closed", "the power went off");
					}
					if (mishap !== "answer-lost") deframer.push(answer, (received) => handlers.onFrame(received));
				},
				close: () => undefined,
			};
			return line;
		}, ANSWER_MS);
	}

	#boot(): void {
		const platform = this.board.boot();
		this.board.run(() => new App(platform, { firmware: { ...FIRMWARE, version: "1.2.3" } }).start());
		this.board.time.advance(20);
	}
}
