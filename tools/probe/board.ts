/** Runs one probe on the engine: its output is passed on, its status is ours, nothing of it stays behind. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliFault } from "../cli/fault.ts";
import { PATHS } from "../setup/paths.ts";
import { probeImage } from "./image.ts";

export interface ProbeRun {
	/** Manifest beside hosts/linux/manifest.json, without ".json". */
	readonly name: string;
	/** Its main module; the default is hosts/linux/<name>. */
	readonly main?: string;
	readonly heapKb: number;
	readonly settings: Readonly<Record<string, string | undefined>>;
	/** Puts files that the probe reads into its folder; returns further settings. */
	readonly prepare?: (folder: string) => Readonly<Record<string, string>>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves to 0 or 1, what the probe found; anything else that ends it is a fault. */
export async function runProbe(run: ProbeRun): Promise<number> {
	const image = probeImage(run.name);
	const folder = mkdtempSync(join(tmpdir(), "latchkey-probe-"));
	try {
		const settings = { ...run.settings, ...run.prepare?.(folder) };
		const words = [
			"--image",
			image,
			"--main",
			run.main ?? `hosts/linux/${run.name}`,
			"--state",
			join(folder, "state"),
		];
		words.push("--heap-kb", String(run.heapKb));
		for (const [key, value] of Object.entries(settings)) {
			if (value !== undefined) words.push("--arg", `${key}=${value}`);
		}
		return await runBoard(words);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function runBoard(words: readonly string[]): Promise<number> {
	return new Promise((resolve, reject) => {
		const child = spawn(PATHS.boardBinary, words, { stdio: ["ignore", "inherit", "inherit"] });
		const stop = (): void => void child.kill("SIGKILL");
		for (const signal of SIGNALS) process.on(signal, stop);
		process.on("exit", stop);
		child.on("error", reject);
		child.on("close", (status, signal) => {
			for (const each of SIGNALS) process.removeListener(each, stop);
			process.removeListener("exit", stop);
			if (status === 0 || status === 1) resolve(status);
			else reject(new CliFault(`the probe ended with ${signal ?? `status ${status}`}`));
		});
	});
}
