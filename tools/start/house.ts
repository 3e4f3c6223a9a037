/**
 * A whole house on this machine: relay, board with its door hardware, and a phone, over real sockets on loopback. Made
 * once in a folder and found there again. `close` leaves no process and no socket behind.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { BoltPosition } from "../../modules/wire/command.ts";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { Mechanism, type MechanismChange } from "../board/mechanism.ts";
import { Supervisor, type SupervisorEvent } from "../board/supervisor.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { Validity } from "../factory/certificates.ts";
import { ensurePki, PKI_FILES } from "../factory/pki.ts";
import { provision } from "../factory/provision.ts";
import { drawQrCode } from "../factory/qr-code.ts";
import { SerialFault } from "../factory/serial-line.ts";
import { VerbLine } from "../factory/verbs.ts";
import { openLocal } from "../phone/local-transport.ts";
import { openRelay } from "../phone/node-relay.ts";
import { Phone, type PhoneContext } from "../phone/phone.ts";
import type { Transport } from "../phone/transport.ts";
import { Wallet } from "../phone/wallet.ts";
import { openIssuer } from "../pki/issuer.ts";
import { BundleService } from "../relay/bundle-service.ts";
import { readCredentials } from "../relay/credentials.ts";
import { openServingDatabase } from "../relay/database.ts";
import type { DeviceService } from "../relay/device-service.ts";
import { type Registry, SqlRegistry } from "../relay/registry.ts";
import { Relay, type RelayAddress } from "../relay/relay.ts";
import { RenewalService } from "../relay/renewal-service.ts";
import { ReportService } from "../relay/report-service.ts";
import { Reports } from "../relay/reports.ts";
import { TimeService } from "../relay/time-service.ts";
import { UpdateService } from "../relay/update-service.ts";
import { ensureTrust, TRUST_FILES } from "../trust/development-trust.ts";
import { TimeRole } from "../trust/time-role.ts";
import { HouseFile } from "./house-file.ts";

export interface HouseOptions {
	readonly dir: string;
	readonly image?: string;
	/** The host binary and more words for it; tests use their own. */
	readonly binary?: string;
	readonly boardWords?: readonly string[];
	/** Whether the board opens its local network, on loopback. */
	readonly local?: boolean;
	/** The bolt's travel from end to end; the default is the mechanism's. */
	readonly travelMs?: number;
	/** What the phone computes with; the default is @noble. */
	readonly phoneCrypto?: TestCrypto;
	/** From when until when operational certificates are valid; the default is the relay's. */
	readonly validity?: () => Validity;
	/** More of what the relay in this process does for its lock. */
	readonly services?: readonly DeviceService[];
	/** Runs the relay; the default runs it in this process. */
	readonly openRelay?: (dir: string, registry: Registry) => HouseRelay;
	readonly onBoardLine?: (line: string) => void;
	readonly onBoard?: (event: SupervisorEvent) => void;
	readonly onRelayLine?: (line: string) => void;
	readonly onPin?: (change: MechanismChange) => void;
	readonly onBolt?: (bolt: BoltPosition) => void;
	/** Each connection inside the relay's TLS. */
	readonly onRelayConnection?: (tls: TLSSocket, side: "device" | "app") => void;
	/** Every byte that the relay has inside its own TLS. */
	readonly onRelayBytes?: (side: "device" | "app", direction: "in" | "out", bytes: Uint8Array) => void;
}

/** What a house asks of its relay. */
export interface HouseRelay {
	listen(host: string, devicePort: number, appPort: number): Promise<RelayAddress>;
	/** Serials of the locks that apps can reach now: they came with an operational certificate. */
	readonly reachable: readonly string[];
	close(): Promise<void>;
}

export class HouseFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "HouseFault";
	}
}

const HOST = "127.0.0.1";
const RELAY_NAME = "localhost";
const BOOT_MS = 15_000;
const LINK_MS = 15_000;
const PROVISION_MS = 20_000;
const RETRY_MS = 50;

export class House {
	readonly #options: HouseOptions;
	readonly #file: HouseFile;
	readonly #registry: Registry;
	readonly #bundles: BundleService;
	readonly #updates: UpdateService;
	readonly #relay: HouseRelay;
	readonly #mechanism: Mechanism;
	readonly #supervisor: Supervisor;
	readonly #wallet: Wallet;
	#address: RelayAddress | undefined;
	#transport: Transport | undefined;
	#phone: Phone | undefined;

	private constructor(
		options: HouseOptions,
		registry: Registry,
		bundles: BundleService,
		updates: UpdateService,
		services: readonly DeviceService[],
	) {
		const at = (name: string): string => join(options.dir, name);
		this.#options = options;
		this.#registry = registry;
		this.#bundles = bundles;
		this.#updates = updates;
		this.#file = HouseFile.open(at("house.json"));
		this.#wallet = Wallet.open(at("phone.json"));
		this.#relay = options.openRelay?.(options.dir, registry) ?? relayInside(options, registry, services);
		rmSync(at("pins"), { force: true });
		this.#supervisor = new Supervisor({
			dir: at("board"),
			serialLink: at("serial"),
			pinsSocket: at("pins"),
			...(options.image === undefined ? {} : { image: options.image }),
			...(options.binary === undefined ? {} : { binary: options.binary }),
			...(options.local === true ? { local: { host: HOST, port: 0 } } : {}),
			...(options.boardWords === undefined ? {} : { words: options.boardWords }),
			...(options.onBoardLine === undefined ? {} : { onLine: options.onBoardLine }),
			...(options.onBoard === undefined ? {} : { onEvent: options.onBoard }),
		});
		this.#mechanism = new Mechanism({
			socket: at("pins"),
			...(options.travelMs === undefined ? {} : { travelMs: options.travelMs }),
			...(options.onPin === undefined ? {} : { onChange: options.onPin }),
		});
	}

	/** Makes the PKI where there is none, and everything that needs no network yet. */
	static async open(options: HouseOptions): Promise<House> {
		mkdirSync(options.dir, { recursive: true, mode: 0o700 });
		const pki = join(options.dir, "pki");
		await ensurePki(pki, [RELAY_NAME, HOST]);
		const database = join(options.dir, "relay.db");
		const log = options.onRelayLine ?? ((): void => undefined);
		const db = await openServingDatabase(database);
		const registry = new SqlRegistry(db);
		const issuer = await openIssuer(PKI_FILES.intermediateKey(pki, "operational"));
		const bundles = await BundleService.open(database, log);
		const updates = await UpdateService.open(options.dir, log, { db });
		const services = [
			bundles,
			updates,
			new ReportService(new Reports(db)),
			// The house is its own time role. The key comes with the trust that the factory line makes.
			new TimeService({ ask: (nonce) => TimeRole.fromFile(TRUST_FILES.key(pki, "time")).answer(nonce) }),
			new RenewalService({
				registry,
				issuer,
				log,
				...(options.validity === undefined ? {} : { validity: options.validity }),
			}),
			...(options.services ?? []),
		];
		return new House(options, registry, bundles, updates, services);
	}

	get mechanism(): Mechanism {
		return this.#mechanism;
	}

	/** The label that was printed at the end of the line; undefined before. It is kept only for this demonstration. */
	get label(): Label | undefined {
		const label = this.#file.label === undefined ? undefined : decodeLabel(this.#file.label);
		return label?.ok === true ? label.value : undefined;
	}

	get labelText(): string | undefined {
		return this.#file.label;
	}

	/** Where the board listens on its local network: of its present boot, once that has said so. */
	get localPort(): number | undefined {
		return this.#supervisor.localPort;
	}

	get boardPid(): number | undefined {
		return this.#supervisor.pid;
	}

	async startRelay(): Promise<RelayAddress> {
		const { devicePort, appPort } = this.#file;
		try {
			this.#address = await this.#relay.listen(HOST, devicePort ?? 0, appPort ?? 0);
		} catch (error) {
			throw new HouseFault(`the relay cannot listen: ${(error as Error).message}`);
		}
		this.#file.setPorts(this.#address.devicePort, this.#address.appPort);
		return this.#address;
	}

	/** Switches the board on and waits until its pins answer. */
	async startBoard(): Promise<void> {
		this.#supervisor.start();
		const up = this.#mechanism.connected
			? true
			: await this.#mechanism.waitFor((mechanism) => mechanism.connected, BOOT_MS);
		if (!up) throw new HouseFault("the board did not come up; its last lines say why");
	}

	/** Runs the factory line once; a board that is sealed stays as it is. Returns the QR code when it was printed now. */
	async provision(onStep?: (step: string, elapsedMs: number) => void): Promise<string | undefined> {
		if (this.#address === undefined) throw new HouseFault("the relay comes before the board's address");
		if (this.#file.label !== undefined && this.#file.sealed) return undefined;
		const deadline = performance.now() + PROVISION_MS;
		for (;;) {
			try {
				const printed = await this.#runLine(this.#address, onStep);
				this.#file.setSealed();
				return printed;
			} catch (error) {
				// The line of a board that has just started may still come and go; every verb may be repeated.
				if (!(error instanceof SerialFault) || performance.now() > deadline) throw error;
				await pause(RETRY_MS);
			}
		}
	}

	async #runLine(
		address: RelayAddress,
		onStep: ((step: string, elapsedMs: number) => void) | undefined,
	): Promise<string | undefined> {
		let printed: string | undefined;
		const pkiDir = join(this.#options.dir, "pki");
		const line = VerbLine.onPort(join(this.#options.dir, "serial"));
		try {
			await provision({
				line,
				pkiDir,
				registry: this.#registry,
				trust: ensureTrust(pkiDir, [{ host: HOST, port: address.devicePort, name: RELAY_NAME }]).file,
				hardwareClass: "latchkey-linux",
				onLabel: (label) => {
					this.#file.setLabel(label);
					printed = drawQrCode(label);
				},
				...(onStep === undefined ? {} : { onStep }),
			});
		} finally {
			line.close();
		}
		return printed;
	}

	/** Resolves when the relay has the lock's link, by its operational certificate. */
	async waitForLink(): Promise<void> {
		const serial = this.label?.serial;
		const deadline = performance.now() + LINK_MS;
		while (serial === undefined || !this.#relay.reachable.includes(serial)) {
			if (performance.now() > deadline) throw new HouseFault("the lock did not reach its relay");
			await pause(20);
		}
	}

	/** Claims the lock with this house's phone. The window must be open. */
	async pair(name: string): Promise<void> {
		const label = this.label;
		if (label === undefined) throw new HouseFault("there is no label yet");
		this.#endSession();
		const { phone } = await Phone.pair(await this.#context(), label, name);
		this.#phone = phone;
		this.#wallet.keep({ serial: label.serial, noisePublicKey: label.noisePublicKey });
	}

	get paired(): boolean {
		return this.#wallet.locks.length > 0;
	}

	/** The phone's session; a new one when the last has ended. */
	async phone(): Promise<Phone> {
		if (this.#phone?.ended === false) return this.#phone;
		this.#phone = await Phone.open(await this.#context(), this.#wallet.lock());
		return this.#phone;
	}

	/** A session of its own over the lock's local network, without the relay. The caller closes phone and transport. */
	async phoneOverLocal(): Promise<{ readonly phone: Phone; readonly transport: Transport }> {
		const port = this.localPort;
		if (port === undefined) throw new HouseFault("the board has not opened its local network");
		const transport = await openLocal({ host: HOST, port });
		try {
			const phone = await Phone.open(this.#contextOver(transport), this.#wallet.lock());
			return { phone, transport };
		} catch (error) {
			transport.close();
			throw error;
		}
	}

	/** Takes the relay away, for good. Idempotent. */
	async stopRelay(): Promise<void> {
		this.#endSession();
		this.#transport?.close();
		this.#transport = undefined;
		await this.#relay.close();
	}

	/** Forgets the pairing on the phone's side, as after a reset of the lock. */
	forgetLock(): void {
		this.#endSession();
		for (const { serial } of this.#wallet.locks) this.#wallet.forget(serial);
	}

	/** Takes the power from the board; `startBoard` gives it back. */
	async cutPower(): Promise<void> {
		await this.#supervisor.cutPower();
	}

	/** Stops the board in good order; `startBoard` starts it again. */
	async stopBoard(): Promise<void> {
		await this.#supervisor.stop();
	}

	/** A stranger with the label's key and no grant knocks once; resolves when the lock has turned it away. */
	async knock(): Promise<void> {
		const label = this.label;
		if (label === undefined) throw new HouseFault("there is no label yet");
		const context = await this.#context();
		const noisePrivateKey = context.crypto.random(32);
		const stranger = { ...context, keys: { ...context.keys, noisePrivateKey } };
		const phone = await Phone.open(stranger, label).catch(() => undefined);
		phone?.close();
		if (phone !== undefined) throw new HouseFault("the lock let a stranger in");
	}

	/** Ends everything. Idempotent. */
	async close(): Promise<void> {
		this.#endSession();
		this.#transport?.close();
		this.#transport = undefined;
		this.#mechanism.close();
		await this.#supervisor.stop();
		await this.#relay.close();
		await this.#bundles.close();
		await this.#updates.close();
		await this.#registry.close();
	}

	#endSession(): void {
		this.#phone?.close();
		this.#phone = undefined;
	}

	async #context(): Promise<PhoneContext> {
		if (this.#address === undefined) throw new HouseFault("the relay does not run");
		if (this.#transport?.closed !== false) {
			this.#transport = await openRelay({
				host: HOST,
				port: this.#address.appPort,
				name: RELAY_NAME,
				roots: readFileSync(join(this.#options.dir, "pki", "relay-root.pem"), "utf8"),
			});
		}
		return this.#contextOver(this.#transport);
	}

	#contextOver(transport: Transport): PhoneContext {
		const { onBolt } = this.#options;
		return {
			crypto: this.#options.phoneCrypto ?? new NobleCrypto(),
			keys: this.#wallet.keys,
			transport,
			nowMs: () => performance.now(),
			...(onBolt === undefined ? {} : { onBolt }),
		};
	}
}

function relayInside(
	options: HouseOptions,
	registry: Registry,
	services: readonly DeviceService[],
): HouseRelay {
	const { onRelayBytes, onRelayConnection } = options;
	const log = options.onRelayLine ?? ((): void => undefined);
	return new Relay({
		registry,
		services,
		...readCredentials(join(options.dir, "pki", "relay-server")),
		log,
		tap: (tls: TLSSocket, side: "device" | "app") => {
			onRelayConnection?.(tls, side);
			if (onRelayBytes !== undefined) tapBytes(tls, side, onRelayBytes);
		},
	});
}

function tapBytes(
	tls: TLSSocket,
	side: "device" | "app",
	onBytes: NonNullable<HouseOptions["onRelayBytes"]>,
): void {
	tls.on("data", (bytes: Uint8Array) => onBytes(side, "in", bytes));
	const write = tls.write.bind(tls);
	tls.write = ((chunk: Uint8Array | string, ...rest: never[]) => {
		onBytes(side, "out", typeof chunk === "string" ? Buffer.from(chunk) : chunk);
		return write(chunk, ...rest);
	}) as typeof tls.write;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
