/** A relay's side of the link in memory: answers the upgrade, reads the lock's frames, sends what a test wants. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import { acceptFor } from "../../../modules/link/ws-accept.ts";
import { encodeEnvelope, type ToLock } from "../../../modules/wire/envelope.ts";
import type { SimPeer } from "../../sim/network.ts";
import {
	ascii,
	BINARY,
	CLOSE,
	type ClientFrame,
	closeBody,
	frame,
	PING,
	PONG,
	readClientFrame,
} from "./server-frames.ts";

/** "accept", no answer at all, or the answer itself. */
export type Upgrade = "accept" | "refuse" | "ignore" | "no-subprotocol" | { readonly answer: string };

export class SimRelay {
	readonly peer: SimPeer;
	/** The request's head, once it has come. */
	request = "";
	readonly frames: ClientFrame[] = [];
	closed = false;
	/** Pings are answered, a Close is answered and the connection ended. */
	polite = true;
	/** Sees each frame of the lock as it comes. */
	onFrame: (frame: ClientFrame) => void = () => undefined;
	readonly #upgrade: Upgrade;
	#bytes: Uint8Array = new Uint8Array(0);

	constructor(peer: SimPeer, upgrade: Upgrade = "accept") {
		this.peer = peer;
		this.#upgrade = upgrade;
		peer.onData = (bytes) => this.#take(bytes);
		peer.onClosed = () => {
			this.closed = true;
		};
	}

	send(envelope: ToLock): void {
		this.raw(frame(BINARY, encodeEnvelope(envelope)));
	}

	raw(...parts: Uint8Array[]): void {
		this.peer.write(concatBytes(...parts));
	}

	/** Frames of one kind that the lock has sent. */
	sent(opcode: number): ClientFrame[] {
		return this.frames.filter((each) => each.opcode === opcode);
	}

	#take(bytes: Uint8Array): void {
		this.#bytes = concatBytes(this.#bytes, bytes);
		if (this.request === "") this.#takeRequest();
		if (this.request === "") return;
		for (let read = readClientFrame(this.#bytes); read !== undefined; read = readClientFrame(this.#bytes)) {
			this.#bytes = this.#bytes.subarray(read.bytes);
			this.frames.push(read.frame);
			this.onFrame(read.frame);
			if (this.polite) this.#answer(read.frame);
		}
	}

	#takeRequest(): void {
		const text = String.fromCharCode(...this.#bytes);
		const end = text.indexOf("\r\n\r\n");
		if (end < 0) return;
		this.request = text.slice(0, end);
		this.#bytes = this.#bytes.subarray(end + 4);
		if (this.#upgrade === "ignore") return;
		if (this.#upgrade === "refuse") {
			this.raw(ascii("HTTP/1.1 403 Forbidden\r\n\r\n"));
			return;
		}
		if (typeof this.#upgrade === "object") {
			this.raw(ascii(this.#upgrade.answer));
			return;
		}
		const key = /Sec-WebSocket-Key: (\S+)/.exec(this.request)?.[1] ?? "";
		const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
		lines.push(`Sec-WebSocket-Accept: ${acceptFor(key)}`);
		if (this.#upgrade === "accept") lines.push("Sec-WebSocket-Protocol: latchkey.device.1");
		this.raw(ascii(`${lines.join("\r\n")}\r\n\r\n`));
	}

	#answer(read: ClientFrame): void {
		if (read.opcode === PING) this.raw(frame(PONG, read.payload));
		if (read.opcode !== CLOSE) return;
		this.raw(
			frame(
				CLOSE,
				read.payload.length === 0 ? read.payload : closeBody((read.payload[0]! << 8) | read.payload[1]!),
			),
		);
		this.peer.end();
	}
}
