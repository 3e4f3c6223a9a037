/**
 * Stands for esptool and espefuse in tests of their driver: the same words in, the same form of output out, a chip in a file.
 * node fake-esptool.mjs STATE esptool|espefuse ...words
 */
import { readFileSync, writeFileSync } from "node:fs";

const [, , statePath, program, ...words] = process.argv;
const state = JSON.parse(readFileSync(statePath, "utf8"));
state.calls = [...(state.calls ?? []), [program, ...words].join(" ")];
const save = () => writeFileSync(statePath, JSON.stringify(state));
const say = (text) => process.stdout.write(`${text}\n`);
const fail = (text) => {
	save();
	say(text);
	process.exit(2);
};

if (state.hang) setInterval(() => undefined, 1000);
else if (state.gone) fail("A fatal error occurred: Failed to connect to ESP32-C3: No serial data received.");
else if (program === "esptool") {
	say("esptool.py v4.7.0\nSerial port /dev/null\nConnecting....");
	const { mac = "7c:df:a1:0b:02:fe", fuses } = state;
	if (state.secured) say("Chip is ESP32-C3 in Secure Download Mode");
	else say(`Chip is ESP32-C3 (QFN32) (revision v0.4)\nFeatures: WiFi, BLE\nMAC: ${mac}`);
	if (state.secured && words.includes("read_mac"))
		fail("A fatal error occurred: This command (0xa) is not supported in Secure Download Mode");
	if (words.includes("flash_id") && !state.secured)
		say("Manufacturer: 46\nDevice: 4016\nDetected flash size: 4MB");
	if (words.includes("get_security_info")) {
		if (!words.includes("--no-stub")) fail("A fatal error occurred: Invalid head of packet");
		const bits = ["SECURE_BOOT_EN", "SECURE_BOOT_AGGRESSIVE_REVOKE", "ENABLE_SECURITY_DOWNLOAD"]
			.concat([0, 1, 2].map((key) => `SECURE_BOOT_KEY_REVOKE${key}`))
			.reduce((sum, name, bit) => sum | (fuses[name] ? 1 << bit : 0), 0);
		const purpose = fuses.KEY_PURPOSE_0 === "SECURE_BOOT_DIGEST0" ? 9 : 0;
		say(
			`\nSecurity Information:\n=====================\nFlags: 0x${bits.toString(16).padStart(8, "0")} (0b${bits.toString(2)})`,
		);
		say(`Key Purposes: (${[purpose, 0, 0, 0, 0, 0, 12].join(", ")})\nChip ID: 5\nAPI Version: 3`);
		say(
			`SPI Boot Crypt Count (SPI_BOOT_CRYPT_CNT): ${fuses.SPI_BOOT_CRYPT_CNT === "Enable" ? "0x7" : "0x0"}`,
		);
	}
	if (words.includes("erase_flash")) state.flash = {};
	if (words.includes("read_flash")) {
		const [from, length, path] = words.slice(words.indexOf("read_flash") + 1);
		const bytes = Buffer.alloc(Number(length), 0xff);
		if (state.used !== undefined) bytes[state.used - Number(from)] = 0;
		writeFileSync(path, bytes);
	}
	if (words.includes("write_flash")) {
		if (fuses.SECURE_BOOT_EN && !words.includes("--force"))
			fail("A fatal error occurred: Secure Boot detected, writing to flash regions < 0x8000 is disabled");
		const files = words.slice(words.indexOf("-z") + 1);
		state.flash ??= {};
		for (let at = 0; at < files.length; at += 2) {
			state.flash[files[at]] = readFileSync(files[at + 1]).length;
			if (!state.unverified) say("Hash of data verified.");
		}
	}
	// A command that failed is behind this: nothing resets the chip then.
	state.inLoader = !words.includes("hard_reset");
	save();
} else {
	say('espefuse.py v4.7.0\n\n=== Run "summary" command ===');
	const fuses = state.fuses;
	if (state.secured)
		fail("A fatal error occurred: Secure Download Mode is enabled. The tool can not read eFuses.");
	if (words.includes("summary")) {
		const mac = `${state.mac ?? "7c:df:a1:0b:02:fe"} (OK)`;
		const entries = Object.entries({ ...fuses, MAC: mac }).map(([name, value]) => [
			name,
			{ name, readable: true, writeable: true, value },
		]);
		say(JSON.stringify(Object.fromEntries(entries), null, 4));
	} else if (words.includes("burn_efuse")) {
		const [name, value] = words.slice(words.indexOf("burn_efuse") + 1);
		if (!(name in fuses)) fail(`A fatal error occurred: Invalid the efuse name '${name}'.`);
		fuses[name] = typeof fuses[name] === "boolean" ? value === "1" : Number(value);
		if (name === "ENABLE_SECURITY_DOWNLOAD") state.secured = true;
	} else if (words.includes("burn_key")) {
		const [block, file, purpose] = words.slice(words.indexOf("burn_key") + 1);
		fuses[block] = [...readFileSync(file)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
		fuses[`KEY_PURPOSE_${block.slice(9)}`] = purpose;
	}
	save();
}
