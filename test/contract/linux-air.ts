/** Somebody near the simulated Linux board, over the board's own sockets (docs/BLE.md 6): hears it, and may be a central. */
import { TcpStream } from "../../hosts/ecma419/tcp-stream.ts";
import { bytesEqual, concatBytes } from "../../modules/base/bytes.ts";
import { GATT_PROFILE, uuidBytes } from "../../modules/base/gatt-profile.ts";
import type { JigCentral } from "./jig.ts";

const ADVERTISED = 1;
const CONNECT = 2;
const MTU = 3;
const SUBSCRIBE = 4;
const WRITE = 5;
const WRITTEN = 6;
const NOTIFIED = 7;
const SERVICE_DATA = 0x21;

const ADDRESS_BYTES = 6;

export class LinuxAir {
	readonly #stream: TcpStream;
	#out: Uint8Array = new Uint8Array(0);
	#in: Uint8Array = new Uint8Array(0);
	#connected = false;
	/** Of a central: what waits for the response of the write before it. */
	readonly #writes: Uint8Array[] = [];
	#mayWrite = false;
	readonly received: Uint8Array[] = [];
	serviceData: Uint8Array | undefined;
	/** Of the link; empty while nothing is advertised. */
	address: Uint8Array = new Uint8Array(0);
	ended = false;

	constructor(port: number) {
		this.#stream = new TcpStream(
			{ host: "127.0.0.1", port },
			{
				onConnected: () => {
					this.#connected = true;
					this.#flush();
				},
				onReadable: () => {
					for (let bytes = this.#stream.read(4096); bytes !== undefined; bytes = this.#stream.read(4096)) {
						this.#in = concatBytes(this.#in, bytes);
					}
					this.#read();
				},
				onWritable: () => this.#flush(),
				onClosed: () => {
					this.ended = true;
				},
			},
		);
	}

	central(packetBytes: number): JigCentral {
		const mtu = packetBytes + 3;
		this.#send(CONNECT, []);
		this.#send(MTU, [mtu >>> 8, mtu & 0xff]);
		this.#send(SUBSCRIBE, [1, 1]);
		const isEnded = (): boolean => this.ended;
		return {
			write: (packet) => {
				this.#writes.push(packet.slice());
				this.#writeNext();
			},
			received: this.received,
			get ended() {
				return isEnded();
			},
			close: () => this.#stream.close(),
		};
	}

	#writeNext(): void {
		const packet = this.#mayWrite ? this.#writes.shift() : undefined;
		if (packet === undefined) return;
		this.#mayWrite = false;
		this.#send(WRITE, [0, ...packet]);
	}

	#send(kind: number, content: readonly number[]): void {
		const length = content.length + 1;
		this.#out = concatBytes(this.#out, Uint8Array.of(length >>> 8, length & 0xff, kind, ...content));
		this.#flush();
	}

	#flush(): void {
		if (this.#connected && this.#out.length > 0) this.#out = this.#out.slice(this.#stream.write(this.#out));
	}

	#read(): void {
		while (this.#in.length >= 2) {
			const length = (this.#in[0]! << 8) | this.#in[1]!;
			if (this.#in.length < 2 + length) return;
			const message = this.#in.slice(2, 2 + length);
			this.#in = this.#in.slice(2 + length);
			this.#receive(message[0]!, message.slice(1));
		}
	}

	#receive(kind: number, content: Uint8Array): void {
		if (kind === ADVERTISED) {
			this.address = content.slice(0, ADDRESS_BYTES);
			this.serviceData = serviceDataIn(content.subarray(ADDRESS_BYTES + 1));
		}
		if (kind === NOTIFIED) this.received.push(content.slice(1));
		if (kind !== SUBSCRIBE && kind !== WRITTEN) return;
		this.#mayWrite = true;
		this.#writeNext();
	}
}

function serviceDataIn(records: Uint8Array): Uint8Array | undefined {
	const uuid = uuidBytes(GATT_PROFILE.service);
	for (let at = 0; at + 1 < records.length; at += 1 + records[at]!) {
		const content = records.slice(at + 2, at + 1 + records[at]!);
		if (records[at + 1] === SERVICE_DATA && bytesEqual(content.subarray(0, 16), uuid))
			return content.slice(16);
	}
	return undefined;
}
