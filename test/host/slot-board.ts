/**
 * Boards with slots for the tests of the boot loader: images that say what runs and then do as a boot is told
 * (`--arg do=...`), so that a test is a list of boots of one state directory.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BoardEnd, readBytes, runBoard, sourceImage, type Variant } from "./board.ts";

export const SLOT_KB = 96;

/** The program of every image here. Each boot says one line, "<main> <version> slot <n> <states> floor <n>". */
const PROGRAM = (main: string) => `import Timer from "timer";
const argument = native("xs_system_argument"), reboot = native("xs_system_reboot");
const SECTOR = 4096, STATES = ["unset", "new", "pending", "valid", "invalid", "aborted"];
const bytes = native("xs_lk_slot_bytes")(), running = native("xs_lk_slot_running")(), state = native("xs_lk_slot_state");
const image = native("xs_lk_slot_image"), erase = native("xs_lk_slot_erase"), write = native("xs_lk_slot_write"), read = native("xs_lk_slot_read");
const retire = native("xs_lk_slot_retire"), select = native("xs_lk_boot_select"), confirm = native("xs_lk_boot_confirm"), revert = native("xs_lk_boot_revert");
const floor = native("xs_lk_boot_security_floor"), raise = native("xs_lk_boot_raise_security_floor");
const say = (...words) => trace(words.join(" ") + "\\n");
const outcome = (run) => { try { return run() ?? "done"; } catch (error) { return error.message; } };
say("${main}", bytes ? image(running ?? 0)?.version ?? "none" : "file", "slot", running ?? "none", bytes ? STATES[state(0)] + "," + STATES[state(1)] : "-", "floor", floor());
function put(path) {
	const whole = new Uint8Array(native("xs_probe_file")(path));
	for (let at = 0; at < whole.length; at += SECTOR) {
		const fault = erase(at) ?? write(at, whole.subarray(at, at + SECTOR));
		if (fault) say("install", fault);
	}
}
const actions = {
	none: () => reboot(),
	install: (path) => { put(path); say("select", outcome(select)); reboot(); },
	put: (path) => { put(path); reboot(); },
	selectFails: (words) => {
		const [at, path] = words.split(" "), fault = native("xs_files_fault");
		put(path);
		fault("io:" + at);
		const told = outcome(select);
		fault("");
		if (told !== "done") erase(0);
		say("select", told);
		reboot();
	},
	confirm: () => { say("confirm", outcome(confirm), STATES[state(running)]); reboot(); },
	revert: () => { say("revert", outcome(revert)); reboot(); },
	retire: () => { say("retire", outcome(retire), STATES[state(1 - (running ?? 1))]); reboot(); },
	mend: (to) => { const known = native("xs_lk_boot_security_floor_is_known"); say(known(), "floor", floor(), "target", native("xs_lk_slot_target")(), outcome(select), "/", outcome(() => raise(Number(to))), floor(), known()); reboot(); },
	raise: (to) => { say("raise", outcome(() => raise(Number(to))), floor()); reboot(); },
	touch: () => { say(outcome(() => erase(0)), "/", outcome(() => write(0, new Uint8Array(1))), "/", outcome(select)); reboot(); },
	recover: () => { say("target", native("xs_lk_slot_target")(), outcome(confirm), "/", outcome(revert)); reboot(); },
	hang: () => Timer.set(() => { for (;;); }, 10),
	bootHang: () => { for (;;); },
	wait: (ms) => Timer.set(() => reboot(), Number(ms)),
	waitAndConfirm: (ms) => { confirm(); Timer.set(() => reboot(), Number(ms)); },
	short: (count) => { let left = Number(count); const step = () => { const end = Date.now() + 100; while (Date.now() < end); if (--left === 0) reboot(); else Timer.set(step, 0); }; Timer.set(step, 0); },
	throws: () => { throw new Error("broken"); },
	fault: () => { say("fault", native("xs_system_last_fault")() ?? "none"); reboot(); },
	live: () => { native("xs_lk_drive_open")(16, 17, 18); Timer.set(() => { native("xs_lk_drive_energise")(0, 10000); for (;;); }, 1000); },
	stay: () => undefined,
};
const [action, ...rest] = (argument("do") ?? "none").split(":");
actions[action](rest.join(":"));
`;

export interface ImageOptions {
	readonly sequence?: number;
	readonly securityVersion?: number;
	readonly board?: string;
	readonly main?: string;
}

let images = 0;

export function slotImage(version: string, options: ImageOptions = {}): string {
	const words = [
		"--version",
		version,
		"--sequence",
		String(options.sequence ?? 1),
		"--time",
		"1760000000000",
	];
	words.push("--security-version", String(options.securityVersion ?? 0), "--board", options.board ?? "linux");
	const main = options.main ?? "main";
	return sourceImage(`slot-${version}-${images++}`, PROGRAM(main), words, main);
}

export interface BootOptions {
	readonly image?: string;
	readonly words?: readonly string[];
	readonly variant?: Variant;
	readonly environment?: Readonly<Record<string, string>>;
	readonly slotKb?: number;
}

/** One boot: what it said first, and how it ended. */
export async function boot(
	state: string,
	action = "none",
	options: BootOptions = {},
): Promise<BoardEnd & { readonly first: string; readonly lines: readonly string[] }> {
	const words = ["--slot-kb", String(options.slotKb ?? SLOT_KB), "--arg", `do=${action}`];
	const end = await runBoard({
		state,
		words: [...words, ...(options.words ?? [])],
		...(options.image === undefined ? {} : { image: options.image }),
		...(options.variant === undefined ? {} : { variant: options.variant }),
		...(options.environment === undefined ? {} : { environment: options.environment }),
	});
	const lines = end.stdout.trim().split("\n");
	return { ...end, first: lines[0]!, lines };
}

/** A board that a factory line flashed with version 1.0.0 and that was then given 2.0.0, selected and not booted yet. */
export async function updatedBoard(state: string, next: string, old = slotImage("1.0.0")): Promise<void> {
	const end = await boot(state, `install:${next}`, { image: old });
	assert.deepEqual(end.lines, ["main 1.0.0 slot 0 unset,unset floor 0", "select done"], end.stderr);
	assert.equal(end.status, 80, end.stderr);
}

/** Changes one bit of a file of the state directory. */
export function damage(state: string, name: string, offset: number): void {
	const path = join(state, name);
	const bytes = readBytes(path);
	bytes[offset]! ^= 1;
	writeFileSync(path, bytes);
}
