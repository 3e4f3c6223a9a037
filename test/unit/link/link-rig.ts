/** A link under the test's hand: time and network in memory, and relays that answer as a test wants. */
import { Link, type LinkRelay } from "../../../modules/link/link.ts";
import type { ChannelEnvelope } from "../../../modules/wire/envelope.ts";
import type { Random } from "../../harness/random.ts";
import { check } from "../../harness/test.ts";
import { SimNetwork } from "../../sim/network.ts";
import { SimClock, SimTime } from "../../sim/time.ts";
import { SimRelay, type Upgrade } from "./sim-relay.ts";

/** As much of a certificate as the network in memory asks for. */
const ROOT = Object.freeze([0x30, 0x00]);

export function relayAt(host: string): LinkRelay {
	return {
		host,
		port: 8443,
		serverName: host,
		roots: [{ der: Uint8Array.from(ROOT) }],
		time: { unixMs: 0, kind: "floor" },
	};
}

/** A link, the network it lives in, and every connection that relays accepted. */
export class Rig {
	readonly time = new SimTime();
	readonly network = new SimNetwork(this.time);
	readonly clock = new SimClock(this.time, (run) => run());
	readonly link: Link;
	readonly log: string[] = [];
	readonly events: string[] = [];
	readonly accepted: SimRelay[] = [];
	relays: readonly LinkRelay[] = [relayAt("one")];
	permitted = true;
	upgrade: Upgrade = "accept";

	constructor(random: Random) {
		this.link = new Link({
			clock: this.clock,
			tls: this.network.connect(this.clock),
			system: { log: (line) => void this.log.push(line) },
			// No back-off is over at once: its draw is in the upper half.
			random: (bytes) => random.bytes(bytes).map((octet, index) => (index === 0 ? octet | 0x80 : octet)),
			relays: () => this.relays,
			mayConnect: () => this.permitted,
		});
		this.link.onReady(() => void this.events.push("ready"));
		this.link.onDown(() => void this.events.push("down"));
		for (const kind of ["open", "data", "close"] as const) {
			this.link.on(kind, (envelope: ChannelEnvelope) => void this.events.push(`${kind} ${envelope.channel}`));
		}
		this.network.listen("one", 8443, () => (peer) => {
			this.accepted.push(new SimRelay(peer, this.upgrade));
		});
	}

	get relay(): SimRelay {
		const last = this.accepted.at(-1);
		check.ok(last !== undefined, "a relay accepted a connection");
		return last;
	}

	/** Started and ready. */
	ready(): this {
		this.link.start();
		check.ok(
			this.time.advanceUntil(() => this.link.state === "ready", 1000),
			this.log.join("\n"),
		);
		return this;
	}

	settle(): void {
		this.time.advance(1);
	}
}
