/** `latchkey relay`: the relay in the foreground until SIGINT or SIGTERM; `revoke` and `rekey` in its registry. */
import { existsSync, mkdirSync } from "node:fs";
import type { Command } from "commander";
import {
	existingFile,
	existingFolder,
	folder,
	hostName,
	issuerKey,
	listenPort,
	serialNumber,
	webUrl,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { healthText } from "../cli/health-text.ts";
import { askTimeServer } from "../cli/time-client.ts";
import { openIssuer } from "../pki/issuer.ts";
import { IssuerFault } from "../pki/signer.ts";
import { BundleService } from "./bundle-service.ts";
import { readCredentials } from "./credentials.ts";
import { openDatabase, openServingDatabase, type RelayDatabase } from "./database.ts";
import type { DeviceService } from "./device-service.ts";
import { RelayLog } from "./log.ts";
import { openRegistry, SqlRegistry } from "./registry.ts";
import { RegistryFault, registryPath } from "./registry-file.ts";
import { Relay } from "./relay.ts";
import { OPERATIONAL_DAYS, RenewalService, validityOf } from "./renewal-service.ts";
import { ReportService } from "./report-service.ts";
import { Reports } from "./reports.ts";
import { TimeService } from "./time-service.ts";
import { UpdateService } from "./update-service.ts";

interface RelayArguments {
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

const OPERATIONAL_DAYS_MAX = 825;

export function registerRelay(program: Command): void {
	const relay = program
		.command("relay")
		.description("Carry frames between locks and apps, and know no more than who is connected")
		.requiredOption("--dir <dir>", "folder of the relay's registry", folder)
		.option("--tls <dir>", "folder of its certificates and keys (PKI/relay-server)", existingFolder)
		.option("--host <address>", "address to listen on", hostName, "0.0.0.0")
		.option("--device-port <port>", "port for locks; 0 lets the system choose", listenPort, 7443)
		.option("--app-port <port>", "port for apps; 0 lets the system choose", listenPort, 7444)
		.option(
			"--time-server <url>",
			"time role that answers the locks' questions (latchkey trust time)",
			webUrl,
		)
		.option("--issuer <key>", "key that issues operational certificates: a file, or a pkcs11: URI", issuerKey)
		.option(
			"--issuer-certificate <file>",
			"its certificate (default: the key file's name with .pem)",
			existingFile,
		)
		.option(
			"--operational-days <days>",
			"how long an operational certificate is valid",
			wholeNumber(1, OPERATIONAL_DAYS_MAX),
			OPERATIONAL_DAYS,
		)
		.option(
			"--admit-factory",
			"without an issuer: let apps reach locks that come with their factory certificate",
		)
		.action((options: RelayArguments) =>
			explaining([RegistryFault, IssuerFault], () => runRelay(options, relay)),
		);
	relay
		.command("revoke")
		.description("Refuse a lock from now on; a running relay disconnects it within a second")
		.requiredOption("--serial <serial>", "serial number of the lock", serialNumber)
		.action((options: { readonly serial: string }) =>
			explaining([RegistryFault], () => change(relay, options.serial, "revoke")),
		);
	relay
		.command("rekey")
		.description("After a repair: retire a lock's keys, so that its serial can be provisioned with a new one")
		.requiredOption("--serial <serial>", "serial number of the lock", serialNumber)
		.action((options: { readonly serial: string }) =>
			explaining([RegistryFault], () => change(relay, options.serial, "rekey")),
		);
	relay
		.command("health")
		.description("Show what a lock last said of itself")
		.requiredOption("--serial <serial>", "serial number of the lock", serialNumber)
		.option("--json", "as one JSON object")
		.action((options: { readonly serial: string; readonly json?: true }) =>
			explaining([RegistryFault], () => showHealth(relay, options.serial, options.json === true)),
		);
}

async function runRelay(options: RelayArguments, command: Command): Promise<void> {
	if (options.tls === undefined) command.error("error: required option '--tls <dir>' not specified");
	const { issuer: key, issuerCertificate, operationalDays, admitFactory } = options;
	if (key !== undefined && admitFactory === true)
		command.error("error: --admit-factory is for a relay without an --issuer");
	const issuer = key === undefined ? undefined : await openIssuer(key, issuerCertificate);
	const credentials = readCredentials(options.tls);
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

async function showHealth(relay: Command, serial: string, json: boolean): Promise<void> {
	const { dir } = relay.opts<RelayArguments>();
	if (!existsSync(registryPath(dir))) relay.error(`error: there is no registry in ${dir}`);
	const db = await openDatabase(registryPath(dir));
	try {
		const report = await new Reports(db).find(serial);
		if (report === undefined) throw new CliFault(`no report of ${serial} in ${registryPath(dir)}`);
		if (!json) process.stdout.write(`received\t${report.receivedAt}\n`);
		process.stdout.write(healthText(report.bytes, json));
	} finally {
		await db.destroy();
	}
}

async function change(relay: Command, serial: string, verb: "revoke" | "rekey"): Promise<void> {
	const { dir } = relay.opts<RelayArguments>();
	if (!existsSync(registryPath(dir))) relay.error(`error: there is no registry in ${dir}`);
	const registry = await openRegistry(registryPath(dir));
	try {
		if (!(await registry[verb](serial))) throw new CliFault(`no lock ${serial} in ${registryPath(dir)}`);
		process.stdout.write(
			verb === "revoke" ? `${serial} is revoked\n` : `${serial} may be provisioned anew\n`,
		);
	} finally {
		await registry.close();
	}
}
