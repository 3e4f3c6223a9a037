/**
 * A TLS 1.2 server that presents whatever chain a test wants, legal or not, and holds the leaf's key: it goes through the
 * whole handshake (RFC 5246 7.3; X25519 and AES-128-GCM, RFC 8422, RFC 5288) and greets with one byte. One server serves
 * every chain: a client picks by the protocol that it offers (ALPN). Never to be used for anything but tests.
 */
import {
	type CipherGCM,
	createCipheriv,
	createDecipheriv,
	createHash,
	createHmac,
	createPublicKey,
	createSign,
	diffieHellman,
	generateKeyPairSync,
	type KeyObject,
} from "node:crypto";
import { createServer, type Socket } from "node:net";
import * as fake from "./fake-server.ts";

export interface Offer {
	readonly chain: readonly Uint8Array[];
	/** The leaf's private key. */
	readonly key: KeyObject;
}

const RECORD = Object.freeze({ change: 20, alert: 21, handshake: 22, data: 23 });
const RANDOM = Buffer.alloc(32, 5);
/** SubjectPublicKeyInfo of an X25519 key, before its 32 bytes (RFC 8410 4). */
const X25519_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** RFC 5246 5: P_SHA256. */
function prf(secret: Uint8Array, label: string, seed: Uint8Array, bytes: number): Buffer {
	const whole = Buffer.concat([Buffer.from(label), seed]);
	let chained: Buffer = whole;
	let out = Buffer.alloc(0);
	while (out.length < bytes) {
		chained = createHmac("sha256", secret).update(chained).digest();
		out = Buffer.concat([out, createHmac("sha256", secret).update(chained).update(whole).digest()]);
	}
	return out.subarray(0, bytes);
}

/** The first protocol that a ClientHello offers (RFC 7301 3.1); undefined when it offers none. */
function offeredProtocol(hello: Buffer): string | undefined {
	let at = 4 + 2 + 32;
	at += 1 + hello[at]!;
	at += 2 + hello.readUInt16BE(at);
	at += 1 + hello[at]!;
	for (at += 2; at + 4 <= hello.length; at += 4 + hello.readUInt16BE(at + 2)) {
		if (hello.readUInt16BE(at) === 16) return hello.toString("latin1", at + 7, at + 7 + hello[at + 6]!);
	}
	return undefined;
}

function sequenceNumber(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeUIntBE(value, 2, 6);
	return bytes;
}

/** One direction's records (RFC 5288 3). */
class Sealer {
	readonly #key: Uint8Array;
	readonly #salt: Uint8Array;
	#count = 0;

	constructor(key: Uint8Array, salt: Uint8Array) {
		this.#key = key;
		this.#salt = salt;
	}

	#additional(type: number, bytes: number): Buffer {
		return Buffer.concat([sequenceNumber(this.#count++), Buffer.from([type, 3, 3, bytes >> 8, bytes & 255])]);
	}

	seal(type: number, content: Uint8Array): Buffer {
		const explicit = sequenceNumber(this.#count);
		const nonce = Buffer.concat([this.#salt, explicit]);
		const cipher: CipherGCM = createCipheriv("aes-128-gcm", this.#key, nonce);
		cipher.setAAD(this.#additional(type, content.length));
		const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
		return fake.record(type, Buffer.concat([explicit, sealed, cipher.getAuthTag()]));
	}

	open(type: number, body: Buffer): Buffer {
		const nonce = Buffer.concat([this.#salt, body.subarray(0, 8)]);
		const cipher = createDecipheriv("aes-128-gcm", this.#key, nonce);
		cipher.setAAD(this.#additional(type, body.length - 24));
		cipher.setAuthTag(body.subarray(-16));
		return Buffer.concat([cipher.update(body.subarray(8, -16)), cipher.final()]);
	}
}

/** One connection, from the ClientHello to the greeting. */
class Handshake {
	readonly #socket: Socket;
	readonly #offers: ReadonlyMap<string, Offer>;
	readonly #ephemeral = generateKeyPairSync("x25519");
	#unread: Buffer = Buffer.alloc(0);
	#said: Buffer = Buffer.alloc(0);
	#clientRandom: Buffer = Buffer.alloc(0);
	#master: Buffer | undefined;
	#client: Sealer | undefined;
	#server: Sealer | undefined;
	#sealed = false;

	constructor(socket: Socket, offers: ReadonlyMap<string, Offer>) {
		this.#socket = socket;
		this.#offers = offers;
	}

	receive(chunk: Buffer): void {
		this.#unread = Buffer.concat([this.#unread, chunk]);
		while (this.#unread.length >= 5 && this.#unread.length >= 5 + this.#unread.readUInt16BE(3)) {
			const type = this.#unread[0]!;
			const end = 5 + this.#unread.readUInt16BE(3);
			const body = this.#unread.subarray(5, end);
			this.#unread = this.#unread.subarray(end);
			if (type === RECORD.change) this.#sealed = true;
			else if (type === RECORD.alert) this.#socket.end();
			else if (type === RECORD.handshake) this.#onRecord(body);
		}
	}

	#onRecord(body: Buffer): void {
		const content = this.#sealed ? this.#client!.open(RECORD.handshake, body) : body;
		for (let at = 0; at + 4 <= content.length; ) {
			const end = at + 4 + content.readUIntBE(at + 1, 3);
			this.#onMessage(content.subarray(at, end));
			at = end;
		}
	}

	#onMessage(message: Buffer): void {
		if (message[0] === 1) this.#greet(message);
		else if (message[0] === 16) this.#agree(message);
		else if (message[0] === 20) this.#finish(message);
		else this.#socket.destroy();
	}

	#say(...messages: readonly Buffer[]): void {
		this.#said = Buffer.concat([this.#said, ...messages]);
		// A Certificate message may be longer than a record may be.
		const whole = Buffer.concat(messages);
		for (let at = 0; at < whole.length; at += 16_384)
			this.#socket.write(fake.record(RECORD.handshake, whole.subarray(at, at + 16_384)));
	}

	#greet(hello: Buffer): void {
		const alpn = offeredProtocol(hello);
		const offer = this.#offers.get(alpn ?? "");
		if (alpn === undefined || offer === undefined) return void this.#socket.destroy();
		const isRsa = offer.key.asymmetricKeyType === "rsa";
		const suite = isRsa ? fake.SUITE.rsaAes128Gcm : fake.SUITE.ecdsaAes128Gcm;
		this.#clientRandom = hello.subarray(6, 38);
		this.#said = Buffer.from(hello);
		this.#say(fake.serverHello({ suite, alpn, random: RANDOM }));
		this.#say(fake.certificates(offer.chain));
		this.#say(this.#keyExchange(offer.key, isRsa), fake.serverHelloDone());
	}

	#keyExchange(key: KeyObject, isRsa: boolean): Buffer {
		const point = this.#ephemeral.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
		const parameters = Buffer.concat([Buffer.from([3, 0, 0x1d, 32]), point]);
		const signed = Buffer.concat([this.#clientRandom, RANDOM, parameters]);
		// What cannot sign stands on a chain that must not get this far.
		const canSign = isRsa || key.asymmetricKeyType === "ec";
		const signature = canSign ? createSign("sha256").update(signed).sign(key) : Buffer.alloc(64);
		const size = Buffer.from([4, isRsa ? 1 : 3, signature.length >> 8, signature.length & 255]);
		return fake.message(12, Buffer.concat([parameters, size, signature]));
	}

	#agree(message: Buffer): void {
		this.#said = Buffer.concat([this.#said, message]);
		const publicKey = createPublicKey({
			key: Buffer.concat([X25519_PREFIX, message.subarray(5, 37)]),
			format: "der",
			type: "spki",
		});
		const shared = diffieHellman({ privateKey: this.#ephemeral.privateKey, publicKey });
		const master = prf(shared, "master secret", Buffer.concat([this.#clientRandom, RANDOM]), 48);
		const keys = prf(master, "key expansion", Buffer.concat([RANDOM, this.#clientRandom]), 40);
		this.#master = master;
		this.#client = new Sealer(keys.subarray(0, 16), keys.subarray(32, 36));
		this.#server = new Sealer(keys.subarray(16, 32), keys.subarray(36, 40));
	}

	#finish(message: Buffer): void {
		const digest = (): Buffer => createHash("sha256").update(this.#said).digest();
		const expected = prf(this.#master!, "client finished", digest(), 12);
		if (!message.subarray(4).equals(expected)) return void this.#socket.destroy();
		this.#said = Buffer.concat([this.#said, message]);
		const finished = fake.message(20, prf(this.#master!, "server finished", digest(), 12));
		this.#socket.write(fake.record(RECORD.change, Buffer.from([1])));
		this.#socket.write(this.#server!.seal(RECORD.handshake, finished));
		this.#socket.write(this.#server!.seal(RECORD.data, Buffer.from("y")));
	}
}

export interface ChainServer {
	readonly port: number;
	close(): Promise<void>;
}

/** Serves each offer to clients that ask for it by its name. */
export async function chainServer(offers: ReadonlyMap<string, Offer>): Promise<ChainServer> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		const handshake = new Handshake(socket, offers);
		sockets.add(socket);
		socket.setNoDelay(true);
		socket.on("error", () => undefined);
		socket.on("close", () => sockets.delete(socket));
		socket.on("data", (chunk) => {
			try {
				handshake.receive(chunk);
			} catch {
				socket.destroy();
			}
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as { port: number }).port,
		close: () => {
			for (const socket of sockets) socket.destroy();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}
