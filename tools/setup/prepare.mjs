/**
 * All set-up of a fresh checkout: npm packages, Debian packages, TypeScript, the C host. Each step is skipped when
 * its result is up to date, and otherwise prints one line with its time to standard error.
 */
import { createHash } from "node:crypto";
import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { run } from "./children.mjs";
import { withLock } from "./lock.mjs";
import { installLine, installPackages, missingPackages, rootPrefix } from "./packages.mjs";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const LOCK_FILE = join(ROOT, "package-lock.json");
const NPM_STAMP = join(ROOT, "node_modules", ".latchkey-lock-digest");
const TSC_STAMP = join(ROOT, "build", "typescript.json");
const SOURCE_FOLDERS = ["modules", "hosts", "tools", "test"];
const STEP_MS = 600_000;

/** What a person can mend: printed as it is, without a stack. */
export class SetupFault extends Error {}

async function step(name, work) {
	const started = performance.now();
	const result = await work();
	const seconds = ((performance.now() - started) / 1000).toFixed(1);
	process.stderr.write(`  ${name.padEnd(44)} ${seconds.padStart(6)} s\n`);
	return result;
}

function digestOf(path) {
	return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function npmPackagesAreCurrent() {
	const installed = join(ROOT, "node_modules", ".package-lock.json");
	if (!existsSync(installed)) return false;
	if (existsSync(NPM_STAMP)) return readFileSync(NPM_STAMP, "utf8") === digestOf(LOCK_FILE);
	return statSync(installed).mtimeMs >= statSync(LOCK_FILE).mtimeMs;
}

/** `npm ci` empties the folder first: through a link that would be another checkout's. */
function isAnotherCheckouts(folder) {
	return lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

async function installNpmPackages() {
	if (npmPackagesAreCurrent()) return;
	if (isAnotherCheckouts(join(ROOT, "node_modules"))) {
		throw new Error(
			"node_modules is a link to packages that do not fit package-lock.json: install them there",
		);
	}
	await step("npm packages", () =>
		run("npm", ["ci", "--no-progress", "--prefer-offline"], { cwd: ROOT, timeoutMs: STEP_MS }),
	);
	writeFileSync(NPM_STAMP, digestOf(LOCK_FILE));
}

async function installDebianPackages(verb) {
	const missing = missingPackages(verb);
	if (missing === undefined) {
		process.stderr.write("  no dpkg here: taking gcc, make, Mbed TLS and the rest as given\n");
		return;
	}
	if (missing.length === 0) return;
	const prefix = rootPrefix();
	if (prefix === undefined) {
		const list = missing.map((row) => `  ${row.name}: ${row.reason}`).join("\n");
		throw new SetupFault(
			`Debian packages are missing:\n${list}\nInstall them with:\n  ${installLine(missing)}`,
		);
	}
	const names = missing.map((row) => row.name).join(", ");
	await step(`Debian packages: ${names}`, () => installPackages(missing, prefix, run));
}

function collectSources(folder, found) {
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (relative(ROOT, path) !== "hosts/esp32/sdk") collectSources(path, found);
		} else if (entry.name.endsWith(".ts")) {
			const status = statSync(path);
			found[relative(ROOT, path)] = `${status.mtimeMs}:${status.size}`;
		}
	}
}

/** What the compiled JavaScript depends on, as one comparable record. */
function sourceState() {
	const files = {};
	for (const folder of SOURCE_FOLDERS)
		if (existsSync(join(ROOT, folder))) collectSources(join(ROOT, folder), files);
	for (const program of ["main.ts", "recovery.ts"]) {
		if (!existsSync(join(ROOT, program))) continue;
		const status = statSync(join(ROOT, program));
		files[program] = `${status.mtimeMs}:${status.size}`;
	}
	return { settings: digestOf(join(ROOT, "tsconfig.json")), packages: digestOf(LOCK_FILE), files };
}

function readStamp() {
	try {
		return JSON.parse(readFileSync(TSC_STAMP, "utf8"));
	} catch {
		return undefined;
	}
}

async function compileTypeScript() {
	const state = sourceState();
	const former = readStamp();
	if (JSON.stringify(former) === JSON.stringify(state)) return;
	rmSync(TSC_STAMP, { force: true });
	// JavaScript whose source is gone must not be found by anything that reads build/js.
	for (const file of Object.keys(former?.files ?? {})) {
		if (state.files[file] === undefined)
			rmSync(join(ROOT, "build", "js", file.replace(/\.ts$/, ".js")), { force: true });
	}
	const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
	await step("TypeScript", () =>
		run(process.execPath, [compiler, "-p", "tsconfig.json"], { cwd: ROOT, timeoutMs: STEP_MS }),
	);
	mkdirSync(dirname(TSC_STAMP), { recursive: true });
	writeFileSync(TSC_STAMP, JSON.stringify(state));
}

async function buildHost() {
	const words = ["-C", "hosts/linux", "--no-print-directory"];
	const upToDate = await run("make", ["--question", ...words], { cwd: ROOT, timeoutMs: STEP_MS }).then(
		() => true,
		() => false,
	);
	if (upToDate) return;
	await step("C host", () => run("make", ["-j2", ...words], { cwd: ROOT, timeoutMs: STEP_MS }));
}

function modifiedMs(path) {
	return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}

/** What the image says of itself (modules/base/version.ts), as options of latchkey-image. */
async function versionWords() {
	const module = pathToFileURL(join(ROOT, "build", "js", "modules", "base", "version.js"));
	const { FIRMWARE_SECURITY_VERSION, FIRMWARE_SEQUENCE, FIRMWARE_VERSION } = await import(module.href);
	return [
		["--sequence", String(FIRMWARE_SEQUENCE)],
		["--security-version", String(FIRMWARE_SECURITY_VERSION)],
		["--version", FIRMWARE_VERSION],
	].flat();
}

/** One program of the board as an image: every module that a manifest names, as hosts/linux/image-list lists them. */
async function buildImage(name, program, manifest) {
	if (!existsSync(join(ROOT, program))) return;
	const compiler = join(ROOT, "build", "host", "latchkey-image");
	const image = join(ROOT, "build", "host", `${name}.image`);
	const lister = join(ROOT, "build", "js", "hosts", "linux", "image-list.js");
	const list = await run(process.execPath, [lister, "--manifest", join(ROOT, "hosts", "linux", manifest)], {
		timeoutMs: STEP_MS,
	});
	const scripts = list
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => line.split("\t")[1]);
	const newest = Math.max(...[compiler, ...scripts].map(modifiedMs));
	const listFile = join(ROOT, "build", "host", `${name}.list`);
	if (modifiedMs(image) > newest && existsSync(listFile) && readFileSync(listFile, "utf8") === list) return;
	writeFileSync(listFile, list);
	await step(`${name} image`, async () => {
		const words = [...(await versionWords()), "--list", listFile, "--output", `${image}.new`];
		await run(compiler, words, { cwd: ROOT, timeoutMs: STEP_MS });
		renameSync(`${image}.new`, image);
	});
}

/** Everything that `verb` needs, in order, while no other command builds. */
export async function prepare(verb) {
	await withLock(join(ROOT, "build", "setup.lock"), async () => {
		await installNpmPackages();
		if (verb === "tidy" || verb === "sdk" || verb === "boards") {
			await compileTypeScript();
			return;
		}
		await installDebianPackages(verb);
		await compileTypeScript();
		await buildHost();
		await buildImage("firmware", "main.ts", "manifest.json");
		await buildImage("recovery", "recovery.ts", "recovery.json");
	});
}
