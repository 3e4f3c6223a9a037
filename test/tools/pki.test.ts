/** The development PKI, judged by OpenSSL. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePki, PKI_FILES, PURPOSES } from "../../tools/factory/pki.ts";
import { CREDENTIAL_FILES } from "../../tools/relay/credentials.ts";
import { check, type Suite } from "../harness/test.ts";
import { issueLeaf, sharedPki } from "./support/identities.ts";
import { temporaryFolder } from "./support/temporary.ts";

const NAMES = ["relay.example", "127.0.0.1"];

function openssl(...words: readonly string[]): string {
	return execFileSync("openssl", words, {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "pipe"],
		timeout: 20_000,
	});
}

function describeCertificate(path: string): string {
	return openssl("x509", "-in", path, "-noout", "-text");
}

interface Verification {
	readonly root: string;
	readonly intermediate?: string;
	readonly purpose: string;
	readonly name?: string;
	readonly leaf: string;
}

/** "OK", or what OpenSSL has against the chain. */
function verify({ root, intermediate, purpose, name, leaf }: Verification): string {
	const words = ["verify", "-x509_strict", "-CAfile", root, "-no-CApath", "-no-CAstore", "-purpose", purpose];
	if (intermediate !== undefined) words.push("-untrusted", intermediate);
	if (name !== undefined) words.push("-verify_hostname", name);
	const result = spawnSync("openssl", [...words, leaf], { encoding: "utf8", timeout: 20_000 });
	return result.status === 0 ? "OK" : result.stderr;
}

async function freshPki(): Promise<string> {
	const dir = join(temporaryFolder(), "pki");
	check.equal(await ensurePki(dir, NAMES), "made");
	return dir;
}

export default function suite(t: Suite): void {
	t.test(
		"a relay's certificates verify for servers under the relay root, by name, and for nothing else (T4)",
		async () => {
			const dir = await freshPki();
			const intermediate = PKI_FILES.intermediateCertificate(dir, "relay");
			for (const file of [CREDENTIAL_FILES.deviceCertificate, CREDENTIAL_FILES.appCertificate]) {
				const leaf = join(PKI_FILES.relayServer(dir), file);
				const chain = { root: PKI_FILES.rootCertificate(dir, "relay"), intermediate, leaf };
				check.equal(verify({ ...chain, purpose: "sslserver", name: "relay.example" }), "OK");
				check.ok(
					verify({ ...chain, purpose: "sslserver", name: "other.example" }).includes("hostname mismatch"),
				);
				check.notEqual(verify({ ...chain, purpose: "sslclient" }), "OK");
				for (const purpose of ["device", "update"] as const) {
					const foreign = { ...chain, root: PKI_FILES.rootCertificate(dir, purpose), purpose: "sslserver" };
					check.notEqual(verify(foreign), "OK");
				}
				const text = describeCertificate(leaf);
				check.ok(text.includes("DNS:relay.example, IP Address:127.0.0.1"), text);
				check.ok(/X509v3 Basic Constraints: critical\s+CA:FALSE/.test(text), text);
				check.ok(/X509v3 Key Usage: critical\s+Digital Signature\n/.test(text), text);
				check.ok(/X509v3 Extended Key Usage: \s+TLS Web Server Authentication\n/.test(text), text);
				check.ok(text.includes("ASN1 OID: prime256v1") && text.includes("ecdsa-with-SHA256"), text);
			}
		},
	);

	t.test(
		"a device's certificate verifies for clients under the device root, and for nothing else (T6)",
		async () => {
			const { dir, intermediates } = await sharedPki();
			const leaf = join(temporaryFolder(), "leaf.pem");
			writeFileSync(leaf, (await issueLeaf(intermediates.device, "LK-OPENSSL")).cert);
			const chain = {
				root: PKI_FILES.rootCertificate(dir, "device"),
				intermediate: PKI_FILES.intermediateCertificate(dir, "device"),
				leaf,
			};
			check.equal(verify({ ...chain, purpose: "sslclient" }), "OK");
			check.notEqual(verify({ ...chain, purpose: "sslserver" }), "OK");
			check.notEqual(
				verify({ ...chain, root: PKI_FILES.rootCertificate(dir, "relay"), purpose: "sslclient" }),
				"OK",
			);
			check.notEqual(verify({ root: chain.root, leaf, purpose: "sslclient" }), "OK");
		},
	);

	t.test(
		"roots and intermediates are authorities with bounded paths, key identifiers and one purpose",
		async () => {
			const dir = await freshPki();
			for (const purpose of PURPOSES) {
				const root = describeCertificate(PKI_FILES.rootCertificate(dir, purpose));
				const intermediate = describeCertificate(PKI_FILES.intermediateCertificate(dir, purpose));
				check.ok(/Basic Constraints: critical\s+CA:TRUE, pathlen:1/.test(root), root);
				check.ok(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/.test(intermediate), intermediate);
				for (const text of [root, intermediate]) {
					check.ok(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/.test(text), text);
					check.ok(
						text.includes("Subject Key Identifier") && text.includes("Authority Key Identifier"),
						text,
					);
				}
				const identifier = (text: string, name: string): string =>
					new RegExp(`${name} Key Identifier: \\s+([0-9A-F:]+)`).exec(text)?.[1] ?? check.fail(`no ${name}`);
				check.equal(identifier(intermediate, "Authority"), identifier(root, "Subject"));
				check.equal(
					verify({
						root: PKI_FILES.rootCertificate(dir, purpose),
						leaf: PKI_FILES.intermediateCertificate(dir, purpose),
						purpose: "any",
					}),
					"OK",
				);
			}
			const usage = (purpose: "relay" | "device" | "update"): string =>
				/Extended Key Usage: \s+(.+)\n/.exec(
					describeCertificate(PKI_FILES.intermediateCertificate(dir, purpose)),
				)?.[1] ?? "";
			check.equal(usage("relay"), "TLS Web Server Authentication");
			check.equal(usage("device"), "TLS Web Client Authentication");
			check.equal(usage("update"), "Code Signing");
		},
	);

	t.test("the three roots have three keys, and private keys are for their owner alone", async () => {
		const dir = await freshPki();
		const keys = PURPOSES.map((purpose) =>
			openssl("x509", "-in", PKI_FILES.rootCertificate(dir, purpose), "-noout", "-pubkey"),
		);
		check.equal(new Set(keys).size, 3);
		let files = 0;
		for (const folder of [dir, PKI_FILES.relayServer(dir)]) {
			for (const file of readdirSync(folder).filter((name) => name.endsWith(".key"))) {
				files++;
				check.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
				check.ok(openssl("pkey", "-in", join(folder, file), "-noout", "-check").includes("valid"), file);
			}
		}
		check.equal(files, 9);
		check.ok(readdirSync(PKI_FILES.relayServer(dir)).every((file) => !/root\.key|intermediate/.test(file)));
	});

	t.test(
		"a PKI is made once: again for the same names changes nothing, for others only the listeners",
		async () => {
			const dir = await freshPki();
			const snapshot = (folder: string): string[] =>
				readdirSync(folder)
					.filter((file) => statSync(join(folder, file)).isFile())
					.map((file) => `${file} ${readFileSync(join(folder, file), "latin1")}`);
			const [authorities, listeners] = [snapshot(dir), snapshot(PKI_FILES.relayServer(dir))];
			check.equal(await ensurePki(dir, [...NAMES].reverse()), "unchanged");
			check.deepEqual([snapshot(dir), snapshot(PKI_FILES.relayServer(dir))], [authorities, listeners]);
			check.equal(await ensurePki(dir, ["new.example"]), "listeners-renewed");
			check.deepEqual(snapshot(dir), authorities);
			check.notEqual(JSON.stringify(snapshot(PKI_FILES.relayServer(dir))), JSON.stringify(listeners));
			const leaf = join(PKI_FILES.relayServer(dir), CREDENTIAL_FILES.deviceCertificate);
			check.ok(describeCertificate(leaf).includes("DNS:new.example"));
		},
	);

	t.test("a folder with other files, or a PKI that lost a part, is refused and left as it is", async () => {
		const other = temporaryFolder();
		writeFileSync(join(other, "thesis.txt"), "do not lose this");
		await check.rejects(ensurePki(other, NAMES), "PkiFault");
		check.deepEqual(readdirSync(other), ["thesis.txt"]);
		const dir = await freshPki();
		rmSync(PKI_FILES.intermediateKey(dir, "device"));
		await check.rejects(ensurePki(dir, NAMES), "device-intermediate.key");
		const empty = temporaryFolder();
		check.equal(await ensurePki(empty, NAMES), "made");
	});
}
