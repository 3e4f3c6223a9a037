/**
 * The lock as main.ts starts it, for the sweep on the Linux host: its numbers are those of the image in the slot that runs, so that one
 * program is both releases. `--arg hurry=N` makes its time pass N times as fast, `--arg lies=1` has it name another sequence than
 * its image's, as an image that was built wrong. Only test images have it.
 */
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import { App } from "../../modules/app/app.ts";
import { FIRMWARE } from "../../modules/base/version.ts";
import type { Clock } from "../../modules/platform/clock.ts";

const platform = openPlatform();
const { slots, system } = platform;
const image = slots.running === undefined ? undefined : slots.image(slots.running);
if (image === undefined) throw new Error("no slot runs");
const { version, securityVersion } = image;
const sequence = image.sequence + (boardArgument("lies") === undefined ? 0 : 1);
const hurry = Number(boardArgument("hurry") ?? 1);
const clock: Clock = {
	monotonicMs: () => platform.clock.monotonicMs() * hurry,
	after: (delayMs, callback) => platform.clock.after(Math.ceil(delayMs / hurry), callback),
};
system.log(`sweep: ${image.sequence} runs, ${slots.state(slots.running!)}, fuse ${slots.securityFloor}`);
new App({ ...platform, clock }, { firmware: { ...FIRMWARE, version, sequence, securityVersion } }).start();
