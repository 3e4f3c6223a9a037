/** Pulses of an output of a running board (tools/bench/board/pulse.ts), each cut by the board's native timer and timed beside a plain C program's. */
import { spawn } from "node:child_process";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { buildBaseline } from "./bench-build.ts";

/** As pulse.ts has it. */
export const GO_PIN = 40;
export const PULSE_MODULE = "tools/bench/board/pulse";
export const PULSE_READY = "pulse: ready";
export const PULSE_PIN = BOARD_PINS.brake;

export interface Pulse {
	/** After the end of its time: the output was off, as the board tells it; the C program's timer woke it. */
	readonly cutUs: number;
	readonly plainUs: number;
	/** From the rise of the output to the program's setting of its timer. */
	readonly setUs: number;
}

export interface PulseRun {
	readonly socket: string;
	readonly pulseMs: number;
	/** Between two, from half to one and a half of it. */
	readonly gapMs: number;
	readonly count: number;
	readonly limitMs: number;
}

/** What a board of pulses is started with. */
export function pulseWords(pulseMs: number, after: "nothing" | "hang" | "memory" | "exception"): string[] {
	return ["--main", PULSE_MODULE, "--arg", `pulse-ms=${pulseMs}`, "--arg", `after=${after}`];
}

/** Rejects when the board is gone, or a pulse does not come. */
export async function timePulses({ socket, pulseMs, gapMs, count, limitMs }: PulseRun): Promise<Pulse[]> {
	const words = [socket, GO_PIN, PULSE_PIN, pulseMs, gapMs, count].map(String);
	const child = spawn(buildBaseline("cut-timer"), words, { stdio: ["ignore", "pipe", "pipe"] });
	const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
	let printed = "";
	let said = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		printed += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	const status = await new Promise<number | null>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", resolve);
	});
	clearTimeout(late);
	const pulses = printed.split("\n").slice(0, -1).map(readPulse);
	if (status !== 0 || pulses.length !== count)
		throw new Error(`${pulses.length} pulses of ${count}, status ${status}: ${said}`);
	// A timer that was set after its time says nothing about timers.
	return pulses.filter(({ setUs }) => setUs < pulseMs * 1_000);
}

function readPulse(line: string): Pulse {
	const [cutUs, plainUs, setUs] = line.split(" ").map(Number);
	if (cutUs === undefined || plainUs === undefined || setUs === undefined)
		throw new Error(`no pulse: ${line}`);
	return { cutUs, plainUs, setUs };
}
