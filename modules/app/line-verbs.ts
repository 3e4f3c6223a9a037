/**
 * The factory line's verbs (PROTOCOL 6) on the lock: reads arguments, asks identity, answers. It keeps no state; what
 * may be repeated, and what the seal ends, is identity's to say. The setup secret leaves only sealed to the line's key.
 */
import { unreachable } from "../base/assert.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import { accept, type Result, refuse } from "../base/result.ts";
import type { Identity } from "../identity/identity.ts";
import { decodeChain } from "../identity/records.ts";
import { sealN } from "../noise/one-way.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { TIME_STATEMENT_BYTES_MAX } from "../wire/envelope.ts";
import { PROTOCOL_VERSION } from "../wire/hello.ts";
import { labelPrologue } from "../wire/label.ts";
import {
	encodeLineAnswer,
	LINE_STAGES,
	LINE_VERBS,
	type LineCode,
	type LineRequest,
} from "../wire/line-verb.ts";
import { decodePiece } from "../wire/piece.ts";
import { encodeSelfTestReport } from "../wire/self-test.ts";
import type { SelfTest } from "./self-test.ts";
import type { TimeKeeper } from "./time-keeper.ts";
import { type PieceReason, refusalClass, type TrustKeeper } from "./trust-keeper.ts";
import type { UpdateVerbs } from "./update-verbs.ts";

/** What a sealed board still answers: it decides nothing that a signature does not (PROTOCOL 6). */
const AFTER_SEAL: readonly number[] = Object.freeze([
	LINE_VERBS.identify,
	LINE_VERBS.trust,
	LINE_VERBS.time,
	LINE_VERBS.health,
	LINE_VERBS["update-status"],
	LINE_VERBS.attest,
]);

const RUN_MAX = 4294967295;

export type VerbResult = Result<CborFields | undefined, LineCode>;

export interface LineVerbsOptions {
	readonly identity: Identity;
	readonly trust: TrustKeeper;
	readonly crypto: Crypto;
	readonly firmwareVersion: string;
	readonly timeKeeper: TimeKeeper;
	readonly updates: UpdateVerbs;
	readonly selfTest: SelfTest;
	/** What the lock says of itself (PROTOCOL 12). */
	readonly report: () => Uint8Array;
	/** The board became able to serve sessions or to reach its relay. */
	readonly onProvisioned: () => void;
}

export class LineVerbs {
	readonly #options: LineVerbsOptions;

	constructor(options: LineVerbsOptions) {
		this.#options = options;
	}

	/** The encoded answer to one verb. */
	answer(request: LineRequest): Uint8Array {
		const outcome = this.#run(request.verb, request.args);
		if (!outcome.ok) return encodeLineAnswer(request.verb, outcome.reason);
		return encodeLineAnswer(request.verb, "done", outcome.value);
	}

	#run(verb: number, args: CborMap): VerbResult {
		// What a line says to a sealed board is not even read.
		if (!AFTER_SEAL.includes(verb) && this.#options.identity.stage === "sealed") return refuse("sealed");
		switch (verb) {
			case LINE_VERBS.identify:
				if (args.size !== 0) return refuse("malformed");
				return accept(identified(this.#options.identity, this.#options.firmwareVersion));
			case LINE_VERBS.begin:
				return this.#begin(args);
			case LINE_VERBS.install:
				return this.#install(args);
			case LINE_VERBS.label:
				return this.#label(args);
			case LINE_VERBS.seal:
				return args.size === 0 ? this.#seal() : refuse("malformed");
			case LINE_VERBS.trust:
				return takeTrustPiece(this.#options.trust, this, args);
			case LINE_VERBS.time:
				return this.#time(args);
			case LINE_VERBS.health:
				return args.size === 0 ? accept({ 0: this.#options.report() }) : refuse("malformed");
			case LINE_VERBS["self-test"]:
				return this.#selfTest(args);
			case LINE_VERBS["read-back"]:
				return args.size === 0 ? this.#readBack() : refuse("malformed");
			default:
				return this.#options.updates.run(verb, args) ?? refuse("malformed");
		}
	}

	#begin(args: CborMap): VerbResult {
		const serial = args.text(0, 24);
		const hardwareClass = args.text(1, LIMITS.hardwareClassBytes);
		if (!args.hasOnly([0, 1]) || serial === undefined || hardwareClass === undefined) {
			return refuse("malformed");
		}
		const begun = this.#options.identity.begin(serial, hardwareClass);
		if (!begun.ok) return begun;
		this.#options.onProvisioned();
		return accept({ 0: begun.value.csr, 1: begun.value.key25519 });
	}

	#install(args: CborMap): VerbResult {
		const chain = decodeChain(args.get(0), LIMITS.ownChainBytes);
		if (!args.hasOnly([0]) || chain === undefined) return refuse("malformed");
		const installed = this.#options.identity.install(chain);
		if (!installed.ok) return installed;
		this.#options.onProvisioned();
		return accept(undefined);
	}

	#label(args: CborMap): VerbResult {
		const { identity, crypto } = this.#options;
		const lineKey = args.bytes(0, 32);
		if (!args.hasOnly([0]) || lineKey === undefined) return refuse("malformed");
		const secret = identity.openSetupSecret();
		if (!secret.ok) return secret;
		const sealed = attempt(() => sealN(crypto, labelPrologue(identity.serial!), lineKey, secret.value));
		secret.value.close();
		if (!sealed.ok) return refuse("storage");
		return sealed.value.ok ? accept({ 0: sealed.value.value }) : refuse("malformed");
	}

	/** `later` until the run is over. */
	#selfTest(args: CborMap): VerbResult {
		const run = args.uint(0, RUN_MAX);
		if (!args.hasOnly([0]) || run === undefined) return refuse("malformed");
		const report = this.#options.selfTest.ask(run);
		return report === undefined ? refuse("later") : accept({ 0: encodeSelfTestReport(report) });
	}

	#readBack(): VerbResult {
		const chain = this.#options.identity.readBack();
		return chain.ok ? accept({ 0: chain.value }) : chain;
	}

	/** A question, or the time role's answer to the last one. */
	#time(args: CborMap): VerbResult {
		const { timeKeeper } = this.#options;
		if (args.size === 0) {
			const nonce = timeKeeper.lineNonce();
			return nonce === undefined ? refuse("refused") : accept({ 0: nonce });
		}
		const statement = args.bytes(0, { min: 1, max: TIME_STATEMENT_BYTES_MAX });
		if (!args.hasOnly([0]) || statement === undefined) return refuse("malformed");
		const set = timeKeeper.takeFromLine(statement);
		return set.ok ? accept({ 0: set.value }) : set;
	}

	#seal(): VerbResult {
		const sealed = this.#options.identity.seal();
		return sealed.ok ? accept(undefined) : sealed;
	}
}

/** What `identify` answers. */
export function identified(identity: Identity, firmwareVersion: string): CborFields {
	return {
		0: PROTOCOL_VERSION,
		1: LINE_STAGES.indexOf(identity.stage),
		2: identity.serial,
		3: firmwareVersion,
		4: identity.keyP256,
	};
}

/** What `trust` does, for whoever holds the line: its pieces belong together. */
export function takeTrustPiece(trust: TrustKeeper, line: unknown, args: CborMap): VerbResult {
	const piece = decodePiece(args);
	if (piece === undefined) return refuse("malformed");
	const taken = trust.takePiece("serial", line, piece);
	if (!taken.ok) return refuse(lineCode(taken.reason));
	return accept({ 0: taken.value.version, 1: taken.value.next });
}

function lineCode(reason: PieceReason): LineCode {
	const refusal = refusalClass(reason);
	switch (refusal) {
		case "order":
			return "out-of-order";
		case "unreadable":
			return "malformed";
		case "untrusted":
			return "refused";
		case "later":
		case "busy":
			return "storage";
		default:
			return unreachable(refusal);
	}
}
