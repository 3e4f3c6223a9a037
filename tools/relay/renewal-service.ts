/**
 * Operational certificates for connected locks (PROTOCOL 8.1): issued only to the device that is connected, for a
 * request that its factory key signed, for a new key that is nobody's (T6). The device hears yes or no; why not is in the
 * log. A relay without an issuer says no to everybody.
 */
import "reflect-metadata";
import { PublicKey } from "@peculiar/x509";
import { toHex } from "../../modules/base/bytes.ts";
import { accept, type Result, refuse } from "../../modules/base/result.ts";
import { renewalBytes } from "../../modules/identity/renewal-request.ts";
import type { RenewalEnvelope } from "../../modules/wire/envelope.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { issueOperational, type Validity } from "../factory/certificates.ts";
import { checkRequest, type DeviceRequest, type RequestReason } from "../factory/request.ts";
import type { Issuer } from "../pki/issuer.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "./device-service.ts";
import { type LogSink, RelayLog } from "./log.ts";
import { OPERATIONAL_DAYS } from "./operational-days.ts";
import type { IssueReason } from "./operational-keys.ts";
import type { Registry } from "./registry.ts";
import { SerialRates } from "./serial-rates.ts";

export interface RenewalServiceOptions {
	readonly registry: Registry;
	readonly issuer?: Issuer;
	readonly log: LogSink;
	/** From when until when a new certificate is valid; default: from a day ago on for OPERATIONAL_DAYS. */
	readonly validity?: () => Validity;
	readonly burst?: number;
	readonly underWay?: number;
	readonly waitMs?: number;
}

const DAY_MS = 86_400_000;
/** Of one device: so many at once, then one each 15 minutes. A lock asks at most once an hour after its first three. */
const BURST = 6;
const PER_MINUTE = 1 / 15;

/** Requests that wait for the issuer, which does one at a time: a token takes a second for each. */
const UNDER_WAY = 64;
/** A lock gives an answer up after 30 s, and what it gave up shall not supersede what it has. */
const WAIT_MS = 25_000;

type RenewalReason =
	| RequestReason
	| IssueReason
	| "no-issuer"
	| "too-often"
	| "busy"
	| "late"
	| "gone"
	| "factory-signature";

/** Ends so many days after the moment of issue, to the second. */
export function validityOf(days: number): () => Validity {
	return () => ({ notAfter: new Date(Date.now() + days * DAY_MS) });
}

export class RenewalService implements DeviceService {
	readonly kinds: DeviceService["kinds"] = Object.freeze(["renewal"] as const);
	readonly #options: RenewalServiceOptions;
	readonly #log: RelayLog;
	readonly #rates: SerialRates;
	/** Devices whose request is being worked on: one each. */
	readonly #busy = new Set<string>();
	readonly #gone = new WeakSet<ConnectedDevice>();
	/** The last of those that wait for the issuer; it never rejects. */
	#last: Promise<unknown> = Promise.resolve();

	constructor(options: RenewalServiceOptions) {
		this.#options = options;
		this.#rates = new SerialRates(options.burst ?? BURST, PER_MINUTE);
		this.#log = new RelayLog(options.log);
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		if (envelope.kind === "renewal") void this.#answer(device, envelope);
	}

	detached(device: ConnectedDevice): void {
		this.#gone.add(device);
	}

	async #answer(device: ConnectedDevice, envelope: RenewalEnvelope): Promise<void> {
		const { serial } = device;
		const issued = await this.#renew(device, envelope).catch((error: Error) => {
			this.#log.write("error", "renewal-fault", { serial, reason: error.message });
			return undefined;
		});
		if (issued?.ok === false)
			this.#log.write("warning", "renewal-refused", { serial, reason: issued.reason });
		if (issued?.ok === true) this.#log.write("info", "renewal", { serial });
		device.send({ kind: "certificate", chain: issued?.ok === true ? issued.value : undefined });
	}

	async #renew(
		device: ConnectedDevice,
		envelope: RenewalEnvelope,
	): Promise<Result<readonly Uint8Array[], RenewalReason>> {
		const { issuer } = this.#options;
		const { serial } = device;
		if (issuer === undefined) return refuse("no-issuer");
		if (!this.#rates.take(serial, performance.now())) return refuse("too-often");
		if (this.#busy.has(serial) || this.#busy.size >= (this.#options.underWay ?? UNDER_WAY))
			return refuse("busy");
		this.#busy.add(serial);
		try {
			return await this.#check(issuer, device, envelope);
		} finally {
			this.#busy.delete(serial);
		}
	}

	async #check(
		issuer: Issuer,
		device: ConnectedDevice,
		{ csr, signature }: RenewalEnvelope,
	): Promise<Result<readonly Uint8Array[], RenewalReason>> {
		const { serial } = device;
		const startedMs = performance.now();
		const row = await this.#options.registry.find(serial);
		if (row === undefined) return refuse("unknown-device");
		// The serial of the connection, which TLS and the registry vouch for: a request for any other has another subject.
		const request = checkRequest(csr, serial, undefined);
		if (!request.ok) return request;
		const factoryKey = new Uint8Array(Buffer.from(row.public_key, "hex"));
		if (!new NobleCrypto().verifyP256(factoryKey, renewalBytes(serial, csr), signature))
			return refuse("factory-signature");
		const issued = this.#last.then(() => {
			if (this.#gone.has(device)) return refuse("gone");
			if (performance.now() - startedMs > (this.#options.waitMs ?? WAIT_MS)) return refuse("late");
			return this.#issue(issuer, serial, request.value);
		});
		this.#last = issued.catch(() => undefined);
		return await issued;
	}

	async #issue(
		issuer: Issuer,
		serial: string,
		{ point, publicKey }: DeviceRequest,
	): Promise<Result<readonly Uint8Array[], RenewalReason>> {
		const validity = this.#options.validity?.() ?? validityOf(OPERATIONAL_DAYS)();
		const recorded = await this.#options.registry.issue(serial, toHex(point), validity.notAfter);
		if (!recorded.ok) return recorded;
		const spki = publicKey.export({ format: "der", type: "spki" });
		const leaf = await issueOperational(issuer, serial, new PublicKey(new Uint8Array(spki)), validity);
		return accept([leaf, ...issuer.certificates].map((each) => new Uint8Array(each.rawData)));
	}
}
