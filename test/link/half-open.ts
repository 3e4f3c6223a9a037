/** Connections that are dead without an end: a proxy stops forwarding, and neither side is told (T16, I10). */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { LIMITS } from "../../modules/base/limits.ts";
import { FairTime } from "../harness/fair-time.ts";
import { expect, same } from "../ws/cases.ts";
import { runBoard } from "./board.ts";
import type { LinkCase } from "./cases.ts";
import { behave, type Stage, type StageServers, welcome } from "./stages.ts";

const QUICK_MS = 600;

/** Forwards to a fair relay, until it is told to swallow everything. */
class Forwarder {
	readonly #connections: Socket[] = [];

	readonly stage: Stage = {
		name: "proxy",
		expected: /^ready\/dead$/,
		start: async (servers) => {
			const relay = await servers.tls(async (peer) => {
				await welcome(peer);
				await behave(peer);
			});
			return this.#listen(servers, relay);
		},
	};

	/** What is open stays open, and is answered by nobody. What comes later is served. */
	swallow(): void {
		for (const socket of this.#connections.splice(0)) {
			socket.removeAllListeners("data");
			socket.on("data", () => undefined);
		}
	}

	async #listen(servers: StageServers, relay: number): Promise<number> {
		const server = createServer({ allowHalfOpen: true }, (client) => {
			const onward = connect(relay, "127.0.0.1");
			for (const [from, to] of [
				[client, onward],
				[onward, client],
			] as const) {
				from.on("error", () => undefined);
				from.on("data", (bytes) => void to.write(bytes));
				from.on("end", () => {
					// What is swallowed is not told of an end either.
					if (this.#connections.includes(from)) to.end();
				});
				servers.onClose(() => void from.destroy());
				this.#connections.push(from);
			}
		});
		servers.onClose(() => void server.close());
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return (server.address() as AddressInfo).port;
	}
}

function halfOpenCase(name: string, quickMs: number, boundMs: number, slow?: true): LinkCase {
	return {
		name,
		...(slow === undefined ? {} : { slow }),
		run: async () => {
			const proxy = new Forwarder();
			let time: FairTime | undefined;
			let tookMs = 0;
			let ready = 0;
			const end = await runBoard({
				stages: [proxy.stage],
				cycles: 1,
				quickMs,
				limitMs: boundMs + 30_000,
				until: "ready again",
				onLine: (line) => {
					if (line.startsWith("ready") && ++ready === 1) {
						setTimeout(() => {
							time = new FairTime();
							proxy.swallow();
						}, 100);
					}
					if (line.startsWith("failed")) tookMs = time?.stop() ?? 0;
				},
			});
			same(end.status, 0, `status (${end.output})`);
			same([...end.counts.keys()].join(), "proxy ready/dead", "failures");
			same(end.ready, 2, "times ready");
			process.stdout.write(`# half-open: found after ${Math.round(tookMs)} ms\n`);
			expect(tookMs > 0 && tookMs <= boundMs, `${tookMs} ms`);
		},
	};
}

export const HALF_OPEN_CASES: readonly LinkCase[] = [
	halfOpenCase(
		"a proxy that stops forwarding is found by a quick link, which connects anew (I10)",
		QUICK_MS,
		2_000,
	),
	halfOpenCase(
		"a proxy that stops forwarding is found by a board within 60 s, which connects anew (I10)",
		0,
		LIMITS.linkDeadMs + LIMITS.linkPingMs / 2,
		true,
	),
	{
		name: "reconnect leaves a good connection in good order, and makes the next one at once",
		run: async () => {
			const proxy = new Forwarder();
			const time = new FairTime();
			const end = await runBoard({
				stages: [proxy.stage],
				cycles: 1,
				limitMs: 20_000,
				until: "reconnected",
				onLine: () => undefined,
			});
			same(end.status, 0, `status (${end.output})`);
			same(end.done, 0, "failures");
			same(end.ready, 3, "times ready");
			const tookMs = Math.min(end.ms, time.stop());
			expect(tookMs < 5_000, `${tookMs} ms`);
		},
	},
];
