/** Signed bundles over a board's serial line, piece by piece (PROTOCOL 6 `trust`, 10.2). */
import { type Result, refuse } from "../../modules/base/result.ts";
import type { CborMap } from "../../modules/wire/cbor-map.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import { VERB_REFUSALS, type VerbLine, type VerbRefusal } from "../factory/verbs.ts";
import { TrustFault } from "./trust-fault.ts";

const ATTEMPTS = 3;

/** The version that the board has afterwards. Rejects with TrustFault, or with SerialFault when no answer comes. */
export async function deliverBundle(line: VerbLine, message: Uint8Array): Promise<number> {
	for (let attempt = 1; ; attempt++) {
		const answer = await sendPieces(line, message);
		if (answer.ok) {
			const version = answer.value.uint(0);
			if (version === undefined) throw new TrustFault("trust: the board's answer is malformed");
			return version;
		}
		// A piece whose answer was lost came twice: begin anew. A bundle that is there already is no change.
		if (answer.reason !== "out-of-order" || attempt === ATTEMPTS) {
			throw new TrustFault(`trust: ${VERB_REFUSALS[answer.reason]}`);
		}
	}
}

/** The answer to the last piece, or the first refusal. */
async function sendPieces(line: VerbLine, message: Uint8Array): Promise<Result<CborMap, VerbRefusal>> {
	let answer: Result<CborMap, VerbRefusal> = refuse("malformed");
	for (const piece of encodePieces(message)) {
		answer = await line.call("trust", piece);
		if (!answer.ok) break;
	}
	return answer;
}
