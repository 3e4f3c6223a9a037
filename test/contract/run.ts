/**
 * The contract on the Linux host: builds the image, runs it on a board, and is the jig around it (jig.ts): outputs
 * back to inputs over the pins socket, an echo on the serial line, three ports that behave as named, a hand that
 * damages files. The recorder variant is the board but for its file layer, which fails on command.
 *
 *   node build/js/test/contract/run.js [--seed N] [--variant recorder|plain|sanitize|32]
 */
import { execFileSync, spawn } from "node:child_process";
import {
	closeSync,
	constants,
	createReadStream,
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { imageListText, imageModules } from "../../hosts/linux/image-list.ts";
import type { OutputRole } from "../../modules/platform/pins.ts";
import { type PinChange, PinSocket } from "../../tools/board/pin-socket.ts";
import { PATHS } from "../../tools/setup/paths.ts";
import { seedOf } from "../harness/seed.ts";
import { WIRED } from "./jig.ts";

const MAIN = "test/contract/linux";
const BUILD_MS = 300_000;
const RUN_MS = 120_000;
const HEAP_KB = 16 * 1024;
const STACK_SLOTS = 8192;
const SLOT_KB = 4096;
const LINK_TRIES = 1000;
const EXIT_REBOOT = 80;
const DAMAGE = /^jig: corrupt (\S+) (\S+)$/m;
const SUMMARY = /^(\d+) passed, (\d+) failed/;

const { values } = parseArgs({
	options: {
		seed: { type: "string" },
		variant: { type: "string", default: "recorder" },
		slow: { type: "boolean" },
	},
});
const seed = seedOf(values.seed);
const folder = mkdtempSync(join(tmpdir(), "latchkey-contract-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function buildImage(): string {
	const settings =
		{ plain: [], recorder: ["RECORDER=1"], sanitize: ["SANITIZE=1"], "32": ["BITS=32"] }[values.variant] ??
		[];
	execFileSync("make", ["-s", "-C", join(PATHS.root, "hosts/linux"), ...settings, "board", "tool"], {
		stdio: ["ignore", "ignore", "inherit"],
		timeout: BUILD_MS,
	});
	const scripts = new Map<string, string>();
	for (const part of ["test/contract", "test/harness"]) {
		for (const file of readdirSync(join(PATHS.root, part))) {
			const name = `${part}/${file.replace(/\.ts$/, "")}`;
			if (!/(run|files|image)/.test(file) || file === "runner.ts") {
				scripts.set(name, join(PATHS.javascript, `${name}.js`));
			}
		}
	}
	const list = join(folder, "list");
	const image = join(folder, "contract.image");
	writeFileSync(list, imageListText(imageModules([join(PATHS.root, "hosts/linux/manifest.json")], scripts)));
	const words = ["--lines", "--list", list, "--output", image];
	execFileSync(join(PATHS.hostBuild, "latchkey-image"), words, { timeout: BUILD_MS, stdio: "inherit" });
	return image;
}

function listen(server: Server): Promise<number> {
	return new Promise((resolve, reject) => {
		server.on("error", reject);
		server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
	});
}

async function openPorts(): Promise<Record<"silent" | "closing" | "refusing", number>> {
	const silent = createServer((socket) => socket.on("error", () => undefined)).unref();
	const closing = createServer((socket) => socket.on("error", () => undefined).end()).unref();
	const former = createServer();
	const ports = {
		silent: await listen(silent),
		closing: await listen(closing),
		refusing: await listen(former),
	};
	await new Promise((resolve) => former.close(resolve));
	return ports;
}

/** Wires outputs to inputs; keeps every change of an output. */
function wire(socket: string): { readonly pins: PinSocket; readonly changes: PinChange[] } {
	const changes: PinChange[] = [];
	const wires = new Map<number, number>(
		(Object.keys(WIRED) as OutputRole[]).map((role) => [BOARD_PINS[role], BOARD_PINS[WIRED[role]]]),
	);
	const pins = new PinSocket(socket, {
		onChange: (change) => {
			const input = wires.get(change.pin);
			if (input === undefined) return;
			changes.push(change);
			pins.set(input, change.level);
		},
		onConnected: () => undefined,
		onDisconnected: () => undefined,
	});
	return { pins, changes };
}

async function echo(link: string): Promise<void> {
	for (let tries = 0; !existsSync(link); tries++) {
		if (tries > LINK_TRIES) return;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	const line = openSync(link, constants.O_RDWR | constants.O_NOCTTY);
	process.on("exit", () => closeSync(line));
	createReadStream("", { fd: line, autoClose: false })
		.on("data", (bytes) => writeSync(line, bytes as Buffer))
		.on("error", () => undefined);
}

function damage(path: string): void {
	const bytes = readFileSync(path);
	const last = bytes.length - 1;
	bytes[last] = bytes[last]! ^ 1;
	writeFileSync(path, bytes);
}

async function main(): Promise<number> {
	const image = buildImage();
	const ports = await openPorts();
	const serial = join(folder, "serial");
	const socket = join(folder, "pins");
	const state = join(folder, "state");
	const words = [
		"--image",
		image,
		"--main",
		MAIN,
		"--state",
		join(folder, "state"),
		"--pins",
		socket,
		"--serial",
		serial,
	];
	words.push("--slot-kb", String(SLOT_KB));
	words.push("--heap-kb", String(HEAP_KB), "--stack", String(STACK_SLOTS), "--arg", `seed=${seed}`);
	words.push("--arg", "local=127.0.0.1:0", "--arg", "radio=127.0.0.1:0");
	words.push("--arg", `state=${state}`, "--arg", `faults=${values.variant === "recorder" ? "yes" : "no"}`);
	for (const [name, port] of Object.entries(ports)) words.push("--arg", `${name}=${port}`);
	const board = spawn(join(PATHS.hostBuild, values.variant, "latchkey-board"), words, {
		stdio: ["ignore", "pipe", "inherit"],
		timeout: RUN_MS,
		killSignal: "SIGKILL",
	});
	process.on("exit", () => board.kill("SIGKILL"));
	const { pins, changes } = wire(socket);
	let text = "";
	let button = true;
	board.stdout.setEncoding("utf8").on("data", (part: string) => {
		const asked = DAMAGE.exec(text.slice(text.lastIndexOf("\n") + 1) + part);
		text += part;
		if (asked === null) return;
		damage(join(state, `${asked[1]},${asked[2]}.rec`));
		button = !button;
		pins.set(BOARD_PINS.button, button);
	});
	const ended = new Promise<number | null>((resolve) => board.on("close", resolve));
	await Promise.race([echo(serial), ended]);
	pins.set(BOARD_PINS.button, true);
	const status = await ended;
	pins.close();

	const lines = text.split("\n").filter((line) => line !== "");
	const totals = lines.map((line) => SUMMARY.exec(line)).find((match) => match !== null);
	for (const line of lines) if (!SUMMARY.test(line) && !DAMAGE.test(line)) process.stdout.write(`${line}\n`);
	let passed = Number(totals?.[1] ?? 0);
	let failed = Number(totals?.[2] ?? 1);
	const last = changes.filter((change) => change.pin === BOARD_PINS["drive-throw"]).at(-1);
	const rebooted = status === EXIT_REBOOT && last?.level === false;
	process.stdout.write(
		`${rebooted ? "ok" : "not ok"} - test/contract: a reboot cuts what is live, and says that it was asked for (T19)\n`,
	);
	if (rebooted) passed++;
	else {
		failed++;
		process.stdout.write(`#   status ${status}, drive-throw ${JSON.stringify(last)}\n`);
	}
	process.stdout.write(`${passed} passed, ${failed} failed\n`);
	return failed === 0 ? 0 : 1;
}

process.exit(await main());
