/**
 * The lock in front of a driver, and everything around it that is on this machine: its PKI and trust, a relay, the owner's phone, the
 * printed label. All of it lies in one folder (0700) and is found there again. A blank board is provisioned; a sealed one is taken when
 * its label is here. Every wait has an end.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../modules/base/limits.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { decodeReport, type Report } from "../../modules/wire/report.ts";
import type { Endpoint } from "../cli/arguments.ts";
import { openSerial } from "../cli/serial-transport.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { ensurePki } from "../factory/pki.ts";
import { provision } from "../factory/provision.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { VerbLine } from "../factory/verbs.ts";
import { PhoneFault } from "../phone/lock-client.ts";
import { Phone, type PhoneContext } from "../phone/phone.ts";
import { readAttestation } from "../phone/phone-update.ts";
import { type Transport, TransportFault } from "../phone/transport.ts";
import { Wallet } from "../phone/wallet.ts";
import type { Registry } from "../relay/registry.ts";
import { HouseFile } from "../start/house-file.ts";
import { RelaySide } from "../start/house-relay.ts";
import { readBundleFile, standingAlone } from "../trust/bundle-file.ts";
import { newestBundlePath, TRUST_FILES } from "../trust/development-trust.ts";
import { deliverBundle } from "../trust/line-delivery.ts";
import { Arrivals } from "./arrivals.ts";
import type { Driver } from "./driver.ts";
import { HandshakePace } from "./handshake-pace.ts";
import { HilFault } from "./hil-fault.ts";
import { ownTrust } from "./own-trust.ts";

export interface LockBenchOptions {
	readonly dir: string;
	readonly driver: Driver;
	/** Where the relay listens for locks; port 0: the one of before, or any. */
	readonly listen: Endpoint;
	/** What a blank board becomes; undefined: a blank one is refused. */
	readonly hardwareClass: string | undefined;
}

export const RELAY_NAME = "localhost";
const BOARD_MS = 60_000;
const VERB_MS = 1_000;
/** Of each of the attempts of a verb, at a lock that must not answer. */
const SILENCE_MS = 300;
const LOOK_MS = 100;
const STAGE_SEALED = 3;
const NONCE_BYTES = 16;

export class LockBench {
	readonly dir: string;
	readonly driver: Driver;
	readonly wallet: Wallet;
	readonly #options: LockBenchOptions;
	readonly #file: HouseFile;
	readonly #relay: RelaySide;
	readonly #secrets = new Map<string, Uint8Array | string>();
	readonly #pace = new HandshakePace();
	readonly #arrivals: Arrivals;
	/** When the lock last lost its power or was reset. */
	#goneMs = Number.NEGATIVE_INFINITY;
	#kept: { readonly transport: Transport; readonly phone: Phone } | undefined;
	#at: Endpoint | undefined;
	#boardName = "unknown";
	#firmware = "unknown";

	private constructor(options: LockBenchOptions, relay: RelaySide, arrivals: Arrivals) {
		this.#options = options;
		this.dir = options.dir;
		this.driver = options.driver;
		this.#relay = relay;
		this.#arrivals = arrivals;
		this.#file = HouseFile.open(join(options.dir, "house.json"));
		this.wallet = Wallet.open(join(options.dir, "phone.json"));
		this.keepSecret("the phone's Noise key", this.wallet.keys.noisePrivateKey);
		this.keepSecret("the phone's signing key", this.wallet.keys.signingPrivateKey);
		for (const { serial, advertisingKey } of this.wallet.locks)
			if (advertisingKey !== undefined) this.keepSecret(`the advertising key of ${serial}`, advertisingKey);
		options.driver.trace.listen(({ role, level }) => {
			if (role === "power" && !level) this.#goneMs = performance.now();
		});
	}

	/** With a lock that is on, sealed and under this folder's trust. Rejects with HilFault, ProvisionFault, SerialFault or TrustFault. */
	static async open(options: LockBenchOptions): Promise<LockBench> {
		mkdirSync(options.dir, { recursive: true, mode: 0o700 });
		await ensurePki(join(options.dir, "pki"), [RELAY_NAME, "127.0.0.1"]);
		const arrivals = new Arrivals();
		const relay = await RelaySide.open({ dir: options.dir, services: [arrivals] });
		const bench = new LockBench(options, relay, arrivals);
		try {
			await bench.#begin();
		} catch (error) {
			await bench.close();
			throw error;
		}
		return bench;
	}

	get pkiDir(): string {
		return join(this.dir, "pki");
	}

	get registry(): Registry {
		return this.#relay.registry;
	}

	/** What a report may never say: each with its name. */
	get secrets(): ReadonlyMap<string, Uint8Array | string> {
		return this.#secrets;
	}

	/** As the lock attests it. */
	get boardName(): string {
		return this.#boardName;
	}

	get firmware(): string {
		return this.#firmware;
	}

	get label(): Label {
		const label = decodeLabel(this.#file.label ?? "");
		if (!label.ok) throw new HilFault("there is no label of this lock here");
		return label.value;
	}

	/** Where relays of this bench listen. */
	get listenHost(): string {
		return this.#options.listen.host;
	}

	get hardwareClass(): string | undefined {
		return this.#options.hardwareClass;
	}

	/** Everything before it is of a former boot of the lock. */
	get goneMs(): number {
		return this.#goneMs;
	}

	/** Where the lock reaches this bench's relay. */
	get relayAddress(): Endpoint {
		if (this.#at === undefined) throw new HilFault("the relay does not run");
		return this.#at;
	}

	/** The relay has the lock's link, by its operational certificate, and of this boot of the lock: a dead one stands in its list for a while. */
	get isLinked(): boolean {
		const { serial } = this.label;
		return (
			this.#relay.relay.reachable.includes(serial) &&
			this.#arrivals.cameAfter(serial, this.#goneMs, "operational")
		);
	}

	/** From now on no report says it. */
	keepSecret(name: string, secret: Uint8Array | string): void {
		this.#secrets.set(name, secret);
	}

	/** Looks again and again; false when it does not become so in time. */
	async until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
		const deadline = performance.now() + withinMs;
		while (!(await condition())) {
			if (performance.now() > deadline) return false;
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
		return true;
	}

	/** The verbs of the service line; the line is closed behind them. */
	async withVerbs<Value>(work: (line: VerbLine) => Promise<Value>, answerMs?: number): Promise<Value> {
		this.endSession();
		const line = VerbLine.onPort(this.driver.line, answerMs);
		try {
			return await work(line);
		} finally {
			line.close();
		}
	}

	/** Waits until firmware answers at the service line. */
	async awaitBoard(withinMs = BOARD_MS): Promise<void> {
		let why = "nothing answers";
		const isThere = await this.until(async () => {
			try {
				return await this.withVerbs(async (line) => (await line.call("identify")).ok, VERB_MS);
			} catch (error) {
				if (!(error instanceof SerialFault)) throw error;
				why = error.message;
				return false;
			}
		}, withinMs);
		if (!isThere) throw new HilFault(`the lock does not come up: ${why}`);
	}

	/**
	 * The owner's session: over the service line one that is kept for the next time, as an app keeps it, or over another way one that is
	 * closed behind it.
	 */
	async withPhone<Value>(
		work: (phone: Phone) => Promise<Value>,
		open?: () => Promise<Transport>,
	): Promise<Value> {
		if (open === undefined) return await this.#withKept(work);
		await this.#pace.turn();
		const transport = await open();
		try {
			const phone = await this.openPhone(transport);
			try {
				return await work(phone);
			} finally {
				phone.close();
			}
		} finally {
			transport.close();
		}
	}

	/** The owner's phone over a way that stays the caller's. */
	async openPhone(transport: Transport): Promise<Phone> {
		return await Phone.open(this.contextOver(transport), this.wallet.lock(this.label.serial));
	}

	/** A way over the service line, once nothing of ours has that open. No lock takes more handshakes than this lets through. */
	async openLine(): Promise<Transport> {
		this.endSession();
		await this.#pace.turn();
		return openSerial(this.driver.line);
	}

	/** Nothing of ours has the service line open any more: before the lock starts over, or somebody else needs it. Idempotent. */
	endSession(): void {
		this.#kept?.phone.close();
		this.#kept?.transport.close();
		this.#kept = undefined;
	}

	async #withKept<Value>(work: (phone: Phone) => Promise<Value>): Promise<Value> {
		if (this.#kept?.phone.ended !== false) {
			const transport = await this.openLine();
			try {
				this.#kept = { transport, phone: await this.openPhone(transport) };
			} catch (error) {
				transport.close();
				throw error;
			}
		}
		const { phone } = this.#kept;
		try {
			return await work(phone);
		} catch (error) {
			// What the lock refuses it refuses inside a session that goes on; anything else may be its end.
			if (!(error instanceof PhoneFault) || error.refusal === undefined) this.endSession();
			throw error;
		}
	}

	/** Claims the lock by its label over the service line; `keys`: another phone's. Rejects with PhoneFault. */
	async pair(name: string, keys = this.wallet.keys): Promise<void> {
		const transport = await this.openLine();
		try {
			const context = { ...this.contextOver(transport), keys };
			const { phone } = await Phone.pair(context, this.label, name);
			const { serial, noisePublicKey } = this.label;
			if (keys === this.wallet.keys) {
				this.wallet.keep({ serial, noisePublicKey });
				const advertisingKey = await phone.local.advertisingKey();
				if (advertisingKey !== undefined) {
					this.keepSecret(`the advertising key of ${serial}`, advertisingKey);
					this.wallet.keep({ serial, noisePublicKey, advertisingKey });
				}
			}
			phone.close();
		} finally {
			transport.close();
		}
	}

	/** Ends the session first: nobody would tell it. */
	async setPower(on: boolean): Promise<void> {
		this.endSession();
		await this.driver.setPower(on);
	}

	/** Rejects with HilFault when it is the same boot afterwards. */
	async restart(): Promise<void> {
		const before = await this.boots();
		this.endSession();
		await this.driver.restart();
		this.#goneMs = performance.now();
		await this.awaitBoard();
		if ((await this.boots()) === before) throw new HilFault("the lock did not start over");
	}

	/**
	 * Takes the power away for a while; `before`: the lock's boots until then. Rejects with HilFault when the lock speaks meanwhile, or
	 * has not just started by its power afterwards.
	 */
	async cyclePower(offMs: number, before: number): Promise<void> {
		await this.setPower(false);
		const until = performance.now() + offMs;
		if (await this.#answers()) throw new HilFault("the lock answers without its power: it was not cut");
		await new Promise((resolve) => setTimeout(resolve, until - performance.now()));
		await this.setPower(true);
		await this.awaitBoard();
		const { boots, resets } = (await this.report()).health;
		const reason = resets.at(-1)?.reason ?? "unknown";
		if (boots !== before + 1) throw new HilFault(`the lock had ${boots - before} boots over a power cut`);
		if (reason !== "power-on") throw new HilFault(`the lock started by ${reason}, not by its power`);
	}

	async #answers(): Promise<boolean> {
		try {
			return await this.withVerbs(async (line) => (await line.call("identify")).ok, SILENCE_MS);
		} catch (error) {
			if (error instanceof SerialFault) return false;
			throw error;
		}
	}

	/** Whether the owner's phone has a grant at the lock. */
	async isPaired(): Promise<boolean> {
		try {
			return await this.withPhone(async (phone) => (await phone.status()).firmware !== "");
		} catch (error) {
			if (error instanceof PhoneFault || error instanceof TransportFault) return false;
			if (error instanceof Error && error.name === "WalletFault") return false;
			throw error;
		}
	}

	contextOver(transport: Transport): PhoneContext {
		return {
			crypto: new NobleCrypto(),
			keys: this.wallet.keys,
			transport,
			nowMs: () => performance.now(),
		};
	}

	/** The version of trust that the lock says it has. */
	async trustVersion(): Promise<number> {
		return (await this.report()).trustVersion;
	}

	/** How often it has started, this time among them. */
	async boots(): Promise<number> {
		return (await this.report()).health.boots;
	}

	/** What the lock says of itself. Rejects with HilFault or SerialFault. */
	async report(): Promise<Report> {
		return await this.withVerbs(async (line) => {
			const answer = await line.call("health");
			const bytes = answer.ok ? answer.value.bytes(0, { min: 1, max: LIMITS.reportBytes }) : undefined;
			const report = bytes === undefined ? undefined : decodeReport(bytes);
			if (report?.ok !== true) throw new HilFault("the lock does not say how it is");
			return report.value;
		});
	}

	async close(): Promise<void> {
		this.endSession();
		await this.#relay.close();
	}

	async #begin(): Promise<void> {
		const { driver, listen } = this.#options;
		const { devicePort, appPort } = this.#file;
		const port = listen.port === 0 ? (devicePort ?? 0) : listen.port;
		const relay = await this.#relay.relay.listen(listen.host, port, appPort ?? 0);
		this.#file.setPorts(relay.devicePort, relay.appPort);
		this.#at = await driver.reach({ host: listen.host, port: relay.devicePort });
		const { version } = this.#ownTrust();
		if (driver.abilities.has("power")) await driver.setPower(true);
		await this.awaitBoard();
		await this.#provision();
		await this.bringTrust(version);
		await this.#ask();
	}

	#ownTrust(): TrustBundle {
		return ownTrust(this.pkiDir, { ...this.relayAddress, name: RELAY_NAME });
	}

	/** The lock trusts this bench's own relay, and no other. */
	async bringOwnTrust(): Promise<void> {
		await this.bringTrust(this.#ownTrust().version);
	}

	/** Every bundle after the lock's, up to this version. */
	async bringTrust(version: number): Promise<void> {
		const had = await this.trustVersion();
		for (let next = had + 1; next <= version; next++) {
			const bundle = readBundleFile(TRUST_FILES.bundle(this.pkiDir, next));
			await this.withVerbs((line) => deliverBundle(line, standingAlone(bundle)));
		}
	}

	async #provision(): Promise<void> {
		const who = await this.withVerbs((line) => line.call("identify"));
		const isSealed = who.ok && who.value.uint(1) === STAGE_SEALED;
		const serial = who.ok ? who.value.text(2, 24) : undefined;
		if (!isSealed) {
			const { hardwareClass } = this.#options;
			if (hardwareClass === undefined)
				throw new HilFault("the board is blank: --hardware-class says what it is to be sealed as, for good");
			const trust = readBundleFile(newestBundle(this.pkiDir));
			await this.withVerbs((line) =>
				provision({
					line,
					pkiDir: this.pkiDir,
					registry: this.registry,
					trust,
					hardwareClass,
					onLabel: (text) => this.#file.setLabel(text),
				}),
			);
			this.#file.setSealed();
		}
		const { label } = this;
		if (isSealed && label.serial !== serial)
			throw new HilFault(`the lock is sealed as ${serial}, and ${this.dir} has the label of ${label.serial}`);
		this.keepSecret("the setup secret", label.setupSecret);
		this.keepSecret("the label", this.#file.label ?? "");
		this.keepSecret("the label's key", label.noisePublicKey);
	}

	async #ask(): Promise<void> {
		const nonce = new NobleCrypto().random(NONCE_BYTES);
		const attestation = await this.withVerbs(async (line) => {
			const answer = await line.call("attest", { 0: nonce });
			return answer.ok ? readAttestation(answer.value, nonce) : undefined;
		});
		if (attestation === undefined) throw new HilFault("the lock attests nothing");
		this.#boardName = attestation.board;
		this.#firmware = attestation.version;
	}
}

function newestBundle(pkiDir: string): string {
	const path = newestBundlePath(pkiDir);
	if (path === undefined) throw new HilFault("there is no trust bundle");
	return path;
}
