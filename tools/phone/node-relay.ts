/** Opens a relay transport from Node: TLS with the given roots, a WebSocket by `ws`. */
import { WebSocket } from "ws";
import { APP_PATH, APP_SUBPROTOCOL } from "../../modules/wire/envelope.ts";
import { RelayTransport } from "./relay-transport.ts";
import { TransportFault } from "./transport.ts";

export interface RelayAddress {
	readonly host: string;
	readonly port: number;
	/** What the relay's certificate names. */
	readonly name: string;
	/** PEM certificates to trust instead of the system's. */
	readonly roots: string;
}

const OPEN_TIMEOUT_MS = 8000;
const MESSAGE_BYTES_MAX = 16384;

/** Rejects with TransportFault "unreachable". */
export function openRelay(address: RelayAddress): Promise<RelayTransport> {
	return new Promise((resolve, reject) => {
		const host = address.host.includes(":") ? `[${address.host}]` : address.host;
		const socket = new WebSocket(`wss://${host}:${address.port}${APP_PATH}`, [APP_SUBPROTOCOL], {
			ca: address.roots,
			...{ servername: address.name },
			headers: { Host: `${address.name}:${address.port}` },
			handshakeTimeout: OPEN_TIMEOUT_MS,
			maxPayload: MESSAGE_BYTES_MAX,
			perMessageDeflate: false,
			minVersion: "TLSv1.2",
		});
		const transport = new RelayTransport({
			send: (message) => socket.send(message),
			close: () => socket.close(1000),
		});
		socket.once("open", () => resolve(transport));
		socket.on("message", (data, isBinary) => {
			if (isBinary && Buffer.isBuffer(data)) transport.receive(new Uint8Array(data));
		});
		socket.on("error", (error) => {
			transport.ended();
			reject(new TransportFault("unreachable", error.message));
		});
		socket.on("close", () => {
			transport.ended();
			reject(new TransportFault("unreachable", "the relay closed the connection"));
		});
	});
}
