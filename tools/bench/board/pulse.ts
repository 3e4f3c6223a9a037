/**
 * On the engine: the firmware as it is, and beside it pulses of an output that it does not use while the bolt rests, the brake. Each time an
 * input rises the output is energised for `pulse-ms`, and no JavaScript cuts it. What JavaScript does then is `after`: it
 * hangs, uses up its memory, throws, or goes on.
 */
import "../../../main.ts";
import Digital from "embedded:io/digital";
import { boardArgument } from "../../../hosts/linux/system.ts";

const energise = native<(role: number, maximumMs: number) => string | undefined>("xs_lk_drive_energise");
/** In the order of drive.c. */
const BRAKE = 2;
/** As cut-timer.ts has it. */
const GO_PIN = 40;

const pulseMs = Number(boardArgument("pulse-ms"));
const after = boardArgument("after");

new Digital({
	pin: GO_PIN,
	mode: Digital.Input,
	edge: Digital.Rising,
	onReadable: () => {
		const fault = energise(BRAKE, pulseMs);
		if (fault !== undefined) throw new Error(fault);
		if (after === "hang") hang();
		if (after === "memory") useUpMemory();
		if (after === "exception") throw new Error("after a pulse has begun");
	},
});
trace("pulse: ready\n");

function hang(): never {
	for (;;);
}

function useUpMemory(): never {
	const kept: Uint8Array[] = [];
	for (;;) kept.push(new Uint8Array(1_000));
}
