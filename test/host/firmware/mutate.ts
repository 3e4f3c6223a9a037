/** Tries to change everything that a program can reach, built-ins and preloaded modules, and collects afterwards. */
import * as frozen from "./frozen.ts";

// Kept before they can be replaced.
const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, defineProperty, set, setPrototypeOf } = Reflect;
const print = trace;
const collect = native<() => { heapSize: number }>("xs_system_heap_report");
const reboot = native<() => never>("xs_system_reboot");
const seen = new Set<object>();
const open: object[] = [globalThis, frozen];

function attempt(change: () => unknown): void {
	try {
		change();
	} catch {
		// Refused, which is what a frozen object does.
	}
}

function visit(value: unknown): void {
	if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
	seen.add(value);
	open.push(value);
}

function visitProperties(target: object): void {
	for (const name of ownKeys(target)) {
		const property = getOwnPropertyDescriptor(target, name);
		if (property === undefined) continue;
		visit(property.value);
		visit(property.get);
		visit(property.set);
	}
	visit(getPrototypeOf(target));
}

type Loose = Record<PropertyKey, unknown>;

function mutate(target: Loose): void {
	attempt(() => defineProperty(target, "planted", { value: 1, configurable: true, writable: true }));
	attempt(() => {
		target.assigned = {};
	});
	for (const name of ownKeys(target)) {
		const former = getOwnPropertyDescriptor(target, name);
		attempt(() => set(target, name, () => "changed", target));
		attempt(() => defineProperty(target, name, { enumerable: !former?.enumerable }));
		if (former !== undefined) attempt(() => defineProperty(target, name, former));
	}
	attempt(() => setPrototypeOf(target, {}));
	for (const method of [
		"push",
		"pop",
		"set",
		"add",
		"delete",
		"clear",
		"fill",
		"reverse",
		"setTime",
		"compile",
	]) {
		attempt(() => (target[method] as (...words: unknown[]) => unknown)("k", 1));
	}
	attempt(() => (target as { exec(text: string): unknown }).exec("bbc"));
	attempt(() => new WeakMap([[target, 1]]));
	attempt(() => new WeakRef(target));
	attempt(() => new Proxy(target, {}));
	attempt(() => structuredChange(target));
}

/** Deep inside: iteration and sorting of what is iterable. */
function structuredChange(target: Loose): void {
	const list = target as unknown as unknown[];
	if (Array.isArray(list)) list.sort().splice(0, 1);
}

while (open.length > 0) visitProperties(open.pop()!);
const kept = new Set<unknown>([trace, native, globalThis]);
for (const target of seen) if (!kept.has(target)) mutate(target as Loose);
const { heapSize } = collect();
print(`${seen.size} objects\n`);
if (heapSize > 0) reboot();
