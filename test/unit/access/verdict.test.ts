import { type Grant, PERMISSIONS, type Permission, permissionSet } from "../../../modules/access/grant.ts";
import { decide, type VerdictReason } from "../../../modules/access/verdict.ts";
import { COMMANDS, type CommandName } from "../../../modules/wire/command.ts";
import { check, type Suite } from "../../harness/test.ts";
import { grantOf } from "./people.ts";

const NOW_MS = Date.UTC(2026, 2, 4, 12);
const NOW_S = NOW_MS / 1000;
const NOON_ONLY = {
	utcOffsetMinutes: 0,
	windows: [{ startMinute: 2 * 1440 + 720, endMinute: 2 * 1440 + 780 }],
};

function ask(
	grant: Grant | undefined,
	command: CommandName,
	unixMs: number | undefined = NOW_MS,
	fresh = true,
): ReturnType<typeof decide> {
	return decide(grant, { command: COMMANDS[command], fresh }, unixMs);
}

const NEEDS: readonly (readonly [CommandName, Permission])[] = [
	["status", "status"],
	["unlock", "unlock"],
	["lock", "lock"],
	["log.read", "log"],
	["members.list", "manage"],
	["members.remove", "manage"],
	["members.add", "manage"],
	["trust.put", "update"],
	["trust.status", "status"],
	["time.nonce", "status"],
	["time.put", "status"],
	["time.set", "configure"],
	["health", "log"],
	["relays.list", "configure"],
	["relays.set", "configure"],
	["radio.key", "status"],
	["wifi.set", "configure"],
	["wifi.status", "configure"],
];

export default function suite(t: Suite): void {
	t.test(
		"each command needs its one permission, and every other permission together is not enough (T9)",
		() => {
			for (const [command, needed] of NEEDS) {
				const others = PERMISSIONS.filter((permission) => permission !== needed);
				const just = grantOf(1, { permissions: permissionSet(needed) });
				check.equal(check.accepted(ask(just, command)).command, command);
				check.refused(ask(grantOf(1, { permissions: permissionSet(...others) }), command), "not-permitted");
			}
		},
	);

	t.test(
		"a member may unlock, lock, ask for the status and the radio's key, bring the time that its role signed, and nothing else (T9)",
		() => {
			const allowed = NEEDS.filter(([command]) => ask(grantOf(2), command).ok).map(([command]) => command);
			check.deepEqual(allowed, [
				"status",
				"unlock",
				"lock",
				"trust.status",
				"time.nonce",
				"time.put",
				"radio.key",
			]);
			for (const [command] of NEEDS) check.accepted(ask(grantOf(1, { role: "owner" }), command));
		},
	);

	t.test("a phone without a grant may nothing (T8)", () => {
		for (const command of Object.keys(COMMANDS) as CommandName[]) {
			check.refused(ask(undefined, command), "not-permitted");
		}
	});

	t.test("numbers that name no command are unknown, with or without a grant", () => {
		for (const command of [0, 26, 255, 65_536, Number.MAX_SAFE_INTEGER]) {
			check.refused(decide(grantOf(1), { command, fresh: true }, NOW_MS), "unknown-command");
			check.refused(decide(undefined, { command, fresh: true }, NOW_MS), "unknown-command");
		}
	});

	t.test("a pairing's first request is no command of a grant, not even of an owner", () => {
		check.refused(ask(grantOf(1, { role: "owner" }), "enrol"), "not-permitted");
	});

	t.test("a stale command is refused, a fresh one accepted; an anchor needs no stamp (T3, I2)", () => {
		const owner = grantOf(1, { role: "owner" });
		for (const [command] of NEEDS) {
			check.refused(ask(owner, command, NOW_MS, false), "stale");
			check.accepted(ask(owner, command, NOW_MS, true));
		}
		check.accepted(ask(owner, "anchor", NOW_MS, false));
	});

	t.test("a grant that expired while offline is refused, one not begun is outside its schedule (T8)", () => {
		const expired = grantOf(2, { validity: { notAfter: NOW_S - 1 } });
		check.refused(ask(expired, "unlock"), "not-permitted");
		check.accepted(ask(expired, "unlock", NOW_MS - 1000));
		const later = grantOf(2, { validity: { notBefore: NOW_S + 1 } });
		check.refused(ask(later, "unlock"), "outside-schedule");
		check.accepted(ask(later, "unlock", NOW_MS + 1000));
	});

	t.test("outside its weekly hours a grant is refused, within them it serves (T8)", () => {
		const grant = grantOf(2, { schedule: NOON_ONLY });
		check.accepted(ask(grant, "unlock"));
		check.refused(ask(grant, "unlock", NOW_MS - 60_000), "outside-schedule");
		check.refused(ask(grant, "status", NOW_MS - 60_000), "outside-schedule");
	});

	t.test("without trusted time a timed grant is refused and an untimed one serves (T13)", () => {
		const timed = [
			grantOf(2, { schedule: NOON_ONLY }),
			grantOf(2, { validity: { notAfter: NOW_S + 100 } }),
			grantOf(2, { validity: { notBefore: NOW_S - 100 } }),
		];
		for (const grant of timed) {
			check.refused(decide(grant, { command: COMMANDS.unlock, fresh: true }, undefined), "no-time");
			check.accepted(ask(grant, "unlock"));
			check.accepted(
				decide(grant, { command: COMMANDS.anchor, fresh: true }, undefined),
				"an anchor is no access",
			);
		}
		check.accepted(decide(grantOf(2), { command: COMMANDS.unlock, fresh: true }, undefined));
	});

	t.test("a use-counted grant spends on unlock alone, and with no use left unlocks no more (T8)", () => {
		const one = grantOf(2, { usesLeft: 1 });
		check.equal(check.accepted(ask(one, "unlock")).spendsUse, true);
		check.equal(check.accepted(ask(one, "lock")).spendsUse, false);
		check.equal(check.accepted(ask(grantOf(2), "unlock")).spendsUse, false);
		const none = grantOf(2, { usesLeft: 0 });
		check.refused(ask(none, "unlock"), "used-up");
		check.accepted(ask(none, "lock"), "who is in may still lock behind them");
	});

	t.test("of several refusals the first in the documented order is named", () => {
		const wrongInAll = grantOf(2, {
			permissions: permissionSet("status"),
			validity: { notAfter: NOW_S - 1 },
			schedule: { utcOffsetMinutes: 0, windows: [{ startMinute: 0, endMinute: 1 }] },
			usesLeft: 0,
		});
		const unlock = permissionSet("unlock");
		const order: readonly (readonly [Grant, number | undefined, VerdictReason])[] = [
			[wrongInAll, undefined, "not-permitted"],
			[{ ...wrongInAll, permissions: unlock }, undefined, "no-time"],
			[{ ...wrongInAll, permissions: unlock }, NOW_MS, "not-permitted"],
			[{ ...wrongInAll, permissions: unlock, validity: { notBefore: NOW_S } }, NOW_MS, "outside-schedule"],
			[{ ...wrongInAll, permissions: unlock, validity: {}, schedule: NOON_ONLY }, NOW_MS, "used-up"],
			[
				{ ...wrongInAll, permissions: unlock, validity: {}, schedule: NOON_ONLY, usesLeft: 1 },
				NOW_MS,
				"stale",
			],
		];
		for (const [grant, unixMs, reason] of order) {
			check.refused(decide(grant, { command: COMMANDS.unlock, fresh: false }, unixMs), reason);
		}
	});

	t.test("deciding changes nothing: the same question has the same answer (I7)", () => {
		const grant = grantOf(2, { usesLeft: 1, validity: { notAfter: NOW_S } });
		const before = JSON.stringify(grant);
		check.deepEqual(ask(grant, "unlock"), ask(grant, "unlock"));
		check.equal(JSON.stringify(grant), before);
	});
}
