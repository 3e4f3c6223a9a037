/**
 * The lock as main.ts starts it, which loses a little of one kind each few seconds (`--arg leak=KIND`), for a soak that must notice.
 * What C loses comes from a library beside the board (test/link/gauge.c). Only test images have it.
 */
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import { App } from "../../modules/app/app.ts";
import { FIRMWARE } from "../../modules/base/version.ts";

const LEAK_MS = 10_000;
const DESCRIPTOR = 1;
const MALLOC = 2;
const loseInC = native<(which: number) => void>("xs_gauge_leak");

const platform = openPlatform();
const kind = boardArgument("leak");
const kept: Uint8Array[] = [];
let count = 0;

function lose(): void {
	count++;
	if (kind === "descriptors") loseInC(DESCRIPTOR);
	else if (kind === "mallocBytes") loseInC(MALLOC);
	else if (kind === "keys") Reflect.set({}, `lost${count}`, count);
	else if (kind === "heapBytes") kept.push(new Uint8Array(16));
	platform.clock.after(LEAK_MS, lose);
}

platform.clock.after(LEAK_MS, lose);
new App(platform, { firmware: FIRMWARE }).start();
