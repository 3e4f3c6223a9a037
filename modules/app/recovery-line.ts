/**
 * All that the serial line says in recovery (docs/UPDATE.md 10): who the board is, trust, updates, an attestation. What comes is judged
 * by the rules of every other way; it can be given nothing that a threshold did not sign. It serves the recovery mode of App and
 * the recovery program alike.
 */
import { accept, refuse } from "../base/result.ts";
import type { Identity } from "../identity/identity.ts";
import { encodeLineAnswer, LINE_VERBS, type LineRequest } from "../wire/line-verb.ts";
import { identified, takeTrustPiece, type VerbResult } from "./line-verbs.ts";
import type { TrustKeeper } from "./trust-keeper.ts";
import type { UpdateVerbs } from "./update-verbs.ts";

export interface RecoveryLineOptions {
	readonly identity: Identity;
	readonly trust: TrustKeeper;
	readonly firmwareVersion: string;
	readonly updates: UpdateVerbs;
}

export class RecoveryLine {
	readonly #options: RecoveryLineOptions;

	constructor(options: RecoveryLineOptions) {
		this.#options = options;
	}

	/** The encoded answer to one verb. */
	answer(request: LineRequest): Uint8Array {
		const outcome = this.#run(request);
		if (!outcome.ok) return encodeLineAnswer(request.verb, outcome.reason);
		return encodeLineAnswer(request.verb, "done", outcome.value);
	}

	#run({ verb, args }: LineRequest): VerbResult {
		const { identity, trust, firmwareVersion, updates } = this.#options;
		switch (verb) {
			case LINE_VERBS.identify:
				return args.size === 0 ? accept(identified(identity, firmwareVersion)) : refuse("malformed");
			case LINE_VERBS.trust:
				return takeTrustPiece(trust, this, args);
			default:
				return updates.run(verb, args) ?? refuse("refused");
		}
	}
}
