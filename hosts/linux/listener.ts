/**
 * TCP listeners (ECMA-419 "TCP listener socket class"), the specifier being "embedded:io/socket/listener". Beyond the
 * standard: `port` says where it listens, which the system chooses for port 0.
 */
import type TCP from "embedded:io/socket/tcp";

export interface ListenerOptions {
	readonly port: number;
	/** Of one interface, as a number; without it every one of IPv4. */
	readonly address?: string;
	/** Connections wait. Told again after `read` has found none. */
	readonly onReadable?: (this: Listener, connections: number) => void;
}

const open =
	native<(this: Listener, address: string, port: number, onReadable: (connections: number) => void) => void>(
		"xs_listener_open",
	);
const read = native<(this: Listener) => TCP | undefined>("xs_listener_read");
const port = native<(this: Listener) => number>("xs_listener_port");
const close = native<(this: Listener) => void>("xs_listener_close");

export default class Listener extends Native("xs_listener_destructor") {
	constructor(options: ListenerOptions) {
		super();
		open.call(this, options.address ?? "0.0.0.0", options.port, (connections) => {
			options.onReadable?.call(this, connections);
		});
	}

	/** The connection that has waited longest, good for `from` of a TCP alone; undefined: none waits. */
	read(): TCP | undefined {
		return read.call(this);
	}

	get port(): number {
		return port.call(this);
	}

	/** Idempotent. */
	close(): void {
		close.call(this);
	}
}
