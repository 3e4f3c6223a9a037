/** `latchkey factory`: a development PKI, and the provisioning of one board. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import {
	existingFile,
	existingFolder,
	folder,
	hostName,
	issuerKey,
	type NamedEndpoint,
	namedEndpoint,
	serialLine,
	serialNumber,
} from "../cli/arguments.ts";
import { explaining } from "../cli/fault.ts";
import { openIssuer } from "../pki/issuer.ts";
import { IssuerFault } from "../pki/signer.ts";
import { RegistryFault } from "../relay/database.ts";
import { openRegistry } from "../relay/registry.ts";
import { ensurePki, PkiFault } from "./pki.ts";
import { ProvisionFault, provision } from "./provision.ts";
import { drawQrCode } from "./qr-code.ts";
import { SerialFault } from "./serial-line.ts";
import { VerbLine } from "./verbs.ts";

const HARDWARE_CLASS = /^[0-9A-Za-z._-]{1,24}$/;

function several<Value>(
	read: (text: string) => Value,
): (text: string, former?: readonly Value[]) => readonly Value[] {
	return (text, former = []) => [...former, read(text)];
}

function hardwareClass(text: string): string {
	if (!HARDWARE_CLASS.test(text))
		throw new InvalidArgumentError("It must be 1 to 24 letters, digits, dots, hyphens or underscores.");
	return text;
}

function registryFile(text: string): string {
	if (/^[a-z]+:\/\//.test(text))
		throw new InvalidArgumentError("Only the file of an SQLite registry can be used so far.");
	return text;
}

interface ProvisionArguments {
	readonly serialLine: string;
	readonly pki: string;
	readonly relay: readonly NamedEndpoint[];
	readonly registry: string;
	readonly issuer?: string;
	readonly issuerCertificate?: string;
	readonly serial?: string;
	readonly hardwareClass: string;
}

export function registerFactory(program: Command): void {
	const factory = program.command("factory").description("Make a development PKI, provision boards");
	factory
		.command("pki")
		.description(
			"Make relay, device and update roots, an intermediate each, and a relay's certificates; keeps what is there",
		)
		.requiredOption("--dir <dir>", "folder of the PKI", folder)
		.option(
			"--name <name>",
			"DNS name or IP address of the relay; may be repeated (default: localhost)",
			several(hostName),
		)
		.action((options: { readonly dir: string; readonly name?: readonly string[] }) =>
			makePki(options.dir, options.name ?? ["localhost", "127.0.0.1"]),
		);
	factory
		.command("provision")
		.description(
			"Give the board at a serial line its certificate, relay and label, then seal it; resumes what was interrupted",
		)
		.requiredOption("--serial-line <path>", "serial line of the board", serialLine)
		.requiredOption("--pki <dir>", "folder of the PKI", existingFolder)
		.requiredOption(
			"--relay <host:port:name>",
			"relay that the board connects to; may be repeated",
			several(namedEndpoint),
		)
		.requiredOption("--registry <file>", "registry of that relay (DIR/relay.db)", registryFile)
		.option(
			"--issuer <key>",
			"key that signs devices' certificates: a file, or a pkcs11: URI (default: the PKI's)",
			issuerKey,
		)
		.option(
			"--issuer-certificate <file>",
			"its certificate (default: the key file's name with .pem)",
			existingFile,
		)
		.option("--serial <serial>", "serial number (default: the board's own, or a random one)", serialNumber)
		.option("--hardware-class <class>", "what kind of board it is", hardwareClass, "latchkey-linux")
		.action((options: ProvisionArguments) =>
			explaining([ProvisionFault, SerialFault, RegistryFault, IssuerFault], () => provisionBoard(options)),
		);
}

async function makePki(dir: string, names: readonly string[]): Promise<void> {
	const outcome = await explaining([PkiFault], () => ensurePki(dir, names));
	process.stdout.write(`${dir}: ${outcome}\n`);
}

async function provisionBoard(options: ProvisionArguments): Promise<void> {
	const issuer =
		options.issuer === undefined ? undefined : await openIssuer(options.issuer, options.issuerCertificate);
	const registry = await openRegistry(options.registry);
	let line: VerbLine | undefined;
	try {
		line = VerbLine.onPort(options.serialLine);
		const outcome = await provision({
			line,
			pkiDir: options.pki,
			registry,
			relays: options.relay,
			hardwareClass: options.hardwareClass,
			...(issuer === undefined ? {} : { issuer }),
			...(options.serial === undefined ? {} : { serial: options.serial }),
			onLabel: (label) => void process.stdout.write(`${drawQrCode(label)}\n${label}\n`),
			onStep: (step, elapsedMs) =>
				void process.stderr.write(`  ${step.padEnd(10)} ${Math.round(elapsedMs)} ms\n`),
		});
		const serial = outcome.serial ?? "the board";
		process.stderr.write(
			outcome.kind === "sealed" ? `${serial} is sealed\n` : `${serial} was sealed before\n`,
		);
	} finally {
		line?.close();
		await registry.close();
	}
}
