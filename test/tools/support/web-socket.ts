/** A WebSocket client for tests that keeps what it hears, and tells a refusal from an open connection. */
import { type ClientOptions, WebSocket } from "ws";
import { eventually } from "./temporary.ts";

export interface Target {
	readonly port: number;
	readonly path: string;
	readonly subprotocol: string;
	/** PEM. */
	readonly ca: string;
	readonly cert?: string;
	readonly key?: string;
	readonly options?: ClientOptions;
}

export type Attempt =
	| { readonly kind: "open"; readonly client: TestClient }
	/** An HTTP answer instead of an upgrade. */
	| { readonly kind: "http"; readonly status: number }
	/** TLS or TCP failed. */
	| { readonly kind: "failed"; readonly code: string };

export class TestClient {
	readonly socket: WebSocket;
	readonly messages: Uint8Array[] = [];
	closeCode: number | undefined;

	constructor(socket: WebSocket) {
		this.socket = socket;
		socket.on("message", (data) => this.messages.push(new Uint8Array(data as Buffer)));
		socket.on("close", (code) => {
			this.closeCode = code;
		});
		socket.on("error", () => undefined);
	}

	send(message: Uint8Array): void {
		this.socket.send(message, { binary: true });
	}

	/** The next message that has not been taken; undefined when none comes in time. */
	async take(withinMs = 5_000): Promise<Uint8Array | undefined> {
		await eventually(() => this.messages.length > 0 || this.closeCode !== undefined, withinMs);
		return this.messages.shift();
	}

	/** The close code; undefined when the connection is still up after `withinMs`. */
	async closed(withinMs = 5_000): Promise<number | undefined> {
		await eventually(() => this.closeCode !== undefined, withinMs);
		return this.closeCode;
	}

	end(): void {
		this.socket.terminate();
	}
}

export function attempt(target: Target): Promise<Attempt> {
	return new Promise((resolve) => {
		const socket = new WebSocket(`wss://127.0.0.1:${target.port}${target.path}`, [target.subprotocol], {
			ca: target.ca,
			...{ servername: "localhost" },
			...(target.cert === undefined ? {} : { cert: target.cert }),
			...(target.key === undefined ? {} : { key: target.key }),
			perMessageDeflate: false,
			handshakeTimeout: 10_000,
			...target.options,
		});
		const client = new TestClient(socket);
		socket.on("open", () => resolve({ kind: "open", client }));
		socket.on("unexpected-response", (_request, response) => {
			resolve({ kind: "http", status: response.statusCode ?? 0 });
			socket.terminate();
		});
		socket.on("error", (error) =>
			resolve({ kind: "failed", code: String((error as NodeJS.ErrnoException).code) }),
		);
	});
}
