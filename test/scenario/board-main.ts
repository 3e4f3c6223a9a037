/**
 * The lock as main.ts starts it, with a test's hand inside: `--arg record=1` logs every plaintext, `--arg identity=1`
 * seals nothing, `--arg plant=HEX` puts a byte string into the heap and leaves it there. Only test images have it.
 */
import { PsaTestCrypto } from "../../hosts/bindings/test-crypto.ts";
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import { App } from "../../modules/app/app.ts";
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import { IdentityCrypto, RecordingCrypto } from "./recording-crypto.ts";

declare global {
	// eslint-disable-next-line no-var
	var planted: Uint8Array | undefined;
}

const platform = openPlatform();
let crypto: TestCrypto = new PsaTestCrypto();
if (boardArgument("identity") !== undefined) crypto = new IdentityCrypto(crypto);
if (boardArgument("record") !== undefined) {
	crypto = new RecordingCrypto(crypto, (plaintext) => platform.system.log(`plaintext ${toHex(plaintext)}`));
}
const plant = boardArgument("plant");
if (plant !== undefined) globalThis.planted = fromHex(plant);
new App({ ...platform, crypto }, { firmwareVersion: "scenario" }).start();
