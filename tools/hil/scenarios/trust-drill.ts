/**
 * The drill for a stolen relay CA (T5, T18), and back: the lock takes what its holders' threshold signed and the very next version
 * alone, leaves the relay of the old root, and is at the relay of the new one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSign, type SignMessage } from "../../../modules/cose/sign.ts";
import { encodeBundle, type TrustBundle } from "../../../modules/trust/bundle.ts";
import { PKI_FILES } from "../../factory/pki.ts";
import { newRelayAuthority, type RelayAuthority } from "../../factory/relay-authority.ts";
import { Relay } from "../../relay/relay.ts";
import { addSignature, readBundleFile } from "../../trust/bundle-file.ts";
import { newestBundlePath, signDevelopmentBundle, TRUST_FILES } from "../../trust/development-trust.ts";
import { withKeyFile } from "../../trust/key-file.ts";
import { deliverBundle } from "../../trust/line-delivery.ts";
import { Arrivals } from "../arrivals.ts";
import { type LockBench, RELAY_NAME } from "../lock-bench.ts";
import type { Scenario, Stage } from "../scenario.ts";

const LINK_MS = 90_000;
/** A lock that would still take its old relay has tried it again by then. */
const WATCH_MS = 4_000;

/** What its old holders did not sign in the number that is needed. */
function signedOnce(pkiDir: string, bundle: TrustBundle): SignMessage {
	const message: SignMessage = { payload: encodeBundle(bundle), signatures: [] };
	return withKeyFile(TRUST_FILES.key(pkiDir, "bundle-1"), (key) => addSignature(message, key));
}

function signedTwice(pkiDir: string, bundle: TrustBundle): SignMessage {
	return withKeyFile(TRUST_FILES.key(pkiDir, "bundle-2"), (key) =>
		addSignature(signedOnce(pkiDir, bundle), key),
	);
}

async function relayOf(
	bench: LockBench,
	authority: RelayAuthority,
	arrivals: Arrivals,
): Promise<{ relay: Relay; port: number }> {
	const roots = readFileSync(join(PKI_FILES.relayServer(bench.pkiDir), "device-roots.pem"), "utf8");
	const { credentials } = authority;
	const relay = new Relay({
		registry: bench.registry,
		device: credentials,
		app: credentials,
		deviceRoots: roots,
		services: [arrivals],
		log: () => undefined,
	});
	const { devicePort } = await relay.listen(bench.listenHost, 0, 0);
	return { relay, port: devicePort };
}

async function refusals(stage: Stage, next: TrustBundle): Promise<void> {
	const { bench } = stage;
	const give = (message: SignMessage): Promise<number> =>
		bench.withVerbs((line) => deliverBundle(line, encodeSign(message)));
	const had = await bench.trustVersion();
	await stage.turnedAway("a bundle with one signature", /refuses/, () =>
		give(signedOnce(bench.pkiDir, next)),
	);
	const ahead = { ...next, version: next.version + 1 };
	await stage.turnedAway("a bundle that leaves a version out", /refuses|step before/, () =>
		give(signedTwice(bench.pkiDir, ahead)),
	);
	stage.check((await bench.trustVersion()) === had, "a bundle that was refused was taken");
}

export const TRUST_DRILL: Scenario = Object.freeze<Scenario>({
	name: "trust-drill",
	shows:
		"a new relay root signed by the threshold is taken over the service line, the lock leaves the relay of the old root for that of the new one and stays there over a restart; what too few signed, or skips a version, is refused; and the way back works too",
	needs: Object.freeze(["network", "restart"] as const),
	run: async (stage: Stage) => {
		const { bench } = stage;
		await stage.step("the lock is at its relay", async () => {
			stage.check(await bench.until(() => bench.isLinked, LINK_MS), "the lock does not reach its relay");
		});
		const { bundle: first } = readBundleFile(newestBundlePath(bench.pkiDir)!);
		const authority = await newRelayAuthority([RELAY_NAME, bench.listenHost]);
		const arrivals = new Arrivals();
		const { relay, port } = await relayOf(bench, authority, arrivals);
		try {
			const { serial } = bench.label;
			// A lock that was reset stands in the relay's list until that notices.
			const isThere = (): boolean =>
				relay.serials.includes(serial) && arrivals.cameAfter(serial, bench.goneMs);
			const next: TrustBundle = {
				...first,
				version: first.version + 1,
				signedUnixSeconds: Math.floor(Date.now() / 1_000),
				relayRoots: [{ der: authority.rootDer }],
				relays: [...first.relays, { host: bench.relayAddress.host, port, serverName: RELAY_NAME }],
			};
			await stage.step("too few signatures, a version left out: refused", () => refusals(stage, next));
			await stage.step("the new root, by the service line", async () => {
				signDevelopmentBundle(bench.pkiDir, next);
				await bench.bringTrust(next.version);
				stage.check(await bench.until(isThere, LINK_MS), "the lock does not reach the relay of the new root");
				stage.check(!bench.isLinked, "the lock is still at the relay of the old root");
			});
			await stage.step("after a restart it is there again", async () => {
				await bench.restart();
				stage.check((await bench.trustVersion()) === next.version, "the lock's trust did not survive");
				stage.check(await bench.until(isThere, LINK_MS), "the lock does not find its relay after a restart");
				await stage.pause(WATCH_MS);
				stage.check(!bench.isLinked, "the lock took the relay of the old root again");
			});
			await stage.step("back to the first root", async () => {
				await bench.bringOwnTrust();
				stage.check(await bench.until(() => bench.isLinked, LINK_MS), "the lock does not come back");
				stage.check(!isThere(), "the lock is still at the other relay");
			});
		} catch (error) {
			// Else the lock would trust a root of which nobody has the key; what fails here is done when the bench is opened next.
			await bench.bringOwnTrust().catch(() => undefined);
			throw error;
		} finally {
			await relay.close();
		}
	},
});
