/** Random grants and entries within their bounds, for the rows of the table. */
import { type Grant, ROLE_PERMISSIONS } from "../../../modules/access/grant.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { LogEvent } from "../../../modules/wire/log-entry.ts";
import type { Random } from "../../harness/random.ts";

export function randomName(random: Random): string {
	return random.pick(["Ada", "a", "Zoë", "門", "0123456789abcdef0123456789abcdef"]);
}

export function randomGrant(random: Random, role: Grant["role"] = random.pick(["owner", "member"])): Grant {
	const notBefore = random.below(2000000000);
	return {
		id: 1 + random.below(4294967295),
		role,
		permissions: random.below(ROLE_PERMISSIONS.owner + 1),
		name: randomName(random),
		key25519: random.bytes(32),
		keyP256: random.bytes(65),
		...(random.boolean() ? {} : { validity: { notBefore, notAfter: notBefore + random.below(100000) } }),
		...(random.boolean()
			? {}
			: {
					schedule: {
						utcOffsetMinutes: random.between(-840, 840),
						windows: [{ startMinute: random.below(5000), endMinute: random.between(5000, 10080) }],
					},
				}),
		...(random.boolean() ? {} : { usesLeft: random.below(LIMITS.grantUses + 1) }),
	};
}

export function randomEvent(random: Random): LogEvent {
	const grantId = random.below(4294967296);
	return random.pick<LogEvent>([
		{ kind: "boot", resetReason: "power", firmware: "0.1.0" },
		{ kind: "claimed", grantId, name: randomName(random) },
		{ kind: "session", grantId, transport: "relay" },
		{ kind: "decision", grantId, command: random.below(65536), status: random.below(11) },
		{
			kind: "bolt",
			bolt: random.below(6),
			cause: random.pick(["command", "exit", "relock", "manual", "fault"]),
		},
		{ kind: "window", opened: random.boolean() },
		{ kind: "reset" },
		{ kind: "strangers", transport: "serial", count: random.below(100), hour: random.below(100) },
		{ kind: "member-added", grantId, role: random.below(256), name: randomName(random), byGrantId: 1 },
		{ kind: "member-removed", grantId, byGrantId: 1 },
		{ kind: "fault", code: "record/io" },
		{ kind: "trust", version: random.uint32(), way: random.pick(["relay", "serial", "session"]) },
		{ kind: "certificate", notAfter: random.uint32() },
		{ kind: "update", sequence: random.uint32(), step: random.pick(["began", "parked"]) },
	]);
}
