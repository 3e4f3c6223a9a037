/** Fixtures of test/bindings/firmware on the engine: built into one image, run in the test build of the bindings. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import { PATHS } from "../../tools/setup/paths.ts";

export interface FixtureEnd {
	readonly status: number | null;
	/** What ended it when status is null. */
	readonly signal: NodeJS.Signals | null;
	/** What the fixture traced, a line each. */
	readonly lines: readonly string[];
	readonly stderr: string;
}

export interface FixtureCall {
	readonly name: string;
	readonly settings?: Readonly<Record<string, string | number>>;
	readonly state?: string;
	readonly variant?: "testkeys" | "plain" | "sanitize-testkeys" | "recorder-testkeys";
	readonly words?: readonly string[];
	/** Called for each line as it comes; what it returns is waited for before the board ends. */
	readonly onLine?: (line: string, processId: number) => void;
}

const LIMIT_MS = 60_000;
const scratch = mkdtempSync(join(tmpdir(), "latchkey-bindings-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

let image: string | undefined;
let folders = 0;

export function newFolder(): string {
	folders++;
	return mkdtempSync(join(scratch, `state${folders}-`));
}

function compiled(module: string): string {
	return join(PATHS.javascript, `${module}.js`);
}

function fixtureImage(): string {
	if (image !== undefined) return image;
	const folder = "test/bindings/firmware";
	const names = readdirSync(join(PATHS.javascript, folder)).map((file) => file.replace(/\.js$/, ""));
	const modules = [
		...names.map((name) => `${folder}/${name}`),
		...["hosts/bindings/test-crypto", "hosts/linux/probe-host", "test/harness/random"],
	];
	const listed = imageModules(
		[join(PATHS.root, "hosts/linux/manifest.json")],
		new Map(modules.map((name) => [name, compiled(name)])),
	);
	const list = join(scratch, "fixtures.list");
	image = join(scratch, "fixtures.image");
	writeFileSync(list, imageListText(listed));
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), ["--list", list, "--output", image], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: 60_000,
	});
	return image;
}

export function buildVariants(): void {
	for (const settings of [
		[],
		["TESTKEYS=1"],
		["RECORDER=1", "TESTKEYS=1"],
		["SANITIZE=1", "TESTKEYS=1"],
		["COUNTER=1"],
	]) {
		execFileSync("make", ["-s", "-j2", "-C", join(PATHS.root, "hosts/linux"), ...settings], {
			stdio: ["ignore", "ignore", "inherit"],
			timeout: 300_000,
		});
	}
}

export function binaryOf(variant: string): string {
	return join(PATHS.hostBuild, variant, "latchkey-board");
}

export function runFixture(call: FixtureCall): Promise<FixtureEnd> {
	const words = ["--image", fixtureImage(), "--main", `test/bindings/firmware/${call.name}`];
	words.push("--state", call.state ?? newFolder(), "--watchdog-ms", "0", ...(call.words ?? []));
	for (const [key, value] of Object.entries(call.settings ?? {})) words.push("--arg", `${key}=${value}`);
	return new Promise((resolve, reject) => {
		const child = spawn(binaryOf(call.variant ?? "testkeys"), words, {
			stdio: ["ignore", "pipe", "pipe"],
			timeout: LIMIT_MS,
		});
		const lines: string[] = [];
		let rest = "";
		let stderr = "";
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			const parts = (rest + text).split("\n");
			rest = parts.pop()!;
			for (const line of parts) {
				lines.push(line);
				call.onLine?.(line, child.pid!);
			}
		});
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			stderr += text;
		});
		child.on("error", reject);
		child.on("close", (status, signal) => resolve({ status, signal, lines, stderr }));
	});
}
