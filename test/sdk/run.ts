/**
 * `npm run test:sdk`: builds the ESP32 manifest with the Moddable SDK as far as it goes without ESP-IDF. The SDK's own
 * programs type-check every module, compile it, run the preload and link it; every C file of the bindings is checked
 * against the SDK's headers and the identifiers of that link. What is missing then is C of hosts/esp32 only.
 *
 *   MODDABLE=/path/to/moddable npm run test:sdk      (8.2, its Linux command-line tools built; docs/PORTING.md)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";

const TARGET = "esp32/esp32c3";
const STEP_MS = 1_200_000;
const OUT = join(PATHS.root, "build/sdk");
const IDF = join(OUT, "idf");
const PRODUCT = join(OUT, "tmp", TARGET, "release/esp32");

/** Natives that hosts/esp32 owes besides port.h. */
const OWED: readonly string[] = Object.freeze([
	"xs_monotonic_ms",
	"xs_system_build_unix_ms",
	"xs_system_log",
	"xs_system_reboot",
	"xs_system_reset_reason",
]);

interface Environment {
	readonly moddable: string;
	readonly variables: NodeJS.ProcessEnv;
}

let passed = 0;
let failed = 0;

function report(name: string, fault: string | undefined): void {
	if (fault === undefined) passed++;
	else failed++;
	process.stdout.write(`${fault === undefined ? "ok" : "not ok"} - test/sdk: ${name}\n`);
	for (const line of (fault ?? "").split("\n").slice(0, 20))
		if (line !== "") process.stdout.write(`#   ${line}\n`);
}

/** What a command said when it failed; undefined when it did not. */
function run(
	environment: Environment,
	command: string,
	words: readonly string[],
	folder: string,
): string | undefined {
	const { status, stdout, stderr } = spawnSync(command, words, {
		cwd: folder,
		env: environment.variables,
		encoding: "utf8",
		timeout: STEP_MS,
		maxBuffer: 1 << 26,
	});
	if (status === 0) return undefined;
	const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
	return said.length > 0 ? said.join("\n") : `status ${status}`;
}

/** The words of one variable of the generated makefile, its own variables put in. */
function makeVariable(makefile: string, name: string): string[] {
	const lists = [...makefile.matchAll(new RegExp(`^${name} ?=((?:.*\\\\\\n)*.*)$`, "gm"))];
	const text = lists.at(-1)?.[1] ?? "";
	return text
		.replaceAll("\\\n", " ")
		.replaceAll("$(MODULES_DIR)", join(PRODUCT, "modules"))
		.replaceAll("$(TMP_DIR)", PRODUCT)
		.split(/\s+/)
		.filter((word) => word !== "");
}

/** The SDK's makefile asks a git checkout for the version of ESP-IDF before it makes anything. */
function pretendIdf(environment: Environment): void {
	if (existsSync(join(IDF, ".git"))) return;
	mkdirSync(IDF, { recursive: true });
	run(environment, "git", ["init", "-q"], IDF);
	const author = ["-c", "user.name=none", "-c", "user.email=none@localhost"];
	run(environment, "git", [...author, "commit", "-q", "--allow-empty", "-m", "none"], IDF);
	run(environment, "git", [...author, "tag", "-a", "-m", "none", "v6.0"], IDF);
}

function buildModules(environment: Environment): void {
	rmSync(join(PRODUCT, "makefile"), { force: true });
	report(
		"the SDK takes the manifest",
		run(environment, "mcconfig", ["-p", TARGET, "-o", OUT], join(PATHS.root, "hosts/esp32")),
	);
	if (!existsSync(join(PRODUCT, "makefile"))) return;
	const makefile = readFileSync(join(PRODUCT, "makefile"), "utf8");
	const modules = makeVariable(makefile, "MODULES").filter(
		(word) => !word.startsWith("/") || word.startsWith(OUT),
	);
	const make = ["-f", join(PRODUCT, "makefile"), "-k", "-j2", ...modules];
	report("the SDK types and compiles every module", run(environment, "make", make, PRODUCT));
	const link = [
		"-b",
		join(PRODUCT, "modules"),
		"-o",
		PRODUCT,
		...makeVariable(makefile, "PRELOADS"),
		"-s",
		"*",
	];
	link.push(...makeVariable(makefile, "CREATION"), ...modules);
	report("the SDK preloads and links them", run(environment, "xsl", link, PRODUCT));
}

function checkNatives(): void {
	const linked = new Set(
		readFileSync(join(PRODUCT, "mc.xs.c"), "utf8").match(/\bxs_(lk|system|monotonic)_\w+/g),
	);
	const bindings = join(PATHS.root, "hosts/bindings");
	const sources = readdirSync(bindings).filter((file) => file.endsWith(".c"));
	const text = sources.map((file) => readFileSync(join(bindings, file), "utf8")).join("\n");
	const missing = [...linked].filter((name) => !OWED.includes(name) && !text.includes(`void ${name}(`));
	report(
		"every native is in the bindings or owed by the board's C",
		missing.length === 0 ? undefined : missing.join("\n"),
	);
}

function checkBindings(environment: Environment): void {
	const bindings = join(PATHS.root, "hosts/bindings");
	const xs = join(environment.moddable, "xs");
	for (const file of readdirSync(bindings).filter((name) => name.endsWith(".c"))) {
		const words = ["-fsyntax-only", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DINCLUDE_XSPLATFORM"];
		words.push('-DXSPLATFORM="engine-platform.h"', "-I", join(PATHS.root, "hosts/linux"));
		for (const folder of [join(xs, "includes"), join(xs, "platforms"), PRODUCT])
			words.push("-isystem", folder);
		report(`${file} compiles with the SDK's headers`, run(environment, "gcc", [...words, file], bindings));
	}
}

function main(): number {
	const moddable = process.env.MODDABLE;
	const tools = moddable === undefined ? "" : join(moddable, "build/bin/lin/release");
	if (moddable === undefined || !existsSync(join(tools, "mcconfig"))) {
		process.stderr.write("test:sdk: MODDABLE names no Moddable SDK whose Linux tools are built\n");
		return 2;
	}
	const path = `${tools}:${join(PATHS.root, "node_modules/.bin")}:${process.env.PATH}`;
	const environment = {
		moddable,
		variables: { ...process.env, MODDABLE: moddable, IDF_PATH: IDF, PATH: path },
	};
	mkdirSync(OUT, { recursive: true });
	pretendIdf(environment);
	buildModules(environment);
	if (existsSync(join(PRODUCT, "mc.xs.c"))) {
		checkNatives();
		checkBindings(environment);
	}
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	return failed === 0 ? 0 : 1;
}

process.exit(main());
