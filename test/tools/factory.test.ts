/** The factory line against the real firmware in memory: what it leaves behind, and that it may be cut anywhere. */

import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, fromHex, toHex } from "../../modules/base/bytes.ts";
import { encodeCsr } from "../../modules/identity/csr.ts";
import { DER, DerReader, der, derBits, derUnsigned } from "../../modules/trust/der.ts";
import { decodeLabel } from "../../modules/wire/label.ts";
import type { NamedEndpoint } from "../../tools/cli/arguments.ts";
import { NobleSigningKey } from "../../tools/crypto/noble.ts";
import { identify } from "../../tools/factory/board-steps.ts";
import { PortLock } from "../../tools/factory/line/port-lock.ts";
import { type ProvisionOptions, type ProvisionOutcome, provision } from "../../tools/factory/provision.ts";
import { makeQrModules } from "../../tools/factory/qr-code.ts";
import { checkRequest } from "../../tools/factory/request.ts";
import { openRegistry, type Registry } from "../../tools/relay/registry.ts";
import { ensureTrust } from "../../tools/trust/development-trust.ts";
import { vectorsFolder } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { FactoryTwin, type Mishap } from "./support/factory-twin.ts";
import { sharedPki } from "./support/identities.ts";
import { temporaryFolder } from "./support/temporary.ts";

const RELAYS: readonly NamedEndpoint[] = [{ host: "127.0.0.1", port: 7443, name: "localhost" }];

interface Line {
	readonly registry: Registry;
	readonly labels: string[];
	run(twin: FactoryTwin, more?: Partial<ProvisionOptions>): Promise<ProvisionOutcome>;
}

/** One provisioning station: its registry and what its printer printed. */
async function withLine(work: (line: Line) => Promise<void>): Promise<void> {
	const pki = await sharedPki();
	const registry = await openRegistry(join(temporaryFolder(), "relay.db"));
	const labels: string[] = [];
	const trust = ensureTrust(pki.dir, RELAYS).file;
	const run = async (twin: FactoryTwin, more: Partial<ProvisionOptions> = {}): Promise<ProvisionOutcome> => {
		const line = twin.line();
		try {
			return await provision({
				line,
				pkiDir: pki.dir,
				registry,
				trust,
				hardwareClass: "latchkey-linux",
				onLabel: (label) => void labels.push(label),
				...more,
			});
		} finally {
			line.close();
		}
	};
	try {
		await work({ registry, labels, run });
	} finally {
		await registry.close();
	}
}

function issuedCertificate(pkiDir: string, serial: string): X509Certificate {
	return new X509Certificate(readFileSync(join(pkiDir, "issued", `${serial}.pem`)));
}

export default function suite(t: Suite): void {
	t.test(
		"a blank board leaves the line sealed, registered and with one label that opens nothing else",
		({ crypto }) =>
			withLine(async (line) => {
				const steps: string[] = [];
				const twin = new FactoryTwin(crypto);
				const outcome = await line.run(twin, { serial: "LK-FACTORY-1", onStep: (step) => steps.push(step) });
				check.deepEqual(outcome, { kind: "sealed", serial: "LK-FACTORY-1" });
				check.deepEqual(steps, ["identify", "begin", "sign", "trust", "install", "record", "label", "seal"]);
				check.equal(line.labels.length, 1);
				const label = check.accepted(decodeLabel(line.labels[0]!));
				check.equal(label.serial, "LK-FACTORY-1");
				const row = await line.registry.find("LK-FACTORY-1");
				const certificate = issuedCertificate((await sharedPki()).dir, "LK-FACTORY-1");
				check.equal(certificate.subject, "CN=LK-FACTORY-1\nserialNumber=LK-FACTORY-1");
				check.equal(certificate.ca, false);
				const jwk = certificate.publicKey.export({ format: "jwk" });
				const point = `04${[jwk.x!, jwk.y!].map((each) => Buffer.from(each, "base64url").toString("hex")).join("")}`;
				check.deepEqual([row?.public_key, row?.status], [point, "active"]);
			}),
	);

	t.test(
		"neither setup secret nor Noise key is in the registry, the PKI's records or the board's log (I1)",
		({ crypto }) =>
			withLine(async (line) => {
				const twin = new FactoryTwin(crypto);
				await line.run(twin, { serial: "LK-SECRETS" });
				const text = line.labels[0]!;
				const label = check.accepted(decodeLabel(text));
				const issued = join((await sharedPki()).dir, "issued");
				const files = readdirSync(issued).map((file) => readFileSync(join(issued, file), "latin1"));
				const kept = [
					JSON.stringify(await line.registry.find("LK-SECRETS")),
					...twin.board.logs,
					...files,
				].join("\n");
				for (const secret of [label.setupSecret, label.noisePublicKey]) {
					check.ok(!kept.includes(toHex(secret)) && !kept.includes(Buffer.from(secret).toString("base64")));
				}
				for (const part of text.split(":").slice(2)) check.ok(!kept.includes(part));
				check.ok(kept.includes("LK-SECRETS"));
			}),
	);

	t.test("a board without a serial of its own gets a random one", ({ crypto }) =>
		withLine(async (line) => {
			const first = await line.run(new FactoryTwin(crypto));
			const second = await line.run(new FactoryTwin(crypto));
			check.ok(/^LK-[2-9A-Z]{10}$/.test(first.serial ?? ""), first.serial);
			check.notEqual(first.serial, second.serial);
		}),
	);

	t.test(
		"a serial that another key was certified for, or that a line has reserved, is given to no board; one that a repair freed is (T6)",
		async ({ crypto }) =>
			withLine(async ({ registry, run }) => {
				const serial = `LK-${toHex(crypto.random(4)).toUpperCase()}`;
				check.equal((await run(new FactoryTwin(crypto), { serial })).kind, "sealed");
				const { dir } = await sharedPki();
				const [former, elsewhere] = [
					issuedCertificate(dir, serial),
					await openRegistry(join(temporaryFolder(), "relay.db")),
				];
				// Another registry knows nothing of it; the folder of the certificates does.
				await check.rejects(
					run(new FactoryTwin(crypto), { serial, registry: elsewhere }),
					"is a certificate of another key",
				);
				check.equal(await elsewhere.find(serial), undefined);
				await elsewhere.close();
				check.deepEqual(issuedCertificate(dir, serial).raw, former.raw);
				await registry.rekey(serial);
				check.equal((await run(new FactoryTwin(crypto), { serial })).kind, "sealed");
				check.ok(!issuedCertificate(dir, serial).raw.equals(former.raw));
				const reserved = `LK-${toHex(crypto.random(4)).toUpperCase()}`;
				check.accepted(await registry.reserve(reserved, "line a 1"));
				const blank = new FactoryTwin(crypto);
				await check.rejects(run(blank, { serial: reserved }), "a factory line has given");
				check.equal((await identify(blank.line())).stage, "blank");
			}),
	);

	t.test("a port that a tool has is no other command's, and its board hears nothing of it", async () => {
		// Any device will do, of which nobody else needs the lock.
		const port = "/dev/full";
		const lock = PortLock.take(port);
		check.ok(lock instanceof PortLock);
		const pki = await sharedPki();
		const registry = join(temporaryFolder(), "relay.db");
		for (const words of [
			["factory", "health", "--serial-line", port],
			["factory", "provision", "--serial-line", port, "--pki", pki.dir, "--registry", registry],
		]) {
			const { status, stderr } = await runCommand(...words);
			check.deepEqual([status, stderr.trim().endsWith(`another tool uses ${port}`)], [1, true], stderr);
		}
		(lock as PortLock).release();
		const { stderr } = await runCommand("factory", "health", "--serial-line", port);
		check.ok(!stderr.includes("another tool"), stderr);
	});

	t.test("a sealed board is left alone, and gives no second label", ({ crypto }) =>
		withLine(async (line) => {
			const twin = new FactoryTwin(crypto);
			await line.run(twin, { serial: "LK-ONCE" });
			check.deepEqual(await line.run(twin), { kind: "already-sealed", serial: "LK-ONCE" });
			check.equal(line.labels.length, 1);
		}),
	);

	for (const mishap of ["cut-before", "cut-after", "answer-lost"] as const satisfies readonly Mishap[]) {
		t.test(
			`${mishap} at every verb in turn: running the line again ends with the same key, one label, one row (T12)`,
			({ crypto }) =>
				withLine(async (line) => {
					let verbs = 0;
					for (let frame = 1; frame <= 20; frame++) {
						const twin = new FactoryTwin(crypto);
						const serial = `LK-${mishap.toUpperCase()}-${frame}`;
						let struck = false;
						twin.mishap = (sent) => {
							if (sent !== frame) return "none";
							struck = true;
							return mishap;
						};
						line.labels.length = 0;
						const first = await line.run(twin, { serial }).catch((error: Error) => error);
						if (!struck) break;
						verbs++;
						if (first instanceof Error) check.equal(first.name, "SerialFault");
						const key = (await line.registry.find(serial))?.public_key;
						const second = await line.run(twin, { serial });
						check.equal(second.serial, serial);
						check.ok(
							line.labels.length >= 1 && new Set(line.labels).size === 1,
							`${line.labels.length} labels`,
						);
						const row = await line.registry.find(serial);
						check.ok(key === undefined || key === row?.public_key);
						check.deepEqual(await line.run(twin), { kind: "already-sealed", serial });
					}
					check.ok(verbs >= 6, `${verbs} verbs`);
				}),
		);
	}

	t.test(
		"a board that was begun as another device, or whose serial is taken, is refused before anything is bound",
		({ crypto }) =>
			withLine(async (line) => {
				const twin = new FactoryTwin(crypto);
				twin.mishap = (sent) => (sent === 4 ? "cut-before" : "none");
				await check.rejects(line.run(twin, { serial: "LK-FIRST" }));
				await check.rejects(line.run(twin, { serial: "LK-SECOND" }), "the board is LK-FIRST");
				check.equal((await line.run(twin)).serial, "LK-FIRST");
				const other = new FactoryTwin(crypto);
				await check.rejects(line.run(other, { serial: "LK-FIRST" }), "another board's serial");
				const outcome = await line.run(other, { serial: "LK-SECOND" });
				check.equal(outcome.kind, "sealed");
			}),
	);

	t.test("a printer that fails leaves the board unsealed, and the label can be had again", ({ crypto }) =>
		withLine(async (line) => {
			const twin = new FactoryTwin(crypto);
			const onLabel = (): Promise<void> => Promise.reject(new Error("out of paper"));
			await check.rejects(line.run(twin, { serial: "LK-PAPER", onLabel }), "out of paper");
			check.deepEqual(await line.run(twin), { kind: "sealed", serial: "LK-PAPER" });
			check.equal(line.labels.length, 1);
		}),
	);

	t.test("a line without a board gives up with one clear fault", async ({ crypto }) =>
		withLine(async (line) => {
			const twin = new FactoryTwin(crypto);
			twin.mishap = () => "answer-lost";
			await check.rejects(line.run(twin, { serial: "LK-MUTE" }), "the board does not answer");
			check.equal(twin.sent, 3);
		}),
	);

	t.test(
		"a device's own certificate request is accepted, and any other is refused with its reason (T6, I9)",
		({ random }) => {
			const key = new NobleSigningKey();
			const other = new NobleSigningKey();
			const sign = (message: Uint8Array): Uint8Array => key.sign(message);
			const der = encodeCsr("LK-REQUEST", key.publicKey, sign);
			const request = check.accepted(checkRequest(der, "LK-REQUEST", key.publicKey));
			check.bytes(request.point, key.publicKey);
			check.accepted(checkRequest(der, "LK-REQUEST", undefined));
			check.refused(checkRequest(der, "LK-REQUEST", other.publicKey), "request-key");
			check.refused(checkRequest(der, "LK-OTHER", key.publicKey), "request-subject");
			const foreign = encodeCsr("LK-REQUEST", key.publicKey, (message) => other.sign(message));
			check.refused(checkRequest(foreign, "LK-REQUEST", key.publicKey), "request-signature");
			check.refused(checkRequest(Uint8Array.of(...der, 0), "LK-REQUEST", undefined), "request-malformed");
			check.refused(checkRequest(der.slice(0, -1), "LK-REQUEST", undefined), "request-malformed");
			for (let bit = 0; bit < 8 * der.length; bit++) {
				const flipped = der.slice();
				flipped[bit >> 3]! ^= 1 << (bit & 7);
				check.refused(checkRequest(flipped, "LK-REQUEST", key.publicKey), undefined, `bit ${bit}`);
			}
			for (let round = 0; round < 300; round++) {
				checkRequest(random.bytes(random.below(300)), "LK-REQUEST", undefined);
			}
		},
	);

	t.test(
		"a request that asks for more, or spells its key another way, is refused although it is well signed",
		() => {
			const key = new NobleSigningKey();
			const usual = encodeCsr("LK-FORGED", key.publicKey, (message) => key.sign(message));
			const info = new DerReader(usual).enter(DER.sequence)!.read(DER.sequence)!;
			const attribute = der(DER.sequence, der(DER.objectIdentifier, Uint8Array.of(0x2a)), der(DER.set));
			const compressed = Uint8Array.of(2 + (key.publicKey[64]! & 1), ...key.publicKey.subarray(1, 33));
			const forge = (changed: Uint8Array): Uint8Array => {
				const signed = der(DER.sequence, changed);
				const signature = key.sign(signed);
				const algorithm = der(DER.sequence, der(DER.objectIdentifier, fromHex("2a8648ce3d040302")!));
				const integers = [derUnsigned(signature.subarray(0, 32)), derUnsigned(signature.subarray(32))];
				return der(DER.sequence, signed, algorithm, derBits(der(DER.sequence, ...integers)));
			};
			check.accepted(checkRequest(forge(info), "LK-FORGED", key.publicKey));
			const asking = concatBytes(info.subarray(0, -2), der(DER.context0, attribute));
			check.refused(checkRequest(forge(asking), "LK-FORGED", key.publicKey), "request-attributes");
			const head = new DerReader(info);
			const [version, subject] = [head.read(DER.integer)!, head.read(DER.sequence)!];
			const identifiers = head.enter(DER.sequence)!.read(DER.sequence)!;
			const respelled = concatBytes(
				der(DER.integer, version),
				der(DER.sequence, subject),
				der(DER.sequence, der(DER.sequence, identifiers), derBits(compressed)),
				der(DER.context0),
			);
			check.refused(checkRequest(forge(respelled), "LK-FORGED", key.publicKey), "request-key");
			check.refused(
				checkRequest(forge(concatBytes(info, der(DER.context0))), "LK-FORGED", undefined),
				"request-malformed",
			);
		},
	);

	t.test("published requests that are not a device's are refused, none by a throw (I9)", ({ note, skip }) => {
		const vectors = vectorsFolder() ?? skip("no published vectors");
		const files = readdirSync(join(vectors, "csr/pyca-requests"));
		for (const file of files) {
			const text = readFileSync(join(vectors, "csr/pyca-requests", file), "latin1");
			const body = /-----BEGIN [A-Z ]+-----([\s\S]+?)-----END/.exec(text)?.[1];
			const der = new Uint8Array(Buffer.from(body ?? "", "base64"));
			check.refused(checkRequest(der, "LK-ANY", undefined), undefined, file);
		}
		note(`${files.length} published requests, all refused`);
	});

	t.test("a label's QR code is in alphanumeric mode, and text outside it is a programmer's error", () => {
		const label = `LK1:LK-ABCDEFGHJK:${"A2".repeat(26)}:${"B7".repeat(13)}`;
		const modules = makeQrModules(label);
		// Version 5 at level M holds 122 characters of this mode, and only 84 bytes.
		check.equal(modules.length, 37);
		check.ok(modules.every((row) => row.length === modules.length));
		check.throws(() => makeQrModules("lower case"), "AssertionFault");
	});
}
