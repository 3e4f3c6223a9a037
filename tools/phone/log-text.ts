/** One line of text for a log entry, for people. */
import { BOLT_POSITIONS, commandName, STATUSES } from "../../modules/wire/command.ts";
import type { LogEntry, LogEvent, UnknownLogEvent } from "../../modules/wire/log-entry.ts";
import { plainName, plainText } from "../cli/plain-text.ts";

export function logText(entry: LogEntry<LogEvent | UnknownLogEvent>): string {
	const when =
		entry.unixSeconds === undefined
			? `boot ${entry.boot} + ${entry.secondsSinceBoot} s`
			: new Date(entry.unixSeconds * 1000).toISOString();
	return `${String(entry.sequence).padStart(5)}  ${when}  ${eventText(entry.event)}`;
}

function eventText(event: LogEvent | UnknownLogEvent): string {
	switch (event.kind) {
		case "boot":
			return `started (${plainText(event.resetReason)}), firmware ${plainText(event.firmware)}`;
		case "claimed":
			return `claimed by ${plainName(event.name)} (grant ${event.grantId})`;
		case "session":
			return `grant ${event.grantId} opened a session over ${event.transport}`;
		case "decision":
			return `grant ${event.grantId}: ${commandName(event.command) ?? `command ${event.command}`}, ${
				event.status === 0 ? "allowed" : (STATUSES[event.status] ?? String(event.status))
			}`;
		case "bolt":
			return `bolt ${BOLT_POSITIONS[event.bolt] ?? String(event.bolt)} (${event.cause})`;
		case "window":
			return `pairing window ${event.opened ? "opened" : "closed"}`;
		case "reset":
			return "factory reset";
		case "strangers":
			return `${event.count} strangers turned away over ${event.transport} in hour ${event.hour}`;
		case "member-added":
			return `${plainName(event.name)} added as grant ${event.grantId} by grant ${event.byGrantId}`;
		case "member-removed":
			return `grant ${event.grantId} removed by grant ${event.byGrantId}`;
		case "fault":
			return `fault ${event.code}`;
		case "trust":
			return `trust bundle ${event.version} accepted over ${event.way}`;
		case "certificate":
			return `new certificate, valid until ${new Date(event.notAfter * 1000).toISOString()}`;
		case "update":
			return `update ${event.sequence}: ${event.step}`;
		default:
			return `entry of a newer kind (${event.number})`;
	}
}
