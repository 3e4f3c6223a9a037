/**
 * A board tests itself for a factory line (PROTOCOL 6, `self-test`): its random numbers, a sector of flash, its pins in the
 * line's jig, its radio. One run at a time; who asks under the same number gets the same report.
 *
 * The jig ties each output to an input: see LOOPS. Outputs are tried one after the other for LIMITS.selfTestPulseMs at most,
 * and none at all unless every input is at rest: the contacts of a fitted bolt are not, so that none is moved (I2). Whether
 * anything may be driven is `mayDrive`'s to say, before each output anew: a seal in between ends it. While `drives` is true nobody else
 * does (BoltPorts.isTaken). The buttons are only read, since a press means something.
 *
 * Random numbers come from a generator that hides a poor source: what is found here is one that is stuck.
 */
import { bytesEqual } from "../base/bytes.ts";
import { attempt } from "../base/device-error.ts";
import { LIMITS } from "../base/limits.ts";
import type { Crypto } from "../platform/crypto.ts";
import type { DriveRole, InputRole } from "../platform/pins.ts";
import type { Platform } from "../platform/platform.ts";
import { SECTOR_BYTES } from "../platform/slots.ts";
import type { SelfTestOutcome, SelfTestReport } from "../wire/self-test.ts";

interface Loop {
	readonly output: DriveRole | "indicator";
	readonly input: InputRole;
}

/** How the jig is wired (docs/FACTORY.md). */
export const LOOPS: readonly Loop[] = Object.freeze([
	Object.freeze({ output: "indicator", input: "door" }),
	Object.freeze({ output: "brake", input: "tamper" }),
	Object.freeze({ output: "drive-retract", input: "retracted" }),
	Object.freeze({ output: "drive-throw", input: "thrown" }),
] as const);

const AT_REST: readonly InputRole[] = Object.freeze([
	"button",
	"exit",
	"inhibit",
	"door",
	"tamper",
	"retracted",
	"thrown",
] as const);

const ERASED = 0xff;

export interface SelfTestOptions {
	readonly platform: Pick<Platform, "clock" | "crypto" | "pins" | "drive" | "slots" | "radioScan">;
	/** Whether outputs may be energised now. */
	readonly mayDrive: () => boolean;
}

type Pins = Pick<SelfTestReport, "pins" | "pin">;
type Heard = Pick<SelfTestReport, "radio" | "stations">;

export class SelfTest {
	readonly #options: SelfTestOptions;
	#run: number | undefined;
	#report: SelfTestReport | undefined;
	#busy = false;
	#drives = false;

	constructor(options: SelfTestOptions) {
		this.#options = options;
	}

	/** Its outputs are being tried, one after the other. */
	get drives(): boolean {
		return this.#drives;
	}

	/** The report of this run; undefined while it, or one before it, is under way. */
	ask(run: number): SelfTestReport | undefined {
		if (this.#busy) return undefined;
		if (this.#run !== run) this.#begin(run);
		return this.#report;
	}

	#begin(run: number): void {
		const { crypto } = this.#options.platform;
		this.#run = run;
		this.#report = undefined;
		this.#busy = true;
		const random = attempt(() => isRandom(draw(crypto, LIMITS.selfTestRandomBytes)));
		const tried = attempt(() => this.#tryFlash());
		const found = {
			random: random.ok && random.value ? "passed" : "failed",
			flash: tried.ok ? tried.value : "failed",
		} as const;
		this.#tryPins((pins) =>
			this.#tryRadio((heard) => {
				this.#busy = false;
				this.#report = { ...found, ...pins, ...heard };
			}),
		);
	}

	// ---- flash ----

	/** The last sector of a slot that holds no image: nothing there is anybody's. */
	#tryFlash(): SelfTestOutcome {
		const { crypto, slots } = this.#options.platform;
		if (slots.slotBytes === 0 || slots.running === undefined) return "absent";
		if (slots.state(slots.running) === "pending" || slots.image(slots.target) !== undefined) return "absent";
		const offset = slots.slotBytes - SECTOR_BYTES;
		const pattern = draw(crypto, SECTOR_BYTES);
		const read = (): Uint8Array => slots.read(slots.target, offset, SECTOR_BYTES);
		slots.erase(offset);
		const wasErased = read().every((byte) => byte === ERASED);
		slots.write(offset, pattern);
		const wasWritten = bytesEqual(read(), pattern);
		slots.erase(offset);
		return wasErased && wasWritten && read().every((byte) => byte === ERASED) ? "passed" : "failed";
	}

	// ---- pins ----

	#tryPins(onTried: (pins: Pins) => void): void {
		const { pins } = this.#options.platform;
		if (!this.#options.mayDrive()) return onTried({ pins: "absent" });
		const restless = AT_REST.find((role) => pins.read(role));
		if (restless !== undefined) return onTried({ pins: "failed", pin: restless });
		this.#drives = true;
		this.#tryLoop(0, (tried) => {
			this.#drives = false;
			onTried(tried);
		});
	}

	#tryLoop(index: number, onTried: (pins: Pins) => void): void {
		const loop = LOOPS[index];
		if (loop === undefined) return onTried({ pins: "passed" });
		if (!this.#options.mayDrive()) return onTried({ pins: "absent" });
		const failed = (): void => onTried({ pins: "failed", pin: loop.output });
		const switched = attempt(() => this.#switch(loop.output, true));
		if (!switched.ok) return failed();
		this.#await(loop.input, true, (rose) => {
			// The one input alone, while it is driven: of two pins that touch both follow.
			const { pins } = this.#options.platform;
			const alone = LOOPS.every(({ input }) => input === loop.input || !pins.read(input));
			const cut = attempt(() => this.#switch(loop.output, false));
			if (!rose || !cut.ok || !alone) return failed();
			this.#await(loop.input, false, (fell) => (fell ? this.#tryLoop(index + 1, onTried) : failed()));
		});
	}

	#switch(output: Loop["output"], on: boolean): void {
		const { drive, pins } = this.#options.platform;
		if (output === "indicator") pins.setIndicator(on);
		else if (on) drive.energise(output, LIMITS.selfTestPulseMs);
		else drive.cut(output);
	}

	#await(input: InputRole, level: boolean, onEnd: (met: boolean) => void): void {
		const { clock, pins } = this.#options.platform;
		const deadlineMs = clock.monotonicMs() + LIMITS.selfTestPulseMs;
		const look = (): void => {
			if (pins.read(input) === level) onEnd(true);
			else if (clock.monotonicMs() >= deadlineMs) onEnd(false);
			else clock.after(LIMITS.selfTestLookMs, look);
		};
		clock.after(LIMITS.selfTestLookMs, look);
	}

	// ---- radio ----

	#tryRadio(onTried: (heard: Heard) => void): void {
		const { clock, radioScan } = this.#options.platform;
		if (radioScan === undefined) return onTried({ radio: "absent" });
		let open = true;
		const end = (heard: Heard): void => {
			if (!open) return;
			open = false;
			late.cancel();
			onTried(heard);
		};
		const late = clock.after(LIMITS.selfTestRadioMs, () => end({ radio: "failed" }));
		const asked = attempt(() =>
			radioScan.listen((stations) => end({ radio: stations > 0 ? "passed" : "failed", stations })),
		);
		if (!asked.ok) end({ radio: "failed" });
	}
}

const DRAW_BYTES = 1024;

function draw(crypto: Crypto, bytes: number): Uint8Array {
	const drawn = new Uint8Array(bytes);
	for (let at = 0; at < bytes; at += DRAW_BYTES)
		drawn.set(crypto.random(Math.min(DRAW_BYTES, bytes - at)), at);
	return drawn;
}

/** NIST SP 800-90B 4.4: no byte too often in a row, nor too often in a window. */
export function isRandom(bytes: Uint8Array): boolean {
	let repeats = 0;
	for (let at = 0; at < bytes.length; at++) {
		repeats = at > 0 && bytes[at] === bytes[at - 1] ? repeats + 1 : 1;
		if (repeats >= LIMITS.selfTestRepeats) return false;
	}
	for (let start = 0; start < bytes.length; start += LIMITS.selfTestWindowBytes) {
		const window = bytes.subarray(start, start + LIMITS.selfTestWindowBytes);
		let same = 0;
		for (const byte of window) if (byte === window[0]) same++;
		if (same >= LIMITS.selfTestWindowRepeats) return false;
	}
	return true;
}
