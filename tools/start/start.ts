/** `npm start`: the lock on this machine, with a prompt; `--script` runs its first path unattended. */
import { Command, CommanderError } from "commander";
import { folder } from "../cli/arguments.ts";
import { CliFault, oneLine } from "../cli/fault.ts";
import { ProvisionFault } from "../factory/board-steps.ts";
import { PkiFault } from "../factory/pki.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { WalletFault } from "../phone/wallet.ts";
import { RegistryFault } from "../relay/registry-file.ts";
import { PATHS } from "../setup/paths.ts";
import { TrustFault } from "../trust/trust-fault.ts";
import { HouseFault } from "./house-fault.ts";
import { runPrompt } from "./prompt.ts";
import { runScript } from "./script.ts";

interface StartArguments {
	readonly script?: true;
	readonly dir: string;
}

async function main(words: readonly string[]): Promise<number> {
	const program = new Command("npm start --")
		.description("Run a lock, its relay and a phone on this machine")
		.option("--script", "run pairing, unlock and lock unattended in a new house, and exit")
		.option("--dir <dir>", "folder of the house", folder, PATHS.data)
		.allowExcessArguments(false)
		.exitOverride()
		.configureOutput({ outputError: (text) => process.stderr.write(`${oneLine(text)}\n`) });
	try {
		program.parse(words, { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return error.exitCode === 0 ? 0 : 2;
	}
	const options = program.opts<StartArguments>();
	const print = (line: string): void => void process.stdout.write(`${line}\n`);
	if (options.script === true) return await runScript(print);
	try {
		return await runPrompt(options.dir, print);
	} catch (error) {
		const expected = [
			HouseFault,
			CliFault,
			SerialFault,
			ProvisionFault,
			RegistryFault,
			PkiFault,
			TrustFault,
			WalletFault,
		];
		if (!(error instanceof Error) || !expected.some((each) => error instanceof each)) throw error;
		process.stderr.write(`${oneLine(error.message)}\n`);
		return 1;
	}
}

process.exit(await main(process.argv.slice(2)));
