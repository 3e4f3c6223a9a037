/**
 * The one decision (DESIGN 8, T8, T9): may this grant's phone do this now? Pure, and asked in one place, before any
 * handler. Order of the checks, of which the first that fails names the refusal (PROTOCOL 5.2):
 *
 *   1. the command exists                              unknown-command
 *   2. the grant exists and has the permission         not-permitted
 *   3. trusted time, if anything below needs it        no-time
 *   4. validity: over for good / not begun yet         not-permitted / outside-schedule
 *   5. weekly schedule                                 outside-schedule
 *   6. uses left, for a command that spends one        used-up
 *   7. the delay bound                                 stale
 *
 * So a refusal never tells a phone more than its own grant does, and a stale command spends nothing. A verdict with
 * `spendsUse` is acted upon only after Grants.spendUse was accepted. What the bolt says (busy, jammed, inhibited) comes later.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import { type CommandName, commandName, type Refusal } from "../wire/command.ts";
import { type Grant, hasPermission, type Permission } from "./grant.ts";
import { hasBegun, hasEnded, isWithinSchedule } from "./schedule.ts";

export interface AccessRequest {
	/** PROTOCOL 5.5, as it came. */
	readonly command: number;
	/** Whether its stamp is within the delay bound (delay.ts). */
	readonly fresh: boolean;
}

export interface Permit {
	readonly command: CommandName;
	readonly spendsUse: boolean;
}

export type VerdictReason = Extract<
	Refusal,
	"unknown-command" | "not-permitted" | "no-time" | "outside-schedule" | "used-up" | "stale"
>;

export type Verdict = Result<Permit, VerdictReason>;

interface CommandRule {
	/** "none": any grant at any time. "pairing": no grant; a pairing session asks elsewhere (claim). */
	readonly needs: Permission | "none" | "pairing";
	readonly spendsUse: boolean;
	readonly needsFresh: boolean;
}

function rule(needs: CommandRule["needs"], { spendsUse = false, needsFresh = true } = {}): CommandRule {
	return Object.freeze({ needs, spendsUse, needsFresh });
}

/** PROTOCOL 5.5, column "permission". */
const RULES: Readonly<Record<CommandName, CommandRule>> = Object.freeze({
	anchor: rule("none", { needsFresh: false }),
	status: rule("status"),
	unlock: rule("unlock", { spendsUse: true }),
	lock: rule("lock"),
	"log.read": rule("log"),
	"members.list": rule("manage"),
	"members.remove": rule("manage"),
	"members.add": rule("manage"),
	enrol: rule("pairing"),
	"trust.put": rule("update"),
	"trust.status": rule("status"),
	"time.nonce": rule("status"),
	"time.put": rule("status"),
	"time.set": rule("configure"),
	health: rule("log"),
	"relays.list": rule("configure"),
	"relays.set": rule("configure"),
	"update.offer": rule("update"),
	"update.piece": rule("update", { needsFresh: false }),
	"update.status": rule("status"),
	"update.attest": rule("status"),
	"update.retry": rule("update"),
	"radio.key": rule("status"),
	"wifi.set": rule("configure"),
	"wifi.status": rule("configure"),
});

/** `grant` is undefined for a phone that has none (removed meanwhile); `unixMs` is undefined without trusted time. */
export function decide(
	grant: Grant | undefined,
	request: AccessRequest,
	unixMs: number | undefined,
): Verdict {
	const command = commandName(request.command);
	if (command === undefined) return refuse("unknown-command");
	const { needs, spendsUse, needsFresh } = RULES[command];
	if (grant === undefined || needs === "pairing") return refuse("not-permitted");
	if (needs !== "none") {
		if (!hasPermission(grant.permissions, needs)) return refuse("not-permitted");
		const refusal = timeRefusal(grant, unixMs);
		if (refusal !== undefined) return refuse(refusal);
	}
	if (spendsUse && grant.usesLeft === 0) return refuse("used-up");
	if (needsFresh && !request.fresh) return refuse("stale");
	return accept({ command, spendsUse: spendsUse && grant.usesLeft !== undefined });
}

function timeRefusal(
	{ validity, schedule }: Grant,
	unixMs: number | undefined,
): "no-time" | "not-permitted" | "outside-schedule" | undefined {
	if (validity === undefined && schedule === undefined) return undefined;
	if (unixMs === undefined) return "no-time";
	if (validity !== undefined && hasEnded(validity, unixMs)) return "not-permitted";
	if (validity !== undefined && !hasBegun(validity, unixMs)) return "outside-schedule";
	if (schedule !== undefined && !isWithinSchedule(schedule, unixMs)) return "outside-schedule";
	return undefined;
}
