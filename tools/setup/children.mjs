/**
 * Child processes of the set-up: every one has a deadline, and none outlives this process when it is told to stop.
 */
import { spawn } from "node:child_process";

const KILL_AFTER_MS = 5_000;
const TERMINAL_GRACE_MS = 500;
const OUTPUT_MAX = 4_000_000;
const SIGNAL_STATUS = Object.freeze({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

const groups = new Set();
let foreground;
let stopStatus;

function signalGroup(child, signal) {
	try {
		process.kill(-child.pid, signal);
	} catch {
		// The group is gone already.
	}
}

/** Ends every set-up step at once when this process is told to stop. */
export function installSignalHandlers() {
	for (const [signal, status] of Object.entries(SIGNAL_STATUS)) {
		process.on(signal, () => {
			stopStatus = status;
			for (const child of groups) signalGroup(child, "SIGTERM");
			if (groups.size === 0 && foreground === undefined) process.exit(status);
			setTimeout(() => {
				for (const child of groups) signalGroup(child, "SIGKILL");
				if (foreground === undefined) process.exit(status);
			}, KILL_AFTER_MS).unref();
			stopForeground(signal);
		});
	}
}

/** Runs to the end and returns what it printed; throws an error whose message holds the output when it fails. */
export function run(command, words, { timeoutMs, cwd, env } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
		let output = "";
		const collect = (chunk) => {
			if (output.length < OUTPUT_MAX) output += chunk;
		};
		child.stdout.setEncoding("utf8").on("data", collect);
		child.stderr.setEncoding("utf8").on("data", collect);
		groups.add(child);
		let late = false;
		const deadline = setTimeout(() => {
			late = true;
			signalGroup(child, "SIGKILL");
		}, timeoutMs);
		const end = (failure) => {
			clearTimeout(deadline);
			groups.delete(child);
			if (stopStatus !== undefined) process.exit(stopStatus);
			if (failure === undefined) resolve(output);
			else reject(new Error(`${[command, ...words].join(" ")}: ${failure}\n${output.trimEnd()}`));
		};
		child.on("error", (error) => end(error.message));
		child.on("close", (status, signal) => {
			if (late) end(`not done after ${timeoutMs / 1000} s`);
			else if (status !== 0) end(`failed with ${status ?? signal}`);
			else end(undefined);
		});
	});
}

function stopForeground(signal) {
	const child = foreground;
	if (child === undefined) return;
	// A terminal sends Ctrl-C to the child too; a plain kill of this process does not.
	const grace = signal === "SIGINT" && process.stdin.isTTY ? TERMINAL_GRACE_MS : 0;
	setTimeout(() => child.kill(signal), grace).unref();
	setTimeout(() => child.kill("SIGKILL"), grace + 2 * KILL_AFTER_MS).unref();
}

/** Runs a Node program in the terminal of this one; resolves to the status to exit with. */
export function runForeground(file, words, cwd) {
	return new Promise((resolve) => {
		const child = spawn(process.execPath, ["--enable-source-maps", file, ...words], {
			cwd,
			stdio: "inherit",
		});
		foreground = child;
		child.on("error", (error) => {
			process.stderr.write(`${error.message}\n`);
			resolve(1);
		});
		child.on("close", (status, signal) => {
			foreground = undefined;
			resolve(status ?? SIGNAL_STATUS[signal] ?? 1);
		});
	});
}
