/**
 * What the pins of a lock did, as edges over one clock in microseconds: outputs and inputs by role, and the supplies around it. It keeps
 * a bounded number of edges, the oldest, and says when there were more.
 */
import type { RigRole } from "./rig-message.ts";

export interface Edge {
	readonly role: RigRole;
	readonly level: boolean;
	readonly atUs: number;
}

/** From an output's rise to its fall; undefined: it was still energised at the end. */
export interface Pulse {
	readonly fromUs: number;
	readonly toUs: number | undefined;
}

const EDGES_MAX = 4_096;

export class Trace {
	readonly #levels = new Map<RigRole, boolean>();
	/** What was high when the edges begin. */
	#highAtStart: ReadonlySet<RigRole> = new Set();
	readonly #listeners = new Set<(edge: Edge) => void>();
	#edges: Edge[] = [];
	#isCut = false;

	/** Edges that are none are passed over. */
	record(role: RigRole, level: boolean, atUs: number): void {
		if (this.level(role) === level) return;
		this.#levels.set(role, level);
		const edge = { role, level, atUs };
		if (this.#edges.length < EDGES_MAX) this.#edges.push(edge);
		else this.#isCut = true;
		for (const listener of [...this.#listeners]) listener(edge);
	}

	/** The last known level; low before anything was said. */
	level(role: RigRole): boolean {
		return this.#levels.get(role) ?? false;
	}

	get edges(): readonly Edge[] {
		return this.#edges;
	}

	/** There were more edges than are kept. */
	get isCut(): boolean {
		return this.#isCut;
	}

	/** What was high before the first edge: no rise of it is among the edges. */
	get highAtStart(): ReadonlySet<RigRole> {
		return this.#highAtStart;
	}

	/** What is high now. */
	get high(): ReadonlySet<RigRole> {
		return new Set([...this.#levels].filter(([, level]) => level).map(([role]) => role));
	}

	/** What was high before the edge of this number. */
	highAt(mark: number): ReadonlySet<RigRole> {
		const high = new Set(this.#highAtStart);
		for (const { role, level } of this.#edges.slice(0, mark)) {
			if (level) high.add(role);
			else high.delete(role);
		}
		return high;
	}

	/** Levels stay, edges go. */
	clear(): void {
		this.#highAtStart = this.high;
		this.#edges = [];
		this.#isCut = false;
	}

	/** Calls back at each edge; the return ends that. */
	listen(listener: (edge: Edge) => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}
}

/** Of one role, in order. A fall without a rise before it is none. */
export function pulsesOf(edges: readonly Edge[], role: RigRole): readonly Pulse[] {
	const pulses: Pulse[] = [];
	let fromUs: number | undefined;
	for (const edge of edges) {
		if (edge.role !== role) continue;
		if (edge.level) fromUs ??= edge.atUs;
		else if (fromUs !== undefined) {
			pulses.push({ fromUs, toUs: edge.atUs });
			fromUs = undefined;
		}
	}
	if (fromUs !== undefined) pulses.push({ fromUs, toUs: undefined });
	return pulses;
}

/** Whether two roles were ever high at once; `highAtStart`: what was high before the first edge. */
export function everTogether(
	edges: readonly Edge[],
	one: RigRole,
	other: RigRole,
	highAtStart: ReadonlySet<RigRole> = new Set(),
): boolean {
	const high = new Set([one, other].filter((role) => highAtStart.has(role)));
	if (high.size === 2) return true;
	return edges.some(({ role, level }) => {
		if (role !== one && role !== other) return false;
		if (level) high.add(role);
		else high.delete(role);
		return high.size === 2;
	});
}
