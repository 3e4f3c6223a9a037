/** Operational certificates at a real relay: who gets one, whom it opens the relay to, and how it ends (T6, T8). */
import "reflect-metadata";
import { createPrivateKey } from "node:crypto";
import { dirname } from "node:path";
import { X509Certificate } from "@peculiar/x509";
import { encodeEnvelope } from "../../modules/wire/envelope.ts";
import { PKI_FILES } from "../../tools/factory/pki.ts";
import { openIssuer } from "../../tools/pki/issuer.ts";
import type { Signer } from "../../tools/pki/signer.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { RenewalService, type RenewalServiceOptions } from "../../tools/relay/renewal-service.ts";
import { FairTime } from "../harness/fair-time.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { type ClientIdentity, foreignPki, issueLeaf, sharedPki } from "./support/identities.ts";
import { RelayBench } from "./support/relay-bench.ts";
import {
	identityOf,
	type NewKey,
	newKey,
	type RequestParts,
	renewalMessage,
	takeAnswer,
} from "./support/renewals.ts";
import { eventually, pause } from "./support/temporary.ts";
import type { TestClient } from "./support/web-socket.ts";

const DAY_MS = 86_400_000;

async function issuing(
	work: (bench: RelayBench) => Promise<void>,
	options: Partial<RenewalServiceOptions> = {},
): Promise<void> {
	const { dir } = await sharedPki();
	const issuer = await openIssuer(PKI_FILES.intermediateKey(dir, "operational"));
	const bench = await RelayBench.open({}, (registry, log) => ({
		admitFactory: false,
		services: [new RenewalService({ registry, issuer, log, burst: 50, ...options })],
	}));
	try {
		await work(bench);
	} finally {
		await bench.close();
	}
}

interface SlowIssuer {
	/** Signatures that were asked for before `open`. */
	readonly waiting: (() => void)[];
	signatures: number;
	/** From now on it answers at once. */
	open(): void;
}

/** With an issuer that answers nothing until it is opened. */
async function slowly(
	options: Partial<RenewalServiceOptions>,
	work: (bench: RelayBench, issuer: SlowIssuer) => Promise<void>,
): Promise<void> {
	const { dir } = await sharedPki();
	const issuer = await openIssuer(PKI_FILES.intermediateKey(dir, "operational"));
	let isOpen = false;
	const slow: SlowIssuer = {
		waiting: [],
		signatures: 0,
		open() {
			isOpen = true;
			for (const resolve of slow.waiting) resolve();
		},
	};
	const sign: Signer = async (bytes) => {
		slow.signatures++;
		if (!isOpen) await new Promise<void>((resolve) => slow.waiting.push(resolve));
		return await issuer.sign(bytes);
	};
	await issuing((bench) => work(bench, slow), { ...options, issuer: { ...issuer, sign } });
}

interface FactoryDevice {
	readonly serial: string;
	readonly identity: ClientIdentity;
	readonly client: TestClient;
}

async function factoryDevice(bench: RelayBench, serial: string): Promise<FactoryDevice> {
	const identity = await bench.enrolled(serial);
	return { serial, identity, client: await bench.connect(bench.deviceTarget(identity)) };
}

async function ask(
	{ serial, identity, client }: FactoryDevice,
	more: Partial<RequestParts> = {},
): Promise<{ readonly made: NewKey; readonly chain: string | undefined }> {
	const made = more.newKey ?? (await newKey());
	const factory = createPrivateKey(identity.key);
	client.send(renewalMessage({ serial, factory, newKey: made, ...more }));
	return { made, chain: await takeAnswer(client) };
}

/** A device with an operational certificate, connected with it. */
async function operational(
	bench: RelayBench,
	device: FactoryDevice,
): Promise<{ identity: ClientIdentity; client: TestClient }> {
	const { made, chain } = await ask(device);
	check.ok(chain !== undefined, "issued");
	const identity = identityOf(chain, made);
	return { identity, client: await bench.connect(bench.deviceTarget(identity)) };
}

async function opens(bench: RelayBench, serial: string, client: TestClient): Promise<boolean> {
	const app = await bench.app();
	app.send(encodeEnvelope({ kind: "open", channel: 1, serial }));
	const reached = await eventually(() => client.messages.length > 0 || app.messages.length > 0);
	check.ok(reached);
	return client.messages.length > 0;
}

export default function suite(t: Suite): void {
	t.test("a factory certificate opens renewal only, the operational one everything (T6)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-RENEW-A");
			check.deepEqual([bench.relay.serials, bench.relay.reachable], [["LK-RENEW-A"], []]);
			check.equal(await opens(bench, "LK-RENEW-A", device.client), false);
			const { client } = await operational(bench, device);
			check.equal(await device.client.closed(), 1008, "the newer connection replaces the older");
			check.deepEqual(bench.relay.reachable, ["LK-RENEW-A"]);
			check.equal(await opens(bench, "LK-RENEW-A", client), true);
		}),
	);

	t.test("a certificate is valid for its days, names the device, and comes with its issuer's", () =>
		issuing(
			async (bench) => {
				const { chain } = await ask(await factoryDevice(bench, "LK-RENEW-B"));
				const [leaf, issuer, ...rest] = chain!
					.split(/(?<=-----END CERTIFICATE-----)\n/)
					.map((pem) => new X509Certificate(pem));
				check.equal(rest.length, 0);
				check.ok(leaf!.subject.includes("LK-RENEW-B"));
				check.equal(leaf!.issuer, issuer!.subject);
				check.ok(await leaf!.verify({ publicKey: issuer!.publicKey }));
				check.ok(Math.abs(leaf!.notAfter.getTime() - Date.now() - 7 * DAY_MS) < 60_000);
			},
			{ validity: () => ({ notAfter: new Date(Date.now() + 7 * DAY_MS) }) },
		),
	);

	t.test("a request that another key signed, or that names another serial or key, is refused (T6)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-RENEW-C");
			const other = await factoryDevice(bench, "LK-RENEW-D");
			const stranger = await newKey();
			const refused = async (more: Partial<RequestParts>, reason: string): Promise<void> => {
				check.equal((await ask(device, more)).chain, undefined, reason);
				check.equal(bench.refusals.at(-1), reason);
			};
			await refused({ factory: stranger.key }, "factory-signature");
			await refused({ factory: createPrivateKey(other.identity.key) }, "factory-signature");
			await refused({ serial: "LK-RENEW-D" }, "request-subject");
			await refused({ requestSerial: "LK-RENEW-D" }, "request-subject");
			await refused({ requestSigner: stranger.key }, "request-signature");
			const mine = createPrivateKey(device.identity.key);
			const factoryPoint = Uint8Array.from(Buffer.from(device.identity.publicKeyHex, "hex"));
			await refused({ newKey: { key: mine, pem: "", point: factoryPoint } }, "key-known");
			const { made } = await ask(other);
			await refused({ newKey: made }, "key-known");
			check.ok((await ask(device)).chain !== undefined, "the same without a flaw");
		}),
	);

	t.test(
		"an operational certificate renews too, and its request needs the factory key all the same (T6)",
		() =>
			issuing(async (bench) => {
				const device = await factoryDevice(bench, "LK-RENEW-E");
				const first = await operational(bench, device);
				const onIt = { ...device, client: first.client };
				const stolen = createPrivateKey(first.identity.key);
				check.equal((await ask(onIt, { factory: stolen })).chain, undefined);
				check.ok((await ask(onIt)).chain !== undefined);
			}),
	);

	t.test("the old key serves until the new one has connected, and never after (T12)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-RENEW-F");
			const first = await operational(bench, device);
			const { made, chain } = await ask({ ...device, client: first.client });
			check.equal(
				(await bench.attempt(bench.deviceTarget(first.identity))).kind,
				"open",
				"the new one was not seen",
			);
			check.equal((await bench.attempt(bench.deviceTarget(identityOf(chain!, made)))).kind, "open");
			check.deepEqual(await bench.attempt(bench.deviceTarget(first.identity)), { kind: "http", status: 403 });
			check.equal(bench.refusals.at(-1), "key-superseded");
			check.equal(
				(await bench.attempt(bench.deviceTarget(device.identity))).kind,
				"open",
				"the factory's always",
			);
		}),
	);

	t.test("answers that were lost do not push out the key that serves (T12)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-RENEW-G");
			const first = await operational(bench, device);
			const onIt = { ...device, client: first.client };
			const lost = await ask(onIt);
			await ask(onIt);
			check.equal((await bench.attempt(bench.deviceTarget(first.identity))).kind, "open");
			check.deepEqual(await bench.attempt(bench.deviceTarget(identityOf(lost.chain!, lost.made))), {
				kind: "http",
				status: 403,
			});
		}),
	);

	t.test(
		"a certificate of the right issuer for a key that was never asked for is refused: the CA alone is no way in (T6)",
		() =>
			issuing(async (bench) => {
				const device = await factoryDevice(bench, "LK-RENEW-H");
				const forged = await issueLeaf(bench.pki.intermediates.operational, "LK-RENEW-H");
				check.deepEqual(await bench.attempt(bench.deviceTarget(forged)), { kind: "http", status: 403 });
				check.equal(bench.refusals.at(-1), "key-mismatch");
				const { identity } = await operational(bench, device);
				const keys = { key: identity.key, publicKeyHex: identity.publicKeyHex };
				const foreign = await issueLeaf((await foreignPki()).intermediates.operational, "LK-RENEW-H");
				check.notEqual(
					(await bench.attempt(bench.deviceTarget({ ...foreign, ...keys, key: foreign.key }))).kind,
					"open",
				);
			}),
	);

	t.test("a device that asks too often is refused, and others are not (T16)", () =>
		issuing(
			async (bench) => {
				const device = await factoryDevice(bench, "LK-RENEW-I");
				for (let round = 0; round < 2; round++) check.ok((await ask(device)).chain !== undefined);
				check.equal((await ask(device)).chain, undefined);
				check.equal(bench.refusals.at(-1), "too-often");
				check.ok((await ask(await factoryDevice(bench, "LK-RENEW-J"))).chain !== undefined);
			},
			{ burst: 2 },
		),
	);

	t.test(
		"a relay without an issuer refuses, and a fault of the issuer is a refusal that the log explains",
		async () => {
			const bench = await RelayBench.open({}, (registry, log) => ({
				services: [new RenewalService({ registry, log })],
			}));
			check.equal((await ask(await factoryDevice(bench, "LK-RENEW-K"))).chain, undefined);
			check.equal(bench.refusals.at(-1), "no-issuer");
			await bench.close();
			const { dir } = await sharedPki();
			const issuer = await openIssuer(PKI_FILES.intermediateKey(dir, "operational"));
			await issuing(
				async (broken) => {
					check.equal((await ask(await factoryDevice(broken, "LK-RENEW-L"))).chain, undefined);
					check.ok(
						broken.log.some((entry) => entry.event === "renewal-fault" && entry.reason === "no token"),
					);
				},
				{ issuer: { ...issuer, sign: () => Promise.reject(new Error("no token")) } },
			);
		},
	);

	t.test("an operational key whose certificate has ended by the registry is refused (T6)", () =>
		issuing(async (bench) => {
			await factoryDevice(bench, "LK-KEY-ENDS");
			for (const [notAfterMs, expected] of [
				[-1_000, { kind: "http", status: 403 }],
				[60_000, undefined],
			] as const) {
				const leaf = await issueLeaf(bench.pki.intermediates.operational, "LK-KEY-ENDS");
				const notAfter = new Date(Date.now() + notAfterMs);
				check.accepted(await bench.registry.issue("LK-KEY-ENDS", leaf.publicKeyHex, notAfter));
				const result = await bench.attempt(bench.deviceTarget(leaf));
				if (expected === undefined) check.equal(result.kind, "open");
				else check.deepEqual([result, bench.refusals.at(-1)], [expected, "key-expired"]);
			}
		}),
	);

	t.test("a key is one device's for good, however many came after it (T6)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-KEYS");
			const first = await ask(device);
			for (let round = 0; round < 12; round++) check.ok((await ask(device)).chain !== undefined);
			const firstHex = Buffer.from(first.made.point).toString("hex");
			check.equal((await ask(device, { newKey: first.made })).chain, undefined);
			check.equal(bench.refusals.at(-1), "key-known");
			check.refused(await bench.registry.enrol("LK-OTHER-KEYS", firstHex), "conflict");
			const old = bench.deviceTarget(identityOf(first.chain!, first.made));
			check.deepEqual(await bench.attempt(old), { kind: "http", status: 403 });
			check.equal(bench.refusals.at(-1), "key-retired");
		}),
	);

	t.test(
		"more requests than the issuer's queue holds are refused, and the lock hears no more than no (T16)",
		() =>
			slowly({ underWay: 2 }, async (bench, issuer) => {
				const devices = [];
				for (const serial of ["LK-Q-A", "LK-Q-B", "LK-Q-C"]) devices.push(await factoryDevice(bench, serial));
				const [first, second, third] = devices as [FactoryDevice, FactoryDevice, FactoryDevice];
				const held = Promise.allSettled([ask(first), ask(second)]);
				check.ok(await eventually(() => issuer.waiting.length === 1));
				await pause(50);
				check.equal((await ask(third)).chain, undefined);
				check.equal(bench.refusals.at(-1), "busy");
				issuer.open();
				for (const each of await held)
					check.ok(each.status === "fulfilled" && each.value.chain !== undefined);
				check.ok((await ask(third)).chain !== undefined);
			}),
	);

	t.test(
		"a request that waited too long, or whose lock is gone, records no key and takes no signature (T12, T16)",
		() =>
			slowly({ waitMs: 200 }, async (bench, issuer) => {
				const devices = [];
				for (const serial of ["LK-W-A", "LK-W-B", "LK-W-C"]) devices.push(await factoryDevice(bench, serial));
				const [first, late, gone] = devices as [FactoryDevice, FactoryDevice, FactoryDevice];
				const issued: string[] = [];
				const { issue } = bench.registry;
				bench.registry.issue = (serial, ...rest) => {
					issued.push(serial);
					return issue.call(bench.registry, serial, ...rest);
				};
				const held = ask(first);
				check.ok(await eventually(() => issuer.waiting.length === 1));
				const lateAnswer = ask(late).catch(() => undefined);
				const made = await newKey();
				const factory = createPrivateKey(gone.identity.key);
				gone.client.send(renewalMessage({ serial: gone.serial, factory, newKey: made }));
				await pause(100);
				gone.client.end();
				await pause(300);
				issuer.open();
				check.ok((await held).chain !== undefined);
				check.equal((await lateAnswer)?.chain, undefined);
				check.ok(await eventually(() => bench.refusals.length === 2));
				check.deepEqual([...bench.refusals].sort(), ["gone", "late"]);
				check.deepEqual([issued, issuer.signatures], [["LK-W-A"], 1]);
				check.ok((await ask(late)).chain !== undefined, "asked again");
			}),
	);

	t.test(
		"a lock that slept five years is admitted with its factory certificate, renews and serves (T12)",
		() =>
			issuing(async (bench) => {
				const device = await factoryDevice(bench, "LK-SLEEPER");
				const expired = await issueLeaf(bench.pki.intermediates.operational, "LK-SLEEPER", {
					notBefore: new Date(Date.now() - 5.5 * 365 * DAY_MS),
					notAfter: new Date(Date.now() - 5 * 365 * DAY_MS),
				});
				check.accepted(await bench.registry.issue("LK-SLEEPER", expired.publicKeyHex, new Date()));
				check.equal((await bench.attempt(bench.deviceTarget(expired))).kind, "failed", "TLS judges its end");
				const { client } = await operational(bench, device);
				check.equal(await opens(bench, "LK-SLEEPER", client), true);
			}),
	);

	t.test("a stolen operational key ends at once when another process revokes the lock (T8)", ({ note }) =>
		issuing(async (bench) => {
			const { client } = await operational(bench, await factoryDevice(bench, "LK-STOLEN"));
			const other = await operational(bench, await factoryDevice(bench, "LK-STAYS"));
			const elsewhere = await openRegistry(bench.registryFile);
			const time = new FairTime();
			check.ok(await elsewhere.revoke("LK-STOLEN"));
			check.equal(await client.closed(), 1008);
			const tookMs = time.stop();
			await elsewhere.close();
			note(`closed ${tookMs.toFixed(0)} ms after the revocation`);
			check.ok(tookMs < 1_000, `${tookMs} ms`);
			check.equal(other.client.closeCode, undefined);
			check.deepEqual(bench.relay.reachable, ["LK-STAYS"]);
		}),
	);

	t.test("revocation in the relay's own process needs no poll (T8)", ({ note }) =>
		issuing(async (bench) => {
			const { client } = await operational(bench, await factoryDevice(bench, "LK-OWN"));
			const startedMs = performance.now();
			await bench.registry.revoke("LK-OWN");
			check.equal(await client.closed(), 1008);
			note(`closed after ${(performance.now() - startedMs).toFixed(0)} ms`);
		}),
	);

	t.test(
		"after a rekey the old board is out and a board with a new factory key takes its serial (T6, T8)",
		() =>
			issuing(async (bench) => {
				const device = await factoryDevice(bench, "LK-REPAIRED");
				const { client, identity } = await operational(bench, device);
				const end = await runCommand(
					"relay",
					"--dir",
					dirname(bench.registryFile),
					"rekey",
					"--serial",
					"LK-REPAIRED",
				);
				check.deepEqual([end.status, end.stdout], [0, "LK-REPAIRED may be provisioned anew\n"], end.stderr);
				const time = new FairTime();
				check.equal(await client.closed(), 1008);
				const tookMs = time.stop();
				check.ok(tookMs < 1_000, `${tookMs} ms`);
				check.refused(await bench.registry.enrol("LK-REPAIRED", device.identity.publicKeyHex), "conflict");
				check.refused(await bench.registry.enrol("LK-OTHER", device.identity.publicKeyHex), "conflict");
				const repaired = await factoryDevice(bench, "LK-REPAIRED");
				for (const [old, reason] of [
					[identity, "key-superseded"],
					[device.identity, "key-retired"],
				] as const) {
					check.deepEqual(await bench.attempt(bench.deviceTarget(old)), { kind: "http", status: 403 });
					check.equal(bench.refusals.at(-1), reason);
				}
				check.equal((await operational(bench, repaired)).client.closeCode, undefined);
			}),
	);

	t.test("a device that is revoked between its admission and its connection does not stay (T8)", () =>
		issuing(async (bench) => {
			const device = await factoryDevice(bench, "LK-RACE");
			const { connected } = bench.registry;
			const { made, chain } = await ask(device);
			bench.registry.connected = async (key) => {
				await connected.call(bench.registry, key);
				await bench.registry.revoke("LK-RACE");
			};
			const result = await bench.attempt(bench.deviceTarget(identityOf(chain!, made)));
			if (result.kind === "open") check.equal(await result.client.closed(), 1008);
			await pause(50);
			check.deepEqual(bench.relay.serials, []);
		}),
	);
}
