/**
 * `latchkey update`: makes releases, has holders sign them one at a time and offline, looks at them, judges them as a lock would
 * and keeps them fresh. How they come to locks is the relay's (tools/relay).
 */
import type { Command } from "commander";
import { registerUpdateFreshness } from "./freshness-cli.ts";
import { registerUpdateInspect } from "./inspect-cli.ts";
import { registerUpdatePack } from "./pack-cli.ts";
import { registerUpdatePublish } from "./publish-cli.ts";
import { registerUpdatePush } from "./push-cli.ts";
import { registerUpdateRollout } from "./rollout-cli.ts";
import { registerUpdateSign } from "./sign-cli.ts";
import { registerUpdateStatus } from "./status-cli.ts";
import { registerUpdateVerify } from "./verify-cli.ts";

export function registerUpdate(program: Command): void {
	const update = program
		.command("update")
		.description("Make, sign, inspect and verify firmware releases, keep them fresh, roll them out");
	registerUpdatePack(update);
	registerUpdateSign(update);
	registerUpdateInspect(update);
	registerUpdateVerify(update);
	registerUpdateFreshness(update);
	registerUpdatePublish(update);
	registerUpdateRollout(update);
	registerUpdateStatus(update);
	registerUpdatePush(update);
}
