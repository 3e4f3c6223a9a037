/** Instructions of handshakes: TLS beside a plain C client, Noise IK beside its bare primitives. */
import "reflect-metadata";
import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { PublicKey } from "@peculiar/x509";
import { issueDevice, issuerFor } from "../factory/certificates.ts";
import { ensurePki, readIntermediate } from "../factory/pki.ts";
import { prepareCertificates } from "../probe/certificates.ts";
import { readCredentials } from "../relay/credentials.ts";
import { buildBaseline, buildBoard, buildImage } from "./bench-build.ts";
import { countInstructions } from "./callgrind.ts";
import type { Figure } from "./figure.ts";

const SUITE = "ECDHE-ECDSA-AES128-GCM-SHA256";
const HOST = "127.0.0.1";
const NAME = "localhost";
const NOISE_ROUNDS = 10;
const P256 = Object.freeze({ name: "ECDSA", namedCurve: "P-256" } as const);

export async function measureTlsHandshake(): Promise<Figure[]> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
	let server: Server | undefined;
	try {
		await ensurePki(join(dir, "pki"), [NAME, HOST]);
		const own = await boardClient(dir);
		const { cert, key } = await plainClient(dir);
		server = await listen(dir);
		const port = String((server.address() as AddressInfo).port);
		const root = join(dir, "pki", "relay-root.pem");
		const files = join(dir, "files");
		const settings = boardSettings(files, { ca: root, cert: own.cert, key }, port);
		const product = await countInstructions([...own.command, ...settings], { region: true });
		const client = buildBaseline("tls-client");
		const plain = await countInstructions([client, HOST, port, NAME, root, cert, key], { region: true });
		return [
			{ name: "TLS handshake of the board", value: product / 1e6, unit: "million instructions" },
			{ name: "TLS handshake of a plain C client", value: plain / 1e6, unit: "million instructions" },
			{ name: "TLS handshake, ratio", value: product / plain, unit: "", goal: 1.05 },
		];
	} finally {
		server?.close();
		rmSync(dir, { recursive: true, force: true });
	}
}

export async function measureNoiseHandshake(): Promise<Figure[]> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
	try {
		const board = buildBoard("BENCH=1", "TESTKEYS=1");
		const main = "tools/bench/board/noise";
		const image = buildImage("noise", [
			"hosts/linux/probe-host",
			"hosts/bindings/test-crypto",
			"modules/noise/initiator",
			main,
		]);
		const words = ["--image", image, "--main", main, "--state", join(dir, "state"), "--watchdog-ms", "0"];
		const own = (await countInstructions([board, ...words], { region: true })) / NOISE_ROUNDS;
		const bare = (await countInstructions([buildBaseline("ik-primitives")], { region: true })) / NOISE_ROUNDS;
		return [
			{ name: "Noise IK, responder", value: own / 1e6, unit: "million instructions" },
			{ name: "its PSA primitives in plain C", value: bare / 1e6, unit: "million instructions" },
			{ name: "Noise IK, ratio", value: own / bare, unit: "", goal: 1.25 },
		];
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** The board with a key of its own in its flash, and a certificate for it. */
async function boardClient(dir: string): Promise<{ cert: string; command: [string, ...string[]] }> {
	const board = buildBoard("BENCH=1", "TESTKEYS=1");
	const main = "tools/bench/board/handshake";
	const image = buildImage("handshake", ["hosts/linux/probe-host", main]);
	const words = ["--image", image, "--main", main, "--state", join(dir, "state"), "--watchdog-ms", "0"];
	const printed = execFileSync(board, words, { encoding: "utf8" });
	const point = /"publicKey":"([0-9a-f]{130})"/.exec(printed)?.[1];
	if (point === undefined) throw new Error(`the board made no key: ${printed}`);
	const publicKey = await webcrypto.subtle.importKey("raw", Buffer.from(point, "hex"), P256, true, [
		"verify",
	]);
	const cert = await issue(dir, "board", publicKey);
	return { cert, command: [board, ...words] };
}

async function plainClient(dir: string): Promise<{ cert: string; key: string }> {
	const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
	const key = join(dir, "plain.key");
	const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
	writeFileSync(key, `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
	return { cert: await issue(dir, "plain", keys.publicKey), key };
}

async function issue(dir: string, name: string, publicKey: webcrypto.CryptoKey): Promise<string> {
	const issuer = await readIntermediate(join(dir, "pki"), "device");
	const spki = new PublicKey(await webcrypto.subtle.exportKey("spki", publicKey));
	const certificate = await issueDevice(issuerFor(issuer), "LK-BENCH", spki);
	const path = join(dir, `${name}.pem`);
	writeFileSync(path, `${certificate.toString("pem")}\n${issuer.certificate.toString("pem")}\n`);
	return path;
}

function listen(dir: string): Promise<Server> {
	const { device, deviceRoots } = readCredentials(join(dir, "pki", "relay-server"));
	const server = createServer({
		cert: device.certificate,
		key: device.key,
		ca: deviceRoots,
		requestCert: true,
		rejectUnauthorized: true,
		maxVersion: "TLSv1.2",
		ciphers: SUITE,
	});
	server.on("secureConnection", (socket) => socket.on("error", () => undefined));
	server.on("tlsClientError", (error) => process.stderr.write(`# server: ${error.message}\n`));
	return new Promise((resolve) => server.listen(0, HOST, () => resolve(server)));
}

function boardSettings(
	files: string,
	certificates: { readonly ca: string; readonly cert: string; readonly key: string },
	port: string,
): string[] {
	mkdirSync(files);
	const prepared = prepareCertificates(files, certificates);
	const settings = { host: HOST, port, name: NAME, now: String(Date.now()), files, ...prepared };
	return Object.entries(settings).flatMap(([name, value]) => ["--arg", `${name}=${value}`]);
}
