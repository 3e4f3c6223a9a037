/** Opens a way to a lock over its local network (PROTOCOL 13), from Node: plain TCP, because the session protects itself. */
import { connect } from "node:net";
import { encodeStreamFrame, StreamDeframer } from "../../modules/wire/stream-frame.ts";
import { DirectTransport } from "./direct-transport.ts";
import { TransportFault } from "./transport.ts";

const OPEN_TIMEOUT_MS = 8000;
/** So long the lock may take to end its side; what was sent is out by then. */
const END_MS = 1000;

/** Rejects with TransportFault "unreachable". */
export function openLocal(at: { readonly host: string; readonly port: number }): Promise<DirectTransport> {
	const { host, port } = at;
	return new Promise((resolve, reject) => {
		const socket = connect({ host, port, noDelay: true });
		const deframer = new StreamDeframer();
		const transport = new DirectTransport("local", {
			send: (frame) => void socket.write(encodeStreamFrame(frame)),
			close: () => {
				socket.end();
				setTimeout(() => socket.destroy(), END_MS).unref();
			},
		});
		const fail = (detail: string): void => {
			clearTimeout(deadline);
			socket.destroy();
			transport.ended();
			reject(new TransportFault("unreachable", `no lock at ${host}:${port}: ${detail}`));
		};
		const deadline = setTimeout(() => fail("timeout"), OPEN_TIMEOUT_MS);
		socket.once("connect", () => {
			clearTimeout(deadline);
			resolve(transport);
		});
		socket.on("data", (bytes) => {
			const isWhole = deframer.push(new Uint8Array(bytes), (frame) => transport.receive(frame));
			if (!isWhole) socket.destroy();
		});
		socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
		socket.on("end", () => socket.end());
		socket.on("close", () => transport.ended());
	});
}
