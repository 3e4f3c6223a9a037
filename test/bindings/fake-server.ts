/**
 * A TLS 1.2 server that sends whatever bytes a test wants (RFC 5246 7.4): for what no honest library would say.
 * It never does cryptography of its own but the one signature that a test asks for.
 */
import { createSign, type KeyObject } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

export const SUITE = Object.freeze({ ecdsaAes128Gcm: 0xc02b, rsaAes128Gcm: 0xc02f, rsaAes128Cbc: 0x002f });
const HANDSHAKE = 22;
const ALERT = 21;

function size(length: number, bytes: number): Buffer {
	const out = Buffer.alloc(bytes);
	out.writeUIntBE(length, 0, bytes);
	return out;
}

export function record(type: number, body: Uint8Array): Buffer {
	return Buffer.concat([Buffer.from([type, 3, 3]), size(body.length, 2), body]);
}

export function message(type: number, body: Uint8Array): Buffer {
	return Buffer.concat([Buffer.from([type]), size(body.length, 3), body]);
}

export function handshake(...messages: readonly Uint8Array[]): Buffer {
	return record(HANDSHAKE, Buffer.concat(messages));
}

export function alert(description: number): Buffer {
	return record(ALERT, Buffer.from([2, description]));
}

export interface Hello {
	readonly version?: readonly [number, number];
	readonly suite?: number;
	readonly alpn?: string;
	readonly random?: Uint8Array;
}

export function serverHello({
	version = [3, 3],
	suite = SUITE.ecdsaAes128Gcm,
	alpn,
	random,
}: Hello = {}): Buffer {
	const extensions = [Buffer.from("ff01000100", "hex")];
	if (alpn !== undefined) {
		const name = Buffer.from(alpn);
		const list = Buffer.concat([size(name.length + 1, 2), size(name.length, 1), name]);
		extensions.push(Buffer.concat([Buffer.from([0, 16]), size(list.length, 2), list]));
	}
	const all = Buffer.concat(extensions);
	return message(
		2,
		Buffer.concat([
			Buffer.from(version),
			random ?? Buffer.alloc(32, 5),
			Buffer.from([0]),
			size(suite, 2),
			Buffer.from([0]),
			size(all.length, 2),
			all,
		]),
	);
}

export function certificates(chain: readonly Uint8Array[]): Buffer {
	const list = Buffer.concat(chain.flatMap((each) => [size(each.length, 3), each]));
	return message(11, Buffer.concat([size(list.length, 3), list]));
}

/** RFC 5246 7.4.4: any ECDSA certificate, of no issuer in particular. */
export const certificateRequest = (): Buffer => message(13, Buffer.from("0140000204030000", "hex"));
export const serverHelloDone = (): Buffer => message(14, Buffer.alloc(0));

/** X25519 with a public key of no meaning, signed over the hellos' randoms (RFC 8422 5.4). */
export function serverKeyExchange(
	clientRandom: Uint8Array,
	serverRandom: Uint8Array,
	key: KeyObject,
): Buffer {
	const parameters = Buffer.concat([Buffer.from([3, 0, 0x1d, 32]), Buffer.alloc(32, 9)]);
	const signature = createSign("sha256")
		.update(clientRandom)
		.update(serverRandom)
		.update(parameters)
		.sign(key);
	return message(12, Buffer.concat([parameters, Buffer.from([4, 3]), size(signature.length, 2), signature]));
}

/** The random of a ClientHello at the front of what a client sent. */
export function clientRandomOf(received: Buffer): Buffer {
	return received.subarray(5 + 4 + 2, 5 + 4 + 2 + 32);
}

export interface Listening {
	readonly port: number;
	/** Everything that clients sent. */
	received(): Buffer;
	close(): Promise<void>;
}

/** Calls back once a client has sent its hello, and for what comes after it. */
export async function fakeServer(
	onHello: (socket: Socket, hello: Buffer) => void,
	onMore: (socket: Socket) => void = () => undefined,
): Promise<Listening> {
	const chunks: Buffer[] = [];
	const sockets = new Set<Socket>();
	const server: Server = createServer((socket) => {
		let hello = Buffer.alloc(0);
		let said = false;
		sockets.add(socket);
		socket.on("error", () => undefined);
		socket.on("close", () => sockets.delete(socket));
		socket.on("data", (chunk) => {
			chunks.push(chunk);
			hello = Buffer.concat([hello, chunk]);
			if (said) onMore(socket);
			if (said || hello.length < 5 || hello.length < 5 + hello.readUInt16BE(3)) return;
			said = true;
			onHello(socket, hello);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as { port: number }).port,
		received: () => Buffer.concat(chunks),
		close: () => {
			for (const socket of sockets) socket.destroy();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}
