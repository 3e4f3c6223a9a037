/**
 * What the relay remembers of network addresses: how many connections each has, how fast it makes new ones and opens
 * channels. An IPv6 /64 is one address. The table is bounded: idle entries go first, then the oldest.
 */
import type { RelayLimits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What of a server's limits the table goes by. */
export type AddressLimits = Pick<
	RelayLimits,
	"connectsBurst" | "connectsPerMinute" | "opensBurst" | "opensPerMinute" | "addressesRemembered"
>;

interface AddressState {
	connections: number;
	readonly connects: TokenBucket;
	readonly opens: TokenBucket;
}

/** The part of an address that one customer of a network holds: an IPv4 address, or an IPv6 /64. */
export function addressGroup(address: string): string {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
	if (mapped !== null) return mapped[1]!;
	if (!address.includes(":")) return address;
	const [head = "", tail = ""] = address.split("%")[0]!.split("::", 2);
	const left = head === "" ? [] : head.split(":");
	const right = tail === "" ? [] : tail.split(":");
	const zeros = address.includes("::")
		? new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0")
		: [];
	return `${[...left, ...zeros, ...right].slice(0, 4).join(":").toLowerCase()}::/64`;
}

export class AddressTable {
	readonly #limits: AddressLimits;
	readonly #connectionsPerAddress: number;
	readonly #states = new Map<string, AddressState>();

	constructor(limits: AddressLimits, connectionsPerAddress: number) {
		this.#limits = limits;
		this.#connectionsPerAddress = connectionsPerAddress;
	}

	get size(): number {
		return this.#states.size;
	}

	/** Counts a new connection; false when it must be refused, and then it is not counted. */
	connect(group: string, nowMs: number): boolean {
		const state = this.#state(group, nowMs);
		if (!state.connects.take(1, nowMs) || state.connections >= this.#connectionsPerAddress) return false;
		state.connections++;
		return true;
	}

	disconnect(group: string): void {
		const state = this.#states.get(group);
		if (state !== undefined && state.connections > 0) state.connections--;
	}

	/** Counts an attempt to open a channel; false when there were too many. */
	open(group: string, nowMs: number): boolean {
		return this.#state(group, nowMs).opens.take(1, nowMs);
	}

	#state(group: string, nowMs: number): AddressState {
		const known = this.#states.get(group);
		if (known !== undefined) return known;
		if (this.#states.size >= this.#limits.addressesRemembered) this.#evict(nowMs);
		const { connectsBurst, connectsPerMinute, opensBurst, opensPerMinute } = this.#limits;
		const state: AddressState = {
			connections: 0,
			connects: new TokenBucket(connectsBurst, connectsPerMinute, nowMs),
			opens: new TokenBucket(opensBurst, opensPerMinute, nowMs),
		};
		this.#states.set(group, state);
		return state;
	}

	#evict(nowMs: number): void {
		let oldestIdle: string | undefined;
		for (const [group, state] of this.#states) {
			if (state.connections > 0) continue;
			oldestIdle ??= group;
			if (state.connects.isFull(nowMs) && state.opens.isFull(nowMs)) this.#states.delete(group);
		}
		const victim = oldestIdle ?? this.#states.keys().next().value;
		if (this.#states.size >= this.#limits.addressesRemembered && victim !== undefined)
			this.#states.delete(victim);
	}
}
