/** `latchkey relay`: the relay in the foreground until SIGINT or SIGTERM; `revoke` and `rekey` in its registry. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import {
	existingFile,
	existingFolder,
	folder,
	hostName,
	issuerKey,
	listenPort,
	serialNumber,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { openIssuer } from "../pki/issuer.ts";
import { IssuerFault } from "../pki/signer.ts";
import { readCredentials } from "./credentials.ts";
import { RegistryFault } from "./database.ts";
import { openRegistry } from "./registry.ts";
import { Relay } from "./relay.ts";
import { OPERATIONAL_DAYS, RenewalService, validityOf } from "./renewal-service.ts";

/** The registry of a relay whose data is in `dir`. */
export function registryPath(dir: string): string {
	return join(dir, "relay.db");
}

interface RelayArguments {
	readonly dir: string;
	readonly tls: string;
	readonly host: string;
	readonly devicePort: number;
	readonly appPort: number;
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
	const registry = await openRegistry(registryPath(options.dir));
	const relay = new Relay({
		registry,
		...credentials,
		log,
		services: [
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
		await registry.close();
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
