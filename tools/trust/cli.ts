/** `latchkey trust`: makes bundles, has holders sign them one at a time and offline, looks at them, hands them out. */
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { bytesEqual } from "../../modules/base/bytes.ts";
import { encodeSign } from "../../modules/cose/sign.ts";
import { encodeBundle, type TrustBundle } from "../../modules/trust/bundle.ts";
import {
	existingFile,
	existingFolder,
	isoTime,
	type NamedEndpoint,
	namedEndpoint,
	serialLine,
	several,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { VerbLine } from "../factory/verbs.ts";
import { RegistryFault, registryPath } from "../relay/registry-file.ts";
import { addSignature, type BundleFile, readBundleFile, writeBundleFile } from "./bundle-file.ts";
import { type DraftChanges, makeDraft, type RootArgument } from "./draft.ts";
import { inspect, inspectionText } from "./inspection.ts";
import { keyName, makeKeyFiles, readPublicKeyFile, withKeyFile } from "./key-file.ts";
import { deliverBundle } from "./line-delivery.ts";
import { registerTrustTime } from "./time-cli.ts";
import { TrustFault } from "./trust-fault.ts";

const DAY_MS = 86_400_000;
const LIFE_DAYS = 365;

type CreateArguments = DraftChanges & {
	readonly out: string;
	readonly previous?: string;
	readonly signed?: number;
	readonly days: number;
	readonly relay?: readonly NamedEndpoint[];
	readonly bundleKey?: readonly string[];
	readonly updateKey?: readonly string[];
	readonly freshnessKey?: readonly string[];
	readonly timeKey?: readonly string[];
	readonly relayRoot?: readonly RootArgument[];
	readonly deviceRoot?: readonly string[];
};

/** FILE, or FILE:HEX[,HEX] with pins. */
function rootArgument(text: string): RootArgument {
	const [, path, pins] = /^(.*?)(?::([0-9a-fA-F]{64}(?:,[0-9a-fA-F]{64})*))?$/.exec(text) ?? [];
	return { path: existingFile(path ?? ""), pins: pins === undefined ? [] : pins.split(",") };
}

function newFile(path: string): string {
	if (path === "" || existsSync(path))
		throw new InvalidArgumentError("It must be a file that is not there yet.");
	return path;
}

function keyBase(path: string): string {
	if (path === "" || existsSync(`${path}.key`) || existsSync(`${path}.pub`))
		throw new InvalidArgumentError("A key of that name is there already, and none is ever replaced.");
	return path;
}

export function registerTrust(program: Command): void {
	const trust = program
		.command("trust")
		.description("Make, sign, inspect and hand out trust bundles; serve the time role");
	registerTrustTime(trust);
	trust
		.command("keygen")
		.description("Make a key: NAME.key for its holder alone, NAME.pub for everybody")
		.requiredOption("--out <name>", "path without extension", keyBase)
		.action(({ out }: { readonly out: string }) =>
			run(async () => {
				makeKeyFiles(`${out}.key`, `${out}.pub`);
				say(`${keyName(readPublicKeyFile(`${out}.pub`))} in ${out}.key`);
			}),
		);
	addCreate(trust);
	trust
		.command("sign")
		.description("Add one holder's signature to a bundle, offline, after showing what is signed")
		.requiredOption("--key <file>", "the holder's private key", existingFile)
		.requiredOption("--bundle <file>", "draft, or what other holders signed", existingFile)
		.option("--previous <file>", "the version before", existingFile)
		.option(
			"--any-time",
			"sign although the bundle's signing time is more than a day from this machine's clock",
		)
		.action((options: SignArguments) => run(async () => sign(options)));
	trust
		.command("inspect")
		.description("Show what a bundle says, who signed it and what it changes")
		.requiredOption("--bundle <file>", "the bundle", existingFile)
		.option("--previous <file>", "the version before", existingFile)
		.option("--json", "as JSON")
		.action((options: { readonly bundle: string; readonly previous?: string; readonly json?: true }) =>
			run(async () => {
				const inspection = inspect(readBundleFile(options.bundle), previousOf(options));
				say(options.json ? JSON.stringify(inspection, null, "\t") : inspectionText(inspection));
			}),
		);
	addVerify(trust);
	trust
		.command("publish")
		.description("Put bundles into a relay's database; the running relay sends them to its locks")
		.requiredOption("--dir <dir>", "folder of the relay's registry", existingFolder)
		.requiredOption("--bundle <file...>", "bundles in the order of their versions", several(existingFile))
		.action((options: { readonly dir: string; readonly bundle: readonly string[] }) =>
			run(() => publish(options.dir, options.bundle)),
		);
	trust
		.command("deliver")
		.description("Give bundles to the lock at a serial line, sealed or not")
		.requiredOption("--serial-line <path>", "serial line of the board", serialLine)
		.requiredOption("--bundle <file...>", "bundles in the order of their versions", several(existingFile))
		.action((options: { readonly serialLine: string; readonly bundle: readonly string[] }) =>
			run(async () => {
				const files = options.bundle.map(readBundleFile);
				const line = VerbLine.onPort(options.serialLine);
				try {
					for (const file of files)
						say(`the lock has version ${await deliverBundle(line, encodeSign(file))}`);
				} finally {
					line.close();
				}
			}),
		);
}

function addCreate(trust: Command): void {
	trust
		.command("create")
		.description("Write an unsigned bundle: version 1, or the one after --previous with what is to change")
		.requiredOption("--out <file>", "the draft", newFile)
		.option(
			"--previous <file>",
			"the version before; lists that are not given are taken from it",
			existingFile,
		)
		.option(
			"--signed <time>",
			"signing time; it raises the floor of time in every lock (default: now)",
			isoTime,
		)
		.option("--days <n>", "days until it expires", wholeNumber(1, 7_300), LIFE_DAYS)
		.option("--threshold <n>", "so many of the bundle keys must sign", wholeNumber(1, 3))
		.option("--bundle-key <file>", "who signs bundles; may be repeated", several(existingFile))
		.option("--update-threshold <n>", "so many of the update keys must sign", wholeNumber(1, 3))
		.option("--update-key <file>", "who signs update manifests; may be repeated", several(existingFile))
		.option("--freshness-key <file>", "who signs freshness; may be repeated", several(existingFile))
		.option("--time-key <file>", "who signs the time; may be repeated", several(existingFile))
		.option(
			"--relay-root <file[:pin,...]>",
			"CA of relays (PEM), with pins; may be repeated",
			several(rootArgument),
		)
		.option("--relay <host:port:name>", "where locks find a relay; may be repeated", several(namedEndpoint))
		.option("--device-root <file>", "CA of devices (PEM); may be repeated", several(existingFile))
		.action((options: CreateArguments) => run(async () => create(options)));
}

function addVerify(trust: Command): void {
	trust
		.command("verify")
		.description("Judge a chain of bundles as a lock would; status 1 when it would refuse one")
		.requiredOption("--bundle <file...>", "bundles in the order of their versions", several(existingFile))
		.option(
			"--previous <file>",
			"what the lock has; without it the first is judged as before the seal",
			existingFile,
		)
		.action((options: { readonly bundle: readonly string[]; readonly previous?: string }) =>
			run(async () => {
				let current = previousOf(options);
				for (const path of options.bundle) {
					const file = readBundleFile(path);
					const { verdict } = inspect(file, current);
					if (verdict !== "accepted" && verdict !== "no change") {
						throw new TrustFault(`${path}: a lock would refuse it: ${verdict}`);
					}
					say(`version ${file.bundle.version}: ${verdict}`);
					current = file.bundle;
				}
			}),
		);
}

function previousOf({ previous }: { readonly previous?: string }): TrustBundle | undefined {
	return previous === undefined ? undefined : readBundleFile(previous).bundle;
}

function create(options: CreateArguments): void {
	const previous = previousOf(options);
	const signedUnixMs = options.signed ?? Date.now();
	const draft = makeDraft(
		previous,
		{
			...given("threshold", options.threshold),
			...given("updateThreshold", options.updateThreshold),
			...given("bundleKeys", options.bundleKey),
			...given("updateKeys", options.updateKey),
			...given("freshnessKeys", options.freshnessKey),
			...given("timeKeys", options.timeKey),
			...given("relayRoots", options.relayRoot),
			...given("relays", options.relay),
			...given("deviceRoots", options.deviceRoot),
		},
		{ signedUnixMs, expiresUnixMs: signedUnixMs + options.days * DAY_MS },
	);
	const file: BundleFile = { bundle: draft, payload: encodeBundle(draft), signatures: [] };
	writeBundleFile(options.out, file);
	say(inspectionText(inspect(file, previous)));
}

function given<Name extends string, Value>(
	name: Name,
	value: Value | undefined,
): { readonly [Key in Name]?: Value } {
	return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Value };
}

interface SignArguments {
	readonly key: string;
	readonly bundle: string;
	readonly previous?: string;
	readonly anyTime?: true;
}

/** One wrong clock must not push the floor of every lock: each holder's own clock has a say. */
function sign(options: SignArguments): void {
	const file = readBundleFile(options.bundle);
	const previous = previousOf(options);
	const distanceMs = Math.abs(file.bundle.signedUnixSeconds * 1_000 - Date.now());
	if (distanceMs > DAY_MS && options.anyTime !== true) {
		throw new TrustFault(
			"the bundle's signing time is more than a day from this machine's clock (--any-time signs it all the same)",
		);
	}
	const signed = withKeyFile(options.key, (key) => {
		const may = [...file.bundle.bundleRole.keys, ...(previous?.bundleRole.keys ?? [])];
		if (!may.some((each) => bytesEqual(each, key.publicKey))) {
			const hint =
				previous === undefined && file.bundle.version > 1
					? " (a key of the version before needs --previous)"
					: "";
			throw new TrustFault(
				`${options.key} signs no bundles: a lock refuses a bundle with its signature${hint}`,
			);
		}
		return addSignature(file, key);
	});
	writeBundleFile(options.bundle, signed);
	say(inspectionText(inspect({ ...signed, bundle: file.bundle }, previous)));
}

/** The one command that needs the relay's database, whose driver and query builder take longer to load than the others take. */
async function publish(dir: string, files: readonly string[]): Promise<void> {
	const { publishBundle } = await import("../relay/bundle-table.ts");
	await explaining([RegistryFault], async () => {
		const path = registryPath(dir);
		if (!existsSync(path)) throw new CliFault(`there is no registry in ${dir}`, 2);
		for (const file of files) {
			const { bundle, outcome } = await publishBundle(path, readBundleFile(file));
			say(`version ${bundle.version}: ${outcome}`);
		}
	});
}

async function run(work: () => Promise<void>): Promise<void> {
	await explaining([TrustFault, SerialFault], work);
}

function say(text: string): void {
	process.stdout.write(`${text}\n`);
}
