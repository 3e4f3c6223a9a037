/** `latchkey hil simulate`: a bench of simulated instruments in the foreground until SIGINT or SIGTERM, for trying `latchkey hil run`. */
import { createServer } from "node:net";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { type Endpoint, endpoint, folder, wholeNumber } from "../cli/arguments.ts";
import { explaining } from "../cli/fault.ts";
import { PATHS } from "../setup/paths.ts";
import { EmulatedBench } from "./emulated-bench.ts";
import { HilFault } from "./hil-fault.ts";
import { PLANTS, type Plant } from "./rig-simulator.ts";

interface SimulateArguments {
	readonly dir: string;
	readonly kit?: true;
	readonly noise: number;
	readonly seed: number;
	readonly plant: Plant;
	readonly relay?: Endpoint;
}

const HOST = "127.0.0.1";
const SEED_MAX = 4_294_967_295;

export function registerSimulate(hil: Command): void {
	hil
		.command("simulate")
		.description("Offer a simulated lock behind the ports of a rig, or of a kit, until it is ended")
		.requiredOption("--dir <dir>", "folder of its flash, sockets and ports", folder)
		.option("--kit", "a kit, with nothing at its pins; the default is a rig")
		.option("--noise <n>", "bytes of a thousand that are damaged on the rig's line", wholeNumber(0, 100), 0)
		.option("--seed <n>", "of the noise", wholeNumber(1, SEED_MAX), 1)
		.option("--plant <fault>", `what the lock does wrong: ${PLANTS.join(", ")}`, plantNamed, "none")
		.option(
			"--relay <host:port>",
			"where the relay is that the lock reaches through its access point",
			endpoint,
		)
		.action((options: SimulateArguments) => explaining([HilFault], () => simulate(options)));
}

function plantNamed(text: string): Plant {
	const plant = PLANTS.find((each) => each === text);
	if (plant === undefined) throw new InvalidArgumentError(`It must be one of ${PLANTS.join(", ")}.`);
	return plant;
}

async function simulate(options: SimulateArguments): Promise<void> {
	const { dir, kit, noise, seed, plant, relay } = options;
	const radio = { host: HOST, port: await freePort() };
	const bench = await EmulatedBench.open({
		dir,
		kind: kit === true ? "kit" : "rig",
		noisePerMille: noise,
		seed,
		plant,
		radio,
		...(relay === undefined ? {} : { relay }),
	});
	const control = join(dir, "control");
	const lines: (readonly [string, string])[] = [
		["port", join(dir, "line")],
		["console", join(dir, "console")],
		["ble", `${radio.host}:${radio.port}`],
		["control", control],
		["esptool", `${process.execPath} ${join(PATHS.root, "tools/hil/esptool-stand-in.mjs")} ${control}`],
	];
	if (kit !== true) lines.push(["rig", join(dir, "rig")]);
	if (bench.network !== undefined) lines.push(["reach-at", `${bench.network.host}:${bench.network.port}`]);
	for (const [name, value] of lines) process.stdout.write(`${name}\t${value}\n`);
	process.stdout.write("ready\n");
	await new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
	});
	await bench.close();
	process.exit(0);
}

/** A port that was free a moment ago: a board's radio stays at one over its boots. */
async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	return typeof address === "object" && address !== null ? address.port : 0;
}
