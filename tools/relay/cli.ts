/**
 * `latchkey relay`: the relay in the foreground until SIGINT or SIGTERM; `revoke` and `rekey` in its registry, `health` out of it. What
 * takes long to load, the database's driver before all, is loaded by who needs it.
 */
import { existsSync } from "node:fs";
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
import { IssuerFault } from "../pki/signer.ts";
import { OPERATIONAL_DAYS, OPERATIONAL_DAYS_MAX } from "./operational-days.ts";
import { RegistryFault, registryPath } from "./registry-file.ts";
import type { RelayArguments } from "./serve.ts";

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
	if (options.issuer !== undefined && options.admitFactory === true)
		command.error("error: --admit-factory is for a relay without an --issuer");
	const { serveRelay } = await import("./serve.ts");
	await serveRelay(options, options.tls);
}

async function showHealth(relay: Command, serial: string, json: boolean): Promise<void> {
	const { dir } = relay.opts<RelayArguments>();
	if (!existsSync(registryPath(dir))) relay.error(`error: there is no registry in ${dir}`);
	const { openPresentDatabase } = await import("./database.ts");
	const { Reports } = await import("./reports.ts");
	const db = await openPresentDatabase(registryPath(dir));
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
	const { openRegistry } = await import("./registry.ts");
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
