/**
 * A TLS port that speaks HTTP only as far as one WebSocket upgrade. Everything before that is bounded: connections in
 * all and from one address, how fast they come, handshake and request time.
 */
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import type { Result } from "../../modules/base/result.ts";
import { AddressTable, addressGroup } from "./addresses.ts";
import type { DeviceCredential } from "./device-service.ts";
import type { RelayLimits } from "./limits.ts";
import type { RelayLog } from "./log.ts";
import type { DeviceKey } from "./registry.ts";

/** Who is at the other end of a connection. */
export interface Visitor {
	readonly address: string;
	/** The part of the address that limits go by. */
	readonly group: string;
	/** Devices only. */
	readonly device?: AdmittedDevice;
}

export interface AdmittedDevice extends DeviceKey {
	readonly credential: DeviceCredential;
	/** When its certificate ends, in milliseconds since 1970. */
	readonly notAfterMs: number;
}

export interface ListenerOptions {
	readonly name: "device" | "app";
	readonly path: string;
	readonly subprotocol: string;
	/** PEM: the leaf and its intermediates. */
	readonly certificate: string;
	readonly key: string;
	/** PEM: with it, clients must have a certificate that chains to one of these roots. */
	readonly clientRoots?: string;
	readonly connectionsPerAddress: number;
	/**
	 * Who this is, before it may become a WebSocket; or a word of refusal, which only the log sees. Throws when that cannot
	 * be known now: the client hears another status then, for a lock takes 403 as the end of its certificate.
	 */
	authorise(socket: TLSSocket): Promise<Result<Visitor, string>>;
	onWebSocket(socket: WebSocket, visitor: Visitor): void;
	/** For tests and demonstrations: sees each connection inside TLS before anything is read from it. */
	readonly tap?: (tls: TLSSocket) => void;
}

/** ECDHE with AEAD only (DESIGN 4); TLS 1.3 has nothing else. */
const CIPHERS = [
	"TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384",
	"TLS_CHACHA20_POLY1305_SHA256",
	"ECDHE-ECDSA-AES128-GCM-SHA256",
	"ECDHE-ECDSA-AES256-GCM-SHA384",
	"ECDHE-ECDSA-CHACHA20-POLY1305",
	"ECDHE-RSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES256-GCM-SHA384",
	"ECDHE-RSA-CHACHA20-POLY1305",
].join(":");
const GROUPS = "X25519:P-256:P-384";
/** DESIGN 7: resumption for 24 hours at most. */
const SESSION_SECONDS = 86_400;
const HEADER_BYTES = 8_192;

/** PROTOCOL 2: 403 is for whom the relay does not want, and for nothing else. */
const STATUS = Object.freeze({
	path: "404 Not Found",
	subprotocol: "400 Bad Request",
	visitor: "403 Forbidden",
	fault: "503 Service Unavailable",
} as const);

type Examined =
	| { readonly visitor: Visitor }
	/** The word is for the log. */
	| { readonly visitor: undefined; readonly status: keyof typeof STATUS; readonly word: string };

function no(status: keyof typeof STATUS, word: string): Examined {
	return { visitor: undefined, status, word };
}

export class Listener {
	readonly #options: ListenerOptions;
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #server: Server;
	readonly #webSockets: WebSocketServer;
	readonly #sockets = new Set<Socket>();
	readonly addresses: AddressTable;

	constructor(options: ListenerOptions, limits: RelayLimits, log: RelayLog) {
		this.#options = options;
		this.#limits = limits;
		this.#log = log;
		this.addresses = new AddressTable(limits, options.connectionsPerAddress);
		this.#webSockets = new WebSocketServer({
			noServer: true,
			clientTracking: false,
			perMessageDeflate: false,
			autoPong: false,
			maxPayload: limits.envelopeBytes,
			handleProtocols: () => options.subprotocol,
		});
		this.#server = createServer({
			cert: options.certificate,
			key: options.key,
			...(options.clientRoots === undefined
				? {}
				: { ca: options.clientRoots, requestCert: true, rejectUnauthorized: true }),
			minVersion: "TLSv1.2",
			ciphers: CIPHERS,
			ecdhCurve: GROUPS,
			honorCipherOrder: true,
			handshakeTimeout: limits.handshakeMs,
			sessionTimeout: SESSION_SECONDS,
			sessionIdContext: `latchkey ${options.name}`,
			maxHeaderSize: HEADER_BYTES,
			requestTimeout: limits.requestMs,
			keepAliveTimeout: limits.requestMs,
			connectionsCheckingInterval: Math.max(50, limits.requestMs / 4),
		});
		this.#server.headersTimeout = limits.requestMs;
		this.#server.maxConnections = limits.connections;
		this.#server.on("connection", (socket: Socket) => this.#admit(socket));
		this.#server.on("secureConnection", (socket: TLSSocket) => options.tap?.(socket));
		this.#server.on("tlsClientError", (error, socket) => this.#handshakeFailed(error, socket));
		this.#server.on("request", (request, response) => {
			response.writeHead(404, { connection: "close" }).end();
			request.resume();
		});
		this.#server.on("clientError", (_error, socket) => socket.destroy());
		this.#server.on(
			"upgrade",
			(request, socket, head) => void this.#upgrade(request, socket as TLSSocket, head),
		);
	}

	/** Resolves to the port, which the system chose when `port` is 0. */
	listen(host: string, port: number): Promise<number> {
		return new Promise((resolve, reject) => {
			this.#server.once("error", reject);
			this.#server.listen(port, host, () => {
				this.#server.removeListener("error", reject);
				this.#server.on("error", (error) =>
					this.#log.write("error", "listener", { listener: this.#options.name, reason: error.message }),
				);
				resolve((this.#server.address() as AddressInfo).port);
			});
		});
	}

	/** Takes no more connections; those that are no WebSockets yet end now. */
	stop(): void {
		this.#server.close();
		this.#server.closeAllConnections();
	}

	/** Ends everything that is left. */
	destroy(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	#admit(socket: Socket): void {
		const group = addressGroup(socket.remoteAddress ?? "");
		if (!this.addresses.connect(group, performance.now())) {
			this.#log.write("warning", "connection-refused", { listener: this.#options.name, address: group });
			socket.destroy();
			return;
		}
		this.#sockets.add(socket);
		socket.setNoDelay(true);
		socket.on("error", () => undefined);
		socket.on("close", () => {
			this.#sockets.delete(socket);
			this.addresses.disconnect(group);
		});
	}

	#handshakeFailed(error: Error, socket: TLSSocket): void {
		const code = (error as NodeJS.ErrnoException).code ?? "tls";
		this.#log.write("warning", "handshake-failed", {
			listener: this.#options.name,
			address: socket.remoteAddress ?? "",
			reason: code,
		});
		socket.destroy();
	}

	async #upgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): Promise<void> {
		socket.on("error", () => undefined);
		const examined = await this.#examine(request, socket).catch((error: Error) =>
			no("fault", `fault: ${error.message}`),
		);
		if (examined.visitor === undefined) {
			const { status, word } = examined;
			this.#log.write("warning", "upgrade-refused", {
				listener: this.#options.name,
				address: socket.remoteAddress ?? "",
				reason: word,
			});
			socket.end(`HTTP/1.1 ${STATUS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
			setTimeout(() => socket.destroy(), this.#limits.closeMs).unref();
			return;
		}
		if (socket.destroyed || !this.#server.listening) {
			socket.destroy();
			return;
		}
		this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
			this.#options.onWebSocket(webSocket, examined.visitor),
		);
	}

	async #examine(request: IncomingMessage, socket: TLSSocket): Promise<Examined> {
		if (request.url !== this.#options.path) return no("path", "path");
		const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
		if (!offered.includes(this.#options.subprotocol)) return no("subprotocol", "subprotocol");
		const visitor = await this.#options.authorise(socket);
		return visitor.ok ? { visitor: visitor.value } : no("visitor", visitor.reason);
	}
}

/** The visitor that every connection is, before anything else is known. */
export function visitorAt(socket: TLSSocket): Visitor {
	const address = socket.remoteAddress ?? "";
	return { address, group: addressGroup(address) };
}
