/** The same sources give the same image, in another folder, on another day (docs/OPERATIONS.md, "Shipping an update"). */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	appendFileSync,
	cpSync,
	mkdirSync,
	readFileSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
	FIRMWARE_SECURITY_VERSION,
	FIRMWARE_SEQUENCE,
	FIRMWARE_VERSION,
} from "../../modules/base/version.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { decodeImageHeader } from "../../tools/update/image-header.ts";
import { readRelease } from "../../tools/update/release.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "./support/temporary.ts";

const COMMIT_TIME = "2026-03-04T05:06:07Z";
const STEP_MS = 120_000;

/** The sources of this checkout in another folder, of another age, compiled there. */
function otherCheckout(): string {
	const root = join(temporaryFolder(), "another place");
	mkdirSync(root);
	for (const name of [
		"modules",
		"hosts",
		"tools",
		"main.ts",
		"manifest.json",
		"package.json",
		"package-lock.json",
	])
		cpSync(join(PATHS.root, name), join(root, name), { recursive: true });
	symlinkSync(join(PATHS.root, "node_modules"), join(root, "node_modules"));
	const settings = JSON.parse(readFileSync(join(PATHS.root, "tsconfig.json"), "utf8")) as Record<
		string,
		unknown
	>;
	writeFileSync(
		join(root, "tsconfig.json"),
		JSON.stringify({ ...settings, include: ["main.ts", "modules", "hosts", "tools/cli", "tools/**/*.d.ts"] }),
	);
	utimesSync(join(root, "main.ts"), new Date("2001-01-01"), new Date("2001-01-01"));
	const compiler = join(root, "node_modules/typescript/bin/tsc");
	execFileSync(process.execPath, [compiler, "-p", "tsconfig.json"], {
		cwd: root,
		timeout: STEP_MS,
		stdio: "pipe",
	});
	return root;
}

/** Packs the checkout at `root`; its image, or the one line that it says instead. */
function pack(
	root: string,
	env: Readonly<Record<string, string>>,
	more: readonly string[] = [],
): Uint8Array | string {
	const out = join(temporaryFolder(), "release");
	const words = ["update", "pack", "--out", out, "--hardware-class", "latch-1", "--trust", "1", ...more];
	const { SOURCE_DATE_EPOCH: _none, ...inherited } = process.env;
	try {
		execFileSync(process.execPath, [join(root, "build/js/tools/cli/latchkey.js"), ...words], {
			env: { ...inherited, LATCHKEY_HOST_BUILD: PATHS.hostBuild, ...env },
			timeout: STEP_MS,
			stdio: "pipe",
		});
	} catch (error) {
		return String((error as { stderr: Buffer }).stderr);
	}
	return readRelease(out).image;
}

function git(root: string, ...words: readonly string[]): void {
	const env = { ...process.env, GIT_AUTHOR_DATE: COMMIT_TIME, GIT_COMMITTER_DATE: COMMIT_TIME };
	const who = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
	execFileSync("git", ["-C", root, ...who, ...words], { env, timeout: STEP_MS, stdio: "pipe" });
}

function digestOf(image: Uint8Array): string {
	return createHash("sha256").update(image).digest("hex");
}

export default function suite(t: Suite): void {
	t.test("two builds in two folders give the same image, of the time of its sources (T10)", ({ note }) => {
		const root = otherCheckout();
		const epoch = String(Date.parse(COMMIT_TIME) / 1_000);
		const here = pack(PATHS.root, { SOURCE_DATE_EPOCH: epoch, TZ: "Pacific/Auckland" }, ["--dirty"]);
		const there = pack(root, { SOURCE_DATE_EPOCH: epoch, TZ: "America/Lima", HOME: temporaryFolder() }, [
			"--dirty",
		]);
		check.ok(typeof here !== "string" && typeof there !== "string", String(here).slice(0, 200));
		// Not printed when they differ: the images are long.
		check.equal(digestOf(there), digestOf(here));
		const header = check.accepted(decodeImageHeader(here));
		check.deepEqual(
			[header.buildUnixMs, header.sequence, header.securityVersion, header.version, header.board],
			[Date.parse(COMMIT_TIME), FIRMWARE_SEQUENCE, FIRMWARE_SECURITY_VERSION, FIRMWARE_VERSION, "linux"],
		);
		note(`${here.length} bytes, twice`);

		// Else the commit's time, only when it is the commit's sources, and by a compiler that is built from them.
		git(root, "init", "-q");
		git(root, "add", "modules", "hosts", "main.ts", "manifest.json", "package-lock.json", "tsconfig.json");
		git(root, "commit", "-q", "-m", "a");
		const strange = temporaryFolder();
		writeFileSync(join(strange, "latchkey-image"), "#!/bin/sh\nexit 1\n", { mode: 0o700 });
		const committed = pack(root, { LATCHKEY_HOST_BUILD: strange });
		check.ok(typeof committed !== "string", String(committed).slice(0, 200));
		check.equal(digestOf(committed), digestOf(here));
		appendFileSync(join(root, "main.ts"), "\n");
		check.ok(String(pack(root, {})).includes("the sources are not those of a commit"));
		check.ok(
			String(pack(root, { SOURCE_DATE_EPOCH: epoch })).includes("the sources are not those of a commit"),
		);
		check.ok(String(pack(root, {}, ["--dirty"])).includes("--dirty needs SOURCE_DATE_EPOCH"));
		check.ok(
			String(pack(root, { SOURCE_DATE_EPOCH: "today" }, ["--dirty"])).includes("no number of seconds"),
		);
		// Another time is another image: the build time is not left out, it is fixed.
		const later = pack(root, { SOURCE_DATE_EPOCH: String(Number(epoch) + 1) }, ["--dirty"]);
		check.ok(typeof later !== "string" && later.length === here.length);
		check.notEqual(digestOf(later), digestOf(here));
	});
}
