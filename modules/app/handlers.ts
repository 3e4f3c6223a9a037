/**
 * What each command does once it was allowed (PROTOCOL 5.5). Handlers decide nothing about who may; they read their
 * arguments, act, reply once.
 */
import type { Grant } from "../access/grant.ts";
import { mayGive, roleFromNumber } from "../access/grant.ts";
import type { AddReason, Grants, RemoveReason } from "../access/grants.ts";
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { Motion } from "../lock/bolt-config.ts";
import type { BoltDriver } from "../lock/bolt-driver.ts";
import type { EventLog } from "../log/event-log.ts";
import { readEnrolment } from "../pairing/enrol.ts";
import type { Clock } from "../platform/clock.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { Session } from "../session/session.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import { BOLT_POSITIONS, type CommandName, type Refusal, ROLES } from "../wire/command.ts";
import type { Request } from "../wire/session-message.ts";
import type { LocalCommands } from "./local-commands.ts";
import { runTimeCommand, timeRefusal } from "./time-commands.ts";
import type { TimeKeeper } from "./time-keeper.ts";
import type { TrustCommands } from "./trust-commands.ts";
import type { UpdateCommands } from "./update-commands.ts";

export interface Call {
	readonly session: Session;
	readonly request: Request;
	readonly grant: Grant;
}

export interface HandlersOptions {
	readonly clock: Clock;
	readonly crypto: Crypto;
	readonly serial: string;
	readonly firmwareVersion: string;
	/** When this boot began, by the clock. */
	readonly startedAtMs: number;
	readonly grants: Grants;
	readonly log: EventLog;
	readonly bolt: BoltDriver;
	readonly timeKeeper: TimeKeeper;
	/** What the lock says of itself (PROTOCOL 12). */
	readonly report: () => Uint8Array;
	readonly sessions: () => readonly Session[];
	/** A command's motion ended elsewhere than was asked for; its session was not told of the bolt meanwhile. */
	readonly onStopped: () => void;
	readonly trust: TrustCommands;
	readonly updates: UpdateCommands;
	readonly local: LocalCommands;
	/** A member is no more. */
	readonly onRemoved: () => void;
}

export class Handlers {
	readonly #options: HandlersOptions;
	#mover: Session | undefined;

	constructor(options: HandlersOptions) {
		this.#options = options;
	}

	/** Whose command moves the bolt: what becomes of it is in the reply. */
	get mover(): Session | undefined {
		return this.#mover;
	}

	/** What is refused before anything is spent: arguments that cannot be read, a bolt that moves or may not move. */
	refusal(command: CommandName, args: CborMap, grant: Grant): Refusal | undefined {
		switch (command) {
			case "anchor":
			case "status":
			case "members.list":
			case "health":
				return args.size === 0 ? undefined : "unknown-command";
			case "time.nonce":
			case "time.put":
			case "time.set":
				return timeRefusal(command, args);
			case "unlock":
			case "lock":
				if (args.size !== 0) return "unknown-command";
				return this.#options.bolt.refusal(command === "unlock" ? "retract" : "throw");
			case "log.read":
			case "members.remove":
				return readArgs(command, args) ? undefined : "unknown-command";
			case "members.add": {
				const role = readArgs(command, args) ? roleFromNumber(args.uint(1)) : undefined;
				if (role === undefined) return "unknown-command";
				return mayGive(grant, role) ? undefined : "not-permitted";
			}
			case "enrol":
				return "not-permitted";
			case "trust.put":
			case "trust.status":
			case "relays.list":
			case "relays.set":
				return this.#options.trust.refusal(command, args);
			case "update.offer":
			case "update.piece":
			case "update.status":
			case "update.attest":
			case "update.retry":
				return this.#options.updates.refusal(command, args);
			case "radio.key":
			case "wifi.set":
			case "wifi.status":
				return this.#options.local.refusal(command, args);
			default:
				return unreachable(command);
		}
	}

	run(command: CommandName, call: Call): void {
		switch (command) {
			case "anchor":
				return call.session.replyWithAnchor(call.request);
			case "status":
				return this.#status(call);
			case "unlock":
				return this.#move(call, "retract");
			case "lock":
				return this.#move(call, "throw");
			case "log.read":
				return this.#readLog(call);
			case "members.list":
				return this.#listMembers(call);
			case "members.remove":
				return this.#removeMember(call);
			case "members.add":
				return this.#addMember(call);
			case "enrol":
				return call.session.reply(call.request, "not-permitted");
			case "trust.put":
			case "trust.status":
			case "relays.list":
			case "relays.set":
				return this.#options.trust.run(command, call);
			case "update.offer":
			case "update.piece":
			case "update.status":
			case "update.attest":
			case "update.retry":
				return this.#options.updates.run(command, call);
			case "radio.key":
			case "wifi.set":
			case "wifi.status":
				return this.#options.local.run(command, call);
			case "time.nonce":
			case "time.put":
			case "time.set":
				return runTimeCommand(this.#options.timeKeeper, command, call);
			case "health":
				return call.session.reply(call.request, "done", { 0: this.#options.report() });
			default:
				return unreachable(command);
		}
	}

	#status({ session, request }: Call): void {
		const { bolt, clock, log, firmwareVersion, startedAtMs } = this.#options;
		session.reply(request, "done", {
			0: BOLT_POSITIONS.indexOf(bolt.bolt),
			1: bolt.doorClosed,
			2: bolt.inhibited,
			3: firmwareVersion,
			4: Math.floor(clock.monotonicMs() - startedAtMs),
			5: log.sequence,
			6: log.head,
		});
	}

	/** Replies when the motion has ended: a change is done only then (DESIGN 5.3). */
	#move({ session, request }: Call, motion: Motion): void {
		const { bolt, onStopped } = this.#options;
		this.#mover = session;
		bolt.request(motion, (outcome) => {
			this.#mover = undefined;
			if (outcome === "done") {
				return session.reply(request, "done", { 0: BOLT_POSITIONS.indexOf(bolt.bolt) });
			}
			session.reply(request, outcome);
			onStopped();
		});
	}

	#readLog({ session, request }: Call): void {
		const from = request.args.uint(0) ?? 1;
		const count = request.args.uint(1) ?? LIMITS.logPage;
		const page = this.#options.log.read(from, count);
		session.reply(request, "done", { 0: page.entries, 1: page.next, 2: page.oldest, 3: page.headBefore });
	}

	#listMembers({ session, request }: Call): void {
		const members = this.#options.grants.list().map(({ id, role, name }) => [id, ROLES[role], name]);
		session.reply(request, "done", { 0: members });
	}

	#removeMember({ session, request, grant }: Call): void {
		const { grants, log, sessions, updates } = this.#options;
		const id = request.args.uint(0) ?? 0;
		const removed = grants.remove(id);
		if (!removed.ok) return session.reply(request, removalRefusal(removed.reason));
		log.append({ kind: "member-removed", grantId: id, byGrantId: grant.id });
		session.reply(request, "done");
		for (const other of sessions()) if (other.grantId === id) other.end("removed");
		updates.removed(id);
		this.#options.onRemoved();
	}

	#addMember({ session, request, grant }: Call): void {
		const { crypto, serial, grants, log } = this.#options;
		const role = roleFromNumber(request.args.uint(1));
		const key25519 = request.args.bytes(2, 32);
		const enrolment =
			key25519 && readEnrolment(crypto, serial, key25519, request.args, { name: 0, keyP256: 3, proof: 4 });
		if (role === undefined || key25519 === undefined || enrolment === undefined) {
			return session.reply(request, "unknown-command");
		}
		const added = grants.add({ ...enrolment, role, key25519 });
		if (!added.ok) return session.reply(request, additionRefusal(added.reason));
		const { id, name } = added.value;
		log.append({ kind: "member-added", grantId: id, role: ROLES[role], name, byGrantId: grant.id });
		session.reply(request, "done", { 0: id });
	}
}

function readArgs(command: "log.read" | "members.remove" | "members.add", args: CborMap): boolean {
	switch (command) {
		case "log.read": {
			const count = args.uint(1, LIMITS.logPage);
			return args.hasOnly([0, 1]) && args.uint(0) !== undefined && count !== undefined && count > 0;
		}
		case "members.remove":
			return args.hasOnly([0]) && args.uint(0) !== undefined;
		case "members.add":
			return args.hasOnly([0, 1, 2, 3, 4]) && args.size === 5;
		default:
			return unreachable(command);
	}
}

function removalRefusal(reason: RemoveReason): Refusal {
	return reason === "storage" ? "try-later" : "not-permitted";
}

function additionRefusal(reason: AddReason): Refusal {
	switch (reason) {
		case "duplicate":
		case "unclaimed":
			return "not-permitted";
		case "malformed":
			return "unknown-command";
		case "table-full":
		case "storage":
			return "try-later";
		default:
			return unreachable(reason);
	}
}
