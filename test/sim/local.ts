/** The local network in memory: the board's listener, and who connects to it. */
import { concatBytes } from "../../modules/base/bytes.ts";
import type { Clock } from "../../modules/platform/clock.ts";
import type { Listener, ListenerStreamHandlers } from "../../modules/platform/listener.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";
import type { SimTime } from "./time.ts";

const PORT = 7447;
/** As many as a host lets wait. */
const BACKLOG = 4;

/** One connection as its peer has it. */
export class SimLocalPeer {
	readonly #time: SimTime;
	#toBoard: Uint8Array[] = [];
	#toPeer: Uint8Array[] = [];
	#toPeerBytes = 0;
	#roomBytes = 65536;
	#short = false;
	#handlers: ListenerStreamHandlers | undefined;
	#post: (run: () => void) => void = () => undefined;
	#told = false;
	#writable = false;
	/** The peer has ended. */
	#left = false;
	/** The board has taken it. */
	taken = false;
	/** The board has closed it, or refused it. */
	closed = false;
	/** Called with what the board wrote; without it `take` has it. */
	onData: ((bytes: Uint8Array) => void) | undefined;
	onClosed: (() => void) | undefined;

	constructor(time: SimTime) {
		this.#time = time;
	}

	write(bytes: Uint8Array): void {
		this.#toBoard.push(bytes.slice());
		this.#tell();
	}

	/** What the board wrote since the last call. */
	take(): Uint8Array {
		const bytes = concatBytes(...this.#toPeer);
		this.#toPeer = [];
		this.#toPeerBytes = 0;
		if (this.#short) this.#post(() => this.#handlers?.onWritable());
		this.#short = false;
		return bytes;
	}

	/** The bytes that the board can write before somebody takes them. */
	setRoom(bytes: number): void {
		this.#roomBytes = bytes;
	}

	end(): void {
		this.#left = true;
		this.#tell();
	}

	// ---- for SimLocal ----

	accept(clock: Clock, handlers: ListenerStreamHandlers): ByteStream {
		this.taken = true;
		this.#handlers = handlers;
		this.#post = (run) => {
			clock.after(0, () => {
				if (!this.closed) run();
			});
		};
		this.#post(() => {
			this.#writable = true;
			handlers.onWritable();
		});
		this.#tell();
		return {
			read: (maximum) => this.#read(maximum),
			write: (bytes) => this.#write(bytes),
			close: () => this.drop(),
		};
	}

	drop(): void {
		if (this.closed) return;
		this.closed = true;
		this.#toBoard = [];
		this.#time.schedule(0, () => this.onClosed?.());
	}

	#tell(): void {
		if (this.#told || this.#handlers === undefined) return;
		this.#told = true;
		this.#post(() => {
			if (this.#toBoard.length > 0) return this.#handlers?.onReadable();
			this.#told = false;
			if (this.#left) this.#handlers?.onClosed();
		});
	}

	#read(maximum: number): Uint8Array | undefined {
		const first = this.closed ? undefined : this.#toBoard.shift();
		if (first === undefined) {
			this.#told = false;
			if (this.#left && !this.closed) this.#tell();
			return undefined;
		}
		if (first.length > maximum) this.#toBoard.unshift(first.subarray(maximum));
		return first.slice(0, maximum);
	}

	#write(bytes: Uint8Array): number {
		const taken =
			this.closed || !this.#writable ? 0 : Math.min(bytes.length, this.#roomBytes - this.#toPeerBytes);
		if (taken < bytes.length) this.#short = true;
		if (taken === 0) return 0;
		this.#toPeer.push(bytes.slice(0, taken));
		this.#toPeerBytes += taken;
		this.#time.schedule(0, () => {
			if (this.onData !== undefined && this.#toPeerBytes > 0) this.onData(this.take());
		});
		return taken;
	}
}

export class SimLocal {
	readonly #time: SimTime;
	readonly #peers = new Set<SimLocalPeer>();
	#waiting: SimLocalPeer[] = [];
	#tell: () => void = () => undefined;
	#listening = false;

	constructor(time: SimTime) {
		this.#time = time;
	}

	get listening(): boolean {
		return this.#listening;
	}

	/** A connection; closed at once where nobody listens or too many wait. */
	dial(): SimLocalPeer {
		const peer = new SimLocalPeer(this.#time);
		if (!this.#listening || this.#waiting.length >= BACKLOG) {
			peer.drop();
			return peer;
		}
		this.#peers.add(peer);
		this.#waiting.push(peer);
		this.#tell();
		return peer;
	}

	/** What one boot sees; callbacks run as events of its clock. */
	connect(clock: Clock): Listener {
		let armed = true;
		let onConnection: (() => void) | undefined;
		this.#listening = true;
		this.#tell = () => {
			if (!armed || onConnection === undefined || this.#waiting.length === 0) return;
			armed = false;
			clock.after(0, () => onConnection?.());
		};
		return {
			port: PORT,
			onConnection: (callback) => {
				onConnection = callback;
				this.#tell();
			},
			accept: (handlers) => {
				const peer = this.#waiting.shift();
				if (peer === undefined) armed = true;
				return peer?.accept(clock, handlers);
			},
			close: () => {
				this.#listening = false;
				for (const peer of this.#waiting.splice(0)) peer.drop();
			},
		};
	}

	/** The board is gone, and every connection with it. */
	disconnect(): void {
		this.#listening = false;
		this.#waiting = [];
		for (const peer of this.#peers) peer.drop();
		this.#peers.clear();
	}
}
