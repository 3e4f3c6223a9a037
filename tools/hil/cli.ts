/** `latchkey hil`: scenarios with hardware in the loop (docs/RIG.md), their list, and a bench of simulated instruments to try it with. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import {
	type Endpoint,
	endpoint,
	existingFile,
	existingFolder,
	folder,
	listenEndpoint,
	serialLine,
	several,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { plainColumns } from "../cli/plain-text.ts";
import { ProvisionFault } from "../factory/board-steps.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { readPassphrase, ssidBytes } from "../phone/local-cli.ts";
import { TransportFault } from "../phone/transport.ts";
import { WalletFault } from "../phone/wallet.ts";
import { PATHS } from "../setup/paths.ts";
import { TrustFault } from "../trust/trust-fault.ts";
import { UpdateFault } from "../update/update-fault.ts";
import { DRIVER_NAMES, type Driver, type DriverName } from "./driver.ts";
import { HilFault } from "./hil-fault.ts";
import { KitDriver } from "./kit-driver.ts";
import { LockBench } from "./lock-bench.ts";
import { SIMULATED_CLASS } from "./next-release.ts";
import { handAtTerminal } from "./operator.ts";
import { proofText, RECORDS_FOLDER } from "./proof.ts";
import { writeReports } from "./report-files.ts";
import { RigDriver } from "./rig-driver.ts";
import { runScenarios } from "./run.ts";
import { countOutcomes, isWhole, type RunReport } from "./run-report.ts";
import type { BenchWifi, Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenario-list.ts";
import { registerSimulate } from "./simulate-cli.ts";
import { VirtualDriver } from "./virtual-driver.ts";

interface RunArguments {
	readonly driver: DriverName;
	readonly report: string;
	readonly port?: string;
	readonly rig?: string;
	readonly console?: string;
	readonly only?: readonly Scenario[];
	readonly dir?: string;
	readonly listen: Endpoint;
	readonly reachAt?: Endpoint;
	readonly ble?: Endpoint;
	readonly release?: string;
	readonly hardwareClass?: string;
	readonly ssid?: Uint8Array;
	readonly passphraseFile?: string;
	readonly hands?: true;
	readonly esptool?: readonly string[];
	readonly records: string;
	readonly scenarioSeconds: number;
}

const SIGNALS = Object.freeze(["SIGINT", "SIGTERM", "SIGHUP"] as const);
const EXPECTED = [
	HilFault,
	SerialFault,
	ProvisionFault,
	TransportFault,
	TrustFault,
	UpdateFault,
	WalletFault,
];
const SCENARIO_SECONDS = 900;

export function registerHil(program: Command): void {
	const hil = program.command("hil").description("Scenarios with hardware in the loop");
	hil
		.command("list")
		.description("Show every scenario: what it needs of a driver, and what it shows")
		.action(listScenarios);
	hil
		.command("run")
		.description("Run scenarios with one driver and report; status 0 only when all of them passed")
		.requiredOption("--driver <name>", DRIVER_NAMES.join(", "), driverName)
		.requiredOption("--report <dir>", "where report.html, junit.xml and report.json are put", folder)
		.option("--port <device>", "kit, rig: the lock's service line", serialLine)
		.option("--rig <device>", "rig: the rig's own line", serialLine)
		.option("--console <device>", "kit, rig: the lock's console, for the report of a failure", serialLine)
		.option("--only <name>", "this scenario; may be repeated", several(scenarioNamed))
		.option("--dir <dir>", "folder of the bench: PKI, relay, phone, the lock's label", folder)
		.option("--listen <host:port>", "where the bench's relay listens for the lock", listenEndpoint, {
			host: "127.0.0.1",
			port: 0,
		})
		.option("--reach-at <host:port>", "kit, rig: where the lock reaches that", endpoint)
		.option("--ble <host:port>", "kit, rig: where the air of a simulated board's radio is", endpoint)
		.option("--release <dir>", "a signed release that is newer than the lock's", existingFolder)
		.option("--hardware-class <name>", "kit, rig: what a blank board is sealed as, for good")
		.option("--ssid <name>", "kit, rig: name of the access point", ssidBytes)
		.option("--passphrase-file <file>", "kit, rig: its passphrase; the first line", existingFile)
		.option("--hands", "kit: somebody is there and presses buttons when told to")
		.option("--esptool <word>", "kit: the program that resets, and its first words", several(String))
		.option("--records <dir>", "reports of runs on hardware that prove a driver", folder, RECORDS_FOLDER)
		.option(
			"--scenario-seconds <n>",
			"how long one scenario may take",
			wholeNumber(1, 86_400),
			SCENARIO_SECONDS,
		)
		.action((options: RunArguments) => explaining(EXPECTED, () => run(options)));
	registerSimulate(hil);
}

function driverName(text: string): DriverName {
	const name = DRIVER_NAMES.find((each) => each === text);
	if (name === undefined) throw new InvalidArgumentError(`It must be one of ${DRIVER_NAMES.join(", ")}.`);
	return name;
}

function scenarioNamed(text: string): Scenario {
	const scenario = SCENARIOS.find(({ name }) => name === text);
	if (scenario === undefined)
		throw new InvalidArgumentError(`It must be one of ${SCENARIOS.map(({ name }) => name).join(", ")}.`);
	return scenario;
}

function listScenarios(): void {
	for (const scenario of SCENARIOS) {
		const { name, needs, shows, alsoShows = [] } = scenario;
		const also = alsoShows.map((each) => `; with ${each.needs.join(", ")}: ${each.text}`).join("");
		process.stdout.write(
			`${name}\tneeds ${needs.length === 0 ? "nothing" : needs.join(", ")}\t${shows}${also}\n`,
		);
	}
}

/** Throws CliFault when the options do not go together, HilFault when there is no such instrument. */
async function openDriver(options: RunArguments, dir: string): Promise<Driver> {
	const {
		driver,
		port,
		rig,
		console: consolePort,
		reachAt,
		ble,
		hands,
		esptool,
		hardwareClass,
		ssid,
	} = options;
	const shared = {
		...(ssid === undefined ? {} : { hasWifi: true }),
		...(consolePort === undefined ? {} : { console: consolePort }),
		...(reachAt === undefined ? {} : { reachAt }),
		...(ble === undefined ? {} : { radio: ble }),
	};
	if (driver !== "kit" && (hands ?? esptool) !== undefined)
		throw new CliFault("--hands and --esptool go with --driver kit", 2);
	if (driver !== "rig" && rig !== undefined) throw new CliFault("--rig goes with --driver rig", 2);
	if (driver === "virtual") {
		if ((port ?? consolePort ?? reachAt ?? ble ?? hardwareClass ?? ssid) !== undefined)
			throw new CliFault(
				"--driver virtual brings its own lock: no --port, --console, --reach-at, --ble, --hardware-class and --ssid",
				2,
			);
		return new VirtualDriver(join(dir, "lock"));
	}
	if (port === undefined) throw new CliFault(`--driver ${driver} needs --port`, 2);
	if (driver === "rig") {
		if (rig === undefined) throw new CliFault("--driver rig needs --rig", 2);
		return await RigDriver.open({ port, rig, ...shared });
	}
	return new KitDriver({
		port,
		esptool: esptool ?? ["esptool"],
		...(hands === true ? { hand: handAtTerminal } : {}),
		...shared,
	});
}

/** Nothing of it is more than a line, whatever a lock or a rig put into it. */
function say(line: string): void {
	process.stdout.write(`${plainColumns(line)}\n`);
}

/** Throws CliFault. */
function readWifi({ ssid, passphraseFile }: RunArguments): BenchWifi | undefined {
	if ((ssid === undefined) !== (passphraseFile === undefined))
		throw new CliFault("--ssid and --passphrase-file go together", 2);
	if (ssid === undefined || passphraseFile === undefined) return undefined;
	return { ssid, passphrase: readPassphrase(ssid, passphraseFile) };
}

async function run(options: RunArguments): Promise<void> {
	const { report: out, release, records, scenarioSeconds } = options;
	const scenarios = options.only ?? SCENARIOS;
	const dir = options.dir ?? join(PATHS.data, `hil-${options.driver}`);
	mkdirSync(dir, { recursive: true, mode: 0o700 });
	const wifi = readWifi(options);
	const driver = await openDriver(options, dir);
	let bench: LockBench | undefined;
	const close = async (): Promise<void> => {
		await driver.close();
		await bench?.close();
	};
	const stop = (): void => void close().finally(() => process.exit(130));
	for (const signal of SIGNALS) process.once(signal, stop);
	try {
		const { listen } = options;
		const hardwareClass = options.driver === "virtual" ? SIMULATED_CLASS : options.hardwareClass;
		bench = await LockBench.open({ dir, driver, listen, hardwareClass });
		const report = await runScenarios({
			driver,
			bench,
			scenarios,
			records,
			say,
			scenarioMs: scenarioSeconds * 1_000,
			...(release === undefined ? {} : { release }),
			...(wifi === undefined ? {} : { wifi }),
		});
		writeReports(out, report);
		sum(report);
		process.exitCode = isWhole(report.scenarios) ? 0 : 1;
	} finally {
		for (const signal of SIGNALS) process.removeListener(signal, stop);
		await close();
	}
	// A scenario that was given up may still wait for something.
	process.exit();
}

function sum(report: RunReport): void {
	const { passed, failed, skipped, "not-possible": impossible } = countOutcomes(report.scenarios);
	for (const { name, count, minUs, medianUs, maxUs, ok } of report.pulses) {
		const [min, median, max] = [minUs, medianUs, maxUs].map((us) => (us / 1_000).toFixed(1));
		say(`pulse\t${name}\t${count}: ${min} / ${median} / ${max} ms${ok ? "" : "\twrong"}`);
	}
	for (const note of report.notes) say(`note\t${note}`);
	say(`driver\t${report.driver} (${proofText(report)})`);
	say(`sum\t${passed} passed, ${failed} failed, ${impossible} not possible, ${skipped} skipped`);
}
