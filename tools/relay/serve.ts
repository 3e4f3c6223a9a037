/**
 * The relay as a process: everything that it is made of, until SIGINT, SIGTERM or SIGHUP. It loads the database's driver and TLS, so that
 * only who runs a relay loads this file (cli.ts).
 */
import { mkdirSync } from "node:fs";
import { askTimeServer } from "../cli/time-client.ts";
import { openIssuer } from "../pki/issuer.ts";
import { BundleService } from "./bundle-service.ts";
import { readCredentials } from "./credentials.ts";
import { openServingDatabase, type RelayDatabase } from "./database.ts";
import type { DeviceService } from "./device-service.ts";
import { RelayLog } from "./log.ts";
import { SqlRegistry } from "./registry.ts";
import { registryPath } from "./registry-file.ts";
import { Relay } from "./relay.ts";
import { RenewalService, validityOf } from "./renewal-service.ts";
import { ReportService } from "./report-service.ts";
import { Reports } from "./reports.ts";
import { TimeService } from "./time-service.ts";
import { UpdateService } from "./update-service.ts";

/** As given at the command line (cli.ts). */
export interface RelayArguments {
	readonly dir: string;
	readonly tls: string;
	readonly host: string;
	readonly devicePort: number;
	readonly appPort: number;
	readonly timeServer?: URL;
	readonly issuer?: string;
	readonly issuerCertificate?: string;
	readonly operationalDays: number;
	readonly admitFactory?: boolean;
}

/** Its certificates and keys are in the folder `tls`. Resolves when it was told to end, and has ended. */
export async function serveRelay(options: RelayArguments, tls: string): Promise<void> {
	const { issuer: key, issuerCertificate, operationalDays, admitFactory } = options;
	const issuer = key === undefined ? undefined : await openIssuer(key, issuerCertificate);
	const credentials = readCredentials(tls);
	const log = (line: string): void => void process.stdout.write(`${line}\n`);
	mkdirSync(options.dir, { recursive: true });
	const db = await openServingDatabase(registryPath(options.dir));
	const registry = new SqlRegistry(db);
	const bundles = await BundleService.open(registryPath(options.dir), log);
	const updates = await UpdateService.open(options.dir, log, { db });
	const relay = new Relay({
		registry,
		...credentials,
		log,
		services: [
			...servicesOf(db, new RelayLog(log), options.timeServer),
			bundles,
			updates,
			new RenewalService({
				registry,
				log,
				validity: validityOf(operationalDays),
				...(issuer === undefined ? {} : { issuer }),
			}),
		],
		admitFactory: admitFactory === true,
	});
	// Whoever read the log may go; the relay stays.
	process.stdout.on("error", () => undefined);
	const told = new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
	});
	try {
		await relay.listen(options.host, options.devicePort, options.appPort);
		await told;
	} finally {
		await relay.close();
		await bundles.close();
		await updates.close();
		await registry.close();
	}
}

function servicesOf(db: RelayDatabase, log: RelayLog, timeServer: URL | undefined): readonly DeviceService[] {
	const failed =
		(event: string) =>
		(serial: string, reason: string): void =>
			log.write("warning", event, { serial, reason });
	const reports = new ReportService(new Reports(db), failed("report-not-kept"));
	if (timeServer === undefined) return [reports];
	const ask = (nonce: Uint8Array): Promise<Uint8Array> => askTimeServer(timeServer, nonce);
	return [reports, new TimeService({ ask, onFailed: failed("time-not-answered") })];
}
