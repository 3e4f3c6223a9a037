/** Wi-Fi credentials that an owner sets in a session (PROTOCOL 5.5): who may, where they go, and where they never are. */
import { toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { check, type Suite } from "../../harness/test.ts";
import { BleWire } from "../../sim/ble-wire.ts";
import type { LockRig } from "../../sim/lock-rig.ts";
import { newPairedLock } from "../../sim/paired-lock.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { addMember, newRadioHome, OWNER_SEED, type RadioHome } from "../../sim/radio-home.ts";

const SSID = encodeUtf8("Ada's house");
const PASSPHRASE = "correct horse battery";
const WIFI = Object.freeze({ 1: SSID, 2: PASSPHRASE });

function lastTold({ rig }: RadioHome) {
	return rig.board.wifi.told.at(-1);
}

/** Every byte that the lock said, in logs and on record, but for the one record. */
function everythingBut(rig: LockRig, record: string): string {
	const records = [...rig.board.storage.records()].filter(([name]) => !name.includes(record));
	return [
		...rig.board.logs.map((line) => toHex(encodeUtf8(line))),
		...records.map(([, bytes]) => toHex(bytes)),
	].join("\n");
}

export default function suite(t: Suite): void {
	t.test("an owner sets the lock's Wi-Fi; the machine is told then and at each boot (T18)", ({ crypto }) => {
		const home = newRadioHome(crypto);
		const { rig, owner } = home;
		check.deepEqual(rig.board.wifi.told, [undefined]);
		check.equal(owner.ask("wifi.set", WIFI)?.status, "done", rig.log);
		check.deepEqual(lastTold(home), { ssid: SSID, passphrase: PASSPHRASE });
		const status = owner.ask("wifi.status");
		check.equal(status?.result.uint(0), 1);
		check.bytes(status!.result.bytes(1, { min: 1, max: 32 })!, SSID);
		rig.boot();
		check.equal(rig.board.wifi.told.length, 3);
		check.deepEqual(lastTold(home), { ssid: SSID, passphrase: PASSPHRASE });
	});

	t.test(
		"none at all, an open network and a key of 64 digits are set as they are said (T15)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const ask = (args: object) => home.owner.ask("wifi.set", args as Record<number, string>)?.status;
			check.equal(ask({ 1: SSID }), "done");
			check.deepEqual(lastTold(home), { ssid: SSID });
			check.equal(ask({ 1: SSID, 2: "0123456789abcdefABCDEF".padEnd(64, "7") }), "done");
			check.equal(ask({ 1: Uint8Array.of(0), 2: " ~".repeat(4) }), "done");
			check.equal(ask({ 1: new Uint8Array(32), 2: "x".repeat(63) }), "done");
			check.equal(ask({}), "done");
			check.equal(lastTold(home), undefined);
			check.ok(home.owner.ask("wifi.status")?.result.has(1) === false);
		},
	);

	t.test("what no station takes is refused as unreadable and changes nothing (T15, I7, I9)", ({ crypto }) => {
		const home = newRadioHome(crypto);
		const { rig, owner } = home;
		check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
		const told = rig.board.wifi.told.length;
		const before = rig.board.storage.read("network", "wifi")!;
		const refused: readonly object[] = [
			{ 1: new Uint8Array(0), 2: PASSPHRASE },
			{ 1: new Uint8Array(33), 2: PASSPHRASE },
			{ 1: SSID, 2: "x".repeat(7) },
			{ 1: SSID, 2: "g".repeat(64) },
			{ 1: SSID, 2: "x".repeat(65) },
			{ 1: SSID, 2: "line\nbreak" },
			{ 1: SSID, 2: "schön und gut" },
			{ 1: SSID, 2: encodeUtf8(PASSPHRASE) },
			{ 1: "text", 2: PASSPHRASE },
			{ 2: PASSPHRASE },
			{ 1: SSID, 2: PASSPHRASE, 3: 1 },
			{ 0: 1 },
		];
		for (const args of refused) {
			check.equal(
				owner.ask("wifi.set", args as Record<number, string>)?.status,
				"unknown-command",
				toHex(SSID),
			);
		}
		check.equal(owner.ask("wifi.status", { 0: 1 })?.status, "unknown-command");
		check.equal(rig.board.wifi.told.length, told);
		check.bytes(rig.board.storage.read("network", "wifi")!, before);
	});

	t.test("neither a member nor a stranger sets the Wi-Fi or learns its name (T9)", ({ crypto }) => {
		const home = newRadioHome(crypto);
		const { rig, owner, label } = home;
		check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
		const { phone } = addMember(crypto, home, 15);
		check.equal(phone.ask("wifi.set", { 1: SSID, 2: "another passphrase" })?.status, "not-permitted");
		check.equal(phone.ask("wifi.status")?.status, "not-permitted");
		const stranger = new PhoneRig(rig, crypto, label, 99);
		stranger.connect();
		check.ok(stranger.closed || stranger.ask("wifi.set", {})?.status !== "done");
		check.deepEqual(lastTold(home), { ssid: SSID, passphrase: PASSPHRASE });
	});

	t.test(
		"the passphrase is in its one record and in no log, entry, report or reply (I1, T14)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
			check.equal(owner.ask("wifi.set", { 1: SSID, 2: "nonsense\n" })?.status, "unknown-command");
			for (const command of ["wifi.status", "status", "health", "log.read"] as const) {
				const reply = owner.ask(command, command === "log.read" ? { 0: 1, 1: 16 } : undefined);
				check.equal(reply?.status, "done");
				for (const value of reply!.result.values()) {
					const said = value instanceof Uint8Array ? toHex(value) : JSON.stringify(value);
					check.ok(!said.includes(toHex(encodeUtf8(PASSPHRASE))) && !said.includes(PASSPHRASE), command);
				}
			}
			rig.boot();
			const said = everythingBut(rig, "wifi");
			check.ok(said.length > 1000);
			for (const secret of [encodeUtf8(PASSPHRASE), SSID])
				check.ok(!said.includes(toHex(secret)), "it is elsewhere");
			const record = toHex(rig.board.storage.read("network", "wifi")!);
			check.ok(record.includes(toHex(encodeUtf8(PASSPHRASE))), "the search would find it");
		},
	);

	t.test(
		"a factory reset wipes the credentials, and the machine is told that there are none (T20)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
			rig.hold(LIMITS.resetHoldMs + 100);
			rig.advance(LIMITS.resetGraceMs + 1000);
			rig.boot();
			check.equal(rig.board.storage.read("network", "wifi"), undefined);
			check.equal(lastTold(home), undefined);
		},
	);

	t.test(
		"a factory reset wipes the credentials of a board whose radio does not start, and no later boot joins them (T20)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
			rig.board.wifi.starts = false;
			rig.boot();
			const told = rig.board.wifi.told.length;
			rig.hold(LIMITS.resetHoldMs + 100);
			rig.advance(LIMITS.resetGraceMs + 1000);
			check.equal(rig.board.storage.read("network", "wifi"), undefined);
			check.ok(rig.log.includes("reset: done"));
			rig.board.wifi.starts = true;
			rig.boot();
			check.equal(rig.board.wifi.told.length, told + 1);
			check.equal(lastTold(home), undefined);
		},
	);

	t.test(
		"a reset that cannot wipe the credentials is not finished: nobody is served, nothing is joined, and it goes on at a later boot (T20)",
		({ crypto }) => {
			const home = newRadioHome(crypto);
			const { rig, owner } = home;
			check.equal(owner.ask("wifi.set", WIFI)?.status, "done");
			rig.board.wifi.starts = false;
			rig.boot();
			rig.board.wifi.forgetFails = true;
			const told = rig.board.wifi.told.length;
			rig.hold(LIMITS.resetHoldMs + 100);
			rig.advance(LIMITS.resetGraceMs + 1000);
			check.ok(rig.log.includes("reset: not finished, io"), rig.log.slice(-300));
			rig.board.wifi.starts = true;
			rig.boot();
			check.ok(rig.board.storage.read("network", "wifi") !== undefined);
			check.equal(rig.board.wifi.told.length, told, "joined by a lock that is to forget it");
			rig.board.wifi.forgetFails = false;
			rig.boot();
			check.equal(rig.board.storage.read("network", "wifi"), undefined);
			check.equal(lastTold(home), undefined);
		},
	);

	t.test(
		"credentials change a few times at once and not without end; setting the same again is free (T16)",
		({ crypto }) => {
			const { rig, owner, label } = newRadioHome(crypto);
			for (let count = 0; count < LIMITS.wifiSetsBurst; count++) {
				check.equal(owner.ask("wifi.set", { 1: SSID, 2: `passphrase ${count}` })?.status, "done");
				if (count + 1 < LIMITS.wifiSetsBurst)
					check.equal(owner.ask("wifi.set", { 1: SSID, 2: `passphrase ${count}` })?.status, "done");
			}
			const writes = rig.board.wifi.told.length;
			check.equal(owner.ask("wifi.set", WIFI)?.status, "try-later");
			check.equal(rig.board.wifi.told.length, writes);
			rig.advance(LIMITS.localIdleMs);
			rig.advance(3_600_000 / LIMITS.wifiSetsPerHour - LIMITS.localIdleMs);
			const later = new PhoneRig(new BleWire(rig.board), crypto, label, OWNER_SEED);
			later.connect();
			check.equal(later.ask("wifi.set", WIFI)?.status, "done", rig.log.slice(-300));
		},
	);

	t.test("a machine without Wi-Fi or radio knows no such commands (T9)", ({ crypto }) => {
		const { owner } = newPairedLock(crypto);
		check.equal(owner.ask("wifi.set", WIFI)?.status, "unknown-command");
		check.equal(owner.ask("wifi.status")?.status, "unknown-command");
		check.equal(owner.ask("radio.key")?.status, "unknown-command");
	});
}
