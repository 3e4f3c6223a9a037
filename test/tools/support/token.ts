/** A SoftHSM token of a test's own, with P-256 keys in it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

/** Debian: softhsm2. */
const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const PIN = "48151623";

export class TestToken {
	readonly dir = temporaryFolder();
	readonly pinFile = join(this.dir, "pin");
	readonly pin = PIN;

	constructor() {
		mkdirSync(join(this.dir, "tokens"));
		const conf = join(this.dir, "softhsm2.conf");
		writeFileSync(conf, `directories.tokendir = ${join(this.dir, "tokens")}\nlog.level = ERROR\n`);
		process.env.SOFTHSM2_CONF = conf;
		writeFileSync(this.pinFile, `${PIN}\n`, { mode: 0o600 });
		this.#run("softhsm2-util", [
			"--init-token",
			"--free",
			"--label",
			"line",
			"--so-pin",
			"12345678",
			"--pin",
			PIN,
		]);
	}

	/** Its public key, SubjectPublicKeyInfo in DER. */
	makeKey(label: string, id: string): Uint8Array<ArrayBuffer> {
		const key = ["--keypairgen", "--key-type", "EC:prime256v1", "--usage-sign", "--label", label, "--id", id];
		this.#tool([...key, "--login", "--pin", "env:TOKEN_PIN"]);
		const file = join(this.dir, `${id}.der`);
		this.#tool(["--read-object", "--type", "pubkey", "--id", id, "--output-file", file]);
		return new Uint8Array(readFileSync(file));
	}

	uri(what: string, more = ""): string {
		return `pkcs11:token=line;${what}?module-path=${MODULE}&pin-source=file:${this.pinFile}${more}`;
	}

	#tool(words: readonly string[]): void {
		this.#run("pkcs11-tool", ["--module", MODULE, "--token-label", "line", ...words]);
	}

	#run(program: string, words: readonly string[]): void {
		const env = { ...process.env, TOKEN_PIN: PIN };
		execFileSync(program, words, { env, stdio: ["ignore", "ignore", "pipe"], timeout: 20_000 });
	}
}
