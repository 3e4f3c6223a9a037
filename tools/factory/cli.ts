/** `latchkey factory`: a development PKI, the provisioning of one board; of many: line/line-cli.ts. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { LIMITS } from "../../modules/base/limits.ts";
import { isHardwareClass } from "../../modules/identity/records.ts";
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
	several,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { healthText } from "../cli/health-text.ts";
import { openIssuer } from "../pki/issuer.ts";
import { IssuerFault } from "../pki/signer.ts";
import type { Registry } from "../relay/registry.ts";
import { RegistryFault } from "../relay/registry-file.ts";
import { type BundleFile, readBundleFile } from "../trust/bundle-file.ts";
import { ensureTrust, newestBundlePath } from "../trust/development-trust.ts";
import { TrustFault } from "../trust/trust-fault.ts";
import { ProvisionFault } from "./board-steps.ts";
import { registerLine } from "./line/line-cli.ts";
import { readTrust } from "./line/line-parts.ts";
import { PortLock } from "./line/port-lock.ts";
import { ensurePki, PkiFault } from "./pki.ts";
import { provision } from "./provision.ts";
import { drawQrCode } from "./qr-code.ts";
import { SerialFault } from "./serial-port.ts";
import { VerbLine } from "./verbs.ts";

function hardwareClass(text: string): string {
	if (!isHardwareClass(text))
		throw new InvalidArgumentError("It must be 1 to 24 letters, digits, dots, hyphens or underscores.");
	return text;
}

function registryFile(text: string): string {
	if (/^[a-z]+:\/\//.test(text))
		throw new InvalidArgumentError("Only the file of an SQLite registry can be used so far.");
	return text;
}

interface PkiArguments {
	readonly dir: string;
	readonly relay?: readonly NamedEndpoint[];
	readonly name?: readonly string[];
}

interface ProvisionArguments {
	readonly serialLine: string;
	readonly pki: string;
	readonly bundle?: string;
	readonly registry: string;
	readonly issuer?: string;
	readonly issuerCertificate?: string;
	readonly serial?: string;
	readonly hardwareClass: string;
}

export function registerFactory(program: Command): void {
	const factory = program
		.command("factory")
		.description("Make a development PKI, provision boards one by one or in a line");
	factory
		.command("pki")
		.description(
			"Make relay, device and update roots, a relay's certificates, keys of trust and a bundle; keeps what is there",
		)
		.requiredOption("--dir <dir>", "folder of the PKI", folder)
		.option(
			"--relay <host:port:name>",
			"where boards find the relay; may be repeated (default: 127.0.0.1:7443:localhost; an existing PKI keeps its own)",
			several(namedEndpoint),
		)
		.option(
			"--name <name>",
			"DNS name or IP address in the relay's certificates; may be repeated (default: those of --relay)",
			several(hostName),
		)
		.action((options: PkiArguments) => makePki(options));
	factory
		.command("provision")
		.description(
			"Give the board at a serial line its trust, certificate and label, then seal it; resumes what was interrupted",
		)
		.requiredOption("--serial-line <path>", "serial line of the board", serialLine)
		.requiredOption("--pki <dir>", "folder of the PKI", existingFolder)
		.option("--bundle <file>", "signed trust bundle (default: the newest of the PKI)", existingFile)
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
			explaining([ProvisionFault, SerialFault, RegistryFault, IssuerFault, TrustFault], () =>
				provisionBoard(options),
			),
		);
	factory
		.command("health")
		.description("Show what the board at a serial line says of itself, sealed or not")
		.requiredOption("--serial-line <path>", "serial line of the board", serialLine)
		.option("--json", "as one JSON object")
		.action((options: { readonly serialLine: string; readonly json?: true }) =>
			explaining([SerialFault], () => showHealth(options.serialLine, options.json === true)),
		);
	registerLine(factory);
}

/** A line at work would take the one's answers for its own. Throws CliFault; without a device the line itself says so. */
function ownPort(path: string): PortLock | undefined {
	const lock = PortLock.take(path);
	if (lock === "held") throw new CliFault(`another tool uses ${path}`);
	return lock === "absent" ? undefined : lock;
}

async function showHealth(path: string, json: boolean): Promise<void> {
	const lock = ownPort(path);
	let line: VerbLine | undefined;
	try {
		line = VerbLine.onPort(path);
		const answer = await line.call("health");
		const report = answer.ok ? answer.value.bytes(0, { min: 1, max: LIMITS.reportBytes }) : undefined;
		if (report === undefined) throw new CliFault("the board gives no report; its firmware may be older");
		process.stdout.write(healthText(report, json));
	} finally {
		line?.close();
		lock?.release();
	}
}

const DEFAULT_RELAY: NamedEndpoint = Object.freeze({ host: "127.0.0.1", port: 7443, name: "localhost" });

async function makePki({ dir, relay, name }: PkiArguments): Promise<void> {
	const newest = newestBundlePath(dir);
	await explaining([PkiFault, TrustFault], async () => {
		const known = newest === undefined ? [DEFAULT_RELAY] : relaysOf(readBundleFile(newest));
		const relays = relay ?? known;
		const names = name ?? [...new Set(relays.flatMap((each) => [each.name, each.host]))];
		const outcome = await ensurePki(dir, names);
		const trust = ensureTrust(dir, relays);
		process.stdout.write(`${dir}: ${outcome}; trust bundle ${trust.file.bundle.version}: ${trust.outcome}\n`);
	});
}

function relaysOf({ bundle }: BundleFile): readonly NamedEndpoint[] {
	return bundle.relays.map(({ host, port, serverName }) => ({ host, port, name: serverName }));
}

async function provisionBoard(options: ProvisionArguments): Promise<void> {
	const trust = readTrust(options.pki, options.bundle);
	const issuer =
		options.issuer === undefined ? undefined : await openIssuer(options.issuer, options.issuerCertificate);
	const { openRegistry } = await import("../relay/registry.ts");
	const lock = ownPort(options.serialLine);
	let registry: Registry | undefined;
	let line: VerbLine | undefined;
	try {
		registry = await openRegistry(options.registry);
		line = VerbLine.onPort(options.serialLine);
		const outcome = await provision({
			line,
			pkiDir: options.pki,
			registry,
			trust,
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
		await registry?.close();
		lock?.release();
	}
}
