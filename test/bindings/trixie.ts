/**
 * A part of `npm run test:slow`: the bindings with Debian trixie's Mbed TLS 3.6, which has TLS 1.3. Its packages are
 * fetched by apt with a sources list, lists and cache of our own, and unpacked under a folder that goes afterwards:
 * nothing is installed and the system's apt keeps its state. Ends with the summary line of test/bindings.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkMbedtls } from "./check-mbedtls.ts";

const PACKAGES = Object.freeze(["libmbedtls-dev", "libmbedtls21", "libmbedx509-7", "libmbedcrypto16"]);
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const MIRROR = process.env.LATCHKEY_DEBIAN_MIRROR ?? "http://deb.debian.org/debian";
const COMMAND_MS = 300_000;

function aptConfiguration(folder: string): string {
	const settings: Readonly<Record<string, string>> = {
		"Dir::Etc::SourceList": join(folder, "sources.list"),
		"Dir::Etc::SourceParts": join(folder, "none"),
		"Dir::Etc::Preferences": join(folder, "none/preferences"),
		"Dir::Etc::PreferencesParts": join(folder, "none"),
		"Dir::State": join(folder, "state"),
		"Dir::State::Lists": join(folder, "lists"),
		"Dir::Cache": join(folder, "cache"),
		"APT::Sandbox::User": "root",
		"Acquire::Languages": "none",
		"Acquire::Retries": "3",
	};
	return Object.entries(settings)
		.map(([name, value]) => `${name} "${value}";\n`)
		.join("");
}

/** The prefix with include/ and lib/. */
function unpack(folder: string): string {
	const architecture = execFileSync("dpkg", ["--print-architecture"], {
		encoding: "utf8",
		timeout: COMMAND_MS,
	}).trim();
	for (const name of ["none", "state", "lists/partial", "cache/archives/partial", "debs", "root"])
		mkdirSync(join(folder, name), { recursive: true });
	writeFileSync(
		join(folder, "sources.list"),
		`deb [arch=${architecture} signed-by=${KEYRING}] ${MIRROR} trixie main\n`,
	);
	writeFileSync(join(folder, "apt.conf"), aptConfiguration(folder));
	const run = (program: string, ...words: readonly string[]): void => {
		execFileSync(program, words, {
			cwd: join(folder, "debs"),
			env: { ...process.env, APT_CONFIG: join(folder, "apt.conf"), LC_ALL: "C.UTF-8" },
			stdio: ["ignore", "ignore", "inherit"],
			timeout: COMMAND_MS,
		});
	};
	run("apt-get", "update", "-qq");
	run("apt-get", "download", "-qq", ...PACKAGES.map((name) => `${name}:${architecture}`));
	for (const name of readdirSync(join(folder, "debs")))
		run("dpkg", "-x", join(folder, "debs", name), join(folder, "root"));
	return join(folder, "root", "usr");
}

async function main(): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "latchkey-trixie-"));
	try {
		return await checkMbedtls(unpack(folder));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

process.exit(await main());
