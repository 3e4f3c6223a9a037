/**
 * The lock as main.ts starts it, with a test's hand inside: `--arg record=1` logs every plaintext, `--arg identity=1`
 * seals nothing, `--arg plant=HEX` puts a byte string into the heap and leaves it there, `--arg crash=KIND` breaks the
 * firmware soon after its start, `--arg hurry=N` makes the firmware's time pass N times as fast. Only test images have it.
 */
import { PsaTestCrypto } from "../../hosts/bindings/test-crypto.ts";
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import { App } from "../../modules/app/app.ts";
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { FIRMWARE } from "../../modules/base/version.ts";
import type { Clock } from "../../modules/platform/clock.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { crashNow } from "./crash.ts";
import { IdentityCrypto, RecordingCrypto } from "./recording-crypto.ts";

declare global {
	// eslint-disable-next-line no-var
	var planted: Uint8Array | undefined;
}

const CRASH_MS = 200;

const platform = openPlatform();
let crypto: TestCrypto = new PsaTestCrypto();
if (boardArgument("identity") !== undefined) crypto = new IdentityCrypto(crypto);
if (boardArgument("record") !== undefined) {
	crypto = new RecordingCrypto(crypto, (plaintext) => platform.system.log(`plaintext ${toHex(plaintext)}`));
}
const plant = boardArgument("plant");
if (plant !== undefined) globalThis.planted = fromHex(plant);
const hurry = Number(boardArgument("hurry") ?? 1);
const clock: Clock = {
	monotonicMs: () => platform.clock.monotonicMs() * hurry,
	after: (delayMs, callback) => platform.clock.after(Math.ceil(delayMs / hurry), callback),
};
const crash = boardArgument("crash");
if (crash !== undefined) platform.clock.after(CRASH_MS, () => crashNow(crash, plant ?? "nothing"));
new App({ ...platform, crypto, clock }, { firmware: { ...FIRMWARE, version: "scenario" } }).start();
