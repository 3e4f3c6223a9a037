/**
 * The ways in: the relay's link, the serial line, the local network and the radio, each with its own table of sessions (DESIGN 5.1).
 * Channels of one cannot push out another's. It routes envelopes by kind and knows no content.
 */
import { unreachable } from "../base/assert.ts";
import { LIMITS } from "../base/limits.ts";
import type { Link } from "../link/link.ts";
import type { Clock } from "../platform/clock.ts";
import type { Listener } from "../platform/listener.ts";
import type { Radio } from "../platform/radio.ts";
import type { ResponderContext } from "../session/responder.ts";
import type { Session } from "../session/session.ts";
import type { SessionHandlers } from "../session/sessions.ts";
import { Sessions } from "../session/sessions.ts";
import type { ChannelEnvelope } from "../wire/envelope.ts";
import { BleDoor } from "./ble-door.ts";
import type { Door } from "./frame-carrier.ts";
import { LocalLine } from "./local-line.ts";
import type { SerialLine } from "./serial-line.ts";
import { StreamDoor } from "./stream-door.ts";

export type SessionsContext = Omit<ResponderContext, "admitHandshake" | "transportName">;

export interface TransportsOptions {
	readonly link: Link;
	readonly serial: SerialLine;
	/** Undefined: no local network. */
	readonly listener: Listener | undefined;
	/** Undefined: no local radio. */
	readonly radio: Radio | undefined;
	readonly clock: Clock;
	readonly log: (line: string) => void;
}

interface Service {
	readonly context: SessionsContext;
	readonly handlers: SessionHandlers;
	readonly mayHandshake: () => boolean;
}

/** A door, and the sessions of those who came through it. */
interface Served {
	readonly line: LocalLine;
	readonly table: Sessions;
}

export class Transports {
	readonly #link: Link;
	readonly #serial: SerialLine;
	readonly #options: TransportsOptions;
	#relaySessions: Sessions | undefined;
	#serialSessions: Sessions | undefined;
	#local: Served | undefined;
	#ble: Served | undefined;

	constructor(options: TransportsOptions) {
		const { link, serial } = options;
		this.#options = options;
		this.#link = link;
		this.#serial = serial;
		link.on("open", (envelope) => this.#relaySessions?.openChannel(envelope.channel));
		link.on("data", (envelope) => this.#relaySessions?.receive(envelope.channel, envelope.frame));
		link.on("close", (envelope) => this.#relaySessions?.channelClosed(envelope.channel));
		link.onDown(() => this.#relaySessions?.closeAll("peer"));
	}

	/** The board has a serial and keys: sessions are served from now on. Idempotent. */
	serve(context: SessionsContext, handlers: SessionHandlers, mayHandshake: () => boolean): void {
		this.#relaySessions ??= new Sessions(
			{ ...context, transportName: "relay" },
			{
				send: (channel, frame) => this.#link.send({ kind: "data", channel, frame }),
				close: (channel) => this.#link.send({ kind: "close", channel }),
			},
			handlers,
			mayHandshake,
		);
		this.#serialSessions ??= new Sessions(
			{ ...context, transportName: "serial" },
			{
				send: (channel, frame) => this.#serial.send({ kind: "data", channel, frame }),
				close: (channel) => this.#serial.send({ kind: "close", channel }),
			},
			handlers,
			mayHandshake,
		);
		const { listener, radio, clock, log } = this.#options;
		if (listener !== undefined && this.#local === undefined) {
			const door = new StreamDoor(listener, clock);
			this.#local = this.#serveDoor("local", door, LIMITS.localConnections, {
				context,
				handlers,
				mayHandshake,
			});
			log(`local: listening at port ${listener.port}`);
		}
		if (radio !== undefined && this.#ble === undefined) {
			const door = new BleDoor(radio);
			this.#ble = this.#serveDoor("ble", door, LIMITS.radioConnections, { context, handlers, mayHandshake });
		}
	}

	receiveSerial(envelope: ChannelEnvelope): void {
		if (this.#serialSessions !== undefined) route(this.#serialSessions, envelope);
	}

	/** As Sessions.open, of every transport. */
	sessions(): readonly Session[] {
		return this.#tables().flatMap((table) => table.open());
	}

	/** The bolt rests: what waited goes on. */
	resume(): void {
		for (const table of this.#tables()) table.resume();
		this.#link.poke();
	}

	/** Ends every session and serves no other until the machine starts over. */
	shut(): void {
		for (const table of this.#tables()) table.closeAll("reset");
		this.#local?.line.shut();
		this.#ble?.line.shut();
		this.#relaySessions = undefined;
		this.#serialSessions = undefined;
		this.#local = undefined;
		this.#ble = undefined;
	}

	#tables(): readonly Sessions[] {
		const tables: Sessions[] = [];
		for (const table of [this.#relaySessions, this.#serialSessions, this.#local?.table, this.#ble?.table]) {
			if (table !== undefined) tables.push(table);
		}
		return tables;
	}

	#serveDoor(
		name: "local" | "ble",
		door: Door,
		places: number,
		{ context, handlers, mayHandshake }: Service,
	): Served {
		const { clock, log } = this.#options;
		const table: Sessions = new Sessions(
			{ ...context, transportName: name },
			{
				send: (channel, frame) => line.send(channel, frame),
				close: (channel) => line.close(channel),
			},
			handlers,
			mayHandshake,
		);
		const line = new LocalLine(door, places, clock, {
			onEnvelope: (envelope) => route(table, envelope),
			isServed: (channel) => table.isOpen(channel),
			onEnded: (reason) => log(`${name}: a connection ended, ${reason}`),
		});
		return { line, table };
	}
}

function route(table: Sessions, envelope: ChannelEnvelope): void {
	const { kind, channel } = envelope;
	switch (kind) {
		case "open":
			return table.openChannel(channel);
		case "data":
			return table.receive(channel, envelope.frame);
		case "close":
			return table.channelClosed(channel);
		default:
			return unreachable(kind);
	}
}
