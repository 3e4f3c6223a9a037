/**
 * Serves the time role over HTTP (docs/OPERATIONS.md): `POST /v1/time` with 16 bytes of nonce answers the statement, both as
 * application/octet-stream; anything else is an error without a body. What it says is signed and of use to the asker alone,
 * so there is nothing to keep secret and nobody to recognise; connections and requests are bounded and rate-limited, in all
 * and of one address; nothing is cached.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { TIME_NONCE_BYTES } from "../../modules/wire/envelope.ts";
import { TIME_CONTENT_TYPE, TIME_PATH } from "../cli/time-client.ts";
import { type AddressLimits, AddressTable, addressGroup } from "../relay/addresses.ts";
import { TokenBucket } from "../relay/token-bucket.ts";
import type { TimeRole } from "./time-role.ts";

const CONNECTIONS_MAX = 256;
const REQUEST_MS = 5_000;
const HEADER_BYTES = 4_096;
/** A relay asks on behalf of all its locks: four questions a day and lock, and those of a start together. */
const ANSWERS = Object.freeze({ burst: 1_000, perMinute: 6_000 } as { burst: number; perMinute: number });

export interface TimeAddressLimits extends AddressLimits {
	readonly connectionsPerAddress: number;
}

/** Of one address half of what there is, so that a relay in front of many locks is served and none shuts the others out. */
const ADDRESS: TimeAddressLimits = Object.freeze({
	connectionsPerAddress: CONNECTIONS_MAX / 2,
	connectsBurst: ANSWERS.burst / 2,
	connectsPerMinute: ANSWERS.perMinute / 2,
	opensBurst: ANSWERS.burst / 2,
	opensPerMinute: ANSWERS.perMinute / 2,
	addressesRemembered: 20_000,
});

export class TimeServer {
	readonly #role: Pick<TimeRole, "answer">;
	readonly #server: Server;
	readonly #rate: TokenBucket;
	readonly #addresses: AddressTable;

	constructor(
		role: Pick<TimeRole, "answer">,
		answers: typeof ANSWERS = ANSWERS,
		address: TimeAddressLimits = ADDRESS,
	) {
		this.#role = role;
		this.#addresses = new AddressTable(address, address.connectionsPerAddress);
		this.#rate = new TokenBucket(answers.burst, answers.perMinute, performance.now());
		this.#server = createServer(
			{
				maxHeaderSize: HEADER_BYTES,
				requestTimeout: REQUEST_MS,
				headersTimeout: REQUEST_MS,
				keepAliveTimeout: REQUEST_MS,
				connectionsCheckingInterval: REQUEST_MS / 4,
			},
			(request, response) => this.#answer(request, response),
		);
		this.#server.maxConnections = CONNECTIONS_MAX;
		this.#server.on("connection", (socket: Socket) => this.#admit(socket));
		this.#server.on("clientError", (_error, socket) => socket.destroy());
	}

	/** Resolves to the port, which the system chose when `port` is 0. */
	listen(host: string, port: number): Promise<number> {
		return new Promise((resolve, reject) => {
			this.#server.once("error", reject);
			this.#server.listen(port, host, () => {
				this.#server.removeListener("error", reject);
				resolve((this.#server.address() as AddressInfo).port);
			});
		});
	}

	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		this.#server.closeAllConnections();
		await closed;
	}

	#admit(socket: Socket): void {
		const group = addressGroup(socket.remoteAddress ?? "");
		if (!this.#addresses.connect(group, performance.now())) {
			socket.destroy();
			return;
		}
		socket.on("close", () => this.#addresses.disconnect(group));
	}

	#answer(request: IncomingMessage, response: ServerResponse): void {
		request.on("error", () => undefined);
		if (request.url !== TIME_PATH) return refuse(response, 404);
		if (request.method !== "POST") return refuse(response, 405);
		if (request.headers["content-type"] !== TIME_CONTENT_TYPE) return refuse(response, 415);
		if (request.headers["content-length"] !== String(TIME_NONCE_BYTES)) return refuse(response, 400);
		const nowMs = performance.now();
		const group = addressGroup(request.socket.remoteAddress ?? "");
		// The address first: what it has asked too much is not taken from everybody's.
		if (!this.#addresses.open(group, nowMs) || !this.#rate.take(1, nowMs)) return refuse(response, 429);
		const pieces: Buffer[] = [];
		request.on("data", (piece: Buffer) => pieces.push(piece));
		request.on("end", () => {
			const statement = this.#role.answer(Uint8Array.from(Buffer.concat(pieces)));
			response
				.writeHead(200, {
					"content-type": TIME_CONTENT_TYPE,
					"content-length": statement.length,
					"cache-control": "no-store",
				})
				.end(statement);
		});
	}
}

function refuse(response: ServerResponse, status: number): void {
	response.writeHead(status, { "content-length": 0, connection: "close" }).end();
}
