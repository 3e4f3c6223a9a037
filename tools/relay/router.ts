/**
 * Who may talk to whom: devices by serial, apps, and the channels between them (PROTOCOL 2 and 3). It moves frames and
 * never looks into one. Unknown, offline, revoked and refused locks are the same to an app: a close.
 */
import { toHex } from "../../modules/base/bytes.ts";
import { CHANNEL_MAX, decodeFromApp, decodeFromLock, encodeEnvelope } from "../../modules/wire/envelope.ts";
import type { AddressTable } from "./addresses.ts";
import type { ConnectedDevice, DeviceCredential, DeviceService } from "./device-service.ts";
import type { RelayLimits } from "./limits.ts";
import type { RelayLog } from "./log.ts";
import { CLOSE_CODE, type Peer } from "./peer.ts";
import type { DeviceKey } from "./registry.ts";
import { TokenBucket } from "./token-bucket.ts";

/** One channel: the app's number on one side, the relay's on the other. */
interface Route {
	readonly app: AppLink;
	readonly appChannel: number;
	readonly device: DeviceLink;
	readonly deviceChannel: number;
	usedMs: number;
}

interface DeviceLink {
	readonly serial: string;
	readonly key: DeviceKey;
	readonly notAfterMs: number;
	/** Whether apps may open channels to it (PROTOCOL 8). */
	readonly opens: boolean;
	readonly peer: Peer;
	readonly routes: Map<number, Route>;
	readonly notices: TokenBucket;
	readonly connected: ConnectedDevice;
	nextChannel: number;
	unreadable: number;
}

interface AppLink {
	readonly connection: number;
	readonly group: string;
	readonly peer: Peer;
	readonly routes: Map<number, Route>;
	listening: readonly string[];
}

/** A device as it was admitted. */
export interface AttachedDevice extends DeviceKey {
	readonly credential: DeviceCredential;
	/** When its certificate ends, in milliseconds since 1970; the connection ends then too. */
	readonly notAfterMs: number;
}

/** What a connection does with what it hears; made by `attach`. */
export interface Attachment {
	receive(message: Uint8Array): void;
	closed(): void;
}

export class Router {
	readonly #limits: RelayLimits;
	readonly #log: RelayLog;
	readonly #addresses: AddressTable;
	readonly #services: readonly DeviceService[];
	readonly #admitFactory: boolean;
	readonly #devices = new Map<string, DeviceLink>();
	readonly #listeners = new Map<string, Set<AppLink>>();

	constructor(
		limits: RelayLimits,
		log: RelayLog,
		addresses: AddressTable,
		services: readonly DeviceService[],
		admitFactory: boolean,
	) {
		this.#limits = limits;
		this.#log = log;
		this.#addresses = addresses;
		this.#services = services;
		this.#admitFactory = admitFactory;
	}

	get serials(): readonly string[] {
		return [...this.#devices.keys()];
	}

	/** Serials of the devices that apps can reach. */
	get reachable(): readonly string[] {
		return [...this.#devices.values()].filter((device) => device.opens).map((device) => device.serial);
	}

	/** With which keys devices are connected now. */
	get keys(): readonly DeviceKey[] {
		return [...this.#devices.values()].map((device) => device.key);
	}

	/** A device that connects again replaces its former connection, which may be a dead one. */
	attachDevice(key: AttachedDevice, peer: Peer): Attachment {
		const { serial, credential, notAfterMs } = key;
		const { noticesBurst, noticesPerMinute } = this.#limits;
		const device: DeviceLink = {
			serial,
			key,
			notAfterMs,
			opens: credential === "operational" || this.#admitFactory,
			peer,
			routes: new Map(),
			notices: new TokenBucket(noticesBurst, noticesPerMinute, performance.now()),
			connected: {
				serial,
				credential,
				get waitingBytes() {
					return peer.waitingBytes;
				},
				send: (envelope) => peer.isOpen && peer.send(encodeEnvelope(envelope)),
			},
			nextChannel: 1,
			unreadable: 0,
		};
		this.disconnectDevice(serial, "replaced");
		this.#devices.set(serial, device);
		for (const service of this.#services) service.attached?.(device.connected);
		return {
			receive: (message) => this.#fromDevice(device, message),
			closed: () => this.#forgetDevice(device),
		};
	}

	attachApp(connection: number, group: string, peer: Peer): Attachment {
		const app: AppLink = { connection, group, peer, routes: new Map(), listening: [] };
		return {
			receive: (message) => this.#fromApp(app, message),
			closed: () => this.#forgetApp(app),
		};
	}

	/** Ends the connection of a device that came with this key, if it is still there. */
	disconnectKey({ serial, publicKeyHex }: DeviceKey, reason: string): void {
		if (this.#devices.get(serial)?.key.publicKeyHex === publicKeyHex) this.disconnectDevice(serial, reason);
	}

	/** Ends a device's connection, if it has one. */
	disconnectDevice(serial: string, reason: string): void {
		const device = this.#devices.get(serial);
		if (device === undefined) return;
		this.#forgetDevice(device);
		device.peer.close(CLOSE_CODE.policy, reason);
	}

	/** Closes channels on which nothing has passed for long. */
	sweep(nowMs: number): void {
		for (const device of this.#devices.values()) {
			for (const route of device.routes.values()) {
				if (nowMs - route.usedMs >= this.#limits.channelIdleMs) this.#closeBoth(route);
			}
		}
	}

	/** Ends the connections whose certificate has ended (T8): the lock comes again, and renews by its factory certificate. */
	endExpired(nowUnixMs: number): void {
		for (const device of [...this.#devices.values()]) {
			if (device.notAfterMs <= nowUnixMs) this.disconnectDevice(device.serial, "certificate-expired");
		}
	}

	#fromDevice(device: DeviceLink, message: Uint8Array): void {
		const decoded = decodeFromLock(message);
		if (!decoded.ok) {
			this.#unreadable(device);
			return;
		}
		const envelope = decoded.value;
		switch (envelope.kind) {
			case "data": {
				const route = device.routes.get(envelope.channel);
				if (route !== undefined) this.#toApp(route, envelope.frame);
				return;
			}
			case "close": {
				const route = device.routes.get(envelope.channel);
				if (route === undefined) return;
				this.#drop(route);
				this.#closeAtApp(route.app, route.appChannel);
				return;
			}
			case "notice":
				this.#spreadNotice(device, envelope.address, envelope.sealed);
				return;
			default:
				for (const service of this.#services) {
					if (service.kinds.includes(envelope.kind)) service.receive(device.connected, envelope);
				}
		}
	}

	#unreadable(device: DeviceLink): void {
		device.unreadable++;
		if (device.unreadable === 1)
			this.#log.write("warning", "envelope-unreadable", { listener: "device", serial: device.serial });
		if (device.unreadable > this.#limits.unreadableEnvelopes)
			device.peer.close(CLOSE_CODE.policy, "unreadable");
	}

	#spreadNotice(device: DeviceLink, address: Uint8Array, sealed: Uint8Array): void {
		if (!device.notices.take(1, performance.now())) return;
		const message = encodeEnvelope({ kind: "notice", address, sealed });
		for (const app of this.#listeners.get(toHex(address)) ?? []) {
			if (!app.peer.send(message)) app.peer.terminate("slow");
		}
	}

	#fromApp(app: AppLink, message: Uint8Array): void {
		const decoded = decodeFromApp(message);
		if (!decoded.ok) {
			app.peer.close(CLOSE_CODE.policy, decoded.reason);
			return;
		}
		const envelope = decoded.value;
		switch (envelope.kind) {
			case "open":
				this.#open(app, envelope.channel, envelope.serial);
				return;
			case "data": {
				const route = app.routes.get(envelope.channel);
				if (route !== undefined) this.#toDevice(route, envelope.frame);
				return;
			}
			case "close": {
				const route = app.routes.get(envelope.channel);
				if (route === undefined) return;
				this.#drop(route);
				this.#closeAtDevice(route);
				return;
			}
			case "listen":
				this.#listen(app, envelope.addresses);
		}
	}

	#open(app: AppLink, channel: number, serial: string): void {
		const nowMs = performance.now();
		const used = app.routes.get(channel);
		if (used !== undefined) {
			this.#closeBoth(used);
			return;
		}
		const allowed = this.#addresses.open(app.group, nowMs);
		const device = this.#devices.get(serial);
		if (!allowed || device?.opens !== true || !this.#hasRoom(app, device)) {
			this.#log.write("info", "open-refused", { connection: app.connection, channel });
			this.#closeAtApp(app, channel);
			return;
		}
		const route: Route = {
			app,
			appChannel: channel,
			device,
			deviceChannel: device.nextChannel,
			usedMs: nowMs,
		};
		if (!device.peer.send(encodeEnvelope({ kind: "open", channel: route.deviceChannel }))) {
			this.#closeAtApp(app, channel);
			return;
		}
		device.nextChannel++;
		app.routes.set(channel, route);
		device.routes.set(route.deviceChannel, route);
		this.#log.write("info", "open", { connection: app.connection, channel, serial });
	}

	#hasRoom(app: AppLink, device: DeviceLink): boolean {
		if (!device.peer.isOpen || device.nextChannel > CHANNEL_MAX) return false;
		if (app.routes.size >= this.#limits.channelsPerApp || device.routes.size >= this.#limits.channelsPerLock)
			return false;
		let sameAddress = 0;
		for (const route of device.routes.values()) if (route.app.group === app.group) sameAddress++;
		return sameAddress < this.#limits.channelsPerLockAndAddress;
	}

	#toDevice(route: Route, frame: Uint8Array): void {
		route.usedMs = performance.now();
		const message = encodeEnvelope({ kind: "data", channel: route.deviceChannel, frame });
		// Its own sender pays for a full queue, not the lock: a stranger must not be able to disconnect it.
		if (!route.device.peer.send(message)) this.#closeBoth(route);
	}

	#toApp(route: Route, frame: Uint8Array): void {
		route.usedMs = performance.now();
		if (!route.app.peer.send(encodeEnvelope({ kind: "data", channel: route.appChannel, frame }))) {
			route.app.peer.terminate("slow");
		}
	}

	#listen(app: AppLink, addresses: readonly Uint8Array[]): void {
		this.#stopListening(app);
		app.listening = [...new Set(addresses.map(toHex))];
		for (const address of app.listening) {
			const listeners = this.#listeners.get(address) ?? new Set();
			this.#listeners.set(address, listeners);
			if (listeners.size < this.#limits.listenersPerAddress) listeners.add(app);
		}
	}

	#stopListening(app: AppLink): void {
		for (const address of app.listening) {
			const listeners = this.#listeners.get(address);
			listeners?.delete(app);
			if (listeners?.size === 0) this.#listeners.delete(address);
		}
		app.listening = [];
	}

	#drop(route: Route): void {
		route.app.routes.delete(route.appChannel);
		route.device.routes.delete(route.deviceChannel);
	}

	#closeBoth(route: Route): void {
		this.#drop(route);
		this.#closeAtApp(route.app, route.appChannel);
		this.#closeAtDevice(route);
	}

	#closeAtApp(app: AppLink, channel: number): void {
		// A refused open costs its sender as much as any message, so this queue is bounded by the same rate.
		if (!app.peer.send(encodeEnvelope({ kind: "close", channel }))) app.peer.terminate("slow");
	}

	#closeAtDevice(route: Route): void {
		route.device.peer.sendAnyway(encodeEnvelope({ kind: "close", channel: route.deviceChannel }));
	}

	#forgetDevice(device: DeviceLink): void {
		if (this.#devices.get(device.serial) === device) {
			this.#devices.delete(device.serial);
			for (const service of this.#services) service.detached?.(device.connected);
		}
		for (const route of [...device.routes.values()]) {
			this.#drop(route);
			this.#closeAtApp(route.app, route.appChannel);
		}
	}

	#forgetApp(app: AppLink): void {
		this.#stopListening(app);
		for (const route of [...app.routes.values()]) {
			this.#drop(route);
			this.#closeAtDevice(route);
		}
	}
}
