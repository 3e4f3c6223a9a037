/** Structural equality and short descriptions of values for the test harness; runs on both engines. */
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";

const DESCRIBED_CHARACTERS = 600;

export function sameValue(a: unknown, b: unknown): boolean {
	if (Object.is(a, b)) return true;
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
	if (a instanceof Uint8Array || b instanceof Uint8Array) {
		return a instanceof Uint8Array && b instanceof Uint8Array && bytesEqual(a, b);
	}
	if (Array.isArray(a) || Array.isArray(b)) {
		if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
		return a.every((item, index) => sameValue(item, b[index]));
	}
	if (a instanceof Map || b instanceof Map) {
		return a instanceof Map && b instanceof Map && sameValue([...a], [...b]);
	}
	if (a instanceof Set || b instanceof Set) {
		return a instanceof Set && b instanceof Set && sameValue([...a], [...b]);
	}
	const keysOfA = Object.keys(a).sort();
	if (!sameValue(keysOfA, Object.keys(b).sort())) return false;
	return keysOfA.every((key) =>
		sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
	);
}

function write(value: unknown, depth: number): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (typeof value === "bigint") return `${value}n`;
	if (typeof value === "number" && Object.is(value, -0)) return "-0";
	if (typeof value !== "object" || value === null) return String(value);
	if (value instanceof Uint8Array) return `h'${toHex(value.subarray(0, DESCRIBED_CHARACTERS))}'`;
	if (value instanceof Error) return `${value.name}: ${value.message}`;
	if (depth === 0) return "…";
	if (Array.isArray(value)) return `[${value.map((item) => write(item, depth - 1)).join(", ")}]`;
	const entries: readonly (readonly [unknown, unknown])[] =
		value instanceof Map
			? [...value]
			: value instanceof Set
				? [...value].map((item) => [item, true] as const)
				: Object.entries(value);
	const shown = entries.map(([key, item]) => `${write(key, depth - 1)}: ${write(item, depth - 1)}`);
	return `{${shown.join(", ")}}`;
}

export function describe(value: unknown): string {
	const text = write(value, 6);
	return text.length > DESCRIBED_CHARACTERS ? `${text.slice(0, DESCRIBED_CHARACTERS)}…` : text;
}
