/** A server on a bare socket that does exactly what a test says, right or wrong. */
import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { type ClientFrame, readClientFrame } from "../unit/link/server-frames.ts";

export const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function acceptOf(request: string): string {
	const key = /^Sec-WebSocket-Key: (.*)$/im.exec(request)?.[1]?.trim() ?? "";
	return createHash("sha1")
		.update(key + GUID)
		.digest("base64");
}

export function goodHead(request: string, ...more: readonly string[]): string {
	const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
	return `${[...lines, `Sec-WebSocket-Accept: ${acceptOf(request)}`, ...more].join("\r\n")}\r\n\r\n`;
}

const PATIENCE_MS = 30_000;

/** One accepted connection. */
export class RawPeer {
	readonly socket: Socket;
	/** Frames of the client that nobody has asked for yet. */
	readonly #frames: ClientFrame[] = [];
	#bytes: Uint8Array = new Uint8Array(0);
	#request: string | undefined;
	#ended = false;
	#wake: () => void = () => undefined;

	constructor(socket: Socket) {
		this.socket = socket;
		socket.setNoDelay(true);
		socket.on("error", () => undefined);
		socket.on("data", (bytes) => {
			this.#bytes = Buffer.concat([this.#bytes, bytes as Uint8Array]);
			this.#wake();
		});
		for (const event of ["end", "close"] as const) {
			socket.on(event, () => {
				this.#ended = true;
				this.#wake();
			});
		}
	}

	write(...parts: readonly (string | Uint8Array)[]): void {
		for (const part of parts)
			this.socket.write(typeof part === "string" ? Buffer.from(part, "latin1") : part);
	}

	/** Writes octet by octet, in as many segments as the stack allows. */
	async drip(bytes: Uint8Array, pauseMs = 0): Promise<void> {
		for (let index = 0; index < bytes.length && !this.socket.destroyed; index++) {
			this.socket.write(bytes.subarray(index, index + 1));
			await new Promise((resolve) => setTimeout(resolve, pauseMs));
		}
	}

	/** The request's head. */
	async request(): Promise<string> {
		const end = (): number => Buffer.from(this.#bytes).indexOf("\r\n\r\n");
		await this.#until(() => end() >= 0, "a request");
		this.#request = Buffer.from(this.#bytes.subarray(0, end())).toString("latin1");
		this.#bytes = this.#bytes.subarray(end() + 4);
		return this.#request;
	}

	/** Answers the upgrade as it should be. */
	async upgrade(...more: readonly string[]): Promise<void> {
		this.write(goodHead(await this.request(), ...more));
	}

	/** The client's next frame; undefined when it ended instead. */
	async frame(): Promise<ClientFrame | undefined> {
		const take = (): boolean => {
			const read = readClientFrame(this.#bytes);
			if (read === undefined) return false;
			this.#bytes = this.#bytes.subarray(read.bytes);
			this.#frames.push(read.frame);
			return true;
		};
		await this.#until(() => this.#frames.length > 0 || take() || this.#ended, "a frame");
		return this.#frames.shift();
	}

	/** Until the client has ended; returns how many bytes it sent that nobody read. */
	async end(): Promise<number> {
		await this.#until(() => this.#ended, "the end");
		return this.#bytes.length;
	}

	get ended(): boolean {
		return this.#ended;
	}

	async #until(condition: () => boolean, what: string): Promise<void> {
		const deadline = performance.now() + PATIENCE_MS;
		while (!condition()) {
			if (performance.now() > deadline) throw new Error(`the server waited too long for ${what}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, 1_000);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}
}

export interface RawServer {
	readonly port: number;
	close(): void;
}

/** Serves each connection with the script; what it throws is handed to onFault. */
export function serveRaw(
	script: (peer: RawPeer) => Promise<void>,
	onFault: (error: unknown) => void,
	host = "127.0.0.1",
): Promise<RawServer> {
	const sockets = new Set<Socket>();
	const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
		sockets.add(socket);
		script(new RawPeer(socket)).catch(onFault);
	});
	return new Promise((resolve, reject) => {
		server.on("error", reject);
		server.listen(0, host, () => {
			const address = server.address();
			resolve({
				port: typeof address === "object" && address !== null ? address.port : 0,
				close: () => {
					for (const socket of sockets) socket.destroy();
					server.close();
				},
			});
		});
	});
}
