/**
 * The `latchkey` program: finds the subcommand, loads only its code, and turns every refusal into one line on standard
 * error. Status: 0 done, 1 failed, 2 bad arguments.
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { CliFault, oneLine } from "./fault.ts";

type Register = (program: Command) => void;

interface Subcommand {
	readonly name: string;
	readonly summary: string;
	readonly load: () => Promise<readonly Register[]>;
}

const SUBCOMMANDS: readonly Subcommand[] = [
	{
		name: "board",
		summary: "run the firmware on a simulated board",
		load: async () => [(await import("../board/cli.ts")).registerBoard],
	},
	{
		name: "relay",
		summary: "carry frames between locks and apps",
		load: async () => [(await import("../relay/cli.ts")).registerRelay],
	},
	{
		name: "phone",
		summary: "pair with a lock and command it",
		load: async () => [(await import("../phone/cli.ts")).registerPhone],
	},
	{
		name: "factory",
		summary: "make a development PKI, provision boards",
		load: async () => [(await import("../factory/cli.ts")).registerFactory],
	},
	{
		name: "trust",
		summary: "make, sign, inspect and hand out trust bundles; serve the time role",
		load: async () => [(await import("../trust/cli.ts")).registerTrust],
	},
	{
		name: "update",
		summary: "make, sign, inspect and verify firmware releases, and keep them fresh",
		load: async () => [(await import("../update/cli.ts")).registerUpdate],
	},
	{
		name: "hil",
		summary: "run the scenarios with hardware in the loop, or with what stands for it",
		load: async () => [(await import("../hil/cli.ts")).registerHil],
	},
	{
		name: "probe",
		summary: "try the product's own TLS and WebSocket clients against a server",
		load: async () => [
			(await import("../probe/tls.ts")).registerTlsProbe,
			(await import("../probe/ws.ts")).registerWsProbe,
		],
	},
];

function newProgram(): Command {
	const program = new Command("latchkey");
	program
		.description("Open firmware for connected locks: its board, relay, phone and factory on a computer")
		.showSuggestionAfterError(false)
		.helpCommand(false)
		.exitOverride()
		.configureOutput({
			// Help that nobody asked for: one line stands in for it, see `report`.
			writeErr: () => undefined,
			outputError: (text) => process.stderr.write(`${oneLine(text)}\n`),
		});
	return program;
}

/** Prints what has not been printed yet and returns the status; throws on what is a bug. */
function report(error: unknown): number {
	if (error instanceof CommanderError) {
		if (error.exitCode === 0) return 0;
		if (error.code === "commander.help") {
			process.stderr.write("error: a subcommand is missing; --help lists them\n");
		} else if (error instanceof InvalidArgumentError) {
			// Thrown by an action: commander prints only those of its own parsing.
			process.stderr.write(`error: ${oneLine(error.message)}\n`);
		}
		return 2;
	}
	const isSystemError = error instanceof Error && "syscall" in error;
	if (!(error instanceof CliFault) && !isSystemError) throw error;
	process.stderr.write(`latchkey: ${oneLine(error.message)}\n`);
	return error instanceof CliFault ? error.status : 1;
}

/** Runs one command line; returns the status to exit with. */
export async function runCli(words: readonly string[]): Promise<number> {
	const program = newProgram();
	const chosen = SUBCOMMANDS.find((subcommand) => subcommand.name === words[0]);
	if (chosen === undefined) {
		for (const { name, summary } of SUBCOMMANDS) program.command(name).description(summary);
	} else {
		for (const register of await chosen.load()) register(program);
	}
	try {
		const isUnknown = chosen === undefined && words[0] !== undefined && !words[0].startsWith("-");
		if (isUnknown) program.error(`error: unknown command '${words[0]}'`);
		await program.parseAsync(words, { from: "user" });
		return typeof process.exitCode === "number" ? process.exitCode : 0;
	} catch (error) {
		return report(error);
	}
}

process.exitCode = await runCli(process.argv.slice(2));
