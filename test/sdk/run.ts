/**
 * `npm run test:sdk`: builds the image of each chip's development kit, and of the emulator's board, with the Moddable SDK as far as
 * it goes without ESP-IDF. The SDK's own programs type-check every module, compile it, run the preload and link it; every native of that
 * link is in our C or the SDK's, and every C file that includes no header of ESP-IDF is checked against the SDK's headers.
 *
 *   MODDABLE=/path/to/moddable npm run test:sdk      (8.2, its Linux command-line tools built; docs/PORTING.md)
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { readBoard } from "../../tools/boards/board-list.ts";
import { stampOf } from "../../tools/boards/build.ts";
import { crossSources } from "../../tools/boards/cross-compile.ts";
import { nativesDefined } from "../../tools/boards/natives.ts";
import { writeTarget } from "../../tools/boards/target-folder.ts";
import { PATHS } from "../../tools/setup/paths.ts";

const STEP_MS = 1_200_000;
const OUT = join(PATHS.root, "build/sdk");
const IDF = join(OUT, "idf");
const BOARDS = Object.freeze([
	"esp32-devkit",
	"esp32s3-devkit",
	"esp32c3-devkit",
	"esp32c6-devkit",
	"esp32c3-emulated",
]);

/** Where the SDK puts what it makes for a board. */
function productOf(board: string): string {
	return join(OUT, "tmp/esp32", board, "release", basename(PATHS.root));
}

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
function makeVariable(makefile: string, name: string, product: string): string[] {
	const lists = [...makefile.matchAll(new RegExp(`^${name} ?=((?:.*\\\\\\n)*.*)$`, "gm"))];
	const text = lists.at(-1)?.[1] ?? "";
	return text
		.replaceAll("\\\n", " ")
		.replaceAll("$(MODULES_DIR)", join(product, "modules"))
		.replaceAll("$(TMP_DIR)", product)
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

function buildModules(environment: Environment, name: string): string {
	const board = readBoard(name);
	const folder = writeTarget(board, stampOf("firmware"), "development");
	const product = productOf(name);
	rmSync(join(product, "makefile"), { force: true });
	report(
		`${name}: the SDK takes the manifests`,
		run(environment, "mcconfig", ["-p", `esp32:${folder}`, "-o", OUT], PATHS.root),
	);
	if (!existsSync(join(product, "makefile"))) return product;
	const makefile = readFileSync(join(product, "makefile"), "utf8");
	const modules = makeVariable(makefile, "MODULES", product).filter(
		(word) => !word.startsWith("/") || word.startsWith(OUT),
	);
	const make = ["-f", join(product, "makefile"), "-k", "-j2", ...modules];
	report(`${name}: the SDK types and compiles every module`, run(environment, "make", make, product));
	const link = ["-b", join(product, "modules"), "-o", product];
	link.push(...makeVariable(makefile, "PRELOADS", product), "-s", "*");
	link.push(...makeVariable(makefile, "CREATION", product), ...modules);
	report(`${name}: the SDK preloads and links them`, run(environment, "xsl", link, product));
	checkObjects(name, makeVariable(makefile, "OBJECTS", product), board.network.kind === "wifi");
	return product;
}

/** Of every C file of ours, and of one interface alone. */
function checkObjects(name: string, objects: readonly string[], hasWifi: boolean): void {
	const compiled = new Set(objects.map((path) => basename(path).replace(/\.c\.o$/, "")));
	const flaws: string[] = [];
	const interfaces = [...compiled].filter((file) => file.startsWith("port_interface_"));
	if (interfaces.length !== 1) flaws.push(`interfaces: ${interfaces.join(", ") || "none"}`);
	if (compiled.has("port_interface_wifi") !== hasWifi)
		flaws.push("Wi-Fi is where it should not be, or the other way round");
	if (!hasWifi && [...compiled].some((file) => /wifi/i.test(file)))
		flaws.push("something of Wi-Fi is compiled");
	if ([...compiled].some((file) => /neopixel|rmt/i.test(file)))
		flaws.push("the SDK's own set-up is compiled");
	for (const source of [...crossSources().compiled, ...crossSources().exempt]) {
		const file = basename(source, ".c");
		const isChosen = /^port_(interface_|ethernet$|boot_hook$)/.test(file);
		if (!isChosen && !compiled.has(file)) flaws.push(`${source} is not compiled`);
	}
	report(`${name}: the image has our C and one interface`, flaws.length === 0 ? undefined : flaws.join("\n"));
}

function checkNatives(product: string, name: string): void {
	const linked = new Set(
		readFileSync(join(product, "mc.xs.c"), "utf8").match(/\bxs_(lk|system|monotonic|host|network)_\w+/g),
	);
	const sources = [...crossSources().compiled, ...crossSources().exempt];
	const defined = new Set(
		sources.flatMap((file) => nativesDefined(readFileSync(join(PATHS.root, file), "utf8"))),
	);
	const missing = [...linked].filter((native) => !defined.has(native));
	report(
		`${name}: every native of the link is in our C`,
		linked.size > 0 && missing.length === 0 ? undefined : `of ${linked.size}: ${missing.join("\n")}`,
	);
}

function checkBindings(environment: Environment, product: string): void {
	const xs = join(environment.moddable, "xs");
	for (const file of crossSources().compiled) {
		const words = ["-fsyntax-only", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DINCLUDE_XSPLATFORM"];
		words.push('-DXSPLATFORM="engine-platform.h"', "-I", join(PATHS.root, "hosts/linux"));
		words.push("-I", join(PATHS.root, "hosts/bindings"), "-I", join(PATHS.root, "hosts/esp32"));
		for (const folder of [join(xs, "includes"), join(xs, "platforms"), product])
			words.push("-isystem", folder);
		report(`${file} compiles with the SDK's headers`, run(environment, "gcc", [...words, file], PATHS.root));
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
	let last = "";
	const only = process.argv.includes("--board")
		? process.argv[process.argv.indexOf("--board") + 1]
		: undefined;
	for (const name of BOARDS) {
		if (only !== undefined && only !== name) continue;
		const product = buildModules(environment, name);
		if (existsSync(join(product, "mc.xs.c"))) {
			checkNatives(product, name);
			last = product;
		}
	}
	if (last !== "") checkBindings(environment, last);
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	return failed === 0 ? 0 : 1;
}

process.exit(main());
