/**
 * What a rig does behind its line (docs/RIG.md 4), without its wires: it numbers and keeps events, answers commands, trips. The
 * simulator (rig-simulator.ts) is this with a simulated board; the firmware of a real rig does the same. A command that comes again is
 * answered again and not done again. It begins with nothing driven and every relay open.
 */
import { unreachable } from "../../modules/base/assert.ts";
import { encodeRigLine, RigLineReader } from "./rig-line.ts";
import {
	RIG_LIMITS,
	RIG_VERSION,
	type RigAnswer,
	type RigCode,
	type RigCommand,
	type RigEvent,
	type RigIdentity,
	type RigRole,
	type RigWay,
} from "./rig-message.ts";

export interface RigChannel {
	readonly role: RigRole;
	readonly way: RigWay;
}

export interface RigCoreOptions {
	readonly identity: RigIdentity;
	/** Eight hexadecimal digits, other ones at each start. */
	readonly boot: string;
	readonly channels: readonly RigChannel[];
	/** Events that it keeps. */
	readonly kept: number;
	/** Its own clock, from 0 at its start. */
	readonly nowUs: () => number;
	/** Calls back once, so many microseconds later; the return cancels. */
	readonly after: (delayUs: number, callback: () => void) => () => void;
	readonly send: (line: Uint8Array) => void;
	/** Puts a level onto the wire of a channel that drives, or switches a relay. */
	readonly drive: (channel: number, level: boolean) => void;
}

export class RigCore {
	readonly #options: RigCoreOptions;
	readonly #reader = new RigLineReader();
	readonly #levels: boolean[];
	readonly #events: RigEvent[] = [];
	#last = 0;
	#answered: { readonly id: number; readonly answer: RigAnswer } | undefined;
	#trip: Extract<RigCommand, { verb: "trip" }> | undefined;
	#cancelTrip: (() => void) | undefined;

	constructor(options: RigCoreOptions) {
		this.#options = options;
		this.#levels = options.channels.map(() => false);
	}

	/** Bytes of the line. */
	receive(bytes: Uint8Array): void {
		this.#reader.push(bytes, (message) => {
			if (message.kind === "command") this.#answer(message.id, message.command);
		});
	}

	/** A wire changed, by somebody else. What is no change is no event. */
	edge(channel: number, level: boolean, atUs: number): void {
		if (this.#levels[channel] === level || this.#options.channels[channel] === undefined) return;
		this.#levels[channel] = level;
		const event = { sequence: ++this.#last, atUs, channel, level };
		this.#events.push(event);
		if (this.#events.length > this.#options.kept) this.#events.shift();
		this.#send(event);
		const trip = this.#trip;
		if (trip?.when === channel && trip.whenLevel === level && this.#cancelTrip === undefined)
			this.#start(trip);
	}

	/** Every 200 ms: says that it is there, and what the last event was. */
	tick(): void {
		const { boot, nowUs, send } = this.#options;
		send(encodeRigLine({ kind: "tick", boot, atUs: nowUs(), last: this.#last }));
	}

	#send(event: RigEvent): void {
		const { boot, send } = this.#options;
		send(encodeRigLine({ kind: "event", boot, event }));
	}

	#answer(id: number, command: RigCommand): void {
		const again = this.#answered?.id === id && command.verb !== "hello";
		const answer = again ? this.#answered!.answer : this.#obey(command);
		this.#answered = { id, answer };
		const { boot, send } = this.#options;
		send(encodeRigLine({ kind: "reply", boot, id, answer }));
		if (command.verb === "replay" && answer.kind === "done")
			for (const event of this.#events) if (event.sequence >= command.from) this.#send(event);
	}

	#obey(command: RigCommand): RigAnswer {
		const { channels, identity, kept, nowUs } = this.#options;
		switch (command.verb) {
			case "hello": {
				if (command.version !== RIG_VERSION) return no("version");
				const counts = { channels: channels.length, kept, last: this.#last };
				return { kind: "hello", version: RIG_VERSION, ...identity, ...counts };
			}
			case "channel": {
				const channel = channels[command.index];
				return channel === undefined ? no("channel") : { kind: "channel", index: command.index, ...channel };
			}
			case "read":
				return { kind: "levels", atUs: nowUs(), levels: [...this.#levels] };
			case "set":
				return this.#set(command.channel, command.level);
			case "trip":
				return this.#arm(command);
			case "untrip":
				this.#disarm();
				return { kind: "done", atUs: nowUs() };
			case "replay": {
				const oldest = this.#events[0]?.sequence ?? this.#last + 1;
				if (command.from < oldest || command.from > this.#last + 1) return no("gone");
				return { kind: "done", atUs: nowUs() };
			}
			default:
				return unreachable(command);
		}
	}

	#set(channel: number, level: boolean): RigAnswer {
		const way = this.#options.channels[channel]?.way;
		if (way === undefined) return no("channel");
		if (way === "sense") return no("way");
		const atUs = this.#options.nowUs();
		this.#options.drive(channel, level);
		this.edge(channel, level, atUs);
		return { kind: "done", atUs };
	}

	#arm(trip: Extract<RigCommand, { verb: "trip" }>): RigAnswer {
		const [when, channel] = [this.#options.channels[trip.when], this.#options.channels[trip.channel]];
		if (when === undefined || channel === undefined) return no("channel");
		if (channel.way === "sense") return no("way");
		if (this.#trip !== undefined) return no("busy");
		this.#trip = trip;
		if (this.#levels[trip.when] === trip.whenLevel) this.#start(trip);
		return { kind: "done", atUs: this.#options.nowUs() };
	}

	#start({ delayUs, channel, level }: Extract<RigCommand, { verb: "trip" }>): void {
		this.#cancelTrip = this.#options.after(delayUs, () => {
			this.#disarm();
			this.#set(channel, level);
		});
	}

	#disarm(): void {
		this.#cancelTrip?.();
		this.#cancelTrip = undefined;
		this.#trip = undefined;
	}
}

function no(code: RigCode): RigAnswer {
	return { kind: "no", code };
}

/** Of `boot`, out of four random bytes. */
export function bootTag(bytes: Uint8Array): string {
	return Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What such a rig must be able to keep. */
export const KEPT_EVENTS = 4 * RIG_LIMITS.keptMin;
