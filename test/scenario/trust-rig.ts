/**
 * A provisioned board on the real engine, with relays and thieves on loopback ports that come and go: what the drills of
 * trust are played on (T5, T18). `close` leaves no process and no socket behind.
 */
import "reflect-metadata";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { Mechanism } from "../../tools/board/mechanism.ts";
import { Supervisor } from "../../tools/board/supervisor.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { issueListener } from "../../tools/factory/certificates.ts";
import { ensurePki, PKI_FILES, readIntermediate } from "../../tools/factory/pki.ts";
import { provision } from "../../tools/factory/provision.ts";
import { credentialsOf, type RelayAuthority } from "../../tools/factory/relay-authority.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import { openRelay } from "../../tools/phone/node-relay.ts";
import { Phone, type PhoneContext } from "../../tools/phone/phone.ts";
import { Wallet } from "../../tools/phone/wallet.ts";
import type { DeviceService } from "../../tools/relay/device-service.ts";
import { openRegistry, type Registry } from "../../tools/relay/registry.ts";
import { type ListenerCredentials, Relay, type RelayAddress } from "../../tools/relay/relay.ts";
import type { BundleFile } from "../../tools/trust/bundle-file.ts";
import { ensureTrust } from "../../tools/trust/development-trust.ts";
import { scenarioBoard } from "./scenario-board.ts";

const HOST = "127.0.0.1";
const NAME = "localhost";
const BOOT_MS = 30_000;
const STEP_MS = 40_000;

/** Has the CA's key, and a certificate that it issued today: it speaks TLS with whoever trusts that CA, and hangs up. */
export class Thief {
	readonly #server: Server;
	readonly #sockets = new Set<TLSSocket>();
	/** Handshakes that a lock completed; how many of them resumed a session. */
	accepted = 0;
	resumed = 0;
	/** Handshakes that a lock broke off. */
	refused = 0;

	private constructor(server: Server) {
		this.#server = server;
	}

	static async listen(port: number, credentials: ListenerCredentials): Promise<Thief> {
		const server = createServer({
			cert: credentials.certificate,
			key: credentials.key,
			requestCert: true,
			rejectUnauthorized: false,
		});
		const thief = new Thief(server);
		server.on("secureConnection", (socket) => {
			thief.#sockets.add(socket);
			thief.accepted++;
			if (socket.isSessionReused()) thief.resumed++;
			socket.on("error", () => undefined);
			setTimeout(() => socket.end(), 20);
		});
		server.on("tlsClientError", () => thief.refused++);
		await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
		return thief;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}

export class TrustRig {
	readonly dir: string;
	readonly pkiDir: string;
	readonly registry: Registry;
	readonly mechanism: Mechanism;
	readonly trust: BundleFile;
	/** Where version 1 leads. */
	readonly devicePort: number;
	readonly #supervisor: Supervisor;
	readonly #lines: string[];
	readonly #closers: (() => Promise<void> | void)[] = [];
	label: Label | undefined;

	private constructor(fields: {
		dir: string;
		registry: Registry;
		mechanism: Mechanism;
		supervisor: Supervisor;
		trust: BundleFile;
		devicePort: number;
		lines: string[];
	}) {
		this.dir = fields.dir;
		this.pkiDir = join(fields.dir, "pki");
		this.registry = fields.registry;
		this.mechanism = fields.mechanism;
		this.#supervisor = fields.supervisor;
		this.trust = fields.trust;
		this.devicePort = fields.devicePort;
		this.#lines = fields.lines;
	}

	/** A sealed board under version 1, which names a port that nobody serves yet. */
	static async open(): Promise<TrustRig> {
		const dir = mkdtempSync(join(tmpdir(), "latchkey-trust-"));
		const at = (name: string): string => join(dir, name);
		await ensurePki(at("pki"), [NAME, HOST]);
		const devicePort = await freePort();
		const trust = ensureTrust(at("pki"), [{ host: HOST, port: devicePort, name: NAME }]).file;
		const lines: string[] = [];
		const { binary, boardWords } = scenarioBoard();
		const supervisor = new Supervisor({
			dir: at("board"),
			serialLink: at("serial"),
			pinsSocket: at("pins"),
			binary,
			words: boardWords,
			onLine: (line) => void lines.push(line),
		});
		const mechanism = new Mechanism({ socket: at("pins") });
		const registry = await openRegistry(at("relay.db"));
		const rig = new TrustRig({ dir, registry, mechanism, supervisor, trust, devicePort, lines });
		supervisor.start();
		if (!mechanism.connected) await mechanism.waitFor((each) => each.connected, BOOT_MS);
		const line = VerbLine.onPort(at("serial"));
		try {
			await provision({
				line,
				pkiDir: rig.pkiDir,
				registry,
				trust,
				hardwareClass: "latchkey-linux",
				onLabel: (text) => {
					const label = decodeLabel(text);
					if (label.ok) rig.label = label.value;
				},
			});
		} finally {
			line.close();
		}
		return rig;
	}

	/** Runs `work` with a rig and ends everything behind it. */
	static async with(work: (rig: TrustRig) => Promise<void>): Promise<void> {
		const rig = await TrustRig.open();
		try {
			await work(rig);
		} catch (error) {
			throw new Error(`${(error as Error).message}\n${rig.log}`);
		} finally {
			await rig.#close();
		}
	}

	get log(): string {
		return this.#lines.join("\n");
	}

	async until(what: string, condition: () => boolean): Promise<void> {
		const deadline = performance.now() + STEP_MS;
		while (!condition()) {
			if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** A relay with the vendor's first certificate, or under another authority. */
	async relay(
		devicePort: number,
		more: { authority?: RelayAuthority; services?: readonly DeviceService[] } = {},
	): Promise<{ relay: Relay; address: RelayAddress }> {
		const read = (file: string): string =>
			readFileSync(join(PKI_FILES.relayServer(this.pkiDir), file), "utf8");
		const first = { certificate: read("device-listener.pem"), key: read("device-listener.key") };
		const credentials = more.authority?.credentials ?? first;
		const relay = new Relay({
			// No relay here issues certificates: apps reach the lock by its factory certificate.
			admitFactory: true,
			registry: this.registry,
			device: credentials,
			app: credentials,
			deviceRoots: read("device-roots.pem"),
			log: () => undefined,
			...(more.services === undefined ? {} : { services: more.services }),
		});
		const address = await relay.listen(HOST, devicePort, 0);
		this.closes(() => relay.close());
		return { relay, address };
	}

	/** The relay's CA is stolen: a certificate of today under it. */
	async thief(): Promise<Thief> {
		const issuer = await readIntermediate(this.pkiDir, "relay");
		const listener = await issueListener(issuer, [NAME, HOST]);
		const thief = await Thief.listen(this.devicePort, await credentialsOf(listener, issuer));
		this.closes(() => thief.close().catch(() => undefined));
		return thief;
	}

	/** Claims the lock through a relay's port for apps. */
	async pair(
		appPort: number,
		rootPem = readFileSync(PKI_FILES.rootCertificate(this.pkiDir, "relay"), "utf8"),
	): Promise<Phone> {
		if (this.label === undefined) throw new Error("no label");
		await this.mechanism.press("button", 200);
		await this.mechanism.waitFor((each) => each.output("indicator"), 2_000);
		const { phone } = await Phone.pair(await this.#context(appPort, rootPem), this.label, "Ada");
		return phone;
	}

	/** A session of the phone that was paired. */
	async phone(appPort: number, rootPem: string): Promise<Phone> {
		if (this.label === undefined) throw new Error("no label");
		return await Phone.open(await this.#context(appPort, rootPem), this.label);
	}

	line(): VerbLine {
		const line = VerbLine.onPort(join(this.dir, "serial"));
		this.closes(() => line.close());
		return line;
	}

	closes(close: () => Promise<void> | void): void {
		this.#closers.push(close);
	}

	async #context(appPort: number, roots: string): Promise<PhoneContext> {
		const transport = await openRelay({ host: HOST, port: appPort, name: NAME, roots });
		this.closes(() => transport.close());
		const { keys } = Wallet.open(join(this.dir, "wallet.json"));
		return { crypto: new NobleCrypto(), keys, transport, nowMs: () => performance.now() };
	}

	async #close(): Promise<void> {
		for (const close of this.#closers.reverse()) await close();
		this.mechanism.close();
		await this.#supervisor.stop();
		await this.registry.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}
