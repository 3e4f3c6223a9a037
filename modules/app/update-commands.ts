/**
 * The commands of a session that concern updates (docs/UPDATE.md 5): offers and pieces of a phone, how the update stands, an
 * attestation, and an owner's word that what was parked may be tried again. They decide nothing about who may, nor about
 * what a lock takes.
 */
import { unreachable } from "../base/assert.ts";
import type { Session } from "../session/session.ts";
import { type Sender, sessionSender } from "../update/download-step.ts";
import { ATTESTATION_NONCE_BYTES } from "../wire/attestation.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import type { CommandName, Refusal } from "../wire/command.ts";
import { MessageAssembly } from "../wire/message-assembly.ts";
import { decodePiece } from "../wire/piece.ts";
import { decodeOffer, type ObjectPiece, type ObjectWant, readObjectPiece } from "../wire/update-offer.ts";
import { askerOf } from "./asker-allowance.ts";
import type { Call } from "./handlers.ts";
import type { UpdateCore } from "./update-core.ts";
import type { OfferRefusal } from "./update-keeper.ts";

export type UpdateCommandName = Extract<CommandName, `update.${string}`>;

export class UpdateCommands {
	readonly #core: UpdateCore;
	readonly #assembly = new MessageAssembly();
	readonly #senders = new WeakMap<Session, Sender>();
	#sessions = 0;

	constructor(core: UpdateCore) {
		this.#core = core;
	}

	/** Arguments that cannot be read. */
	refusal(command: UpdateCommandName, args: CborMap): Refusal | undefined {
		switch (command) {
			case "update.offer":
				return decodePiece(args) === undefined ? "unknown-command" : undefined;
			case "update.piece":
				return pieceArgument(args) === undefined ? "unknown-command" : undefined;
			case "update.attest":
				return nonceArgument(args) === undefined ? "unknown-command" : undefined;
			case "update.status":
			case "update.retry":
				return args.size === 0 ? undefined : "unknown-command";
			default:
				return unreachable(command);
		}
	}

	run(command: UpdateCommandName, call: Call): void {
		const { session, request } = call;
		switch (command) {
			case "update.offer":
				return this.#offer(call);
			case "update.piece":
				return this.#piece(call);
			case "update.attest":
				return this.#attest(call);
			case "update.status":
				return session.reply(request, "done", {
					0: this.#core.report(),
					...wantResult(this.#peek(session), 1),
				});
			case "update.retry":
				return session.reply(request, this.#core.keeper.retry().ok ? "done" : "try-later");
			default:
				return unreachable(command);
		}
	}

	/** The session is over: its chunk is anybody's. */
	ended(session: Session): void {
		this.#assembly.forget(session);
		const sender = this.#senders.get(session);
		if (sender !== undefined) this.#core.keeper.lost(sender);
	}

	#offer({ session, request }: Call): void {
		const piece = decodePiece(request.args);
		const assembled = piece && this.#assembly.add(session, piece);
		if (!assembled?.ok) return session.reply(request, "unknown-command");
		const { next, message } = assembled.value;
		if (message === undefined) return session.reply(request, "done", { 0: next });
		const offer = decodeOffer(message);
		if (!offer.ok) return session.reply(request, "unknown-command");
		const taken = this.#core.keeper.offer(askerOf(session), offer.value);
		if (!taken.ok) return session.reply(request, statusOf(taken.reason));
		session.reply(request, "done", { 0: next, ...wantResult(this.#peek(session), 1) });
	}

	/** Replies when the piece is in flash, or was not wanted: the next one may come then. */
	#piece({ session, request }: Call): void {
		const piece = pieceArgument(request.args);
		if (piece === undefined) return session.reply(request, "unknown-command");
		const put = this.#core.keeper.put(this.#senderOf(session), piece, (wanted) => {
			session.reply(request, "done", wantResult(wanted ? this.#ask(session) : this.#peek(session), 0));
		});
		if (put.ok) return;
		if (put.reason === "full") session.reply(request, "busy");
		else session.reply(request, "done", wantResult(this.#peek(session), 0));
	}

	/** After its sessions ended. */
	removed(grantId: number): void {
		this.#core.keeper.removed(grantId);
	}

	#attest({ session, request }: Call): void {
		const nonce = nonceArgument(request.args);
		if (nonce === undefined) return session.reply(request, "unknown-command");
		const attested = this.#core.attester.attest(askerOf(session), nonce);
		if (attested.ok) session.reply(request, "done", { 0: attested.value });
		else session.reply(request, attested.reason === "busy" ? "busy" : "try-later");
	}

	/** Who only looks on takes no chunk from those who send. */
	#peek(session: Session): ObjectWant | undefined {
		return this.#core.keeper.peek(this.#senderOf(session));
	}

	#ask(session: Session): ObjectWant | undefined {
		return session.ended ? undefined : this.#core.keeper.ask(this.#senderOf(session));
	}

	#senderOf(session: Session): Sender {
		const known = this.#senders.get(session);
		if (known !== undefined) return known;
		// A phone that pairs may send no piece; no grant has the number 0.
		const sender = sessionSender(session.grantId ?? 0, this.#sessions++);
		this.#senders.set(session, sender);
		return sender;
	}
}

/** Digest and offset that are wanted, from key `shift` on; nothing where nothing is. */
export function wantResult(want: ObjectWant | undefined, shift: number): CborFields {
	return want === undefined ? {} : { [shift]: want.digest, [shift + 1]: want.offset };
}

export function pieceArgument(args: CborMap): ObjectPiece | undefined {
	return args.hasOnly([0, 1, 2]) ? readObjectPiece(args, 0) : undefined;
}

export function nonceArgument(args: CborMap): Uint8Array | undefined {
	return args.hasOnly([0]) ? args.bytes(0, ATTESTATION_NONCE_BYTES) : undefined;
}

/** What a phone may know; the report and the local log have the reason. */
function statusOf(reason: OfferRefusal): Refusal {
	switch (reason) {
		case "malformed":
			return "unknown-command";
		case "busy":
			return "busy";
		case "too-often":
		case "storage":
			return "try-later";
		default:
			return "not-permitted";
	}
}
