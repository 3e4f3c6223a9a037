/**
 * The types of what a host offers under ECMA-419's and the Moddable SDK's module names, as far as this firmware
 * uses it. hosts/linux implements them in its .ts files; on boards they are Moddable's own modules.
 */

declare module "embedded:io/digital" {
	type Value = 0 | 1;

	interface DigitalOptions {
		readonly pin: number;
		readonly mode: number;
		readonly activeLow?: boolean;
		readonly initialValue?: Value;
		/** Digital.Rising, Digital.Falling or both; needs onReadable. */
		readonly edge?: number;
		readonly onReadable?: (this: Digital) => void;
		readonly target?: unknown;
	}

	class Digital {
		static readonly Input: number;
		static readonly InputPullUp: number;
		static readonly InputPullDown: number;
		static readonly InputPullUpDown: number;
		static readonly Output: number;
		static readonly OutputOpenDrain: number;
		static readonly ActiveLow: number;
		static readonly Rising: number;
		static readonly Falling: number;

		constructor(options: DigitalOptions);
		read(): Value;
		write(value: Value): void;
		close(): void;
	}

	export default Digital;
}

declare module "embedded:io/serial" {
	interface SerialOptions {
		readonly receive?: number;
		readonly transmit?: number;
		readonly port?: number;
		readonly baud?: number;
		readonly format?: "number" | "buffer";
		readonly onReadable?: (this: Serial, bytes: number) => void;
		readonly onWritable?: (this: Serial, bytes: number) => void;
		readonly target?: unknown;
	}

	class Serial {
		constructor(options: SerialOptions);
		format: "number" | "buffer";
		/** Undefined when nothing has arrived. */
		read(byteLength?: number): number | ArrayBuffer | undefined;
		/** On Linux: how many bytes were taken. A board throws when its output is full. */
		write(value: number | ArrayBuffer | ArrayBufferView): number | undefined;
		close(): void;
	}

	export default Serial;
}

declare module "embedded:io/socket/tcp" {
	/** What Linux tells of an error; a board tells nothing. "end": the peer has ended its half. */
	export type TcpReason = "end" | "reset" | "connect" | "resolve";

	interface TcpOptions {
		readonly address?: string;
		readonly host?: string;
		readonly port?: number;
		/** What a listener's `read` gave, instead of address and port. */
		readonly from?: TCP;
		readonly nodelay?: boolean;
		readonly onReadable?: (this: TCP, bytes: number) => void;
		/** So many bytes can be written; the first time, the socket is connected. */
		readonly onWritable?: (this: TCP, bytes: number) => void;
		readonly onError?: (this: TCP, reason?: TcpReason) => void;
	}

	class TCP {
		constructor(options: TcpOptions);
		readonly format: "buffer";
		read(byteLength?: number): ArrayBuffer | undefined;
		write(value: ArrayBuffer | ArrayBufferView): void;
		close(): void;
	}

	export default TCP;
}

declare module "embedded:io/socket/listener" {
	import type TCP from "embedded:io/socket/tcp";

	interface ListenerOptions {
		readonly port: number;
		readonly address?: string;
		/** So many connections wait. */
		readonly onReadable?: (this: Listener, connections: number) => void;
	}

	class Listener {
		constructor(options: ListenerOptions);
		/** On Linux: where it listens. */
		readonly port?: number;
		/** For `from` of a TCP; undefined: none waits. */
		read(): TCP | undefined;
		close(): void;
	}

	export default Listener;
}

declare module "embedded:io/bluetoothle/peripheral" {
	export interface GattConnection {
		/** The callback comes once the stack has taken the value, or could not; a class that never calls it is not usable here. */
		notify(
			characteristic: GattCharacteristic,
			value: ArrayBuffer,
			callback?: (error?: Error | number) => void,
		): void;
		close(): void;
		/** Bytes of one value now: the negotiated MTU less 3. */
		readonly maximumWrite: number;
	}

	export interface GattCharacteristic {
		readonly uuid: string;
		readonly properties?: number;
		onWrite?(this: GattCharacteristic, value: ArrayBuffer, connection: GattConnection): void;
		onSubscribe?(this: GattCharacteristic, connection: GattConnection): void;
		onUnsubscribe?(this: GattCharacteristic, connection: GattConnection): void;
	}

	export interface GattService {
		readonly uuid: string;
		readonly characteristics?: GattCharacteristic[];
	}

	/** Fields by AD type (Bluetooth Assigned Numbers 2.3), or by the names that the class knows. */
	export interface AdvertisingRecords {
		readonly flags?: number;
		readonly services?: readonly string[];
		readonly [type: number]: Uint8Array;
	}

	export interface GattServerOptions {
		/** What is offered; each connection has the smaller of both sides' numbers. */
		readonly mtu?: number;
		readonly services: GattService[];
		/** From now on it can advertise. */
		readonly onReady?: (this: GATTServer) => void;
		readonly onConnect?: (this: GATTServer, connection: GattConnection) => void;
		/** Not after `close` of that connection. */
		readonly onDisconnect?: (this: GATTServer, connection: GattConnection) => void;
	}

	export class GATTServer {
		static readonly properties: {
			readonly notify: number;
			readonly write: number;
		};

		constructor(options: GattServerOptions);
		/** On Linux: the port of the socket that stands for the air. */
		readonly port?: number;
		startAdvertising(scan: AdvertisingRecords, response?: AdvertisingRecords): void;
		stopAdvertising(): void;
		close(): void;
	}
}

declare module "embedded:storage/key-value" {
	interface StorageOptions {
		/** The domain: 1 to 15 bytes. */
		readonly path: string;
		readonly mode?: "r" | "r+";
		readonly format?: "buffer" | "string";
	}

	export interface Storage extends Iterable<string> {
		/** Undefined when there is no such key. */
		read(key: string): ArrayBuffer | string | undefined;
		write(key: string, value: ArrayBuffer | ArrayBufferView | string): void;
		delete(key: string): void;
		close(): void;
	}

	const KeyValue: { open(options: StorageOptions): Storage };

	export default KeyValue;
}

declare module "timer" {
	class Timer {
		private constructor();
		static set(callback: (timer: Timer) => void, intervalMs?: number, repeatMs?: number): Timer;
		static repeat(callback: (timer: Timer) => void, intervalMs: number): Timer;
		static clear(timer: Timer | undefined | null): void;
	}

	export default Timer;
}
