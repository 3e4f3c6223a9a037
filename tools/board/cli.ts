/** `latchkey board`: one simulated board with its mechanism, in the foreground until SIGINT or SIGTERM. */
import type { Command } from "commander";
import { type Endpoint, existingFile, folder, listenEndpoint, wholeNumber } from "../cli/arguments.ts";
import { CliFault } from "../cli/fault.ts";
import { WIFI_WORDS } from "./local-words.ts";
import { Supervisor } from "./supervisor.ts";

interface BoardArguments {
	readonly dir: string;
	readonly image?: string;
	readonly heapKb?: number;
	readonly slotKb?: number;
	readonly recovery?: string;
	readonly serial?: string;
	readonly pins?: string;
	readonly local?: Endpoint;
	readonly radio?: Endpoint;
	readonly wifi?: true;
}

export function registerBoard(program: Command): void {
	program
		.command("board")
		.description("Run the firmware on a simulated board; a reset or a crash reboots it")
		.requiredOption("--dir <dir>", "folder that stands for the board's flash", folder)
		.option("--image <file>", "firmware image (default: the one that the build made)", existingFile)
		.option("--heap-kb <n>", "fixed heap of the JavaScript engine in KiB", wholeNumber(32, 65_536))
		.option("--slot-kb <n>", "KiB of each firmware slot, 0 for none (default: 1536)", wholeNumber(0, 16_384))
		.option("--recovery <file>", "image for when neither slot boots (default: the build's)", existingFile)
		.option("--serial <link>", "where to put a link to the board's serial line")
		.option("--pins <socket>", "where to put the socket of the board's pins")
		.option(
			"--local <address:port>",
			"open the lock's local network there; port 0 lets the system choose",
			listenEndpoint,
		)
		.option(
			"--radio <address:port>",
			"give the lock a radio, whose air is a socket there; port 0 lets the system choose",
			listenEndpoint,
		)
		.option("--wifi", "give it a stand-in for a Wi-Fi that its owner sets")
		.action(runBoard);
}

async function runBoard(options: BoardArguments): Promise<void> {
	const supervisor = new Supervisor({
		dir: options.dir,
		...(options.image === undefined ? {} : { image: options.image }),
		...(options.heapKb === undefined ? {} : { heapKb: options.heapKb }),
		...(options.slotKb === undefined ? {} : { slotKb: options.slotKb }),
		...(options.recovery === undefined ? {} : { recovery: options.recovery }),
		...(options.serial === undefined ? {} : { serialLink: options.serial }),
		...(options.pins === undefined ? {} : { pinsSocket: options.pins }),
		...(options.local === undefined ? {} : { local: options.local }),
		...(options.radio === undefined ? {} : { radio: options.radio }),
		...(options.wifi === true ? { words: WIFI_WORDS } : {}),
		onLine: (line) => void process.stdout.write(`${line}\n`),
		onEvent: (event) => {
			if (event.kind === "boot")
				process.stdout.write(`board: boot (${event.reason}), process ${event.pid}\n`);
			else if (event.end.kind === "reset") process.stdout.write(`board: reset (${event.end.reason})\n`);
		},
	});
	const stop = (): void => void supervisor.stop();
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
	supervisor.start();
	await supervisor.wait();
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeListener(signal, stop);
	if (supervisor.refusedStatus !== undefined) {
		throw new CliFault(
			`the board cannot run (exit status ${supervisor.refusedStatus}); its last lines say why`,
		);
	}
}
