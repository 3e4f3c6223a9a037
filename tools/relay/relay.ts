/**
 * The relay: devices on one TLS port, apps on another, and opaque frames between them. It decides who is connected; what
 * the frames say it cannot know, and nothing in a lock's safety depends on it (T1, I6).
 */
import type { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { APP_PATH, APP_SUBPROTOCOL, LINK_PATH, LINK_SUBPROTOCOL } from "../../modules/wire/envelope.ts";
import { readDeviceCertificate } from "./device-certificate.ts";
import type { DeviceService } from "./device-service.ts";
import { RELAY_LIMITS, type RelayLimits } from "./limits.ts";
import { Listener, type Visitor, visitorAt } from "./listener.ts";
import { type LogSink, RelayLog } from "./log.ts";
import { CLOSE_CODE, Peer, type PeerRate } from "./peer.ts";
import type { DeviceKey, Registry } from "./registry.ts";
import { type Attachment, Router } from "./router.ts";

export interface ListenerCredentials {
	/** PEM: the leaf and its intermediates. */
	readonly certificate: string;
	readonly key: string;
}

export interface RelayOptions {
	/** Stays the caller's: the relay does not close it. */
	readonly registry: Registry;
	readonly device: ListenerCredentials;
	readonly app: ListenerCredentials;
	/** PEM. */
	readonly deviceRoots: string;
	readonly log: LogSink;
	/** What it does for locks besides carrying frames. */
	readonly services?: readonly DeviceService[];
	/**
	 * Apps reach a lock that comes with its factory certificate. Only for a relay that issues no operational ones
	 * (PROTOCOL 8).
	 */
	readonly admitFactory?: boolean;
	readonly limits?: Partial<RelayLimits>;
	/** For tests and demonstrations: sees each connection inside TLS before anything is read from it. */
	readonly tap?: (tls: TLSSocket, side: "device" | "app") => void;
}

export interface RelayAddress {
	readonly host: string;
	readonly devicePort: number;
	readonly appPort: number;
}

const TICK_MAX_MS = 1_000;

export class Relay {
	readonly #options: RelayOptions;
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #devices: Listener;
	readonly #apps: Listener;
	readonly #router: Router;
	readonly #peers = new Set<Peer>();
	#connections = 0;
	#closed = false;
	/** Devices came, and the registry could not be asked again. */
	#unchecked = false;
	#tick: NodeJS.Timeout | undefined;
	#unwatch: (() => void) | undefined;
	#emptied: (() => void) | undefined;

	constructor(options: RelayOptions) {
		this.#options = options;
		this.#limits = { ...RELAY_LIMITS, ...options.limits };
		this.#log = new RelayLog(options.log);
		this.#devices = new Listener(
			{
				name: "device",
				path: LINK_PATH,
				subprotocol: LINK_SUBPROTOCOL,
				...options.device,
				clientRoots: options.deviceRoots,
				connectionsPerAddress: this.#limits.deviceConnectionsPerAddress,
				authorise: (socket) => this.#authoriseDevice(socket),
				onWebSocket: (socket, visitor) => this.#attachDevice(socket, visitor),
				tap: (tls) => options.tap?.(tls, "device"),
			},
			this.#limits,
			this.#log,
		);
		this.#apps = new Listener(
			{
				name: "app",
				path: APP_PATH,
				subprotocol: APP_SUBPROTOCOL,
				...options.app,
				connectionsPerAddress: this.#limits.appConnectionsPerAddress,
				authorise: async (socket) => accept(visitorAt(socket)),
				onWebSocket: (socket, visitor) => this.#attachApp(socket, visitor),
				tap: (tls) => options.tap?.(tls, "app"),
			},
			this.#limits,
			this.#log,
		);
		this.#router = new Router(
			this.#limits,
			this.#log,
			this.#apps.addresses,
			options.services ?? [],
			options.admitFactory ?? false,
		);
	}

	/** Port 0 lets the system choose. */
	async listen(host: string, devicePort: number, appPort: number): Promise<RelayAddress> {
		const address = {
			host,
			devicePort: await this.#devices.listen(host, devicePort),
			appPort: await this.#apps.listen(host, appPort),
		};
		this.#log.write("info", "listening", { listener: "device", address: host, port: address.devicePort });
		this.#log.write("info", "listening", { listener: "app", address: host, port: address.appPort });
		this.#tick = setInterval(() => this.#onTick(), Math.min(TICK_MAX_MS, this.#limits.pingMs / 4));
		this.#unwatch = this.#options.registry.watch(
			this.#limits.registryPollMs,
			() => this.#recheck(this.#router.keys),
			(error) => this.#log.write("error", "registry", { reason: error.message }),
		);
		return address;
	}

	/** Serials of the devices that are connected now. */
	get serials(): readonly string[] {
		return this.#router.serials;
	}

	/** Of these, the ones that apps can reach: not those that are here for a certificate only. */
	get reachable(): readonly string[] {
		return this.#router.reachable;
	}

	/** Says goodbye to everyone, then ends what is left. Idempotent. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#tick);
		this.#unwatch?.();
		this.#devices.stop();
		this.#apps.stop();
		const empty = new Promise<void>((resolve) => {
			this.#emptied = resolve;
		});
		for (const peer of this.#peers) peer.close(CLOSE_CODE.goingAway, "stopping");
		if (this.#peers.size > 0) await empty;
		this.#devices.destroy();
		this.#apps.destroy();
		this.#log.write("info", "stopped");
	}

	async #authoriseDevice(socket: TLSSocket): Promise<Result<Visitor, string>> {
		const certificate = socket.getPeerX509Certificate();
		if (!socket.authorized || certificate === undefined) return refuse("certificate-unverified");
		const identity = readDeviceCertificate(certificate, Date.now());
		if (!identity.ok) return identity;
		const admitted = await this.#options.registry.admit(identity.value);
		if (!admitted.ok) return admitted;
		if (admitted.value === "operational") await this.#options.registry.connected(identity.value);
		return accept({ ...visitorAt(socket), device: { ...identity.value, credential: admitted.value } });
	}

	#attachDevice(socket: WebSocket, visitor: Visitor): void {
		const { device } = visitor;
		if (device === undefined) {
			socket.terminate();
			return;
		}
		const { deviceMessagesBurst, deviceMessagesPerMinute, deviceBytesBurst, deviceBytesPerMinute } =
			this.#limits;
		const rate = {
			messagesBurst: deviceMessagesBurst,
			messagesPerMinute: deviceMessagesPerMinute,
			bytesBurst: deviceBytesBurst,
			bytesPerMinute: deviceBytesPerMinute,
		};
		this.#attach(socket, visitor, "device", rate, (peer) => this.#router.attachDevice(device, peer));
		// It may have been revoked since it was admitted, when nobody knew that it would be here.
		this.#recheckSoon([device]);
	}

	#attachApp(socket: WebSocket, visitor: Visitor): void {
		const { appMessagesBurst, appMessagesPerMinute, appBytesBurst, appBytesPerMinute } = this.#limits;
		const rate = {
			messagesBurst: appMessagesBurst,
			messagesPerMinute: appMessagesPerMinute,
			bytesBurst: appBytesBurst,
			bytesPerMinute: appBytesPerMinute,
		};
		this.#attach(socket, visitor, "app", rate, (peer, connection) =>
			this.#router.attachApp(connection, visitor.group, peer),
		);
	}

	#attach(
		socket: WebSocket,
		visitor: Visitor,
		listener: "device" | "app",
		rate: PeerRate,
		attach: (peer: Peer, connection: number) => Attachment,
	): void {
		const connection = ++this.#connections;
		const fields = {
			listener,
			connection,
			...(visitor.device === undefined
				? {}
				: { serial: visitor.device.serial, credential: visitor.device.credential }),
		};
		let attachment: Attachment | undefined;
		const peer = new Peer(socket, this.#limits, rate, {
			onMessage: (message) => attachment?.receive(message),
			onClosed: (reason, code) => {
				this.#peers.delete(peer);
				attachment?.closed();
				this.#log.write("info", "disconnected", { ...fields, reason, code });
				if (this.#peers.size === 0) this.#emptied?.();
			},
		});
		this.#peers.add(peer);
		this.#log.write("info", "connected", { ...fields, address: visitor.address });
		attachment = attach(peer, connection);
	}

	#onTick(): void {
		const nowMs = performance.now();
		for (const peer of this.#peers) peer.tick(nowMs);
		this.#router.sweep(nowMs);
		this.#router.endExpired(Date.now());
		if (this.#unchecked) this.#recheckSoon(this.#router.keys);
	}

	/**
	 * Whoever changed the registry may have revoked a device that is connected here, or its key (T8). Rejects when the
	 * registry cannot be asked: then nothing is known of them, and it must be asked again.
	 */
	async #recheck(devices: readonly DeviceKey[]): Promise<void> {
		if (devices.length === 0) return;
		const unwelcome = await this.#options.registry.unwelcome(devices);
		for (const device of unwelcome) this.#router.disconnectKey(device, device.reason);
	}

	/** Without waiting; after a failure the next tick tries again. */
	#recheckSoon(devices: readonly DeviceKey[]): void {
		this.#unchecked = false;
		void this.#recheck(devices).catch((error: Error) => {
			this.#unchecked = true;
			this.#log.write("error", "registry", { reason: error.message });
		});
	}
}
