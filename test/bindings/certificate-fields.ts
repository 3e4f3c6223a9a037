/** What two chains differ in, by the names of RFC 5280 4.1: for tests that promise to change one thing. */
import type { ChainCase } from "./chain-case.ts";
import { OID } from "./issue.ts";

interface Element {
	readonly tag: number;
	readonly content: Buffer;
	readonly whole: Buffer;
}

/** Splits well-formed DER; undefined when it is not. */
function elementsOf(bytes: Buffer): Element[] | undefined {
	const elements: Element[] = [];
	for (let at = 0; at < bytes.length; ) {
		const first = bytes[at + 1];
		if (first === undefined) return undefined;
		const sizes = first < 0x80 ? 0 : first & 0x7f;
		if (sizes > 3 || at + 2 + sizes > bytes.length) return undefined;
		const start = at + 2 + sizes;
		const end = start + (sizes === 0 ? first : bytes.readUIntBE(at + 2, sizes));
		if (end > bytes.length) return undefined;
		elements.push({ tag: bytes[at]!, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
		at = end;
	}
	return elements;
}

const EXTENSION_NAMES: ReadonlyMap<string, string> = new Map(
	Object.entries(OID).map(([name, id]) => [id, name]),
);

function dotted(content: Buffer): string {
	const arcs: number[] = [];
	let arc = 0;
	for (const byte of content) {
		arc = arc * 128 + (byte & 127);
		if (byte < 128) {
			arcs.push(arc);
			arc = 0;
		}
	}
	const [first = 0, ...rest] = arcs;
	return [
		Math.min(2, Math.floor(first / 40)),
		first - 40 * Math.min(2, Math.floor(first / 40)),
		...rest,
	].join(".");
}

const TBS_FIELDS = Object.freeze(["serial", "algorithm", "issuer", "validity", "subject", "key"]);

/** Field -> its bytes; one field "encoding" for what is no certificate at all. */
function fieldsOf(der: Buffer): ReadonlyMap<string, string> {
	const broken = new Map([["encoding", der.toString("hex")]]);
	const outer = elementsOf(der);
	const [tbs, algorithm, signature] = elementsOf(outer?.[0]?.content ?? Buffer.alloc(0)) ?? [];
	const parts = tbs === undefined ? undefined : elementsOf(tbs.content);
	if (outer?.length !== 1 || parts === undefined || algorithm === undefined || signature === undefined)
		return broken;
	const fields = new Map<string, string>();
	fields.set("outer algorithm", algorithm.whole.toString("hex"));
	fields.set("signature", signature.whole.toString("hex"));
	if (parts[0]?.tag === 0xa0) fields.set("version", parts.shift()!.whole.toString("hex"));
	for (const name of TBS_FIELDS) fields.set(name, parts.shift()?.whole.toString("hex") ?? "");
	for (const part of parts) {
		if (part.tag === 0xa3) addExtensions(part.content, fields);
		else fields.set(`unique id ${part.tag & 15}`, part.whole.toString("hex"));
	}
	return fields;
}

function addExtensions(wrapped: Buffer, fields: Map<string, string>): void {
	for (const extension of elementsOf(elementsOf(wrapped)?.[0]?.content ?? Buffer.alloc(0)) ?? []) {
		const id = dotted(elementsOf(extension.content)?.[0]?.content ?? Buffer.alloc(0));
		const name = EXTENSION_NAMES.get(id) ?? id;
		fields.set(name, (fields.get(name) ?? "") + extension.whole.toString("hex"));
	}
}

function changesOf(position: string, a: Buffer, b: Buffer, resigned: boolean): string[] {
	if (a.equals(b)) return [];
	const left = fieldsOf(a);
	const right = fieldsOf(b);
	const names = new Set(
		[...left.keys(), ...right.keys()].filter((name) => left.get(name) !== right.get(name)),
	);
	if (names.has("encoding")) return [`${position} encoding`];
	// One change of what is signed changes the signature; both places of the algorithm are one choice of the signer's.
	if (names.size > 1 || resigned) names.delete("signature");
	if (names.has("algorithm")) names.delete("outer algorithm");
	if (names.size === 0) return resigned ? [] : [`${position} encoding`];
	return [...names].map((name) => `${position} ${name}`);
}

const keyOf = (der: Buffer | undefined): string | undefined => der && fieldsOf(der).get("key");

/** Every field in which the hostile chain, or what is asked about it, is not its twin. */
export function differences(twin: ChainCase, hostile: ChainCase): string[] {
	const changes: string[] = [];
	for (const name of ["server", "at", "kind"] as const) if (twin[name] !== hostile[name]) changes.push(name);
	if (JSON.stringify(twin.pins ?? []) !== JSON.stringify(hostile.pins ?? [])) changes.push("pins");
	for (const list of ["roots", "chain"] as const)
		if (twin[list].length !== hostile[list].length) changes.push(list);
	const lists = [twin, hostile].map((each) => [
		...(changes.includes("chain") ? [] : each.chain),
		...(changes.includes("roots") ? [] : each.roots),
	]);
	const anyKeyChanged = lists[0]!.some(
		(der, index) => keyOf(Buffer.from(der)) !== keyOf(Buffer.from(lists[1]![index]!)),
	);
	lists[0]!.forEach((der, index) => {
		const isRoot = !changes.includes("chain") && index >= twin.chain.length;
		const position = isRoot ? "root" : index === 0 ? "leaf" : "intermediate";
		changes.push(...changesOf(position, Buffer.from(der), Buffer.from(lists[1]![index]!), anyKeyChanged));
	});
	return changes;
}
