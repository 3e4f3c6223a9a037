/** time.nonce, time.put and time.set of a session (PROTOCOL 5.5): read the arguments, ask the time keeper, reply once. */
import { unreachable } from "../base/assert.ts";
import type { CborMap } from "../wire/cbor-map.ts";
import type { Refusal } from "../wire/command.ts";
import { TIME_STATEMENT_BYTES_MAX } from "../wire/envelope.ts";
import type { Call } from "./handlers.ts";
import type { TimeKeeper } from "./time-keeper.ts";

export type TimeCommandName = "time.nonce" | "time.put" | "time.set";

/** Before anything is spent: arguments that cannot be read. */
export function timeRefusal(command: TimeCommandName, args: CborMap): Refusal | undefined {
	switch (command) {
		case "time.nonce":
			return args.size === 0 ? undefined : "unknown-command";
		case "time.put":
			return args.hasOnly([0]) && readStatement(args) !== undefined ? undefined : "unknown-command";
		case "time.set":
			return args.hasOnly([0]) && args.uint(0) !== undefined ? undefined : "unknown-command";
		default:
			return unreachable(command);
	}
}

export function runTimeCommand(keeper: TimeKeeper, command: TimeCommandName, call: Call): void {
	const { session, request } = call;
	if (command === "time.nonce") {
		const nonce = keeper.sessionNonce(session);
		if (nonce === undefined) session.reply(request, "try-later");
		else session.reply(request, "done", { 0: nonce });
		return;
	}
	const set =
		command === "time.put"
			? keeper.takeFromSession(session, readStatement(request.args) ?? new Uint8Array(0))
			: keeper.setByOwner(request.args.uint(0) ?? 0);
	if (set.ok) session.reply(request, "done", { 0: set.value });
	else session.reply(request, "not-permitted");
}

function readStatement(args: CborMap): Uint8Array | undefined {
	return args.bytes(0, { min: 1, max: TIME_STATEMENT_BYTES_MAX });
}
