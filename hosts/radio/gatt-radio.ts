/**
 * The local radio over ECMA-419's GATT server: the profile of docs/BLE.md 1. A manifest of its own: a board without a radio links no
 * Bluetooth. It knows packets and connections; what they carry is
 * the firmware's business. Neither the link's pairing nor its encryption is asked for.
 */
import { GATTServer, type GattCharacteristic, type GattConnection } from "embedded:io/bluetoothle/peripheral";
import { ATT_MTU_MAX, GATT_PROFILE, uuidBytes } from "../../modules/base/gatt-profile.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { Radio, RadioConnection, RadioConnectionHandlers } from "../../modules/platform/radio.ts";

/** LE General Discoverable, no BR/EDR; service data under a 128-bit UUID (Bluetooth Assigned Numbers 2.3). */
const FLAGS = 0x06;
const AD_SERVICE_DATA_128 = 0x21;

export class GattRadio implements Radio {
	readonly #server: GATTServer;
	readonly #toPhone: GattCharacteristic;
	readonly #connections = new Map<GattConnection, GattRadioConnection>();
	#waiting: GattRadioConnection[] = [];
	#onConnection: (() => void) | undefined;
	#onSilenced: (() => void) | undefined;
	#armed = true;
	#ready = false;
	#open = true;
	#advertised: Uint8Array | undefined;

	/** Throws where there is no radio. */
	constructor() {
		this.#toPhone = {
			uuid: GATT_PROFILE.toPhone,
			properties: GATTServer.properties.notify,
			onSubscribe: (connection) => this.#connections.get(connection)?.subscribed(true),
			onUnsubscribe: (connection) => this.#connections.get(connection)?.subscribed(false),
		};
		const toLock: GattCharacteristic = {
			uuid: GATT_PROFILE.toLock,
			properties: GATTServer.properties.write,
			onWrite: (value, connection) => this.#connections.get(connection)?.receive(value),
		};
		this.#server = new GATTServer({
			mtu: ATT_MTU_MAX,
			services: [{ uuid: GATT_PROFILE.service, characteristics: [toLock, this.#toPhone] }],
			onReady: () => {
				this.#ready = true;
				this.#advertise();
			},
			onConnect: (connection) => this.#connected(connection),
			onDisconnect: (connection) => this.#connections.get(connection)?.lost(),
		});
	}

	/** On Linux: where the air is; 0 elsewhere. */
	get port(): number {
		return this.#server.port ?? 0;
	}

	onConnection(callback: () => void): void {
		this.#onConnection = callback;
		this.#tell();
	}

	onSilenced(callback: () => void): void {
		this.#onSilenced = callback;
	}

	accept(handlers: RadioConnectionHandlers): RadioConnection | undefined {
		const connection = this.#waiting.shift();
		if (connection === undefined) this.#armed = true;
		connection?.take(handlers);
		return connection;
	}

	advertise(serviceData: Uint8Array | undefined): void {
		this.#advertised = serviceData;
		this.#advertise();
	}

	close(): void {
		this.#open = false;
		this.advertise(undefined);
		for (const connection of [...this.#waiting]) connection.close();
	}

	#advertise(): void {
		if (!this.#ready) return;
		// Stopped first: an address and an identifier change together.
		this.#server.stopAdvertising();
		if (this.#advertised === undefined) return;
		const uuid = uuidBytes(GATT_PROFILE.service);
		const data = new Uint8Array(uuid.length + this.#advertised.length);
		data.set(uuid);
		data.set(this.#advertised, uuid.length);
		this.#server.startAdvertising(
			{ flags: FLAGS, [AD_SERVICE_DATA_128]: data },
			{ services: [GATT_PROFILE.service] },
		);
	}

	#connected(gatt: GattConnection): void {
		if (!this.#open) return gatt.close();
		const connection = new GattRadioConnection(gatt, this.#toPhone, () => {
			this.#connections.delete(gatt);
			this.#waiting = this.#waiting.filter((waiting) => waiting !== connection);
			this.#silenced();
		});
		this.#connections.set(gatt, connection);
		this.#waiting.push(connection);
		this.#tell();
		this.#silenced();
	}

	/** A connectable advertisement ends with its connection (Bluetooth Core 6.B 4.4.2), and where all places were taken none could begin. */
	#silenced(): void {
		Promise.resolve().then(() => {
			if (this.#open && this.#advertised !== undefined) this.#onSilenced?.();
		});
	}

	#tell(): void {
		if (!this.#armed || this.#onConnection === undefined || this.#waiting.length === 0) return;
		this.#armed = false;
		Promise.resolve().then(this.#onConnection);
	}
}

class GattRadioConnection implements RadioConnection {
	readonly #gatt: GattConnection;
	readonly #toPhone: GattCharacteristic;
	readonly #onEnded: () => void;
	#handlers: RadioConnectionHandlers | undefined;
	/** Until it is taken. */
	#packets: Uint8Array[] = [];
	#isSubscribed = false;
	/** Notifications whose callback is still to come. */
	#notifies = 0;
	#wantsRoom = false;
	/** onRoom has come once. */
	#told = false;
	#closed = false;

	constructor(gatt: GattConnection, toPhone: GattCharacteristic, onEnded: () => void) {
		this.#gatt = gatt;
		this.#toPhone = toPhone;
		this.#onEnded = onEnded;
	}

	get packetBytes(): number {
		const bytes = this.#closed ? 0 : this.#gatt.maximumWrite;
		return Math.max(LIMITS.radioPacketMinBytes, Math.min(bytes, LIMITS.radioPacketBytes));
	}

	send(packet: Uint8Array): boolean {
		if (this.#closed || !this.#told || !this.#isSubscribed || this.#notifies >= LIMITS.radioNotifies) {
			this.#wantsRoom = true;
			return false;
		}
		this.#notifies++;
		try {
			this.#gatt.notify(this.#toPhone, packet.slice().buffer as ArrayBuffer, (error) =>
				this.#notified(error),
			);
		} catch {
			// The link died a moment ago: its end comes as an event, never from inside the call.
			Promise.resolve().then(() => this.#closed || this.#fail());
			this.#notifies--;
			return false;
		}
		return true;
	}

	close(): void {
		if (this.#closed) return;
		this.#forget();
		this.#gatt.close();
	}

	// ---- for GattRadio ----

	/** What came before comes as events of its own. */
	take(handlers: RadioConnectionHandlers): void {
		Promise.resolve().then(() => {
			this.#handlers = handlers;
			for (const packet of this.#packets.splice(0)) if (!this.#closed) handlers.onPacket(packet);
			if (!this.#closed && this.#isSubscribed) this.#tellRoom();
		});
	}

	receive(value: ArrayBuffer): void {
		if (this.#closed) return;
		const packet = new Uint8Array(value);
		if (this.#handlers !== undefined) return this.#handlers.onPacket(packet);
		if (this.#packets.length >= LIMITS.radioWaitingPackets || packet.length > LIMITS.radioPacketBytes) {
			return this.#fail();
		}
		this.#packets.push(packet);
	}

	subscribed(isSubscribed: boolean): void {
		this.#isSubscribed = isSubscribed;
		if (isSubscribed) this.#tellRoom();
	}

	lost(): void {
		if (this.#closed) return;
		this.#forget();
		this.#handlers?.onClosed();
	}

	#fail(): void {
		this.close();
		this.#handlers?.onClosed();
	}

	/** A notification that the stack did not take is a gap: the connection is over. */
	#notified(error: Error | number | undefined): void {
		this.#notifies--;
		if (this.#closed) return;
		if (error !== undefined && error !== 0) return this.#fail();
		if (!this.#wantsRoom) return;
		this.#wantsRoom = false;
		this.#tellRoom();
	}

	#tellRoom(): void {
		if (this.#handlers === undefined) return;
		this.#told = true;
		this.#handlers.onRoom();
	}

	#forget(): void {
		this.#closed = true;
		this.#packets = [];
		this.#onEnded();
	}
}
