/** TCP of the Linux host against peers that no library is: urgent data (urgent.c), which anybody in the local network can send. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PATHS } from "../../tools/setup/paths.ts";
import { Board, makeImage, scratch, sourceFile } from "./board.ts";
import type { HostTest } from "./run.ts";

const WATCH_MS = 1000;
/** Of the processor in WATCH_MS, at most: a loop that spins takes all of it. */
const BUSY_SHARE_MAX = 0.2;

/** Says its port, then everything that comes; pauses 50 ms before it reads where `pauses`. */
const PROGRAM = (pauses: boolean) => `import Timer from "timer";
	import Listener from "embedded:io/socket/listener";
	import TCP from "embedded:io/socket/tcp";
	const taken = [];
	function drain(socket) {
		for (let bytes = socket.read(); bytes; bytes = socket.read()) trace("<" + String.fromCharCode(...new Uint8Array(bytes)) + ">");
	}
	const listener = new Listener({ address: "127.0.0.1", port: 0, onReadable() {
		for (let from = this.read(); from; from = this.read()) {
			taken.push(new TCP({ from,
				onReadable() { ${pauses ? "Timer.set(() => drain(this), 50)" : "drain(this)"}; },
				onError(reason) { trace("[" + reason + "]"); } }));
		}
	} });
	trace("port " + listener.port + "\\n");`;

function start(name: string, pauses: boolean): Board {
	const hosted = (module: string): [string, string] => [
		`embedded:io/socket/${module}`,
		join(PATHS.javascript, `hosts/linux/${module}.js`),
	];
	const modules = new Map([["main", sourceFile(name, PROGRAM(pauses))], hosted("listener"), hosted("tcp")]);
	return new Board({ main: "main", image: makeImage(name, modules) });
}

let binary: string | undefined;

function urgentPeer(port: string, ...words: readonly string[]): ChildProcess {
	if (binary === undefined) {
		binary = join(scratch, "urgent");
		const source = join(PATHS.root, "test/host/urgent.c");
		execFileSync("gcc", ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", binary, source], {
			stdio: ["ignore", "inherit", "inherit"],
			timeout: 60_000,
		});
	}
	return spawn(binary, [port, ...words], { stdio: ["pipe", "ignore", "inherit"], timeout: 20_000 });
}

/** Milliseconds of the processor that the process has had. */
function busyMs(pid: number): number {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
	const ticksPerSecond = 100;
	return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** What a board has heard of a peer that stays, and its share of the processor meanwhile. */
async function hear(
	name: string,
	pauses: boolean,
	words: readonly string[],
): Promise<{ readonly heard: string; readonly share: number }> {
	const board = start(name, pauses);
	await board.until(({ stdout }) => /^port \d+\n/.test(stdout));
	const peer = urgentPeer(/^port (\d+)/.exec(board.stdout)![1]!, ...words);
	const heard = (): string => board.stdout.split("\n")[1]!.replaceAll("><", "");
	try {
		await board.until(() => heard().length > 0);
		const before = busyMs(board.child.pid!);
		await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
		const share = (busyMs(board.child.pid!) - before) / WATCH_MS;
		peer.stdin!.end();
		await board.until(() => heard().includes("[end]"));
		return { heard: heard(), share };
	} finally {
		peer.kill("SIGKILL");
		await board.stop();
	}
}

const CASES: readonly (readonly [name: string, words: readonly string[], heard: string])[] = [
	["no-urgent", ["ab", "cde"], "<abcde>[end]"],
	["urgent-first", ["!a", "bcde"], "<abcde>[end]"],
	["urgent-between", ["ab", "!c", "de"], "<abcde>[end]"],
	["urgent-twice", ["ab", "!c", "!d", "e"], "<abcde>[end]"],
	["urgent-last", ["abcd", "!e"], "<abcde>[end]"],
];

export const tcpTests: readonly HostTest[] = [false, true].flatMap((pauses) =>
	CASES.map(([name, words, expected]) => ({
		name: `urgent data of a stranger are bytes as all others, and the loop does not spin for them (T16, I8): ${name}${pauses ? ", read late" : ""}`,
		run: async () => {
			const { heard, share } = await hear(`${name}${pauses ? "-late" : ""}`, pauses, words);
			assert.equal(heard, expected);
			assert.ok(share <= BUSY_SHARE_MAX, `${share} of the processor for nothing`);
		},
	})),
);
