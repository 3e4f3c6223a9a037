/**
 * Phones that connect to the lock itself (PROTOCOL 13, T18), through the door of the local network or of the radio, whatever becomes
 * of relay and internet (I10). It carries channels and nothing else: no verbs, nothing without a session. To the sessions of its transport it is one line:
 * a channel's number there is the connection's place and the number that its phone chose.
 *
 * Places are few (T16). Who carries a session keeps its place, but for a minute of silence; anybody else has it for
 * LIMITS.localGraceMs and then gives it to the next that waits. So strangers can make a phone wait, not keep it out.
 */
import { LIMITS } from "../base/limits.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { CHANNEL_MAX, type ChannelEnvelope } from "../wire/envelope.ts";
import type { Door } from "./frame-carrier.ts";
import { LocalConnection, type LocalEnd } from "./local-connection.ts";

export interface LocalLineHandlers {
	/** The channel's number is that of the sessions' table. */
	onEnvelope(envelope: ChannelEnvelope): void;
	/** Whether that channel carries a session whose phone is known. */
	isServed(channel: number): boolean;
	onEnded(reason: LocalEnd): void;
}

const NUMBERS = CHANNEL_MAX + 1;

export class LocalLine {
	readonly #door: Door;
	readonly #clock: Clock;
	readonly #handlers: LocalLineHandlers;
	/** By place. */
	readonly #connections: (LocalConnection | undefined)[];
	#look: Timer | undefined;
	#open = true;

	constructor(door: Door, places: number, clock: Clock, handlers: LocalLineHandlers) {
		this.#door = door;
		this.#connections = new Array<undefined>(places).fill(undefined);
		this.#clock = clock;
		this.#handlers = handlers;
		door.onConnection(() => this.#accept());
	}

	send(channel: number, frame: Uint8Array): void {
		this.#connections[placeOf(channel)]?.send(channel % NUMBERS, frame);
	}

	close(channel: number): void {
		this.#connections[placeOf(channel)]?.close(channel % NUMBERS);
	}

	/** Ends every connection and takes none any more. Idempotent. */
	shut(): void {
		if (!this.#open) return;
		this.#open = false;
		this.#look?.cancel();
		this.#door.close();
		for (const connection of [...this.#connections]) connection?.end("shut");
	}

	/** Takes who waits, as far as there are places; else looks again when the next place may be given away. */
	#accept(): void {
		this.#look?.cancel();
		this.#look = undefined;
		while (this.#open) {
			const place = this.#freePlace();
			if (place === undefined) {
				this.#look = this.#clock.after(LIMITS.localGraceMs, () => this.#accept());
				return;
			}
			const connection = this.#connect(place);
			if (!connection.isMade) return;
			this.#connections[place]?.end("replaced");
			this.#connections[place] = connection;
		}
	}

	#connect(place: number): LocalConnection {
		const connection: LocalConnection = new LocalConnection(this.#door, this.#clock, {
			onEnvelope: (envelope) => {
				this.#handlers.onEnvelope({ ...envelope, channel: place * NUMBERS + envelope.channel });
			},
			onEnded: (reason) => this.#ended(place, connection, reason),
		});
		return connection;
	}

	/** One that nobody has, or the stranger's that had it longest. */
	#freePlace(): number | undefined {
		let free: number | undefined;
		let sinceMs = this.#clock.monotonicMs() - LIMITS.localGraceMs;
		for (const [place, connection] of this.#connections.entries()) {
			if (connection === undefined) return place;
			if (connection.acceptedAtMs > sinceMs || this.#isServed(place, connection)) continue;
			free = place;
			sinceMs = connection.acceptedAtMs;
		}
		return free;
	}

	#isServed(place: number, connection: LocalConnection): boolean {
		for (const channel of connection.channels) {
			if (this.#handlers.isServed(place * NUMBERS + channel)) return true;
		}
		return false;
	}

	#ended(place: number, connection: LocalConnection, reason: LocalEnd): void {
		for (const channel of connection.channels) {
			this.#handlers.onEnvelope({ kind: "close", channel: place * NUMBERS + channel });
		}
		if (this.#connections[place] === connection) this.#connections[place] = undefined;
		this.#handlers.onEnded(reason);
		// Somebody may wait for this place.
		if (this.#look !== undefined) this.#accept();
	}
}

function placeOf(channel: number): number {
	return Math.floor(channel / NUMBERS);
}
