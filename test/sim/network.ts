/**
 * TLS in memory, under the test's hand: which endpoints exist, what each handshake ends in, how long things take,
 * how much a peer takes, when a connection drops. No bytes are encrypted here; hosts/bindings has its own tests.
 */
import { assert } from "../../modules/base/assert.ts";
import { concatBytes } from "../../modules/base/bytes.ts";
import { DeviceError } from "../../modules/base/device-error.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { Clock, Timer } from "../../modules/platform/clock.ts";
import type {
	Tls,
	TlsConnection,
	TlsHandlers,
	TlsInfo,
	TlsOptions,
	TlsReason,
} from "../../modules/platform/tls.ts";
import type { SimTime } from "./time.ts";

/** What an endpoint answers to one connection: a server's side to serve it with, the reason that the client sees, or undefined for no answer at all. */
export type Acceptor = (options: TlsOptions) => ((peer: SimPeer) => void) | TlsReason | undefined;

/** The server's side of one connection. */
export class SimPeer {
	/** Called with what the client wrote, after `delayMs` of the network. */
	onData: (bytes: Uint8Array) => void = () => undefined;
	/** Called when the client closed. */
	onClosed: () => void = () => undefined;
	/** What `onData` was given, and what came before it was set. */
	readonly received: Uint8Array[] = [];
	readonly options: TlsOptions;
	readonly #line: Line;

	constructor(options: TlsOptions, line: Line) {
		this.options = options;
		this.#line = line;
	}

	write(bytes: Uint8Array): void {
		this.#line.toClient(bytes.slice());
	}

	/** Sends close_notify behind what was written. */
	end(): void {
		this.#line.endClient(undefined);
	}

	/** Ends the connection as a fault: "reset", "alert-certificate", ... */
	drop(reason: TlsReason = "reset"): void {
		this.#line.endClient(reason);
	}

	/** Bytes that this side still takes from the client before its writes come back short; unlimited at first. */
	takeOnly(bytes: number): void {
		this.#line.setWindow(bytes);
	}
}

/** One connection as a cable: it delays, and forgets once an end is closed. */
interface Line {
	toClient(bytes: Uint8Array): void;
	endClient(reason: TlsReason | undefined): void;
	setWindow(bytes: number): void;
}

const DER_SEQUENCE = 0x30;

interface Endpoint {
	readonly accept: Acceptor;
}

const INFO: TlsInfo = Object.freeze({
	version: "1.2",
	suite: "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256",
	resumed: false,
});

export class SimNetwork {
	readonly #time: SimTime;
	readonly #endpoints = new Map<string, Endpoint>();
	readonly #connections = new Set<SimConnection>();
	readonly #sessions = new Set<string>();
	readonly #attempts: TlsOptions[] = [];
	/** One way. */
	delayMs = 0;
	/** While true nothing passes in either direction, and no handshake ends; what was sent meanwhile passes later. */
	#held = false;
	readonly #heldBack: (() => void)[] = [];

	constructor(time: SimTime) {
		this.#time = time;
	}

	/** Serves host:port; replaces what served it. */
	listen(host: string, port: number, accept: Acceptor): void {
		this.#endpoints.set(`${host}:${port}`, { accept });
	}

	/** The host stays known but accepts nothing ("connect"). */
	silence(host: string, port: number): void {
		this.#endpoints.set(`${host}:${port}`, { accept: () => "connect" });
	}

	/** Every connection attempt, oldest first. */
	get attempts(): readonly TlsOptions[] {
		return this.#attempts;
	}

	/** Connections that are being made or are up. */
	get open(): number {
		return this.#connections.size;
	}

	hold(): void {
		this.#held = true;
	}

	release(): void {
		this.#held = false;
		for (const pass of this.#heldBack.splice(0)) pass();
	}

	/** Every connection fails now, as when a router dies. */
	dropAll(reason: TlsReason = "reset"): void {
		for (const connection of [...this.#connections]) connection.fail(reason);
	}

	/** What one boot sees; its handlers run as events of its clock. */
	connect(clock: Clock): Tls {
		return {
			connect: (options, handlers) => {
				const { roots } = options;
				if (roots.length === 0 || roots.some((root) => root.der[0] !== DER_SEQUENCE)) {
					throw new DeviceError("tls/setup", "a root that is no certificate, or none");
				}
				this.#attempts.push(options);
				const connection = new SimConnection(this, clock, options, handlers);
				this.#connections.add(connection);
				return connection;
			},
			dropSessions: () => this.#sessions.clear(),
		};
	}

	/** The board is gone: its connections close under their peers. */
	disconnect(): void {
		for (const connection of [...this.#connections]) connection.close();
		this.#sessions.clear();
	}

	// ---- for SimConnection ----

	accept(options: TlsOptions): ReturnType<Acceptor> {
		const endpoint = this.#endpoints.get(`${options.host}:${options.port}`);
		if (endpoint !== undefined) return endpoint.accept(options);
		const known = [...this.#endpoints.keys()].some((name) => name.startsWith(`${options.host}:`));
		return known ? "connect" : "resolve";
	}

	/** True when a session under these options is resumed; it can be from now on. */
	resume(options: TlsOptions): boolean {
		if (options.resumptionScope === undefined) return false;
		const key = [options.resumptionScope, options.host, options.port, options.serverName].join("\n");
		const resumed = this.#sessions.has(key);
		this.#sessions.add(key);
		return resumed;
	}

	/** Runs `arrive` one network delay from now, or when the network lets go. In order. */
	pass(arrive: () => void): void {
		this.#time.schedule(this.delayMs, () => {
			if (this.#held) this.#heldBack.push(arrive);
			else arrive();
		});
	}

	forget(connection: SimConnection): void {
		this.#connections.delete(connection);
	}
}

class SimConnection implements TlsConnection {
	readonly #network: SimNetwork;
	readonly #clock: Clock;
	readonly #handlers: TlsHandlers;
	readonly #deadline: Timer;
	#peer: SimPeer | undefined;
	#phase: "connecting" | "up" | "closed" = "connecting";
	#incoming: Uint8Array[] = [];
	#end: { readonly reason: TlsReason | undefined } | undefined;
	#queued: Uint8Array[] = [];
	#queuedBytes = 0;
	#short = false;
	#windowBytes = Number.POSITIVE_INFINITY;

	constructor(network: SimNetwork, clock: Clock, options: TlsOptions, handlers: TlsHandlers) {
		this.#network = network;
		this.#clock = clock;
		this.#handlers = handlers;
		this.#deadline = clock.after(options.handshakeMs, () => this.#finish("timeout"));
		network.pass(() => network.pass(() => this.#handshake(options)));
	}

	read(maximum: number): Uint8Array | undefined {
		assert(maximum >= 1, "a read asks for a byte at least");
		const first = this.#incoming.shift();
		if (first === undefined) return undefined;
		if (first.length > maximum) this.#incoming.unshift(first.subarray(maximum));
		if (this.#incoming.length === 0 && this.#end !== undefined) this.#postEnd();
		return first.slice(0, maximum);
	}

	write(bytes: Uint8Array): number {
		if (this.#phase !== "up") return 0;
		const taken = Math.min(bytes.length, LIMITS.tlsWriteQueueBytes - this.#queuedBytes);
		if (taken < bytes.length) this.#short = true;
		if (taken === 0) return 0;
		this.#queued.push(bytes.slice(0, taken));
		this.#queuedBytes += taken;
		this.#flush();
		return taken;
	}

	close(): void {
		if (this.#phase === "closed") return;
		this.#phase = "closed";
		this.#deadline.cancel();
		this.#network.forget(this);
		this.#incoming = [];
		const peer = this.#peer;
		if (peer !== undefined) this.#network.pass(() => peer.onClosed());
	}

	fail(reason: TlsReason): void {
		this.#clock.after(0, () => this.#finish(reason));
	}

	#handshake(options: TlsOptions): void {
		if (this.#phase !== "connecting") return;
		const answer = this.#network.accept(options);
		if (answer === undefined) return;
		if (typeof answer === "string") {
			this.fail(answer);
			return;
		}
		const peer = new SimPeer(options, {
			toClient: (bytes) => this.#network.pass(() => this.#arrive(bytes)),
			endClient: (reason) => this.#network.pass(() => this.#ended(reason)),
			setWindow: (bytes) => {
				this.#windowBytes = bytes;
				this.#flush();
			},
		});
		this.#peer = peer;
		const { alpn } = options;
		const info = {
			...INFO,
			resumed: this.#network.resume(options),
			...(alpn?.[0] === undefined ? {} : { alpn: alpn[0] }),
		};
		this.#clock.after(0, () => {
			if (this.#phase !== "connecting") return;
			this.#phase = "up";
			this.#deadline.cancel();
			this.#handlers.onConnected(info);
		});
		answer(peer);
	}

	/** Hands the peer what it takes. */
	#flush(): void {
		const peer = this.#peer;
		if (peer === undefined || this.#queuedBytes === 0 || this.#windowBytes === 0) return;
		const all = concatBytes(...this.#queued);
		const taken = all.slice(0, Math.min(all.length, this.#windowBytes));
		this.#windowBytes -= taken.length;
		this.#queuedBytes = all.length - taken.length;
		this.#queued = this.#queuedBytes === 0 ? [] : [all.slice(taken.length)];
		this.#network.pass(() => {
			peer.received.push(taken);
			peer.onData(taken);
		});
		if (this.#queuedBytes > 0 || !this.#short) return;
		this.#short = false;
		this.#clock.after(0, () => {
			if (this.#phase === "up") this.#handlers.onWritable();
		});
	}

	#arrive(bytes: Uint8Array): void {
		if (this.#phase === "closed" || this.#end !== undefined || bytes.length === 0) return;
		this.#incoming.push(bytes);
		this.#clock.after(0, () => {
			if (this.#phase === "up" && this.#incoming.length > 0) this.#handlers.onReadable();
		});
	}

	#ended(reason: TlsReason | undefined): void {
		if (this.#phase === "closed" || this.#end !== undefined) return;
		this.#end = { reason };
		if (this.#incoming.length === 0) this.#postEnd();
	}

	#postEnd(): void {
		this.#clock.after(0, () => this.#finish(this.#end?.reason));
	}

	#finish(reason: TlsReason | undefined): void {
		if (this.#phase === "closed") return;
		this.#phase = "closed";
		this.#deadline.cancel();
		this.#network.forget(this);
		this.#handlers.onClosed(reason);
	}
}
