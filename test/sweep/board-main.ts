/**
 * The lock as main.ts starts it, for tests of updates on the Linux host: its numbers are those of the image in the slot that runs, so
 * that one program is every release. `--arg hurry=N` makes its time pass N times as fast. `--arg fault=KIND` breaks it while it is
 * on trial. Either may be said of one release alone, as `fault=3:KIND`. Only test images have it.
 */
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import { App } from "../../modules/app/app.ts";
import { FIRMWARE } from "../../modules/base/version.ts";
import type { Clock } from "../../modules/platform/clock.ts";
import type { Platform } from "../../modules/platform/platform.ts";
import type { Tls } from "../../modules/platform/tls.ts";

/** Into the App's life: after its boot, and long before it could be confirmed. */
const FAULT_MS = 20;
const BLOCK_BYTES = 65536;

const platform = openPlatform();
const { slots, system } = platform;
const image = slots.running === undefined ? undefined : slots.image(slots.running);
if (image === undefined) throw new Error("no slot runs");
const { version, securityVersion } = image;
const state = slots.state(slots.running!);
const fault = state === "pending" ? ownArgument("fault", image.sequence) : undefined;
const sequence = image.sequence + (fault === "lies" ? 1 : 0);
const hurry = Number(ownArgument("hurry", image.sequence) ?? 1);
const clock: Clock = {
	monotonicMs: () => platform.clock.monotonicMs() * hurry,
	after: (delayMs, callback) => platform.clock.after(Math.ceil(delayMs / hurry), callback),
};
/** What an image does when it runs; "lies": it names another sequence than its image's, as one that was built wrong. */
const FAULTS: Readonly<Record<string, () => void>> = Object.freeze({
	hang: () => platform.clock.after(FAULT_MS, hang),
	throws: () => platform.clock.after(FAULT_MS, () => throwError()),
	rejects: () =>
		platform.clock.after(FAULT_MS, () => void Promise.reject(new Error("the fault of this image"))),
	eats: () => platform.clock.after(FAULT_MS, eat),
	recurses: () => platform.clock.after(FAULT_MS, () => void recurse(0)),
	lies: () => undefined,
	mute: () => undefined,
});

system.log(`sweep: ${image.sequence} runs, ${state}, fuse ${slots.securityFloor}`);
if (fault === "boot-hang") hang();
// "still": its event loop turns, and nothing of the firmware is in it.
if (fault !== "still") {
	const options = { firmware: { ...FIRMWARE, version, sequence, securityVersion } };
	new App({ ...(fault === "mute" ? muted(platform) : platform), clock }, options).start();
	if (fault !== undefined) {
		if (!Object.hasOwn(FAULTS, fault)) throw new Error(`no fault: ${fault}`);
		FAULTS[fault]!();
	}
}

/** "VALUE", or "SEQUENCE:VALUE" of one release. */
function ownArgument(key: string, own: number): string | undefined {
	const given = boardArgument(key)?.split(":");
	if (given === undefined || given.length === 1) return given?.[0];
	return Number(given[0]) === own ? given[1] : undefined;
}

/** As a release whose network is broken: it reaches nobody, and nobody reaches it. */
function muted({ listener: _, ...rest }: Platform): Platform {
	const connect: Tls["connect"] = (_options, handlers) => {
		const end = rest.clock.after(FAULT_MS, () => handlers.onClosed("connect"));
		return { read: () => undefined, write: () => 0, close: () => end.cancel() };
	};
	return { ...rest, tls: { connect, dropSessions: () => undefined } };
}

function hang(): never {
	for (;;);
}

function throwError(): never {
	throw new Error("the fault of this image");
}

function eat(): never {
	for (const eaten: Uint8Array[] = []; ; ) eaten.push(new Uint8Array(BLOCK_BYTES));
}

function recurse(depth: number): number {
	return 1 + recurse(depth + 1);
}
