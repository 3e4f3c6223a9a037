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
	/** After the end of its time, counted from the rise of the output, as the board tells it: the output was off. */
	readonly cutUs: number;
	/** After the same instant: the C program's timer woke it, of several the last one. */
	readonly plainUs: number;
	/** The program set its timer before that instant; one that was set later says nothing about timers. */
	readonly plainSet: boolean;
}

export interface PulseRun {
	readonly socket: string;
	readonly pulseMs: number;
	/** Between two, from half to one and a half of it. */
	readonly gapMs: number;
	readonly count: number;
	/** Plain timers beside each pulse, 1 unless given. */
	readonly timers?: number;
	readonly limitMs: number;
}

/** What a board of pulses is started with. */
export function pulseWords(pulseMs: number, after: "nothing" | "hang" | "memory" | "exception"): string[] {
	return ["--main", PULSE_MODULE, "--arg", `pulse-ms=${pulseMs}`, "--arg", `after=${after}`];
}

/** Built once. */
let program: string | undefined;

/** Every pulse. Rejects when the board is gone before the last one's end, or a pulse does not come. */
export async function timePulses(run: PulseRun): Promise<Pulse[]> {
	const { socket, pulseMs, gapMs, count, timers = 1, limitMs } = run;
	const words = [socket, GO_PIN, PULSE_PIN, pulseMs, gapMs, count, timers].map(String);
	program ??= buildBaseline("cut-timer");
	const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
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
	const pulses = printed
		.split("\n")
		.slice(0, -1)
		.map((line) => readPulse(line, pulseMs));
	if (status !== 0 || pulses.length !== count)
		throw new Error(`${pulses.length} pulses of ${count}, status ${status}: ${said}`);
	return pulses;
}

function readPulse(line: string, pulseMs: number): Pulse {
	const [cutUs, plainUs, setUs] = line.split(" ").map(Number);
	if (cutUs === undefined || plainUs === undefined || setUs === undefined)
		throw new Error(`no pulse: ${line}`);
	return { cutUs, plainUs, plainSet: setUs < pulseMs * 1_000 };
}
