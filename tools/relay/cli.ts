/** `latchkey relay`: the relay in the foreground until SIGINT or SIGTERM; `latchkey relay revoke` in its registry. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { existingFolder, folder, hostName, listenPort, serialNumber } from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { BundleService } from "./bundle-service.ts";
import { readCredentials } from "./credentials.ts";
import { RegistryFault } from "./database.ts";
import { openRegistry } from "./registry.ts";
import { Relay } from "./relay.ts";

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
}

export function registerRelay(program: Command): void {
	const relay = program
		.command("relay")
		.description("Carry frames between locks and apps, and know no more than who is connected")
		.requiredOption("--dir <dir>", "folder of the relay's registry", folder)
		.option("--tls <dir>", "folder of its certificates and keys (PKI/relay-server)", existingFolder)
		.option("--host <address>", "address to listen on", hostName, "0.0.0.0")
		.option("--device-port <port>", "port for locks; 0 lets the system choose", listenPort, 7443)
		.option("--app-port <port>", "port for apps; 0 lets the system choose", listenPort, 7444)
		.action((options: RelayArguments) => explaining([RegistryFault], () => runRelay(options, relay)));
	relay
		.command("revoke")
		.description("Refuse a lock from now on; a running relay disconnects it within seconds")
		.requiredOption("--serial <serial>", "serial number of the lock", serialNumber)
		.action((options: { readonly serial: string }) =>
			explaining([RegistryFault], () => revoke(relay, options.serial)),
		);
}

async function runRelay(options: RelayArguments, command: Command): Promise<void> {
	if (options.tls === undefined) command.error("error: required option '--tls <dir>' not specified");
	const credentials = readCredentials(options.tls);
	mkdirSync(options.dir, { recursive: true });
	const registry = await openRegistry(registryPath(options.dir));
	const log = (line: string): void => void process.stdout.write(`${line}\n`);
	const bundles = await BundleService.open(registryPath(options.dir), log);
	const relay = new Relay({ registry, ...credentials, log, services: [bundles] });
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
		await registry.close();
	}
}

async function revoke(relay: Command, serial: string): Promise<void> {
	const { dir } = relay.opts<RelayArguments>();
	if (!existsSync(registryPath(dir))) relay.error(`error: there is no registry in ${dir}`);
	const registry = await openRegistry(registryPath(dir));
	try {
		if (!(await registry.revoke(serial))) throw new CliFault(`no lock ${serial} in ${registryPath(dir)}`);
		process.stdout.write(`${serial} is revoked\n`);
	} finally {
		await registry.close();
	}
}
