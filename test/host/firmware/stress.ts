/**
 * A little of everything that allocates, for runs that collect at every allocation: what C or the frozen part lets
 * go too early shows as a wrong sum or a crash. Prints one line a part.
 */
import KeyValue from "embedded:storage/key-value";
import Timer from "timer";
import { bytesEqual, concatBytes, fromHex, toHex } from "../../../modules/base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../../modules/base/utf8.ts";
import { BYTES, computed, count, Door, greet, NAMES, plain, TABLE } from "./frozen.ts";

function say(part: string, value: unknown): void {
	trace(`${part}: ${String(value)}\n`);
}

function strings(): string {
	let text = "";
	for (let index = 0; index < 60; index++) text += String.fromCodePoint(97 + (index % 26), 0x1f511);
	const words = text.split("🔑").map((word) => word.toUpperCase().padStart(3, "-"));
	return words
		.join("")
		.replace(/-+([A-F])/g, (_, letter: string) => `<${letter}>`)
		.slice(0, 40);
}

function collections(): number {
	const map = new Map<string, { n: number }>();
	const set = new Set<number>();
	const weak = new WeakMap<object, number>();
	for (let index = 0; index < 80; index++) {
		const key = { n: index };
		map.set(`key${index % 20}`, key);
		weak.set(key, index);
		set.add(index % 7);
	}
	let sum = set.size;
	for (const [name, key] of map) sum += name.length + key.n + weak.get(key)!;
	return sum;
}

function* numbers(limit: number): Generator<number> {
	for (let index = 0; index < limit; index++) yield index;
}

function sequences(): string {
	const [first, , third, ...rest] = numbers(12);
	const sorted = [5, 3, 9, 1].map((n) => ({ n })).sort((a, b) => a.n - b.n);
	return JSON.stringify({ first, third, rest, sorted, nested: JSON.parse('{"a":[1,{"b":"é"}]}') });
}

class Counter {
	static #made = 0;
	#value = 0;
	constructor() {
		Counter.#made++;
	}
	add(n: number): this {
		this.#value += n;
		return this;
	}
	get value(): number {
		return this.#value * Counter.#made;
	}
}

function buffers(): string {
	const parts = Array.from({ length: 20 }, (_, index) => new Uint8Array(index).fill(index));
	const joined = concatBytes(...parts);
	const view = new DataView(joined.buffer);
	view.setFloat64(8, Math.PI);
	const copy = fromHex(toHex(joined))!;
	return `${bytesEqual(joined, copy)} ${toHex(copy.subarray(8, 16))} ${decodeUtf8(encodeUtf8("wörld€🔑"))}`;
}

function big(): string {
	let product = 1n;
	for (let index = 1n; index < 30n; index++) product *= index;
	return `${product} ${product % 1000007n} ${BigInt.asUintN(64, -product)}`;
}

function faults(): string {
	const seen: string[] = [];
	for (const run of [() => JSON.parse("{"), () => null!, () => BigInt("x"), () => new Uint8Array(-1)]) {
		try {
			seen.push(typeof run());
		} catch (error) {
			seen.push(`${(error as Error).name}${(error as Error).stack!.split("\n").length > 1}`);
		}
	}
	return seen.join();
}

function frozen(): string {
	plain.value++;
	return [
		greet(),
		TABLE.list.join("+"),
		NAMES.get("a"),
		BYTES.length,
		count(),
		new Door().knock(),
		plain.value,
	].join();
}

function fromFlash(): string {
	const { list, names, words, pattern } = computed;
	const copy = { ...computed, list: [...list], extra: computed.text.slice(2, 30) };
	const match = pattern.exec("aabbbcc")!;
	const parts: unknown[] = [
		copy.extra,
		list[0],
		list[1] + 1n,
		String(list[2]),
		list[3],
		Object.keys(computed).join("-"),
		[...names].join(":"),
		[...words].join(),
		match.slice(1).join("+"),
		computed.bound(4),
		computed.getter,
		computed.plus(2n),
		computed.date.toISOString(),
		computed.error.message,
		computed.text.replace(/computed/g, (word) => word.toUpperCase()).length,
	];
	return parts.join("|");
}

function storage(): string {
	const records = KeyValue.open({ path: "stress" });
	for (let index = 0; index < 6; index++) records.write(`r${index}`, new Uint8Array(100 * index).fill(index));
	const lengths = [...records].sort().map((name) => (records.read(name) as ArrayBuffer).byteLength);
	return lengths.join();
}

async function promises(): Promise<string> {
	const later = (ms: number): Promise<number> =>
		new Promise((resolve) => void Timer.set(() => resolve(ms), ms));
	const settled = await Promise.allSettled([later(3), Promise.reject(new Error("no")), later(1)]);
	let sum = 0;
	for await (const n of numbers(10)) sum += n;
	return `${settled.map(({ status }) => status).join()} ${sum}`;
}

for (let round = 0; round < 3; round++) {
	say("strings", strings());
	say("collections", collections());
	say("sequences", sequences());
	say("private", new Counter().add(2).add(3).value);
	say("buffers", buffers());
	say("big", big());
	say("faults", faults());
	say("frozen", frozen());
	say("from flash", fromFlash());
	say("storage", storage());
	say("promises", await promises());
}
native<() => never>("xs_system_reboot")();
