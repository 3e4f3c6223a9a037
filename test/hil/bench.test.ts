/** The bench around a lock, without one: whose trust it signs, and which link of a lock it believes. */
import { join } from "node:path";
import { ensurePki } from "../../tools/factory/pki.ts";
import { newRelayAuthority } from "../../tools/factory/relay-authority.ts";
import { Arrivals } from "../../tools/hil/arrivals.ts";
import { ownTrust } from "../../tools/hil/own-trust.ts";
import type { ConnectedDevice } from "../../tools/relay/device-service.ts";
import { signDevelopmentBundle } from "../../tools/trust/development-trust.ts";
import { check, type Suite } from "../harness/test.ts";
import { pause, temporaryFolder } from "../tools/support/temporary.ts";

const AT = Object.freeze({ host: "127.0.0.1", port: 7_443, name: "localhost" });

export default function suite(t: Suite): void {
	t.test(
		"after a drill that ended in the middle the newest bundle is the bench's own again (T5, T18)",
		async () => {
			const pki = join(temporaryFolder(), "pki");
			await ensurePki(pki, [AT.name]);
			const first = ownTrust(pki, AT);
			check.equal(first.version, 1);
			check.deepEqual(ownTrust(pki, AT), first);
			const { rootDer } = await newRelayAuthority([AT.name]);
			const strange = { host: AT.host, port: 9, serverName: AT.name };
			const relays = [...first.relays, strange];
			signDevelopmentBundle(pki, { ...first, version: 2, relayRoots: [{ der: rootDer }], relays });
			const own = ownTrust(pki, AT);
			check.equal(own.version, 3);
			check.deepEqual([own.relayRoots, own.relays], [first.relayRoots, first.relays]);
			check.deepEqual(ownTrust(pki, AT), own);
			// Another port is the next version, of the same root.
			const moved = ownTrust(pki, { ...AT, port: 7_444 });
			check.deepEqual([moved.version, moved.relayRoots], [4, first.relayRoots]);
		},
	);

	t.test(
		"a link of before a restart is none after it, though the relay has it in its list still (T18)",
		async () => {
			const arrivals = new Arrivals();
			const came = (credential: "factory" | "operational"): void =>
				arrivals.attached({ serial: "LK-1", credential } as ConnectedDevice);
			check.ok(!arrivals.cameAfter("LK-1", 0));
			came("operational");
			check.ok(arrivals.cameAfter("LK-1", 0) && arrivals.cameAfter("LK-1", 0, "operational"));
			await pause(2);
			const restartedMs = performance.now();
			check.ok(!arrivals.cameAfter("LK-1", restartedMs));
			await pause(2);
			came("factory");
			check.ok(arrivals.cameAfter("LK-1", restartedMs));
			check.ok(!arrivals.cameAfter("LK-1", restartedMs, "operational") && !arrivals.cameAfter("LK-2", 0));
		},
	);
}
