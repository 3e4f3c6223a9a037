/**
 * A phone's Bluetooth around a simulated board (docs/BLE.md 6), from Node: what the board advertises, and one GATT connection. It
 * stands for a phone's own Bluetooth API, and like that knows nothing of what the packets carry.
 */
import { connect, type Socket } from "node:net";
import { bytesEqual, concatBytes } from "../../modules/base/bytes.ts";
import { ATT_HEADER_BYTES, ATT_MTU_MIN, GATT_PROFILE, uuidBytes } from "../../modules/base/gatt-profile.ts";
import { TransportFault } from "./transport.ts";

/** docs/BLE.md 6. */
const ADVERTISED = 1;
const CONNECT = 2;
const MTU = 3;
const SUBSCRIBE = 4;
const WRITE = 5;
const WRITTEN = 6;
const NOTIFIED = 7;
/** In the order of the service. */
const TO_LOCK = 0;
const TO_PHONE = 1;

const AD_SERVICE_DATA_128 = 0x21;
const ADDRESS_BYTES = 6;
const PATIENCE_MS = 8_000;
const END_MS = 1_000;

export interface AirHandlers {
	/** One notification. */
	onPacket(packet: Uint8Array): void;
	/** There is room for one write. */
	onRoom(): void;
	onClosed(): void;
}

/** What is heard of a board: its link-layer address, and everything that it advertises. */
export interface Sighting {
	readonly address: Uint8Array;
	readonly advertisement: Uint8Array;
	readonly response: Uint8Array;
	/** Under the lock's service; undefined: there is none. */
	readonly serviceData: Uint8Array | undefined;
}

export class SimulatedAir {
	readonly #socket: Socket;
	#queue: Uint8Array = new Uint8Array(0);
	#waiting: { readonly kind: number; settle(content: Uint8Array | undefined): void } | undefined;
	#sighting: Sighting | undefined;
	#handlers: AirHandlers | undefined;
	#mtu = ATT_MTU_MIN;
	#writing = false;
	#closed = false;

	/** Each new one, also when the board falls silent (undefined). */
	onSighting: ((sighting: Sighting | undefined) => void) | undefined;

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("data", (bytes) => this.#read(new Uint8Array(bytes)));
		socket.on("error", () => undefined);
		socket.on("end", () => socket.end());
		socket.on("close", () => this.#lost());
	}

	/** Rejects with TransportFault "unreachable". */
	static async listen(at: { readonly host: string; readonly port: number }): Promise<SimulatedAir> {
		const { host, port } = at;
		const air = await new Promise<SimulatedAir>((resolve, reject) => {
			const socket = connect({ host, port, noDelay: true, timeout: PATIENCE_MS });
			const fail = (detail: string): void => {
				socket.destroy();
				reject(new TransportFault("unreachable", `no board at ${host}:${port}: ${detail}`));
			};
			socket.once("connect", () => {
				socket.setTimeout(0);
				resolve(new SimulatedAir(socket));
			});
			socket.once("timeout", () => fail("timeout"));
			socket.once("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
		});
		await air.#expect(ADVERTISED);
		return air;
	}

	/** What the board advertises now; undefined: nothing. */
	get sighting(): Sighting | undefined {
		return this.#sighting;
	}

	/** Bytes of one write. */
	get packetBytes(): number {
		return this.#mtu - ATT_HEADER_BYTES;
	}

	/** Becomes a central of this MTU that hears the lock. Rejects with TransportFault. */
	async connect(mtu: number, handlers: AirHandlers): Promise<void> {
		this.#handlers = handlers;
		this.#send(CONNECT);
		await this.#expect(CONNECT);
		await this.exchangeMtu(mtu);
		this.#send(SUBSCRIBE, Uint8Array.of(TO_PHONE, 1));
		await this.#expect(SUBSCRIBE);
		handlers.onRoom();
	}

	async exchangeMtu(mtu: number): Promise<void> {
		this.#send(MTU, Uint8Array.of(mtu >>> 8, mtu & 0xff));
		const content = await this.#expect(MTU);
		this.#mtu = Math.max(ATT_MTU_MIN, ((content[0] ?? 0) << 8) | (content[1] ?? 0));
	}

	/** One write with response; false: the last one has no response yet. */
	write(packet: Uint8Array): boolean {
		if (this.#writing || this.#closed) return false;
		this.#writing = true;
		this.#send(WRITE, concatBytes(Uint8Array.of(TO_LOCK), packet));
		return true;
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#socket.end();
		setTimeout(() => this.#socket.destroy(), END_MS).unref();
	}

	#send(kind: number, content: Uint8Array = new Uint8Array(0)): void {
		const length = content.length + 1;
		if (!this.#closed)
			this.#socket.write(concatBytes(Uint8Array.of(length >>> 8, length & 0xff, kind), content));
	}

	async #expect(kind: number): Promise<Uint8Array> {
		const content = await new Promise<Uint8Array | undefined>((resolve) => {
			const timer = setTimeout(() => settle(undefined), PATIENCE_MS);
			const settle = (answer: Uint8Array | undefined): void => {
				clearTimeout(timer);
				this.#waiting = undefined;
				resolve(answer);
			};
			if (this.#closed || this.#socket.destroyed) settle(undefined);
			else this.#waiting = { kind, settle };
		});
		if (content !== undefined) return content;
		this.close();
		throw new TransportFault("unreachable", "the board is out of reach");
	}

	#lost(): void {
		const wasClosed = this.#closed;
		this.#closed = true;
		this.#waiting?.settle(undefined);
		if (!wasClosed) this.#handlers?.onClosed();
	}

	#read(bytes: Uint8Array): void {
		this.#queue = concatBytes(this.#queue, bytes);
		while (this.#queue.length >= 2) {
			const length = (this.#queue[0]! << 8) | this.#queue[1]!;
			if (length === 0) return void this.#socket.destroy();
			if (this.#queue.length < 2 + length) return;
			const message = this.#queue.slice(2, 2 + length);
			this.#queue = this.#queue.slice(2 + length);
			this.#receive(message[0]!, message.slice(1));
		}
	}

	#receive(kind: number, content: Uint8Array): void {
		if (kind === ADVERTISED) {
			this.#sighting = readSighting(content);
			this.onSighting?.(this.#sighting);
		}
		if (this.#waiting?.kind === kind) return this.#waiting.settle(content);
		if (kind === NOTIFIED && content[0] === TO_PHONE) return this.#handlers?.onPacket(content.slice(1));
		if (kind === MTU) this.#mtu = Math.max(ATT_MTU_MIN, ((content[0] ?? 0) << 8) | (content[1] ?? 0));
		if (kind !== WRITTEN) return;
		this.#writing = false;
		this.#handlers?.onRoom();
	}
}

function readSighting(content: Uint8Array): Sighting | undefined {
	if (content.length <= ADDRESS_BYTES) return undefined;
	const start = ADDRESS_BYTES + 1;
	const end = start + content[ADDRESS_BYTES]!;
	const advertisement = content.slice(start, end);
	return {
		address: content.slice(0, ADDRESS_BYTES),
		advertisement,
		response: content.slice(end),
		serviceData: serviceDataIn(advertisement),
	};
}

function serviceDataIn(advertisement: Uint8Array): Uint8Array | undefined {
	const uuid = uuidBytes(GATT_PROFILE.service);
	for (let at = 0; at + 1 < advertisement.length; at += 1 + advertisement[at]!) {
		const content = advertisement.slice(at + 2, at + 1 + advertisement[at]!);
		if (advertisement[at + 1] !== AD_SERVICE_DATA_128) continue;
		if (bytesEqual(content.subarray(0, uuid.length), uuid)) return content.slice(uuid.length);
	}
	return undefined;
}
