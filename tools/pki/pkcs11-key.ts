/**
 * Signs with a P-256 key that never leaves its token, by OpenSC's pkcs11-tool (Debian: opensc): one process a signature.
 * The PIN comes from a file that nobody else can read, or from LATCHKEY_PKCS11_PIN; it goes to that process by its
 * environment, is in no command line, message or log.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEcdsaSignature } from "../../modules/trust/ecdsa-signature.ts";
import { type Pkcs11Uri, parsePkcs11Uri } from "./pkcs11-uri.ts";
import { IssuerFault, type Signer } from "./signer.ts";

const TOOL = "pkcs11-tool";
const TOOL_MS = 20_000;
const PIN_VARIABLE = "LATCHKEY_PKCS11_PIN";
const PIN_BYTES_MAX = 256;
const SIGNATURE_BYTES = 64;

/** Rejects with IssuerFault when the URI names no key, there is no PIN, or the token does not have that key. */
export async function openPkcs11Key(text: string): Promise<Signer> {
	const uri = parsePkcs11Uri(text);
	if (!uri.ok) throw new IssuerFault(`the pkcs11: URI is refused: ${uri.reason}`);
	const pin = readPin(uri.value);
	const id = await findId(uri.value, pin);
	// One at a time: many tokens know one session only, and a queue of requests is no reason for many processes.
	let last: Promise<unknown> = Promise.resolve();
	return (signedBytes) => {
		const signature = last.then(() => signOnce(uri.value, id, pin, signedBytes));
		last = signature.catch(() => undefined);
		return signature;
	};
}

/** pkcs11-tool signs with a key by its id and passes a label over, so the label is looked up first. */
async function findId(uri: Pkcs11Uri, pin: string): Promise<string> {
	const listed = await runTool([...login(uri), "--list-objects", "--type", "privkey"], pin);
	const keys = listed.split(/^Private Key Object.*$/m).slice(1);
	const found = keys
		.map((key) => ({ label: /^ +label: +(.*)$/m.exec(key)?.[1], id: /^ +ID: +([0-9a-f]+)$/m.exec(key)?.[1] }))
		.filter(
			({ label, id }) =>
				id !== undefined &&
				(uri.id === undefined || id === uri.id) &&
				(uri.object === undefined || label === uri.object),
		);
	const id = found[0]?.id;
	if (id === undefined) throw new IssuerFault("the token has no such private key");
	if (found.length > 1)
		throw new IssuerFault("the token has several private keys of that name: give its id too");
	return id;
}

function login(uri: Pkcs11Uri): readonly string[] {
	return ["--module", uri.modulePath, "--token-label", uri.token, "--login", "--pin", `env:${PIN_VARIABLE}`];
}

function readPin({ pinFile }: Pkcs11Uri): string {
	if (pinFile === undefined) {
		const pin = process.env[PIN_VARIABLE];
		if (pin === undefined || pin === "")
			throw new IssuerFault(`no PIN: name a pin-source or set ${PIN_VARIABLE}`);
		return pin;
	}
	try {
		const { mode, size } = statSync(pinFile);
		if ((mode & 0o077) !== 0) throw new IssuerFault(`${pinFile} can be read by others: chmod 600`);
		if (size > PIN_BYTES_MAX) throw new IssuerFault(`${pinFile} holds more than a PIN`);
		return readFileSync(pinFile, "utf8").replace(/\r?\n$/, "");
	} catch (error) {
		if (error instanceof IssuerFault) throw error;
		throw new IssuerFault(`${pinFile}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`);
	}
}

async function signOnce(
	uri: Pkcs11Uri,
	id: string,
	pin: string,
	signedBytes: Uint8Array,
): Promise<Uint8Array> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-sign-"));
	const [digestFile, signatureFile] = [join(dir, "digest"), join(dir, "signature")];
	try {
		writeFileSync(digestFile, createHash("sha256").update(signedBytes).digest());
		const words = ["--sign", "--mechanism", "ECDSA", "--signature-format", "rs", "--id", id];
		await runTool([...login(uri), ...words, "--input-file", digestFile, "--output-file", signatureFile], pin);
		const signature = new Uint8Array(readFileSync(signatureFile));
		if (signature.length !== SIGNATURE_BYTES) throw new IssuerFault("the token's key is not on P-256");
		return encodeEcdsaSignature(signature);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** What the tool printed. */
function runTool(words: readonly string[], pin: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const env = { ...process.env, LC_ALL: "C.UTF-8", [PIN_VARIABLE]: pin };
		execFile(TOOL, words, { env, timeout: TOOL_MS }, (error, stdout, stderr) => {
			if (error === null) return resolve(stdout);
			if (error.code === "ENOENT")
				return reject(new IssuerFault(`${TOOL} is not installed (Debian: opensc)`));
			const line =
				stderr.split("\n").find((each) => each.startsWith("error:") || each.includes("rror")) ?? "no answer";
			reject(
				new IssuerFault(
					`the token refuses: ${line
						.replace(/^error: */, "")
						.replaceAll(pin, "...")
						.slice(0, 200)}`,
				),
			);
		});
	});
}
