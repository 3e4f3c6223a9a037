/**
 * The relay's CA key is stolen (T5): on the real engine, with real TLS. The thief is believed before; then version 2 with
 * another relay root comes over the relay, a phone, the serial line; afterwards the old chain is refused, nothing of the old
 * TLS sessions is resumed, and the lock is at its new relay.
 */

import { join } from "node:path";
import { encodeSign } from "../../modules/cose/sign.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { newRelayAuthority, type RelayAuthority } from "../../tools/factory/relay-authority.ts";
import { BundleService } from "../../tools/relay/bundle-service.ts";
import { publishBundle } from "../../tools/relay/bundle-table.ts";
import type { BundleFile } from "../../tools/trust/bundle-file.ts";
import { signDevelopmentBundle } from "../../tools/trust/development-trust.ts";
import { deliverBundle } from "../../tools/trust/line-delivery.ts";
import { check, type Suite } from "../harness/test.ts";
import { freePort, TrustRig } from "./trust-rig.ts";

/** Version 2: the new root, and the new relay behind the address that the thief may have taken. */
function nextBundle(rig: TrustRig, authority: RelayAuthority, port: number): BundleFile {
	const { bundle } = rig.trust;
	const next: TrustBundle = {
		...bundle,
		version: bundle.version + 1,
		signedUnixSeconds: Math.floor(Date.now() / 1000),
		relayRoots: [{ der: authority.rootDer }],
		relays: [...bundle.relays, { host: "127.0.0.1", port, serverName: "localhost" }],
	};
	return signDevelopmentBundle(rig.pkiDir, next);
}

type Deliver = (rig: TrustRig, bundle: BundleFile) => Promise<void>;

/** Over the vendor's first relay, which still runs: published there by another process. */
const overRelay: Deliver = async (rig, bundle) => {
	const path = join(rig.dir, "relay.db");
	await publishBundle(path, rig.trust);
	const service = await BundleService.open(path, () => undefined, 50);
	rig.closes(() => service.close());
	const { relay } = await rig.relay(rig.devicePort, { services: [service] });
	await rig.until("the lock is at its first relay", () => relay.serials.length === 1);
	await publishBundle(path, bundle);
	await rig.until("the lock takes version 2", () =>
		rig.log.includes("trust: version 1 gave way to 2, over relay"),
	);
	await relay.close();
};

const overPhone: Deliver = async (rig, bundle) => {
	const { relay, address } = await rig.relay(rig.devicePort);
	await rig.until("the lock is at its first relay", () => relay.serials.length === 1);
	const phone = await rig.pair(address.appPort);
	// The lock leaves this relay in a moment: what it has then, it says at the next one.
	check.equal(await phone.trust.put(encodeSign(bundle)), 2);
	phone.close();
	await relay.close();
};

const overSerial: Deliver = async (rig, bundle) => {
	check.equal(await deliverBundle(rig.line(), encodeSign(bundle)), 2);
};

export default function suite(t: Suite): void {
	for (const [way, deliver] of [
		["the relay", overRelay],
		["a phone's session", overPhone],
	] as const) {
		t.test(
			`a stolen relay CA is replaced over ${way}: the old chain is refused and no board is lost (T4, T5)`,
			() =>
				TrustRig.with(async (rig) => {
					const before = await rig.thief();
					await rig.until("the lock believes the thief", () => before.accepted > 0);
					check.equal(before.refused, 0);
					await before.close();
					const authority = await newRelayAuthority();
					const newPort = await freePort();
					await deliver(rig, nextBundle(rig, authority, newPort));
					const after = await rig.thief();
					await rig.until("the lock refuses the thief", () => rig.log.includes("TLS chain-untrusted"));
					const { relay, address } = await rig.relay(newPort, { authority });
					await rig.until("the lock is at its new relay", () => relay.serials.length === 1);
					check.equal(after.accepted, 0);
					check.ok(after.refused > 0);
					if (way === "a phone's session") {
						const phone = await rig.phone(address.appPort, authority.rootPem);
						check.equal((await phone.trust.status()).version, 2);
						check.equal(rig.mechanism.position, 1, "thrown");
						await phone.unlock();
						await rig.until("the bolt is retracted", () => rig.mechanism.position === 0);
						phone.close();
					}
				}),
		);
	}

	t.test(
		"a stolen relay CA is replaced over the serial line: what the thief had of TLS sessions is not resumed (T4, T5)",
		() =>
			TrustRig.with(async (rig) => {
				const thief = await rig.thief();
				await rig.until("the lock resumes a session with the thief", () => thief.resumed > 0);
				const authority = await newRelayAuthority();
				const newPort = await freePort();
				await overSerial(rig, nextBundle(rig, authority, newPort));
				const { accepted, resumed } = thief;
				const { relay } = await rig.relay(newPort, { authority });
				await rig.until("the lock is at its new relay", () => relay.serials.length === 1);
				await rig.until("the lock refuses the thief", () => rig.log.includes("TLS chain-untrusted"));
				check.deepEqual([thief.accepted, thief.resumed], [accepted, resumed]);
				check.ok(thief.refused > 0);
			}),
	);

	t.test(
		"an owner's own relay under the owner's own root serves the lock when the vendor is gone (T18, I10)",
		() =>
			TrustRig.with(async (rig) => {
				const vendor = await rig.relay(rig.devicePort);
				await rig.until("the lock is at the vendor's relay", () => vendor.relay.serials.length === 1);
				const authority = await newRelayAuthority();
				const homePort = await freePort();
				const home = await rig.relay(homePort, { authority });
				const phone = await rig.pair(vendor.address.appPort);
				await phone.trust.setRelays(
					[authority.rootDer],
					[{ host: "127.0.0.1", port: homePort, name: "localhost" }],
				);
				const listed = await phone.trust.listRelays();
				check.deepEqual([listed.addresses.length, listed.rootDigests.length], [1, 1]);
				phone.close();
				await rig.until("the lock is at its owner's relay", () => home.relay.serials.length === 1);
				await vendor.relay.close();
				// The vendor's next bundle, whoever carries it, does not take the owner's relay away.
				await overSerial(rig, nextBundle(rig, await newRelayAuthority(), await freePort()));
				await rig.until("the link began anew", () => (rig.log.match(/link: ready/g) ?? []).length >= 3);
				await rig.until("the lock is at its owner's relay again", () => home.relay.serials.length === 1);
				const again = await rig.phone(home.address.appPort, authority.rootPem);
				check.equal((await again.trust.status()).version, 2);
				check.equal(rig.mechanism.position, 1, "thrown");
				await again.unlock();
				await rig.until("the bolt is retracted", () => rig.mechanism.position === 0);
				again.close();
			}),
	);
}
