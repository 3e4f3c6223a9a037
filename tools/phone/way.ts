/** How a command of `latchkey phone` reaches its lock: the options that all of them share, and one session for each. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { existingFile, folder, type NamedEndpoint, namedEndpoint, serialNumber } from "../cli/arguments.ts";
import { explaining } from "../cli/fault.ts";
import { TimeFault } from "../cli/time-client.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { PhoneFault } from "./lock-client.ts";
import { openRelay } from "./node-relay.ts";
import { LogFault, Phone, type PhoneContext } from "./phone.ts";
import { TransportFault } from "./transport.ts";
import { Wallet, WalletFault } from "./wallet.ts";

export interface Way {
	readonly dir: string;
	readonly relay: NamedEndpoint;
	readonly ca: string;
	readonly serial?: string;
}

export type Work = (phone: Phone, wallet: Wallet, serial: string) => Promise<void>;

export function withWay(command: Command, serial: boolean): Command {
	command
		.requiredOption("--dir <dir>", "folder of this phone's keys and locks", folder)
		.requiredOption("--relay <host:port:name>", "the relay and the name in its certificate", namedEndpoint)
		.requiredOption("--ca <file>", "roots that the relay's certificate must chain to (PEM)", existingFile);
	if (serial) command.option("--serial <serial>", "which lock, when this phone knows several", serialNumber);
	return command;
}

export function addCommand(parent: Command, name: string, summary: string, work: Work): void {
	withWay(parent.command(name), true)
		.description(summary)
		.action((way: Way) => withPhone(way, work));
}

export async function withContext<Value>(
	way: Way,
	work: (context: PhoneContext, wallet: Wallet) => Promise<Value>,
) {
	return await explaining([PhoneFault, LogFault, TransportFault, WalletFault, TimeFault], async () => {
		mkdirSync(way.dir, { recursive: true, mode: 0o700 });
		const wallet = Wallet.open(join(way.dir, "wallet.json"));
		const transport = await openRelay({ ...way.relay, roots: readFileSync(way.ca, "utf8") });
		try {
			const crypto = new NobleCrypto();
			const context = { crypto, keys: wallet.keys, transport, nowMs: () => performance.now() };
			return await work(context, wallet);
		} finally {
			transport.close();
		}
	});
}

export async function withPhone(way: Way, work: Work): Promise<void> {
	await withContext(way, async (context, wallet) => {
		const lock = wallet.lock(way.serial);
		const phone = await Phone.open(context, lock);
		try {
			await work(phone, wallet, lock.serial);
		} finally {
			phone.close();
		}
	});
}
