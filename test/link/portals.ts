/** What captive portals do to a link, and how it names them (T4): each on real sockets, with a fair relay beside it. */
import { LINK_FAILURES } from "../../modules/link/link-failure.ts";
import { expect, same } from "../ws/cases.ts";
import { runBoard } from "./board.ts";
import type { LinkCase } from "./cases.ts";
import { behave, OTHER_STAGES, PORTAL_STAGES, type Stage, welcome } from "./stages.ts";

const NAMED = "a captive portal does so";

/** A relay as it should be. */
const FAIR: Stage = {
	name: "fair",
	expected: /^none$/,
	start: (servers) =>
		servers.tls(async (peer) => {
			await welcome(peer);
			await behave(peer);
		}),
};

/** The link's line about the end of the attempt with this one. */
function nameIn(log: string, stage: Stage): string | undefined {
	return log.split("\n").find((line) => line.startsWith(`log ${stage.name} `) && line.includes(" while "));
}

function portalCase(stage: Stage): LinkCase {
	return {
		name: `a captive portal is named, and the link goes on to the next relay: ${stage.name} (T4)`,
		run: async () => {
			const lines: string[] = [];
			const end = await runBoard({
				stages: [stage, FAIR],
				cycles: 1,
				limitMs: 30_000,
				until: "ready",
				onLine: (line) => void lines.push(line),
			});
			same(end.status, 0, `status (${end.output})`);
			const [what] = [...end.counts.keys()];
			expect(what !== undefined && stage.expected.test(what.split(" ")[1]!), `failed as ${what}`);
			expect(Object.hasOwn(LINK_FAILURES, what.split("/")[1]!), `no such reason: ${what}`);
			expect(nameIn(end.output, stage)?.includes(NAMED) === true, `not named: ${end.output}`);
			expect(lines.includes("ready fair"), lines.join("\n"));
		},
	};
}

export const PORTAL_CASES: readonly LinkCase[] = [
	...PORTAL_STAGES.map(portalCase),
	{
		name: "no other failure is called a captive portal's (T4)",
		run: async () => {
			const end = await runBoard({
				stages: OTHER_STAGES,
				cycles: OTHER_STAGES.length,
				limitMs: 60_000,
				onLine: () => undefined,
			});
			same(end.status, 0, `status (${end.output})`);
			for (const stage of OTHER_STAGES)
				expect(nameIn(end.output, stage) !== undefined, `no log of ${stage.name}`);
			expect(!end.output.includes(NAMED), end.output);
		},
	},
];
