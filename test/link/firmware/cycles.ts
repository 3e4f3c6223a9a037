/**
 * Runs on the engine: the product's link, TLS and WebSocket against servers that fail at one stage each, one after
 * the other. Each failure is a cycle; at the cycles it is told it stands still and has itself measured (gauge.c).
 *
 * Prints `ready NAME`, `failed NAME STAGE/REASON` and `log NAME LINE` when it is asked to tell, and last one line of
 * JSON. `until` asks for another end than that of the cycles: "ready", "ready again", "reconnected" (twice).
 */
import { PsaCrypto } from "../../../hosts/bindings/crypto.ts";
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import { NATIVE_WS_BYTES } from "../../../hosts/bindings/websocket.ts";
import { CLOCK } from "../../../hosts/ecma419/clock.ts";
import { finishProbe, neededArgument, probeArgument, probeFile } from "../../../hosts/linux/probe-host.ts";
import { Link } from "../../../modules/link/link.ts";
import { LINK_FAILURES, type LinkFailureReason, type LinkStage } from "../../../modules/link/link-failure.ts";
import { LINK_PATIENCE, type LinkFailure, type LinkPatience } from "../../../modules/link/link-host.ts";
import type { LinkRelay } from "../../../modules/link/link-relay.ts";

const gauge = native<() => void>("xs_gauge_print");
const leakNative = native<(which: number) => void>("xs_gauge_leak");

interface Target {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	/** Patience of the TLS client for this one. */
	readonly handshakeMs: number;
}

const SETTLE_MS = 400;
/** How often the link must have been ready for each end. */
const NEEDED: Readonly<Record<string, number>> = { ready: 1, "ready again": 2, reconnected: 3 };
const crypto = new PsaCrypto();
const folder = neededArgument("files");
const cycles = Number(neededArgument("cycles"));
const leak = probeArgument("leak");
const until = probeArgument("until");
const isTold = probeArgument("tell") !== undefined;
const marks = neededArgument("marks").split(",").map(Number);
const targets: readonly Target[] = neededArgument("targets")
	.split(",")
	.map((text) => {
		const [name, host, port, handshakeMs] = text.split(" ");
		return { name: name!, host: host!, port: Number(port), handshakeMs: Number(handshakeMs) };
	});

const shared = {
	serverName: "relay.test",
	roots: [{ der: probeFile(`${folder}/root`) }],
	time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
	clientCertificate: { chain: [probeFile(`${folder}/chain`)], key: { encoded: probeFile(`${folder}/key`) } },
	resumptionScope: "cycles",
} as const;
const relays: readonly LinkRelay[] = targets.map(({ host, port }) => ({ ...shared, host, port }));

const quickMs = Number(neededArgument("quick"));
const QUICK: LinkPatience = {
	...LINK_PATIENCE,
	backoff: { firstMs: 1, maxMs: 1 },
	ws: {
		...LINK_PATIENCE.ws,
		handshakeMs: quickMs,
		keepalive: { pingMs: quickMs / 2, deadMs: quickMs },
	},
};

const tls = new NativeTls();
/** By target, stage and reason: what is counted here never takes more room than it took at the start. */
const STAGES: readonly LinkStage[] = ["resolving", "connecting", "handshaking", "upgrading", "ready"];
const REASONS = Object.keys(LINK_FAILURES) as LinkFailureReason[];
const counts = new Uint16Array(targets.length * STAGES.length * REASONS.length);
let done = 0;
let ready = 0;
let stopped = false;
let current = targets[0]!;
const startedMs = CLOCK.monotonicMs();

function loseSomething(): void {
	if (leak === "descriptor") leakNative(1);
	else if (leak === "malloc") leakNative(2);
	else if (leak === "keys") Reflect.set({}, `leaked${done}`, done);
	else if (leak === "heap") CLOCK.after(1_000_000, () => void done);
}

const link = new Link({
	clock: CLOCK,
	tls: {
		connect: (options, handlers) => {
			current = targets.find(({ port }) => port === options.port)!;
			return tls.connect({ ...options, handshakeMs: current.handshakeMs }, handlers);
		},
		dropSessions: () => tls.dropSessions(),
	},
	system: {
		log: (line) => {
			if (isTold) trace(`log ${current.name} ${line}\n`);
		},
	},
	random: (bytes) => crypto.random(bytes),
	wsBytes: NATIVE_WS_BYTES,
	relays: () => relays,
	mayConnect: () => !stopped,
	onFailure: (failure) => failed(failure),
	...(quickMs === 0 ? {} : { patience: QUICK }),
});

function failed({ stage, reason, index }: LinkFailure): void {
	const { name } = targets[index]!;
	if (isTold) trace(`failed ${name} ${stage}/${reason}\n`);
	const place = (index * STAGES.length + STAGES.indexOf(stage)) * REASONS.length + REASONS.indexOf(reason);
	counts[place] = counts[place]! + 1;
	done++;
	loseSomething();
	if (until !== undefined || (!marks.includes(done) && done !== cycles)) return;
	stopped = true;
	CLOCK.after(SETTLE_MS, measure);
}

/** `name stage/reason` and how often. */
function counted(): [string, number][] {
	const rows: [string, number][] = [];
	for (const [place, count] of counts.entries()) {
		if (count === 0) continue;
		const reason = REASONS[place % REASONS.length]!;
		const stage = STAGES[Math.floor(place / REASONS.length) % STAGES.length]!;
		const { name } = targets[Math.floor(place / REASONS.length / STAGES.length)]!;
		rows.push([`${name} ${stage}/${reason}`, count]);
	}
	return rows;
}

function finish(): void {
	finishProbe({ ok: true, ms: CLOCK.monotonicMs() - startedMs, done, ready, counts: counted() });
}

function measure(): void {
	gauge();
	if (done >= cycles) finish();
	stopped = false;
	link.poke();
}

link.onReady((_relay, index) => {
	ready++;
	if (isTold) trace(`ready ${targets[index]!.name}\n`);
	link.send({ kind: "data", channel: 1, frame: new Uint8Array(200) });
	if (until !== undefined && ready === NEEDED[until]) finish();
	else if (until === "reconnected") CLOCK.after(50, () => link.reconnect());
});
link.on("open", ({ channel }) => void link.send({ kind: "close", channel }));
link.start();
