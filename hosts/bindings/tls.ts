/** The TLS client: the thin half of tls.c. Certificates of the peer, keys and sessions stay there (docs/TLS.md). */
import { DeviceError } from "../../modules/base/device-error.ts";
import type {
	Tls,
	TlsConnection,
	TlsHandlers,
	TlsInfo,
	TlsOptions,
	TlsReason,
} from "../../modules/platform/tls.ts";
import { done, type Fault } from "./fault.ts";

type Done = Fault | undefined;
type OnEvent = (event: number, reason: TlsReason | undefined) => void;

const open =
	native<
		(
			handle: Connection,
			host: string,
			port: number,
			serverName: string,
			unixMs: number,
			isFloor: number,
			handshakeMs: number,
		) => Done
	>("xs_lk_tls_open");
const addRoot = native<(handle: Connection, der: Uint8Array) => Done>("xs_lk_tls_root");
const addAlpn = native<(handle: Connection, protocol: string) => Done>("xs_lk_tls_alpn");
const setScope = native<(handle: Connection, scope: string) => Done>("xs_lk_tls_scope");
const addCertificate = native<(handle: Connection, der: Uint8Array) => Done>("xs_lk_tls_certificate");
const setKeyName = native<(handle: Connection, name: string) => Done>("xs_lk_tls_key_name");
const setKeyEncoded = native<(handle: Connection, encoded: Uint8Array) => Done>("xs_lk_tls_key_encoded");
const start = native<(handle: Connection, onEvent: OnEvent) => Done>("xs_lk_tls_start");
const available = native<(handle: Connection) => number>("xs_lk_tls_available");
const readInto = native<(handle: Connection, out: Uint8Array) => void>("xs_lk_tls_read");
const write = native<(handle: Connection, bytes: Uint8Array) => number>("xs_lk_tls_write");
const close = native<(handle: Connection) => void>("xs_lk_tls_close");
const info = native<(handle: Connection, which: number) => string | boolean | undefined>("xs_lk_tls_info");
const dropSessions = native<() => void>("xs_lk_tls_drop_sessions");

/** By the enumerations of tls.c and tls-natives.c. */
const EVENT = Object.freeze({ connected: 1, readable: 2, writable: 3, closed: 4 });
const INFO = Object.freeze({ version: 0, suite: 1, alpn: 2, resumed: 3 });

class Connection extends Native("xs_lk_tls_destructor") implements TlsConnection {
	readonly #handlers: TlsHandlers;

	constructor(options: TlsOptions, handlers: TlsHandlers) {
		super();
		this.#handlers = handlers;
		const isFloor = options.time.kind === "floor" ? 1 : 0;
		const { host, port, serverName, handshakeMs } = options;
		done(open(this, host, port, serverName, options.time.unixMs, isFloor, handshakeMs), `tls to ${host}`);
		for (const root of options.roots) done(addRoot(this, root.der), "tls root");
		for (const protocol of options.alpn ?? []) done(addAlpn(this, protocol), "tls alpn");
		if (options.resumptionScope) done(setScope(this, options.resumptionScope), "tls scope");
		if (options.clientCertificate) this.#setClientCertificate(options.clientCertificate);
		this.#start();
	}

	read(maximum: number): Uint8Array | undefined {
		const bytes = available(this);
		if (bytes === 0) return undefined;
		const out = new Uint8Array(bytes < maximum ? bytes : maximum);
		readInto(this, out);
		return out;
	}

	write(bytes: Uint8Array): number {
		return write(this, bytes);
	}

	close(): void {
		close(this);
	}

	#setClientCertificate({ chain, key }: NonNullable<TlsOptions["clientCertificate"]>): void {
		for (const certificate of chain) done(addCertificate(this, certificate), "tls client certificate");
		if ("name" in key) done(setKeyName(this, key.name), "tls client key");
		else done(setKeyEncoded(this, key.encoded), "tls client key");
	}

	#start(): void {
		try {
			done(
				start(this, (event, reason) => this.#onEvent(event, reason)),
				"tls start",
			);
		} catch (error) {
			if (!(error instanceof DeviceError) || error.code !== "memory/exhausted") throw error;
			void Promise.resolve().then(() => this.#handlers.onClosed("memory"));
		}
	}

	#onEvent(event: number, reason: TlsReason | undefined): void {
		if (event === EVENT.connected) this.#handlers.onConnected(this.#info());
		else if (event === EVENT.readable) this.#handlers.onReadable();
		else if (event === EVENT.writable) this.#handlers.onWritable();
		else this.#handlers.onClosed(reason);
	}

	#info(): TlsInfo {
		const alpn = info(this, INFO.alpn) as string | undefined;
		return {
			version: info(this, INFO.version) as TlsInfo["version"],
			suite: info(this, INFO.suite) as string,
			resumed: info(this, INFO.resumed) as boolean,
			...(alpn === undefined ? {} : { alpn }),
		};
	}
}

export class NativeTls implements Tls {
	connect(options: TlsOptions, handlers: TlsHandlers): TlsConnection {
		return new Connection(options, handlers);
	}

	dropSessions(): void {
		dropSessions();
	}
}
