/**
 * The platform's TLS over node:tls, for simulated boards that go to a real relay. Its trust is Node's; what a lock's own TLS does with
 * bad chains is tested elsewhere (test/bindings). What happens reaches the firmware as events of its clock.
 */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { concatBytes } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { Tls, TlsConnection, TlsHandlers, TlsOptions, TlsReason } from "../../modules/platform/tls.ts";

const END_MS = 200;

export interface NodeTlsHost {
	/** Runs as an event of the boot's clock, soon; never after the boot. */
	post(run: () => void): void;
	/** The private key of that name, PEM. */
	privateKey(name: string): string;
	/** Made once for a certificate, over all boots: the parsing costs more than the handshake. */
	readonly contexts: Map<string, SecureContext>;
}

export class NodeTls implements Tls {
	readonly #host: NodeTlsHost;
	readonly #connections = new Set<NodeTlsConnection>();

	constructor(host: NodeTlsHost) {
		this.#host = host;
	}

	connect(options: TlsOptions, handlers: TlsHandlers): TlsConnection {
		const connection = new NodeTlsConnection(this.#host, options, handlers, () =>
			this.#connections.delete(connection),
		);
		this.#connections.add(connection);
		return connection;
	}

	dropSessions(): void {}

	/** The board is gone: nothing is said any more. */
	cut(): void {
		for (const connection of [...this.#connections]) connection.cut();
	}
}

class NodeTlsConnection implements TlsConnection {
	readonly #host: NodeTlsHost;
	readonly #handlers: TlsHandlers;
	readonly #socket: TLSSocket;
	readonly #deadline: NodeJS.Timeout;
	readonly #onGone: () => void;
	#incoming: Uint8Array[] = [];
	#isUp = false;
	#isOver = false;
	#isShort = false;
	#reason: TlsReason | undefined = "closed";

	constructor(host: NodeTlsHost, options: TlsOptions, handlers: TlsHandlers, onGone: () => void) {
		this.#host = host;
		this.#handlers = handlers;
		this.#onGone = onGone;
		this.#socket = connect({
			host: options.host,
			port: options.port,
			servername: options.serverName,
			secureContext: contextOf(host, options),
			...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
		});
		this.#socket.setNoDelay(true);
		this.#deadline = setTimeout(() => this.#socket.destroy(new Error("timeout")), options.handshakeMs);
		this.#socket.on("connect", () => this.#post(() => handlers.onPhase?.("handshaking")));
		this.#socket.on("secureConnect", () => this.#connected());
		this.#socket.on("data", (bytes: Buffer) => this.#arrived(bytes));
		this.#socket.on("drain", () => this.#drained());
		this.#socket.on("end", () => {
			this.#reason = undefined;
		});
		this.#socket.on("error", (error: NodeJS.ErrnoException) => {
			this.#reason = reasonOf(error);
		});
		this.#socket.on("close", () => this.#closed());
	}

	read(maximum: number): Uint8Array | undefined {
		const first = this.#incoming.shift();
		if (first === undefined) return undefined;
		if (first.length > maximum) this.#incoming.unshift(first.subarray(maximum));
		return first.slice(0, maximum);
	}

	write(bytes: Uint8Array): number {
		if (!this.#isUp || this.#isOver) return 0;
		const room = Math.max(0, LIMITS.tlsWriteQueueBytes - this.#socket.writableLength);
		const taken = Math.min(bytes.length, room);
		if (taken < bytes.length) this.#isShort = true;
		if (taken > 0) this.#socket.write(bytes.slice(0, taken));
		return taken;
	}

	close(): void {
		if (this.#isOver) return;
		this.#end();
		this.#socket.end();
		setTimeout(() => this.#socket.destroy(), END_MS).unref();
	}

	/** As a power cut: the peer hears nothing but the end of TCP. */
	cut(): void {
		this.#end();
		this.#socket.destroy();
	}

	#connected(): void {
		clearTimeout(this.#deadline);
		this.#isUp = true;
		const suite = this.#socket.getCipher().standardName;
		const version = this.#socket.getProtocol() === "TLSv1.3" ? "1.3" : "1.2";
		const alpn = this.#socket.alpnProtocol;
		const info = { version, suite, resumed: false, ...(typeof alpn === "string" ? { alpn } : {}) } as const;
		this.#post(() => this.#handlers.onConnected(info));
	}

	#arrived(bytes: Buffer): void {
		this.#incoming.push(new Uint8Array(bytes));
		if (this.#incoming.length > 64) this.#incoming = [concatBytes(...this.#incoming)];
		this.#post(() => {
			if (this.#incoming.length > 0) this.#handlers.onReadable();
		});
	}

	#drained(): void {
		if (!this.#isShort) return;
		this.#isShort = false;
		this.#post(() => this.#handlers.onWritable());
	}

	#closed(): void {
		clearTimeout(this.#deadline);
		this.#post(() => {
			this.#end();
			this.#handlers.onClosed(this.#reason);
		});
	}

	#post(run: () => void): void {
		if (this.#isOver) return;
		this.#host.post(() => {
			if (!this.#isOver) run();
		});
	}

	#end(): void {
		this.#isOver = true;
		clearTimeout(this.#deadline);
		this.#onGone();
	}
}

function contextOf(host: NodeTlsHost, { roots, clientCertificate }: TlsOptions): SecureContext {
	const key = clientCertificate?.key;
	const name = key !== undefined && "name" in key ? key.name : undefined;
	const ca = roots.map(({ der }) => pem(der));
	const cert = clientCertificate?.chain.map((der) => pem(der)).join("");
	const id = [name, cert, ...ca].join("\n");
	const known = host.contexts.get(id);
	if (known !== undefined) return known;
	const context = createSecureContext({
		ca,
		minVersion: "TLSv1.2",
		...(name === undefined || cert === undefined ? {} : { cert, key: host.privateKey(name) }),
	});
	host.contexts.set(id, context);
	return context;
}

function reasonOf(error: NodeJS.ErrnoException): TlsReason {
	if (error.message === "timeout") return "timeout";
	if (error.code === "ECONNREFUSED") return "connect";
	if (error.code === "ENOTFOUND") return "resolve";
	return error.code?.startsWith("ERR_TLS") || error.code?.includes("CERT") ? "chain-untrusted" : "reset";
}

function pem(der: Uint8Array): string {
	const text = (
		Buffer.from(der)
			.toString("base64")
			.match(/.{1,64}/g) ?? []
	).join("\n");
	return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}
