/** Opens a way to a lock over its serial line (PROTOCOL 6): sessions, not the line's verbs. */
import { randomInt } from "node:crypto";
import { SerialLine } from "../factory/serial-line.ts";
import type { SerialFault } from "../factory/serial-port.ts";
import { DirectTransport } from "../phone/direct-transport.ts";
import { TransportFault } from "../phone/transport.ts";

/** A line has no end of a connection: what an earlier program left open there has other numbers than ours. */
const CHANNEL_ORIGINS = 0x7fff_ffff;

/** Throws TransportFault "unreachable". */
export function openSerial(path: string): DirectTransport {
	try {
		const line = SerialLine.open(path, {
			onFrame: (frame) => transport.receive(frame),
			onClosed: () => transport.ended(),
		});
		const transport = new DirectTransport(
			"serial",
			{
				send: (frame) => void line.send(frame).catch(() => transport.ended()),
				close: () => line.close(),
			},
			1 + randomInt(CHANNEL_ORIGINS),
		);
		return transport;
	} catch (error) {
		throw new TransportFault("unreachable", (error as SerialFault).message);
	}
}
