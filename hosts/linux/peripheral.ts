/**
 * ECMA-419's GATT server over a local socket: `import { GATTServer } from "embedded:io/bluetoothle/peripheral"`. The socket stands
 * for the air around the lock (docs/BLE.md 6): who connects hears what is advertised, and may become a central.
 * Of the class this is what the firmware uses. It imports no file: a module under a standard specifier has no folder to import from.
 */
import Listener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";

interface Characteristic {
	readonly uuid: string;
	readonly properties?: number;
	onWrite?(value: ArrayBuffer, connection: Connection): void;
	onSubscribe?(connection: Connection): void;
	onUnsubscribe?(connection: Connection): void;
}

interface Service {
	readonly uuid: string;
	readonly characteristics?: Characteristic[];
}

interface ServerOptions {
	readonly mtu?: number;
	readonly services: Service[];
	readonly onReady?: (this: GATTServer) => void;
	readonly onConnect?: (this: GATTServer, connection: Connection) => void;
	readonly onDisconnect?: (this: GATTServer, connection: Connection) => void;
}

interface Records {
	readonly flags?: number;
	readonly services?: readonly string[];
	readonly [type: number]: Uint8Array;
}

type Notified = (error?: Error) => void;

const argument = native<(key: string) => string | undefined>("xs_system_argument");
const fillRandom = native<(out: Uint8Array) => unknown>("xs_lk_random");

/** docs/BLE.md 6: kinds of messages; each is two bytes of length, the kind, and its content. */
const ADVERTISED = 1;
const CONNECT = 2;
const MTU = 3;
const SUBSCRIBE = 4;
const WRITE = 5;
const WRITTEN = 6;
const NOTIFIED = 7;

const HEADER_BYTES = 3;
const MTU_MIN = 23;
const MTU_MAX = 517;
const ATT_HEADER_BYTES = 3;
/** The longest that a central may send: a write of the largest MTU, with the number of its characteristic. */
const MESSAGE_MAX = MTU_MAX + 1;
/** As NimBLE's default, and who else may be around. */
const CENTRALS = 3;
const PEERS = 8;
const READ_BYTES = 2048;
const READS_PER_TURN = 4;
const ADDRESS_BYTES = 6;
const AD_BYTES = 31;
const AD_FLAGS = 1;
const AD_SERVICES_128 = 7;

export class GATTServer {
	static readonly properties = Object.freeze({ write: 8, notify: 16 });

	readonly mtu: number;
	readonly characteristics: readonly Characteristic[];
	readonly #options: ServerOptions;
	readonly #listener: Listener;
	readonly #peers = new Set<Peer>();
	#advertised: Uint8Array = new Uint8Array(0);

	/** Throws where the board has no radio, or nobody can listen there. */
	constructor(options: ServerOptions) {
		const at = argument("radio");
		if (at === undefined) throw new TypeError("radio: this board has none");
		const colon = at.lastIndexOf(":");
		this.mtu = Math.min(Math.max(options.mtu ?? MTU_MIN, MTU_MIN), MTU_MAX);
		this.#options = options;
		this.characteristics = options.services.flatMap((service) => service.characteristics ?? []);
		this.#listener = new Listener({
			address: at.slice(0, Math.max(0, colon)),
			port: Number(at.slice(colon + 1)),
			onReadable: () => this.#takePeers(),
		});
		Timer.set(() => options.onReady?.call(this));
	}

	/** Beyond the class: where the air is. */
	get port(): number {
		return this.#listener.port ?? 0;
	}

	/** Each time under a new address. */
	startAdvertising(scan: Records, response: Records = {}): void {
		const address = new Uint8Array(ADDRESS_BYTES);
		fillRandom(address);
		// A non-resolvable private address (Bluetooth Core 6.B 1.3.2.2).
		address[0] = address[0]! & 0x3f;
		const first = recordBytes(scan);
		this.#advertised = Uint8Array.of(...address, first.length, ...first, ...recordBytes(response));
		this.#tellAll();
	}

	stopAdvertising(): void {
		this.#advertised = new Uint8Array(0);
		this.#tellAll();
	}

	close(): void {
		this.#listener.close();
		for (const peer of [...this.#peers]) peer.end();
	}

	// ---- for its peers ----

	/** False: as many are connected as there can be. */
	connected(connection: Connection): boolean {
		let centrals = 0;
		for (const peer of this.#peers) if (peer.isCentral) centrals++;
		if (centrals > CENTRALS) return false;
		this.#options.onConnect?.call(this, connection);
		return true;
	}

	/** `connection`: not one that the firmware closed. */
	gone(peer: Peer, connection: Connection | undefined): void {
		this.#peers.delete(peer);
		if (connection !== undefined) this.#options.onDisconnect?.call(this, connection);
	}

	#takePeers(): void {
		for (let from = this.#listener.read(); from !== undefined; from = this.#listener.read()) {
			if (this.#peers.size >= PEERS) new TCP({ from }).close();
			else this.#peers.add(new Peer(this, from, this.#advertised));
		}
	}

	#tellAll(): void {
		for (const peer of this.#peers) if (!peer.isCentral) peer.tell(ADVERTISED, this.#advertised);
	}
}

/** What the firmware sees of a central. */
class Connection {
	readonly #peer: Peer;

	constructor(peer: Peer) {
		this.#peer = peer;
	}

	get maximumWrite(): number {
		return this.#peer.mtu - ATT_HEADER_BYTES;
	}

	notify(characteristic: Characteristic, value: ArrayBuffer, callback?: Notified): void {
		this.#peer.notify(characteristic, new Uint8Array(value), callback);
	}

	close(): void {
		this.#peer.close();
	}
}

/** Who is around: somebody who listens, or a central. */
class Peer {
	readonly #server: GATTServer;
	readonly #tcp: TCP;
	readonly #subscribed = new Set<number>();
	#connection: Connection | undefined;
	#mtu = MTU_MIN;
	#queue: Uint8Array = new Uint8Array(0);
	#room = 0;
	#callbacks: Notified[] = [];
	#ended = false;

	constructor(server: GATTServer, from: TCP, advertised: Uint8Array) {
		this.#server = server;
		this.#tcp = new TCP({
			from,
			nodelay: true,
			onReadable: () => this.#drain(),
			onWritable: (bytes) => {
				const isFirst = this.#room === 0;
				this.#room = bytes;
				if (isFirst) this.tell(ADVERTISED, advertised);
				// Everything that was written is on its way.
				for (const callback of this.#callbacks.splice(0)) callback();
			},
			onError: () => this.end(),
		});
	}

	get mtu(): number {
		return this.#mtu;
	}

	get isCentral(): boolean {
		return this.#connection !== undefined;
	}

	tell(kind: number, content: Uint8Array): void {
		const message = new Uint8Array(HEADER_BYTES + content.length);
		message[0] = (content.length + 1) >>> 8;
		message[1] = (content.length + 1) & 0xff;
		message[2] = kind;
		message.set(content, HEADER_BYTES);
		if (this.#ended || this.#room === 0) return;
		try {
			this.#tcp.write(message);
		} catch {
			// Who takes nothing is out of reach.
			this.end();
		}
	}

	notify(characteristic: Characteristic, value: Uint8Array, callback: Notified | undefined): void {
		const number = this.#server.characteristics.indexOf(characteristic);
		if (!this.#subscribed.has(number)) throw new TypeError("radio: nobody subscribed");
		if (value.length > this.#mtu - ATT_HEADER_BYTES) throw new RangeError("radio: more than the MTU");
		if (callback !== undefined) this.#callbacks.push(callback);
		this.tell(NOTIFIED, Uint8Array.of(number, ...value));
	}

	/** By the firmware. */
	close(): void {
		this.#connection = undefined;
		this.end();
	}

	/** Idempotent. */
	end(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#callbacks = [];
		this.#tcp.close();
		this.#server.gone(this, this.#connection);
	}

	#drain(): void {
		for (let reads = 0; reads < READS_PER_TURN && !this.#ended; reads++) {
			const bytes = this.#tcp.read(READ_BYTES);
			if (bytes === undefined) return;
			this.#queue = Uint8Array.of(...this.#queue, ...new Uint8Array(bytes));
			this.#readMessages();
		}
		if (!this.#ended) Timer.set(() => this.#drain());
	}

	#readMessages(): void {
		while (!this.#ended && this.#queue.length >= 2) {
			const length = (this.#queue[0]! << 8) | this.#queue[1]!;
			if (length === 0 || length > MESSAGE_MAX) return this.end();
			if (this.#queue.length < 2 + length) return;
			const message = this.#queue.slice(2, 2 + length);
			this.#queue = this.#queue.slice(2 + length);
			this.#receive(message[0]!, message.subarray(1));
		}
	}

	#receive(kind: number, content: Uint8Array): void {
		if (kind === CONNECT) return this.#connect();
		const connection = this.#connection;
		if (connection === undefined) return this.end();
		if (kind === MTU && content.length === 2) {
			const asked = (content[0]! << 8) | content[1]!;
			this.#mtu = Math.max(MTU_MIN, Math.min(asked, this.#server.mtu));
			return this.tell(MTU, Uint8Array.of(this.#mtu >>> 8, this.#mtu & 0xff));
		}
		const characteristic = this.#server.characteristics[content[0] ?? -1];
		if (characteristic === undefined) return this.end();
		if (kind === SUBSCRIBE && content.length === 2) {
			return this.#subscribe(characteristic, content[0]!, content[1] === 1, connection);
		}
		if (kind !== WRITE || content.length - 1 > this.#mtu - ATT_HEADER_BYTES) return this.end();
		characteristic.onWrite?.(content.slice(1).buffer as ArrayBuffer, connection);
		this.tell(WRITTEN, Uint8Array.of(content[0]!));
	}

	#connect(): void {
		if (this.#connection !== undefined) return this.end();
		this.#connection = new Connection(this);
		this.tell(CONNECT, new Uint8Array(0));
		if (!this.#server.connected(this.#connection)) this.close();
	}

	#subscribe(characteristic: Characteristic, number: number, on: boolean, connection: Connection): void {
		if (on) this.#subscribed.add(number);
		else this.#subscribed.delete(number);
		this.tell(SUBSCRIBE, Uint8Array.of(number, on ? 1 : 0));
		if (on) characteristic.onSubscribe?.(connection);
		else characteristic.onUnsubscribe?.(connection);
	}
}

/** As a stack puts them into a packet of advertising. Throws when they do not fit. */
function recordBytes(records: Records): Uint8Array {
	const bytes: number[] = [];
	const put = (type: number, content: ArrayLike<number>): void => {
		bytes.push(content.length + 1, type, ...Array.from(content));
	};
	for (const name of Object.keys(records)) {
		if (name === "flags") put(AD_FLAGS, [records.flags ?? 0]);
		else if (name === "services") put(AD_SERVICES_128, (records.services ?? []).flatMap(littleEndian));
		else put(Number(name), records[Number(name)]!);
	}
	if (bytes.length > AD_BYTES) throw new RangeError("radio: an advertisement beyond 31 bytes");
	return Uint8Array.from(bytes);
}

function littleEndian(uuid: string): number[] {
	const digits = uuid.replaceAll("-", "");
	const bytes: number[] = [];
	for (let at = digits.length - 2; at >= 0; at -= 2)
		bytes.push(Number.parseInt(digits.slice(at, at + 2), 16));
	return bytes;
}
