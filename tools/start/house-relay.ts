/**
 * The relay of a house: its database, what it does for the lock, and the relay itself, which runs in this process unless the
 * options open another one. `close` leaves no socket and no open database behind.
 */
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import type { Validity } from "../factory/certificates.ts";
import { PKI_FILES } from "../factory/pki.ts";
import { openIssuer } from "../pki/issuer.ts";
import { BundleService } from "../relay/bundle-service.ts";
import { readCredentials } from "../relay/credentials.ts";
import { openServingDatabase } from "../relay/database.ts";
import type { DeviceService } from "../relay/device-service.ts";
import { type Registry, SqlRegistry } from "../relay/registry.ts";
import { registryPath } from "../relay/registry-file.ts";
import { Relay, type RelayAddress } from "../relay/relay.ts";
import { RenewalService } from "../relay/renewal-service.ts";
import { ReportService } from "../relay/report-service.ts";
import { Reports } from "../relay/reports.ts";
import { TimeService } from "../relay/time-service.ts";
import { UpdateService } from "../relay/update-service.ts";
import { TRUST_FILES } from "../trust/development-trust.ts";
import { TimeRole } from "../trust/time-role.ts";

/** What a house asks of its relay. */
export interface HouseRelay {
	listen(host: string, devicePort: number, appPort: number): Promise<RelayAddress>;
	/** Serials of the locks that apps can reach now: they came with an operational certificate. */
	readonly reachable: readonly string[];
	close(): Promise<void>;
}

export interface HouseRelayOptions {
	readonly dir: string;
	/** From when until when operational certificates are valid; the default is the relay's. */
	readonly validity?: () => Validity;
	/** More of what the relay in this process does for its lock. */
	readonly services?: readonly DeviceService[];
	/** Runs the relay; the default runs it in this process. */
	readonly openRelay?: (dir: string, registry: Registry) => HouseRelay;
	readonly onRelayLine?: (line: string) => void;
	/** Each connection inside the relay's TLS. */
	readonly onRelayConnection?: (tls: TLSSocket, side: "device" | "app") => void;
	/** Every byte that the relay has inside its own TLS. */
	readonly onRelayBytes?: (side: "device" | "app", direction: "in" | "out", bytes: Uint8Array) => void;
}

/** The relay with what belongs to it in this process. */
export class RelaySide {
	readonly registry: Registry;
	readonly relay: HouseRelay;
	readonly #owned: readonly { close(): Promise<void> }[];

	private constructor(registry: Registry, relay: HouseRelay, owned: readonly { close(): Promise<void> }[]) {
		this.registry = registry;
		this.relay = relay;
		this.#owned = owned;
	}

	/** The PKI is there already. The relay does not listen yet. */
	static async open(options: HouseRelayOptions): Promise<RelaySide> {
		const pki = join(options.dir, "pki");
		const path = registryPath(options.dir);
		const log = options.onRelayLine ?? ((): void => undefined);
		const db = await openServingDatabase(path);
		const registry = new SqlRegistry(db);
		const issuer = await openIssuer(PKI_FILES.intermediateKey(pki, "operational"));
		const bundles = await BundleService.open(path, log);
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
		const relay = options.openRelay?.(options.dir, registry) ?? relayInside(options, registry, services);
		return new RelaySide(registry, relay, [bundles, updates, registry]);
	}

	async close(): Promise<void> {
		await this.relay.close();
		for (const each of this.#owned) await each.close();
	}
}

function relayInside(
	options: HouseRelayOptions,
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
	onBytes: NonNullable<HouseRelayOptions["onRelayBytes"]>,
): void {
	tls.on("data", (bytes: Uint8Array) => onBytes(side, "in", bytes));
	const write = tls.write.bind(tls);
	tls.write = ((chunk: Uint8Array | string, ...rest: never[]) => {
		onBytes(side, "out", typeof chunk === "string" ? Buffer.from(chunk) : chunk);
		return write(chunk, ...rest);
	}) as typeof tls.write;
}
