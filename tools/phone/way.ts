/** How a command of `latchkey phone` reaches its lock: the options that all of them share, and one session for each. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import {
	type Endpoint,
	endpoint,
	existingFile,
	folder,
	type NamedEndpoint,
	namedEndpoint,
	serialLine,
	serialNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { openSerial } from "../cli/serial-transport.ts";
import { TimeFault } from "../cli/time-client.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { openLocal } from "./local-transport.ts";
import { PhoneFault } from "./lock-client.ts";
import { openRelay } from "./node-relay.ts";
import { LogFault, Phone, type PhoneContext } from "./phone.ts";
import { type Transport, TransportFault } from "./transport.ts";
import { Wallet, WalletFault } from "./wallet.ts";

export interface Way {
	readonly dir: string;
	/** One of relay (with ca), local and serialLine. */
	readonly relay?: NamedEndpoint;
	readonly ca?: string;
	readonly local?: Endpoint;
	readonly serialLine?: string;
	readonly serial?: string;
}

export type Work = (phone: Phone, wallet: Wallet, serial: string) => Promise<void>;

export function withWay(command: Command, serial: boolean): Command {
	return wayOptions(
		command.requiredOption("--dir <dir>", "folder of this phone's keys and locks", folder),
		serial,
	);
}

/** How a phone reaches its lock, and which one it is. */
export function wayOptions(command: Command, serial: boolean): Command {
	command
		.option("--relay <host:port:name>", "by a relay, with the name in its certificate", namedEndpoint)
		.option("--ca <file>", "roots that the relay's certificate must chain to (PEM)", existingFile)
		.option("--local <host:port>", "over the lock's local network, without any relay", endpoint)
		.option("--serial-line <device>", "over the lock's serial line", serialLine);
	if (serial) command.option("--serial <serial>", "which lock, when this phone knows several", serialNumber);
	return command;
}

export function addCommand(parent: Command, name: string, summary: string, work: Work): void {
	withWay(parent.command(name), true)
		.description(summary)
		.action((way: Way) => withPhone(way, work));
}

/** Rejects with TransportFault, or CliFault when the options name no way or several. */
export async function openWay({ relay, ca, local, serialLine: line }: Way): Promise<Transport> {
	const ways = [relay, local, line].filter((way) => way !== undefined);
	if (ways.length !== 1) throw new CliFault("one of --relay, --local and --serial-line is needed", 2);
	if ((relay === undefined) !== (ca === undefined)) throw new CliFault("--relay and --ca go together", 2);
	if (local !== undefined) return await openLocal(local);
	if (line !== undefined) return openSerial(line);
	return await openRelay({ ...relay!, roots: readFileSync(ca!, "utf8") });
}

export async function withContext<Value>(
	way: Way,
	work: (context: PhoneContext, wallet: Wallet) => Promise<Value>,
) {
	return await explaining([PhoneFault, LogFault, TransportFault, WalletFault, TimeFault], async () => {
		mkdirSync(way.dir, { recursive: true, mode: 0o700 });
		const wallet = Wallet.open(join(way.dir, "wallet.json"));
		const transport = await openWay(way);
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
