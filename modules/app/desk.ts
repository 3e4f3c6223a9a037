/**
 * Where every authenticated request is decided (DESIGN 8, T9): looks the grant up anew, asks access for its verdict
 * once, writes the decision to the log, and only then calls the command's handler.
 *
 * A decision that the log refuses is refused too (`try-later`): who came in must be on record. Reads by one session are
 * logged once per command: a phone that asks for status each second must not wear the flash out (docs/STORAGE.md).
 */
import type { Grant } from "../access/grant.ts";
import type { Grants } from "../access/grants.ts";
import { decide } from "../access/verdict.ts";
import { LIMITS } from "../base/limits.ts";
import type { EventLog } from "../log/event-log.ts";
import { enrolOwner } from "../pairing/enrol.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { Session } from "../session/session.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import type { CborFields } from "../wire/cbor-encode.ts";
import { COMMANDS, type CommandName, STATUSES, type Status } from "../wire/command.ts";
import { METHOD_QR } from "../wire/hello.ts";
import type { Request } from "../wire/session-message.ts";
import type { Handlers } from "./handlers.ts";

/** What changes nothing and moves nothing, or, as a piece of an update, changes nothing that counts before it is verified. */
const READS: readonly CommandName[] = Object.freeze([
	"anchor",
	"status",
	"log.read",
	"members.list",
	"time.nonce",
	"health",
	"trust.status",
	"relays.list",
	"update.piece",
	"update.status",
	"update.attest",
	"radio.key",
	"wifi.status",
]);

export interface DeskOptions {
	readonly crypto: Crypto;
	readonly serial: string;
	readonly grants: Grants;
	readonly log: EventLog;
	readonly time: TrustedTime;
	readonly handlers: Handlers;
	readonly isWindowOpen: () => boolean;
	readonly onClaimed: () => void;
	/** A phone asks for something that it may. */
	readonly onRequest: (command: CommandName) => void;
	/** Every open session, of every transport. */
	readonly sessions: () => readonly Session[];
}

export class Desk {
	readonly #options: DeskOptions;
	/** Reads that are on record, by session. */
	readonly #logged = new WeakMap<Session, Set<CommandName>>();

	constructor(options: DeskOptions) {
		this.#options = options;
	}

	/** The phone's first sealed frame opened. False: this phone has no business here any more. */
	open(session: Session): boolean {
		const { grants, log } = this.#options;
		if (session.method === METHOD_QR) return !grants.claimed && this.#options.isWindowOpen();
		const grant = grants.lookup(session.phoneKey);
		if (grant === undefined) return false;
		if (
			!log.appendBy(grant.id, { kind: "session", grantId: grant.id, transport: session.transportName }).ok
		) {
			return false;
		}
		session.grantId = grant.id;
		this.#makePlace(session, grant.id);
		return true;
	}

	receive(session: Session, request: Request): void {
		const { grants, time, log, handlers } = this.#options;
		if (session.grantId === undefined) return this.#enrol(session, request);
		const grant = grants.get(session.grantId);
		const verdict = decide(
			grant,
			{ command: request.command, fresh: session.isFresh(request) },
			time.nowUnixMs(),
		);
		if (!verdict.ok) {
			this.#record(session.grantId, request.command, verdict.reason);
			return session.reply(request, verdict.reason);
		}
		if (grant === undefined) return;
		const { command, spendsUse } = verdict.value;
		this.#options.onRequest(command);
		const early = handlers.refusal(command, request.args, grant);
		if (early !== undefined) {
			this.#record(grant.id, request.command, early);
			return session.reply(request, early);
		}
		if (READS.includes(command)) {
			if (!this.#recordRead(session, grant, command)) return session.reply(request, "try-later");
		} else {
			// The decision is on record, and then a use committed, before the bolt moves: what the log refuses spends nothing.
			const recorded = log.appendBy(grant.id, {
				kind: "decision",
				grantId: grant.id,
				command: request.command,
				status: 0,
			});
			if (!recorded.ok) return session.reply(request, "try-later");
			if (spendsUse && !grants.spendUse(grant.id).ok) {
				this.#record(grant.id, request.command, "try-later");
				return session.reply(request, "try-later");
			}
		}
		handlers.run(command, { session, request, grant });
	}

	/** Tells every phone that may ask for the status now, but one that waits for a reply of the bolt (PROTOCOL 5.4). */
	notify(event: number, data: CborFields): void {
		const { grants, time, handlers, sessions } = this.#options;
		for (const session of sessions()) {
			if (session === handlers.mover) continue;
			const grant = session.grantId === undefined ? undefined : grants.get(session.grantId);
			const verdict = decide(grant, { command: COMMANDS.status, fresh: true }, time.nowUnixMs());
			if (verdict.ok) session.notify(event, data);
		}
	}

	/** PROTOCOL 5.6: the one thing that a pairing session may do. */
	#enrol(session: Session, request: Request): void {
		const { crypto, serial, grants, log, isWindowOpen } = this.#options;
		if (request.command !== COMMANDS.enrol || !session.isFresh(request)) {
			session.reply(request, request.command === COMMANDS.enrol ? "stale" : "not-permitted");
			return session.end("malformed");
		}
		const enrolled = enrolOwner({ crypto, grants, serial, isWindowOpen }, session.phoneKey, request.args);
		if (!enrolled.ok) {
			session.reply(request, enrolled.reason);
			return session.end("malformed");
		}
		const grant = enrolled.value;
		session.grantId = grant.id;
		log.append({ kind: "claimed", grantId: grant.id, name: grant.name });
		this.#options.onClaimed();
		session.reply(request, "done", { 0: grant.id, 1: grants.lockId });
	}

	#record(grantId: number, command: number, status: Status): void {
		const number = Math.min(command, 0xffff);
		this.#options.log.appendBy(grantId, {
			kind: "decision",
			grantId,
			command: number,
			status: STATUSES.indexOf(status),
		});
	}

	#recordRead(session: Session, grant: Grant, command: CommandName): boolean {
		const logged = this.#logged.get(session) ?? new Set<CommandName>();
		if (logged.has(command) || command === "anchor") return true;
		const entry = { kind: "decision", grantId: grant.id, command: COMMANDS[command], status: 0 } as const;
		if (!this.#options.log.appendBy(grant.id, entry).ok) return false;
		logged.add(command);
		this.#logged.set(session, logged);
		return true;
	}

	/** One grant holds at most LIMITS.sessionsPerGrant sessions, the new one among them: its oldest go, nobody else's. */
	#makePlace(session: Session, grantId: number): void {
		const others: Session[] = [];
		for (const other of this.#options.sessions()) {
			if (other !== session && other.grantId === grantId) others.push(other);
		}
		others.sort((a, b) => a.startedAtMs - b.startedAtMs);
		for (const oldest of others.slice(0, Math.max(0, others.length - LIMITS.sessionsPerGrant + 1))) {
			oldest.end("replaced");
		}
	}
}
