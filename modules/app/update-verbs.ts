/**
 * The verbs of the serial line that concern updates (docs/UPDATE.md 5, 10). Offers and pieces are for a board that is not sealed, or
 * in recovery; how the update stands, and what the board attests, it says at any time: the report holds nothing secret, and an
 * attestation is signed for whoever asks. A piece that comes while the bolt drives is answered `later`, and sent again.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { LINE_VERBS, type LineCode } from "../wire/line-verb.ts";
import { MessageAssembly } from "../wire/message-assembly.ts";
import { decodePiece } from "../wire/piece.ts";
import { decodeOffer } from "../wire/update-offer.ts";
import { nonceArgument, pieceArgument, wantResult } from "./update-commands.ts";
import { LINE_SENDER, type UpdateCore } from "./update-core.ts";
import type { OfferRefusal } from "./update-keeper.ts";

export type UpdateVerbResult = Result<CborFields | undefined, LineCode>;

export class UpdateVerbs {
	readonly #core: UpdateCore;
	readonly #assembly = new MessageAssembly();

	constructor(core: UpdateCore) {
		this.#core = core;
	}

	/** Undefined for a verb that is none of these. */
	run(verb: number, args: CborMap): UpdateVerbResult | undefined {
		switch (verb) {
			case LINE_VERBS["update-offer"]:
				return this.#offer(args);
			case LINE_VERBS["update-piece"]:
				return this.#piece(args);
			case LINE_VERBS["update-status"]:
				if (args.size !== 0) return refuse("malformed");
				return accept({ 0: this.#core.report(), ...this.#wanted(1) });
			case LINE_VERBS.attest:
				return this.#attest(args);
			default:
				return undefined;
		}
	}

	#offer(args: CborMap): UpdateVerbResult {
		const piece = decodePiece(args);
		if (piece === undefined) return refuse("malformed");
		const assembled = this.#assembly.add(this, piece);
		if (!assembled.ok) return refuse("out-of-order");
		const { next, message } = assembled.value;
		if (message === undefined) return accept({ 0: next });
		const offer = decodeOffer(message);
		if (!offer.ok) return refuse("malformed");
		const taken = this.#core.keeper.offer("line", offer.value);
		return taken.ok ? accept({ 0: next, ...this.#wanted(1) }) : refuse(codeOf(taken.reason));
	}

	/** In flash when it is answered. */
	#piece(args: CborMap): UpdateVerbResult {
		const piece = pieceArgument(args);
		if (piece === undefined) return refuse("malformed");
		const wanted = this.#core.keeper.putNow(LINE_SENDER, piece);
		if (wanted === undefined) return refuse("later");
		const { keeper } = this.#core;
		return accept(wantResult(wanted ? keeper.ask(LINE_SENDER) : keeper.peek(LINE_SENDER), 0));
	}

	#attest(args: CborMap): UpdateVerbResult {
		const nonce = nonceArgument(args);
		if (nonce === undefined) return refuse("malformed");
		const attested = this.#core.attester.attest(nonce);
		if (attested.ok) return accept({ 0: attested.value });
		return refuse(attested.reason === "no-key" ? "out-of-order" : "later");
	}

	#wanted(shift: number): CborFields {
		return wantResult(this.#core.keeper.peek(LINE_SENDER), shift);
	}
}

function codeOf(reason: OfferRefusal): LineCode {
	switch (reason) {
		case "malformed":
			return "malformed";
		case "storage":
			return "storage";
		case "busy":
		case "too-often":
			return "later";
		default:
			return "refused";
	}
}
