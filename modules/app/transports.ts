/**
 * The ways in: the relay's link and the serial line, each with its own table of sessions (DESIGN 5.1). Channels of one
 * cannot push out the other's. It routes envelopes by kind and knows no content.
 */
import type { Link } from "../link/link.ts";
import type { ResponderContext } from "../session/responder.ts";
import type { Session } from "../session/session.ts";
import type { SessionHandlers } from "../session/sessions.ts";
import { Sessions } from "../session/sessions.ts";
import type { ChannelEnvelope } from "../wire/envelope.ts";
import type { SerialLine } from "./serial-line.ts";

export type SessionsContext = Omit<ResponderContext, "admitHandshake" | "transportName">;

export class Transports {
	readonly #link: Link;
	readonly #serial: SerialLine;
	#relaySessions: Sessions | undefined;
	#serialSessions: Sessions | undefined;

	constructor(link: Link, serial: SerialLine) {
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
	}

	receiveSerial(envelope: ChannelEnvelope): void {
		switch (envelope.kind) {
			case "open":
				return this.#serialSessions?.openChannel(envelope.channel);
			case "data":
				return this.#serialSessions?.receive(envelope.channel, envelope.frame);
			case "close":
				return this.#serialSessions?.channelClosed(envelope.channel);
		}
	}

	/** As Sessions.open, of every transport. */
	sessions(): readonly Session[] {
		const overRelay = this.#relaySessions?.open() ?? [];
		return overRelay.concat(this.#serialSessions?.open() ?? []);
	}

	/** The bolt rests: what waited goes on. */
	resume(): void {
		this.#relaySessions?.resume();
		this.#serialSessions?.resume();
		this.#link.poke();
	}

	/** Ends every session and serves no other until the machine starts over. */
	shut(): void {
		this.#relaySessions?.closeAll("reset");
		this.#serialSessions?.closeAll("reset");
		this.#relaySessions = undefined;
		this.#serialSessions = undefined;
	}
}
