/**
 * The device's certificate request before other eyes: OpenSSL verifies its signature and reads its subject and key,
 * and the factory's certificates are read back by the device's own reader.
 */
import { spawnSync } from "node:child_process";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeCsr } from "../../modules/identity/csr.ts";
import { Identity } from "../../modules/identity/identity.ts";
import { Store } from "../../modules/store/store.ts";
import { TrustedTime } from "../../modules/time/trusted-time.ts";
import { decodeCertificate } from "../../modules/trust/certificate.ts";
import { TrustStore } from "../../modules/trust/trust-store.ts";
import { NobleSigningKey } from "../../tools/crypto/noble.ts";
import {
	issueDevice,
	issueIntermediate,
	issueListener,
	issueRoot,
	issuerFor,
} from "../../tools/factory/certificates.ts";
import { check, type Suite } from "../harness/test.ts";
import { signBundle, trustBundle } from "../sim/bundles.ts";
import { SimKeys } from "../sim/keys.ts";
import { SimStorage } from "../sim/storage.ts";
import { SimClock, SimTime } from "../sim/time.ts";

const OPENSSL_MS = 10_000;
const ROUNDS = 20;

interface OpensslAnswer {
	readonly status: number | null;
	readonly text: string;
}

function openssl(words: readonly string[], input: Uint8Array): OpensslAnswer {
	const { status, stdout, stderr, error } = spawnSync("openssl", words, {
		input,
		timeout: OPENSSL_MS,
		encoding: "utf8",
	});
	if (error !== undefined) check.fail(`openssl: ${error.message}`);
	return { status, text: `${stdout}${stderr}` };
}

function verifyRequest(csr: Uint8Array): OpensslAnswer {
	return openssl(["req", "-inform", "DER", "-verify", "-noout", "-subject", "-nameopt", "RFC2253"], csr);
}

function bufferOf(certificate: { readonly rawData: ArrayBuffer }): Uint8Array {
	return new Uint8Array(certificate.rawData);
}

export default function suite(t: Suite): void {
	t.test(
		"OpenSSL verifies the request of every key and serial, and reads the subject and key it was made of (PROTOCOL 8)",
		({ random }) => {
			for (let round = 0; round < ROUNDS; round++) {
				const key = new NobleSigningKey();
				const serial = `LK-${random.below(1_000_000)}`.padEnd(random.between(4, 24), "X");
				const csr = encodeCsr(serial, key.publicKey, (message) => key.sign(message));
				const { status, text } = verifyRequest(csr);
				check.equal(status, 0, text);
				check.ok(text.includes("verify OK"), text);
				check.ok(text.includes(`subject=serialNumber=${serial},CN=${serial}`), text);
				const shown = openssl(["req", "-inform", "DER", "-noout", "-text"], csr).text;
				check.ok(shown.replace(/[\s:]/g, "").includes(toHex(key.publicKey)), "the key");
				check.ok(shown.includes("Version: 1 (0x0)"), shown);
				check.ok(shown.includes("ecdsa-with-SHA256"), shown);
				key.close();
			}
		},
	);

	t.test("OpenSSL refuses a request that was changed or signed by another key (T6)", () => {
		const key = new NobleSigningKey();
		const other = new NobleSigningKey();
		const good = encodeCsr("LK-0001", key.publicKey, (message) => key.sign(message));
		check.equal(verifyRequest(good).status, 0);
		const changed = good.slice();
		changed[toHex(good).indexOf(toHex(new TextEncoder().encode("LK-0001"))) / 2]! ^= 1;
		const foreign = encodeCsr("LK-0001", key.publicKey, (message) => other.sign(message));
		for (const csr of [changed, foreign]) {
			const { status, text } = verifyRequest(csr);
			check.ok(status !== 0 || text.includes("verify failure"), text);
			check.ok(!text.includes("verify OK"), text);
		}
	});

	t.test(
		"a chain that the factory issues is installed by the board it was issued for, and by no other (T6)",
		async ({ crypto }) => {
			const root = await issueRoot("device");
			const intermediate = await issueIntermediate("device", root);
			const relayRoot = await issueRoot("relay");
			const listener = await issueListener(await issueIntermediate("relay", relayRoot), ["relay.example"]);
			const message = signBundle(crypto, trustBundle());
			const boards = ["LK-0001", "LK-0002"].map((serial) => {
				const storage = new SimStorage();
				const store = new Store(storage);
				const time = new TrustedTime(store, new SimClock(new SimTime(), (run) => run()), 0);
				const trust = new TrustStore(store, time, crypto);
				check.accepted(trust.install(message));
				const identity = new Identity(store, new SimKeys(crypto, storage), trust);
				const { csr } = check.accepted(identity.begin(serial, "linux"));
				return { serial, identity, csr };
			});
			const { Pkcs10CertificateRequest } = await import("@peculiar/x509");
			for (const { serial, identity, csr } of boards) {
				const request = new Pkcs10CertificateRequest(csr as Uint8Array<ArrayBuffer>);
				check.ok(await request.verify(), "the request's signature");
				const certificate = await issueDevice(issuerFor(intermediate), serial, request.publicKey);
				const chain = [bufferOf(certificate), bufferOf(intermediate.certificate)];
				for (const board of boards) {
					if (board.identity === identity) continue;
					check.refused(board.identity.install(chain), "certificate-refused");
				}
				check.refused(identity.install([bufferOf(listener.certificate)]), "certificate-refused");
				check.accepted(identity.install(chain));
				const read = decodeCertificate(chain[0]!);
				check.equal(read?.notAfterMs, certificate.notAfter.getTime());
				check.equal(read?.notBeforeMs, certificate.notBefore.getTime());
			}
		},
	);
}
