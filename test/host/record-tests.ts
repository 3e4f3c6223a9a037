/** Records through embedded:storage/key-value: values, names, faults of the flash, damage. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder, readBytes, runSource, type Variant } from "./board.ts";
import type { HostTest } from "./run.ts";

const HEAD = `import KeyValue from "embedded:storage/key-value";
	const storage = KeyValue.open({ path: "test" });
	const reason = (run) => { try { return run() ?? "none"; } catch (error) { return error.code ?? error.name; } };
	const say = (...words) => trace(words.join(" ") + "\\n");
	const text = (key) => { const value = storage.read(key); return value === undefined ? "absent" : new TextDecoder().decode(value); };
	const bytes = (words) => new TextEncoder().encode(words);
	`;
const TAIL = `\nnative("xs_system_reboot")();`;

let sources = 0;

async function lines(source: string, state = newFolder(), variant: Variant = "plain"): Promise<string[]> {
	const end = await runSource(`records${sources++}`, HEAD + source + TAIL, { state, variant });
	assert.equal(end.status, 80, end.stderr);
	return end.stdout.trim().split("\n");
}

export const recordTests: readonly HostTest[] = [
	{
		name: "records survive a reboot: written, replaced, deleted, listed, per domain",
		run: async () => {
			const state = newFolder();
			await lines(
				`storage.write("a", bytes("one")); storage.write("b", bytes("two")); storage.write("a", bytes("three")); storage.write("empty", bytes(""));
				storage.delete("b"); storage.delete("never"); KeyValue.open({ path: "other" }).write("a", bytes("elsewhere"));`,
				state,
			);
			const found = await lines(
				`say(text("a"), text("b"), "[" + text("empty") + "]", [...storage].sort().join()); say(KeyValue.open({ path: "other", format: "string" }).read("a"));`,
				state,
			);
			assert.deepEqual(found, ["three absent [] a,empty", "elsewhere"]);
			assert.deepEqual(readdirSync(state).sort(), ["other,a.rec", "test,a.rec", "test,empty.rec"]);
		},
	},
	{
		name: "names are 1 to 15 bytes of NVS's own, anything else is refused and writes nothing",
		run: async () => {
			const state = newFolder();
			const found = await lines(
				`for (const name of ["", "0123456789abcdef", "a/b", "../a", "a b", "é", "a,b", "0123456789abcde", "A-z_0."]) say(reason(() => storage.write(name, bytes("x"))));
				for (const path of ["", "0123456789abcdef", "../up"]) say(reason(() => KeyValue.open({ path }).write("a", bytes("x"))));`,
				state,
			);
			assert.deepEqual(found.slice(7, 9), ["none", "none"]);
			assert.ok(
				[...found.slice(0, 7), ...found.slice(9)].every((word) => word !== "none"),
				found.join(),
			);
			assert.deepEqual(readdirSync(state).sort(), ["test,0123456789abcde.rec", "test,A-z_0..rec"]);
		},
	},
	{
		name: "the domains of keys, of the seed and of the network are closed to JavaScript: read, write, delete and list (I1, T14)",
		run: async () => {
			const state = newFolder();
			await lines(
				`native("xs_lk_key_generate")("device", 1, 0); native("xs_lk_random")(new Uint8Array(8)); native("xs_lk_wifi_keep")(bytes("net"), "passphrase");`,
				state,
			);
			const kept = ["entropy,seed.rec", "keys,device.rec", "network,wifi.rec"];
			assert.deepEqual(readdirSync(state).sort(), kept);
			const before = kept.map((file) => readBytes(join(state, file)));
			const found = await lines(
				`for (const [path, key] of [["keys", "device"], ["entropy", "seed"], ["network", "wifi"], ["Keys", "device"]]) {
					const closed = KeyValue.open({ path });
					say(reason(() => closed.read(key)), reason(() => closed.write("new", bytes("x"))), reason(() => closed.delete(key)), reason(() => [...closed].join()));
				}`,
				state,
			);
			const refused = "RangeError RangeError RangeError RangeError";
			assert.deepEqual(found, [refused, refused, refused, "none none none new"]);
			assert.deepEqual(readdirSync(state).sort(), ["Keys,new.rec", ...kept]);
			assert.deepEqual(
				kept.map((file) => readBytes(join(state, file))),
				before,
			);
		},
	},
	{
		name: "what reads a probe's files does not read the board's flash, by whatever path (I1)",
		run: async () => {
			const state = newFolder();
			const beside = `${state}-beside`;
			writeFileSync(beside, "file");
			const found = await lines(
				`storage.write("a", bytes("x")); const read = native("xs_probe_file"); const folder = ${JSON.stringify(state)};
				const paths = ["", "/.", "/../" + folder.slice(folder.lastIndexOf("/") + 1)].map((way) => folder + way + "/test,a.rec");
				for (let descriptor = 3; descriptor < 12; descriptor++) paths.push("/proc/self/fd/" + descriptor + "/test,a.rec");
				say(paths.map((path) => typeof read(path)).join()); say(read(${JSON.stringify(beside)}).byteLength);`,
				state,
			);
			assert.deepEqual(found, [Array(12).fill("undefined").join(), "4"]);
		},
	},
	{
		name: "a value larger than a record is refused, and the old one stands",
		run: async () => {
			const found = await lines(
				`storage.write("a", bytes("old")); say(reason(() => storage.write("a", new Uint8Array(16385))), text("a")); say(reason(() => storage.write("b", new Uint8Array(16384))), storage.read("b").byteLength);`,
			);
			assert.deepEqual(found, ["record/too-large old", "none 16384"]);
		},
	},
	{
		name: "a storage that is closed or opened to read writes nothing",
		run: async () => {
			const found =
				await lines(`const reader = KeyValue.open({ path: "test", mode: "r" }); say(reason(() => reader.write("a", bytes("x"))), reason(() => reader.delete("a")), text("a"));
				storage.close(); storage.close(); say(reason(() => storage.read("a")));`);
			assert.deepEqual(found, ["TypeError TypeError absent", "TypeError"]);
		},
	},
	{
		name: "a full flash keeps the old record, at whatever byte it fills, and later writes work",
		run: async () => {
			const state = newFolder();
			const found = await lines(
				`storage.write("a", bytes("old")); const fault = native("xs_files_fault"); const seen = new Set();
				for (let left = 0; left <= 115; left++) { fault("full:" + left); seen.add(reason(() => storage.write("a", new Uint8Array(100))) + " " + text("a")); }
				say([...seen].join("; ")); fault(""); storage.write("a", bytes("new")); say(text("a"));`,
				state,
				"recorder",
			);
			assert.deepEqual(found, ["record/full old", "new"]);
			assert.deepEqual(readdirSync(state), ["test,a.rec"]);
		},
	},
	{
		name: "a flash that fails at any operation leaves the old record or the new one",
		run: async () => {
			const found = await lines(
				`const fault = native("xs_files_fault"); const seen = [];
				for (let at = 0; at < 8; at++) { storage.write("a", bytes("old")); fault("io:" + at); const outcome = reason(() => storage.write("a", bytes("new"))); fault(""); seen.push(outcome + " " + text("a")); }
				say(seen.join("; "));`,
				newFolder(),
				"recorder",
			);
			const outcomes = found[0]!.split("; ");
			assert.deepEqual(outcomes.slice(0, 4), Array(4).fill("record/io old"));
			assert.deepEqual(outcomes.slice(-1), ["none new"]);
			assert.ok(
				outcomes.every((outcome) => /^(record\/io (old|new)|none new)$/.test(outcome)),
				found[0],
			);
		},
	},
	{
		name: "a record with any byte changed, cut or added is corrupt, not absent and not another value",
		run: async () => {
			const state = newFolder();
			await lines(`storage.write("a", bytes("a value of some length"));`, state);
			const path = join(state, "test,a.rec");
			const whole = readBytes(path);
			const damaged: Uint8Array[] = [
				new Uint8Array(0),
				whole.slice(0, 15),
				whole.slice(0, -1),
				Uint8Array.of(...whole, 0),
			];
			for (let at = 0; at < whole.length; at++) {
				const copy = Uint8Array.from(whole);
				copy[at]! ^= 1 << (at % 8);
				damaged.push(copy);
			}
			for (const bytes of damaged) {
				writeFileSync(path, bytes);
				assert.deepEqual(await lines(`say(reason(() => text("a")));`, state), ["record/corrupt"]);
			}
			writeFileSync(path, whole);
			assert.deepEqual(await lines(`say(text("a"));`, state), ["a value of some length"]);
		},
	},
	{
		name: "a record moved to another name is corrupt",
		run: async () => {
			const state = newFolder();
			await lines(`storage.write("a", bytes("mine"));`, state);
			writeFileSync(join(state, "test,b.rec"), readBytes(join(state, "test,a.rec")));
			assert.deepEqual(await lines(`say(text("a"), reason(() => text("b")));`, state), [
				"mine record/corrupt",
			]);
		},
	},
	{
		name: "what a cut left half written is cleared away at boot, and nothing else is",
		run: async () => {
			const state = newFolder();
			await lines(`storage.write("a", bytes("kept"));`, state);
			for (const name of ["test,a.new", "test,b.new", "other,x.new", "notes.txt"])
				writeFileSync(join(state, name), "x");
			assert.deepEqual(await lines(`say(text("a"));`, state), ["kept"]);
			assert.deepEqual(readdirSync(state).sort(), ["notes.txt", "test,a.rec"]);
		},
	},
	{
		name: "bytes written are counted: what a flash would have to take",
		run: async () => {
			const found = await lines(
				`const count = native("xs_record_bytes_written"); const before = count(); storage.write("a", new Uint8Array(100)); say(count() - before); storage.read("a"); storage.delete("a"); say(count() - before);`,
			);
			assert.deepEqual(found, ["116", "116"]);
		},
	},
];
