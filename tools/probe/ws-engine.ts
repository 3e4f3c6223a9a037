/**
 * `latchkey probe ws` on the engine: one connection with the product's WebSocket client, which echoes every message
 * with its type until the connection is over, then says how it ended. tools/probe/ws.ts starts it.
 */

import { NATIVE_WS_BYTES } from "../../hosts/bindings/websocket.ts";
import { CLOCK } from "../../hosts/ecma419/clock.ts";
import { finishProbe, neededArgument, probeArgument, probePeakKb } from "../../hosts/linux/probe-host.ts";
import { openProbeStream } from "../../hosts/linux/probe-stream.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { WsConnection, type WsOptions } from "../../modules/link/ws-connection.ts";
import { WS_SETTINGS } from "../../modules/link/ws-settings.ts";
import type { WsOutcome } from "../../modules/link/ws-state.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";

const fillRandom = native<(out: Uint8Array) => string | undefined>("xs_lk_random");

/** Large reads: a probe has no board's heap to fit in. */
const READ_BYTES = 65_536;

function random(bytes: number): Uint8Array {
	const out = new Uint8Array(bytes);
	const fault = fillRandom(out);
	if (fault !== undefined) throw new Error(fault);
	return out;
}

function optionsFromArguments(): WsOptions {
	const maxMessageBytes = Number(neededArgument("max"));
	const maxFrameBytes = Number(probeArgument("max-frame") ?? maxMessageBytes);
	const subprotocol = probeArgument("subprotocol");
	return {
		request: {
			host: neededArgument("authority"),
			resource: neededArgument("resource"),
			subprotocols: subprotocol === undefined ? [] : [subprotocol],
			subprotocolRequired: false,
		},
		settings: WS_SETTINGS,
		maxHeaderBytes: LIMITS.wsHeaderBytes,
		maxFrameBytes,
		maxMessageBytes,
		textAllowed: true,
		readBytes: READ_BYTES,
		// Reading stops as soon as an echo waits: at most one message is on its way out.
		pauseBytes: READ_BYTES,
		queueBytes: READ_BYTES + maxMessageBytes,
	};
}

class WsProbe {
	#ws: WsConnection | undefined;
	#streamReason: string | undefined;
	#messages = 0;
	#subprotocol: string | undefined;

	connected(stream: ByteStream): void {
		const host = { clock: CLOCK, random, bytes: NATIVE_WS_BYTES };
		const ws = new WsConnection(stream, optionsFromArguments(), host, {
			onOpen: (subprotocol) => {
				this.#subprotocol = subprotocol;
				const hello = probeArgument("hello");
				if (hello !== undefined) this.#ws?.send("text", encodeUtf8(hello));
			},
			onMessage: (type, bytes) => {
				this.#messages++;
				this.#ws?.send(type, bytes);
			},
			onDrained: () => undefined,
			onClosed: (outcome) => this.#finish(outcome),
		});
		this.#ws = ws;
		ws.readable();
	}

	readable(): void {
		this.#ws?.readable();
	}

	writable(): void {
		this.#ws?.writable();
	}

	/** reason: undefined when the peer ended in good order. */
	ended(reason: string | undefined, writable: boolean): void {
		this.#streamReason = reason;
		if (this.#ws !== undefined) this.#ws.ended(writable);
		else finishProbe({ ok: false, code: 1006, by: "none", reason: reason ?? "ended", peakKb: probePeakKb() });
	}

	#finish(outcome: WsOutcome): void {
		const { clean, code, by, status: http } = outcome;
		const reason = outcome.reason === "ended" ? (this.#streamReason ?? "ended") : outcome.reason;
		finishProbe({
			ok: clean,
			code,
			by,
			reason,
			http,
			subprotocol: this.#subprotocol,
			messages: this.#messages,
			peakKb: probePeakKb(),
		});
	}
}

const probe = new WsProbe();
openProbeStream(probe);
