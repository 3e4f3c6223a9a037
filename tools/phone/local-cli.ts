/** What `latchkey phone` does about the ways to a lock: the key by which it knows the lock's advertisements, and Wi-Fi. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { CborMap } from "../../modules/wire/cbor-map.ts";
import { decodeWifi } from "../../modules/wire/wifi.ts";
import { existingFile } from "../cli/arguments.ts";
import { CliFault } from "../cli/fault.ts";
import { plainName } from "../cli/plain-text.ts";
import { addCommand, type Way, withPhone, withWay } from "./way.ts";

export function registerLocal(phone: Command): void {
	addCommand(
		phone,
		"radio",
		"Ask the lock for the key of its advertisements, and keep it",
		async (lock, wallet, serial) => {
			const advertisingKey = await lock.local.advertisingKey();
			if (advertisingKey === undefined) throw new CliFault("the lock has no radio");
			wallet.keep({ ...wallet.lock(serial), advertisingKey });
			console.log("this phone knows the lock's advertisements");
		},
	);
	addWifi(phone);
}

function addWifi(parent: Command): void {
	const wifi = parent.command("wifi").description("Show and set the Wi-Fi of the lock");
	addCommand(wifi, "status", "Show the name of its network and whether it is there", async (lock) => {
		const { state, ssid } = await lock.local.wifi();
		console.log(`network\t${ssid === undefined ? "none" : plainName(new TextDecoder().decode(ssid))}`);
		console.log(`state\t${state}`);
	});
	addCommand(wifi, "forget", "Take its Wi-Fi away", async (lock) => {
		await lock.local.setWifi(undefined);
		console.log("no Wi-Fi");
	});
	withWay(wifi.command("set"), true)
		.description("Set its Wi-Fi; a passphrase comes from a file, not from a command line that others see")
		.requiredOption("--ssid <name>", "name of the network", ssidBytes)
		.option("--passphrase-file <file>", "passphrase, or 64 hexadecimal digits; its first line", existingFile)
		.option("--open", "the network has no passphrase")
		.action((way: Way & { ssid: Uint8Array; passphraseFile?: string; open?: true }) => {
			const { ssid, passphraseFile } = way;
			if ((way.open === true) === (passphraseFile !== undefined))
				throw new CliFault("one of --passphrase-file and --open is needed", 2);
			const credentials =
				passphraseFile === undefined ? { ssid } : { ssid, passphrase: readPassphrase(ssid, passphraseFile) };
			return withPhone(way, async (lock) => {
				await lock.local.setWifi(credentials);
				console.log("the lock has its Wi-Fi");
			});
		});
}

export function ssidBytes(text: string): Uint8Array {
	const bytes = encodeUtf8(text);
	if (bytes.length === 0 || bytes.length > LIMITS.wifiSsidBytes)
		throw new InvalidArgumentError(`It must be 1 to ${LIMITS.wifiSsidBytes} bytes.`);
	return bytes;
}

/** As the lock will read it; what is in the file is never part of a message. */
export function readPassphrase(ssid: Uint8Array, path: string): string {
	const passphrase = readFileSync(path, "utf8").split(/\r?\n/)[0]!;
	const fields = new CborMap([
		[1, ssid],
		[2, passphrase],
	]);
	if (decodeWifi(fields) === undefined)
		throw new CliFault(
			`${path} has no passphrase: it must be 8 to 63 printable ASCII characters or 64 digits`,
		);
	return passphrase;
}
