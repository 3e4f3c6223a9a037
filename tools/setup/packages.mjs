/**
 * The Debian packages that each verb needs, and how they are installed. Never touches anything when all are there.
 */
import { spawnSync } from "node:child_process";

const BUILDS = ["start", "test", "fuzz", "bench", "build", "mbedtls", "latchkey", "size"];

/** One row a package: which verbs need it, and what for. `:i386` rows count on x86-64 machines only. */
export const PACKAGES = Object.freeze([
	{ name: "gcc", verbs: BUILDS, reason: "compiles the Linux host and the bindings" },
	{ name: "libc6-dev", verbs: BUILDS, reason: "C headers" },
	{ name: "make", verbs: BUILDS, reason: "drives the C build" },
	{ name: "libmbedtls-dev", verbs: BUILDS, reason: "PSA crypto and TLS of the Linux host" },
	{ name: "zlib1g-dev", verbs: BUILDS, reason: "unpacks delta updates" },
	{ name: "openssl", verbs: ["test"], reason: "second opinion on certificates and TLS" },
	{ name: "gnutls-bin", verbs: ["test"], reason: "certtool, a second opinion on certificate requests" },
	{ name: "softhsm2", verbs: ["test"], reason: "a token for keys that issue certificates" },
	{ name: "opensc", verbs: ["test"], reason: "pkcs11-tool, which signs with a key in a token" },
	{ name: "git", verbs: ["test"], reason: "applies the planted faults" },
	{ name: "clang", verbs: ["test", "fuzz"], reason: "compiles the fuzz targets" },
	{ name: "libclang-rt-14-dev", verbs: ["test", "fuzz"], reason: "libFuzzer and its sanitizers" },
	{ name: "socat", verbs: ["test"], reason: "the serial ports of simulated kits and rigs" },
	{ name: "bsdiff", verbs: ["test", "bench"], reason: "what delta updates are measured against" },
	{
		name: "gcc-riscv64-unknown-elf",
		verbs: ["test", "size"],
		reason: "compiles a board's C as rv32imc, without an SDK",
	},
	{ name: "picolibc-riscv64-unknown-elf", verbs: ["test", "size"], reason: "its C library's headers" },
	{ name: "valgrind", verbs: ["bench"], reason: "callgrind counts instructions" },
	{
		name: "gcc-multilib",
		verbs: ["test", "bench"],
		reason: "32-bit build, whose slots are a board's",
		x86: true,
	},
	{
		name: "libmbedtls-dev:i386",
		verbs: ["test", "bench"],
		reason: "the same library for the 32-bit build",
		x86: true,
	},
	{
		// Not zlib1g-dev:i386: that one brings libc6-dev:i386 along, and apt removes the compiler for it where the
		// two architectures' linux-libc-dev differ.
		name: "lib32z1-dev",
		verbs: ["test", "bench"],
		reason: "zlib for the 32-bit build",
		x86: true,
	},
]);

const COMMAND_MS = 600_000;

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
const STATUS_FORMAT = "-f=${db:Status-Abbrev}\n";

function neededFor(verb) {
	return PACKAGES.filter((row) => row.verbs.includes(verb) && (row.x86 !== true || process.arch === "x64"));
}

function isInstalled(name) {
	const query = spawnSync("dpkg-query", ["-W", STATUS_FORMAT, name], {
		encoding: "utf8",
		timeout: 30_000,
	});
	return query.status === 0 && query.stdout.startsWith("ii");
}

/** Rows of the table that `verb` needs and that are not installed; undefined where there is no dpkg to ask. */
export function missingPackages(verb) {
	const rows = neededFor(verb);
	const all = spawnSync("dpkg-query", ["-W", STATUS_FORMAT, ...rows.map((row) => row.name)], {
		encoding: "utf8",
		timeout: 30_000,
	});
	if (all.error !== undefined) return undefined;
	const installed = all.stdout.split("\n").filter((line) => line.startsWith("ii")).length;
	if (all.status === 0 && installed === rows.length) return [];
	return rows.filter((row) => !isInstalled(row.name));
}

/** The commands that install `rows`, in order, without a prefix. */
function installCommands(rows) {
	const commands = [];
	if (rows.some((row) => row.name.endsWith(":i386"))) commands.push(["dpkg", "--add-architecture", "i386"]);
	commands.push(["apt-get", "update", "-qq"]);
	commands.push([
		"apt-get",
		"install",
		"-qq",
		"--yes",
		"--no-install-recommends",
		...rows.map((row) => row.name),
	]);
	return commands;
}

/** [] for root, ["sudo", "-n"] where sudo asks for no password, undefined otherwise. */
export function rootPrefix() {
	if (process.getuid?.() === 0) return [];
	const sudo = spawnSync("sudo", ["-n", "true"], { stdio: "ignore", timeout: 30_000 });
	return sudo.status === 0 ? ["sudo", "-n"] : undefined;
}

/** What somebody without root must type. */
export function installLine(rows) {
	return installCommands(rows)
		.map((command) => ["sudo", ...command.filter((word) => word !== "-qq")].join(" "))
		.join(" && ");
}

/**
 * Runs the installation through `run(command, words, options)`, which rejects when a command fails. The package
 * lists are fetched only when the ones at hand do not do, and a mirror that is partly out of step is no failure
 * as long as the packages themselves install.
 */
export async function installPackages(rows, prefix, run) {
	const options = {
		timeoutMs: COMMAND_MS,
		env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
	};
	const perform = ([program, ...words]) => run(program, words, options);
	const commands = installCommands(rows).map((command) => [...prefix, ...command]);
	const install = commands.pop();
	const update = commands.pop();
	for (const command of commands) await perform(command);
	try {
		await perform(install);
	} catch {
		const updateFault = await perform(update).then(
			() => "",
			(error) => error.message,
		);
		await perform(install).catch((error) => {
			throw new Error(updateFault === "" ? error.message : `${error.message}\n${updateFault}`);
		});
	}
}
