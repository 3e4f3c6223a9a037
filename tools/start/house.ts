/**
 * A whole house on this machine: relay, board with its door hardware, and a phone, over real sockets on loopback. Made
 * once in a folder and found there again. `close` leaves no process and no socket behind.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { WIFI_WORDS } from "../board/local-words.ts";
import { Mechanism, type MechanismChange } from "../board/mechanism.ts";
import { Supervisor, type SupervisorEvent } from "../board/supervisor.ts";
import { ensurePki } from "../factory/pki.ts";
import { provision } from "../factory/provision.ts";
import { drawQrCode } from "../factory/qr-code.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { VerbLine } from "../factory/verbs.ts";
import type { Phone } from "../phone/phone.ts";
import type { Transport } from "../phone/transport.ts";
import type { RelayAddress } from "../relay/relay.ts";
import { ensureTrust } from "../trust/development-trust.ts";
import { HouseFault } from "./house-fault.ts";
import { HouseFile } from "./house-file.ts";
import { HousePhone, type HousePhoneOptions } from "./house-phone.ts";
import { type HouseRelayOptions, RelaySide } from "./house-relay.ts";

export interface HouseOptions extends HouseRelayOptions, HousePhoneOptions {
	readonly dir: string;
	readonly image?: string;
	/** The host binary and more words for it; tests use their own. */
	readonly binary?: string;
	readonly boardWords?: readonly string[];
	/** Whether the board opens its local network, on loopback. */
	readonly local?: boolean;
	/** Whether it has a radio, its air on loopback, and a Wi-Fi that its owner sets. */
	readonly radio?: boolean;
	/** The bolt's travel from end to end; the default is the mechanism's. */
	readonly travelMs?: number;
	readonly onBoardLine?: (line: string) => void;
	readonly onBoard?: (event: SupervisorEvent) => void;
	readonly onPin?: (change: MechanismChange) => void;
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
	readonly #relay: RelaySide;
	readonly #mechanism: Mechanism;
	readonly #supervisor: Supervisor;
	readonly #phone: HousePhone;
	#address: RelayAddress | undefined;

	private constructor(options: HouseOptions, relay: RelaySide) {
		const at = (name: string): string => join(options.dir, name);
		this.#options = options;
		this.#relay = relay;
		this.#file = HouseFile.open(at("house.json"));
		this.#phone = new HousePhone(
			options,
			() => this.#address && { host: HOST, port: this.#address.appPort, name: RELAY_NAME },
		);
		rmSync(at("pins"), { force: true });
		this.#supervisor = new Supervisor({
			dir: at("board"),
			serialLink: at("serial"),
			pinsSocket: at("pins"),
			...(options.image === undefined ? {} : { image: options.image }),
			...(options.binary === undefined ? {} : { binary: options.binary }),
			...(options.local === true ? { local: { host: HOST, port: 0 } } : {}),
			...(options.radio === true ? { radio: { host: HOST, port: 0 } } : {}),
			words: [...(options.radio === true ? WIFI_WORDS : []), ...(options.boardWords ?? [])],
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
		await ensurePki(join(options.dir, "pki"), [RELAY_NAME, HOST]);
		return new House(options, await RelaySide.open(options));
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

	/** Where the air of its radio is: of its present boot, once that has said so. */
	get radioPort(): number | undefined {
		return this.#supervisor.radioPort;
	}

	get boardPid(): number | undefined {
		return this.#supervisor.pid;
	}

	async startRelay(): Promise<RelayAddress> {
		const { devicePort, appPort } = this.#file;
		try {
			this.#address = await this.#relay.relay.listen(HOST, devicePort ?? 0, appPort ?? 0);
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
				registry: this.#relay.registry,
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
		while (serial === undefined || !this.#relay.relay.reachable.includes(serial)) {
			if (performance.now() > deadline) throw new HouseFault("the lock did not reach its relay");
			await pause(20);
		}
	}

	/** Claims the lock with this house's phone. The window must be open. */
	async pair(name: string): Promise<void> {
		await this.#phone.pair(this.#printedLabel(), name);
	}

	get paired(): boolean {
		return this.#phone.paired;
	}

	/** The phone's session; a new one when the last has ended. */
	async phone(): Promise<Phone> {
		return await this.#phone.session();
	}

	/** A session of its own over the lock's local network, without the relay. The caller closes phone and transport. */
	async phoneOverLocal(): Promise<{ readonly phone: Phone; readonly transport: Transport }> {
		const port = this.localPort;
		if (port === undefined) throw new HouseFault("the board has not opened its local network");
		return await this.#phone.overLocal({ host: HOST, port });
	}

	/** Takes the relay away, for good. Idempotent. */
	async stopRelay(): Promise<void> {
		this.#phone.close();
		await this.#relay.relay.close();
	}

	/** Forgets the pairing on the phone's side, as after a reset of the lock. */
	forgetLock(): void {
		this.#phone.forget();
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
		await this.#phone.knock(this.#printedLabel());
	}

	/** Ends everything. Idempotent. */
	async close(): Promise<void> {
		this.#phone.close();
		this.#mechanism.close();
		await this.#supervisor.stop();
		await this.#relay.close();
	}

	#printedLabel(): Label {
		const label = this.label;
		if (label === undefined) throw new HouseFault("there is no label yet");
		return label;
	}
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
