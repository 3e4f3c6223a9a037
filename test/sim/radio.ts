/** The radio in memory: what a board advertises, and who connects to it. */
import { LIMITS } from "../../modules/base/limits.ts";
import type { Clock } from "../../modules/platform/clock.ts";
import type { Radio, RadioConnection, RadioConnectionHandlers } from "../../modules/platform/radio.ts";
import type { SimTime } from "./time.ts";

/** As many as a host's stack has room for. */
const CENTRALS = 3;
const PACKET_MIN = 20;

/** One connection as its central has it. */
export class SimCentral {
	readonly #time: SimTime;
	readonly #onDropped: () => void;
	#toBoard: Uint8Array[] = [];
	#room = Number.POSITIVE_INFINITY;
	#packetBytes = PACKET_MIN;
	#handlers: RadioConnectionHandlers | undefined;
	#post: (run: () => void) => void = () => undefined;
	#ready = false;
	/** The board has taken it. */
	taken = false;
	/** The board has closed it, or refused it. */
	closed = false;
	/** Everything that was notified. */
	readonly received: Uint8Array[] = [];
	onPacket: ((packet: Uint8Array) => void) | undefined;
	onClosed: (() => void) | undefined;

	constructor(time: SimTime, onDropped: () => void) {
		this.#time = time;
		this.#onDropped = onDropped;
	}

	/** One write, whatever it is. */
	write(packet: Uint8Array): void {
		if (this.closed) return;
		const copy = packet.slice();
		if (this.taken) return this.#post(() => this.#handlers?.onPacket(copy));
		this.#toBoard.push(copy);
		if (this.#toBoard.length > LIMITS.radioWaitingPackets) this.drop();
	}

	/** The bytes of a packet from now on. */
	setPacketBytes(bytes: number): void {
		this.#packetBytes = bytes;
	}

	/** The notifications that the board's stack takes from now on. */
	setRoom(packets: number): void {
		this.#room = packets;
		if (packets > 0 && this.#ready) this.#post(() => this.#handlers?.onRoom());
	}

	/** The phone leaves. */
	end(): void {
		if (this.closed) return;
		this.#post(() => this.#handlers?.onClosed());
		this.#time.schedule(0, () => this.drop());
	}

	// ---- for SimRadio ----

	accept(clock: Clock, handlers: RadioConnectionHandlers): RadioConnection {
		this.taken = true;
		this.#handlers = handlers;
		this.#post = (run) => {
			clock.after(0, () => {
				if (!this.closed) run();
			});
		};
		for (const packet of this.#toBoard.splice(0)) this.#post(() => handlers.onPacket(packet));
		this.#post(() => {
			this.#ready = true;
			handlers.onRoom();
		});
		const packetBytes = (): number => this.#packetBytes;
		return {
			get packetBytes() {
				return packetBytes();
			},
			send: (packet) => this.#send(packet),
			close: () => this.drop(),
		};
	}

	drop(): void {
		if (this.closed) return;
		this.closed = true;
		this.#time.schedule(0, () => this.onClosed?.());
		this.#onDropped();
	}

	#send(packet: Uint8Array): boolean {
		if (this.closed || !this.#ready || this.#room <= 0) return false;
		if (packet.length > this.#packetBytes) throw new Error("a packet beyond the connection's");
		this.#room--;
		const copy = packet.slice();
		this.received.push(copy);
		this.#time.schedule(0, () => this.onPacket?.(copy));
		return true;
	}
}

export class SimRadio {
	readonly #time: SimTime;
	readonly #centrals = new Set<SimCentral>();
	#waiting: SimCentral[] = [];
	#tell: () => void = () => undefined;
	#silence: () => void = () => undefined;
	#on = false;
	/** The stack stopped when a connection began. */
	#stopped = false;
	/** Everything that was advertised, over all boots: undefined where it went silent. */
	readonly advertised: (Uint8Array | undefined)[] = [];

	constructor(time: SimTime) {
		this.#time = time;
	}

	/** What is advertised now. */
	get advertisement(): Uint8Array | undefined {
		return this.#on && !this.#stopped ? this.advertised.at(-1) : undefined;
	}

	/** A connection; closed at once where nothing is on or too many stand. */
	dial(): SimCentral {
		const central = new SimCentral(this.#time, () => this.#silence());
		const standing = [...this.#centrals].filter((each) => !each.closed).length;
		if (!this.#on || standing >= CENTRALS) {
			central.drop();
			return central;
		}
		this.#centrals.add(central);
		this.#waiting.push(central);
		this.#tell();
		this.#silence();
		return central;
	}

	/** What one boot sees; callbacks run as events of its clock. */
	connect(clock: Clock): Radio {
		let armed = true;
		let onConnection: (() => void) | undefined;
		let onSilenced: (() => void) | undefined;
		this.#on = true;
		this.#stopped = false;
		this.#silence = () => {
			if (!this.#on) return;
			this.#stopped = true;
			clock.after(0, () => onSilenced?.());
		};
		this.advertised.push(undefined);
		this.#tell = () => {
			if (!armed || onConnection === undefined || this.#waiting.length === 0) return;
			armed = false;
			clock.after(0, () => onConnection?.());
		};
		return {
			onConnection: (callback) => {
				onConnection = callback;
				this.#tell();
			},
			accept: (handlers) => {
				this.#waiting = this.#waiting.filter((central) => !central.closed);
				const central = this.#waiting.shift();
				if (central === undefined) armed = true;
				return central?.accept(clock, handlers);
			},
			advertise: (serviceData) => {
				this.#stopped = false;
				this.advertised.push(serviceData?.slice());
			},
			onSilenced: (callback) => {
				onSilenced = callback;
			},
			close: () => {
				this.#on = false;
				this.advertised.push(undefined);
				for (const central of this.#waiting.splice(0)) central.drop();
			},
		};
	}

	/** The board is gone, and every connection with it. */
	disconnect(): void {
		this.#on = false;
		this.#silence = () => undefined;
		this.#waiting = [];
		for (const central of this.#centrals) central.drop();
		this.#centrals.clear();
	}
}
