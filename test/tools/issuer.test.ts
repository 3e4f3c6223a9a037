/** Keys that issue certificates, in a file and in a token (PKCS#11, by SoftHSM): the same certificates, no secret in sight. */
import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PublicKey } from "@peculiar/x509";
import {
	certifyIntermediate,
	issueDevice,
	issueOperational,
	issuerFor,
} from "../../tools/factory/certificates.ts";
import { PKI_FILES, readCertificate } from "../../tools/factory/pki.ts";
import { type Issuer, openIssuer } from "../../tools/pki/issuer.ts";
import { parsePkcs11Uri } from "../../tools/pki/pkcs11-uri.ts";
import { check, type Suite } from "../harness/test.ts";
import { runCommand } from "./support/command.ts";
import { newKeys, sharedPki } from "./support/identities.ts";
import { temporaryFolder } from "./support/temporary.ts";
import { TestToken } from "./support/token.ts";

const MODULE = "module-path=/usr/lib/softhsm/libsofthsm2.so";

/** A token with an intermediate's key under the shared device root; its certificate's file. */
async function tokenIntermediate(token: TestToken, name: "device" | "operational"): Promise<string> {
	const { dir } = await sharedPki();
	const root = await openRoot(dir);
	const spki = token.makeKey(`latchkey ${name}`, name === "device" ? "01" : "02ff");
	const certificate = await certifyIntermediate(name, root, new PublicKey(spki));
	const file = join(token.dir, `${name}.pem`);
	writeFileSync(file, `${certificate.toString("pem")}\n`);
	return file;
}

async function openRoot(dir: string): Promise<Issuer> {
	const { webcrypto } = await import("node:crypto");
	const { PemConverter } = await import("@peculiar/x509");
	const pkcs8 = PemConverter.decodeFirst(readFileSync(PKI_FILES.rootKey(dir, "device"), "utf8"));
	const key = await webcrypto.subtle.importKey("pkcs8", pkcs8, { name: "ECDSA", namedCurve: "P-256" }, true, [
		"sign",
	]);
	return issuerFor({ certificate: readCertificate(PKI_FILES.rootCertificate(dir, "device")), key });
}

/** "OK", or what OpenSSL has against a client certificate under the device root. */
async function judge(leaf: string, intermediate: string): Promise<string> {
	const { dir } = await sharedPki();
	const file = join(temporaryFolder(), "leaf.pem");
	writeFileSync(file, leaf);
	const root = PKI_FILES.rootCertificate(dir, "device");
	const words = [
		"verify",
		"-x509_strict",
		"-CAfile",
		root,
		"-no-CApath",
		"-no-CAstore",
		"-purpose",
		"sslclient",
	];
	const result = spawnSync("openssl", [...words, "-untrusted", intermediate, file], {
		encoding: "utf8",
		timeout: 20_000,
	});
	return result.status === 0 ? "OK" : result.stderr;
}

export default function suite(t: Suite): void {
	t.test(
		"a key in a file and a key in a token issue certificates that OpenSSL verifies",
		async ({ note }) => {
			const { dir } = await sharedPki();
			const token = new TestToken();
			token.makeKey("decoy", "00");
			const [line, relay] = [
				await tokenIntermediate(token, "device"),
				await tokenIntermediate(token, "operational"),
			];
			const issuers = [
				[
					await openIssuer(PKI_FILES.intermediateKey(dir, "device")),
					PKI_FILES.intermediateCertificate(dir, "device"),
				],
				[await openIssuer(token.uri("object=latchkey%20device"), line), line],
				[await openIssuer(token.uri("id=%02%FF;type=private"), relay), relay],
			] as const;
			const { publicKey } = await newKeys();
			for (const [issuer, file] of issuers) {
				const startedMs = performance.now();
				const factory = await issueDevice(issuer, "LK-TOKEN", publicKey);
				note(`signed in ${(performance.now() - startedMs).toFixed(0)} ms`);
				check.equal(await judge(factory.toString("pem"), file), "OK");
				check.equal(factory.notAfter.toISOString(), "9999-12-31T23:59:59.000Z");
				const late = await issueOperational(issuer, "LK-TOKEN", publicKey, {
					notAfter: new Date(Date.UTC(9998, 0, 1)),
				});
				check.equal(await judge(late.toString("pem"), file), "OK");
				check.ok(late.notAfter <= issuer.certificates[0].notAfter, "not beyond its issuer");
			}
		},
	);

	t.test("many signatures at once come out of one token one after the other", async () => {
		const token = new TestToken();
		const file = await tokenIntermediate(token, "operational");
		const issuer = await openIssuer(token.uri("object=latchkey%20operational"), file);
		const { publicKey } = await newKeys();
		const validity = { notAfter: new Date(Date.now() + 86_400_000) };
		const all = Array.from({ length: 8 }, (_, n) =>
			issueOperational(issuer, `LK-TOKEN-${n}`, publicKey, validity),
		);
		for (const certificate of await Promise.all(all))
			check.equal(await judge(certificate.toString("pem"), file), "OK");
	});

	t.test("a wrong PIN, token, key, certificate or library is one line without the PIN", async () => {
		const token = new TestToken();
		const file = await tokenIntermediate(token, "device");
		token.makeKey("other", "07");
		const fault = async (uri: string, certificate = file): Promise<string> => {
			const outcome = await openIssuer(uri, certificate).then(
				() => "opened",
				(error: Error) => `${error.name}: ${error.message}`,
			);
			check.ok(!outcome.includes("\n") && !outcome.includes(token.pin), outcome);
			return outcome;
		};
		check.equal(await fault(token.uri("id=%01")), "opened");
		check.ok((await fault(token.uri("object=nobody"))).includes("no such private key"));
		check.ok((await fault(token.uri("object=other"))).includes("the key is not that of"));
		check.ok((await fault(token.uri("id=%01").replace("token=line", "token=nil"))).startsWith("IssuerFault"));
		check.ok((await fault(token.uri("id=%01").replace("libsofthsm2", "libnone"))).startsWith("IssuerFault"));
		writeFileSync(token.pinFile, "11111111");
		check.ok((await fault(token.uri("id=%01"))).includes("CKR_PIN_INCORRECT"));
		chmodSync(token.pinFile, 0o644);
		check.ok((await fault(token.uri("id=%01"))).includes("read by others"));
		const plain = token.uri("id=%01").replace(/&pin-source.*/, "");
		check.ok((await fault(plain)).includes("no PIN"));
		const { dir } = await sharedPki();
		const foreign = PKI_FILES.intermediateKey(dir, "relay");
		copyFileSync(foreign, join(token.dir, "device.key"));
		check.ok((await fault(join(token.dir, "device.key"))).includes("the key is not that of"));
	});

	t.test("a PIN is in no command line while the token signs, and no file is left", async () => {
		const token = new TestToken();
		const issuer = await openIssuer(token.uri("id=%01"), await tokenIntermediate(token, "device"));
		const lines: string[] = [];
		const look = setInterval(() => {
			for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
				try {
					const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
					if (line.includes("pkcs11-tool")) lines.push(line);
				} catch {
					// It has ended.
				}
			}
		}, 1);
		for (let round = 0; round < 10; round++) await issuer.sign(Uint8Array.of(round));
		clearInterval(look);
		check.ok(lines.length > 0, "the tool was seen at work");
		check.ok(lines.every((line) => !line.includes(token.pin) && line.includes("env:")));
	});

	t.test("a pkcs11: URI says what it means or is refused (RFC 7512)", () => {
		const good = check.accepted(
			parsePkcs11Uri(`pkcs11:token=my%20line;object=a;id=%0A%ff?${MODULE}&pin-source=/etc/pin`),
		);
		check.deepEqual(good, {
			token: "my line",
			object: "a",
			id: "0aff",
			modulePath: "/usr/lib/softhsm/libsofthsm2.so",
			pinFile: "/etc/pin",
		});
		for (const [text, reason] of [
			["token=a;object=b", "scheme"],
			[`pkcs11:object=b?${MODULE}`, "token"],
			[`pkcs11:token=a?${MODULE}`, "object"],
			[`pkcs11:token=a;object=b;type=cert?${MODULE}`, "object"],
			["pkcs11:token=a;object=b", "module-path"],
			["pkcs11:token=a;object=b?module-path=lib.so", "module-path"],
			[`pkcs11:token=a;object=b?${MODULE}&pin-value=1234`, "pin"],
			[`pkcs11:token=a;object=b?${MODULE}&pin-source=pin`, "pin"],
			[`pkcs11:token=a;token=b;object=c?${MODULE}`, "attribute"],
			[`pkcs11:token=a;slot-id=0;object=b?${MODULE}`, "attribute"],
			[`pkcs11:token=%zz;object=b?${MODULE}`, "encoding"],
			[`pkcs11:token=a%00;object=b?${MODULE}`, "encoding"],
			[`pkcs11:token=a;id=%1?${MODULE}`, "encoding"],
			[`pkcs11:token=a;object=b?${MODULE}?x`, "attribute"],
		] as const) {
			check.refused(parsePkcs11Uri(text), reason, text);
		}
	});

	t.test("no text makes the reader of URIs throw (I9)", ({ random }) => {
		for (let round = 0; round < 500; round++) {
			parsePkcs11Uri(`pkcs11:${random.text(random.between(0, 40))}?${random.text(random.between(0, 20))}`);
		}
	});

	t.test("relay refuses an issuer beside --admit-factory, and a URI with a PIN in it", async () => {
		const { dir } = await sharedPki();
		const words = ["relay", "--dir", temporaryFolder(), "--tls", join(dir, "relay-server")];
		const both = await runCommand(
			...words,
			"--admit-factory",
			"--issuer",
			PKI_FILES.intermediateKey(dir, "operational"),
		);
		check.equal(both.status, 2, both.stderr);
		const pin = await runCommand(...words, "--issuer", `pkcs11:token=a;object=b?${MODULE}&pin-value=1234`);
		check.equal(pin.status, 2, pin.stderr);
	});
}
