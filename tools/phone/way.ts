/** How a command of `latchkey phone` reaches its lock: the options that all of them share, and one session for each. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ATT_MTU_MAX, ATT_MTU_MIN } from "../../modules/base/gatt-profile.ts";
import { claimableKey } from "../../modules/wire/advertisement.ts";
import type { Label } from "../../modules/wire/label.ts";
import {
	type Endpoint,
	endpoint,
	existingFile,
	folder,
	type NamedEndpoint,
	namedEndpoint,
	serialLine,
	serialNumber,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { openSerial } from "../cli/serial-transport.ts";
import { TimeFault } from "../cli/time-client.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { openBle } from "./ble-transport.ts";
import { openLocal } from "./local-transport.ts";
import { PhoneFault } from "./lock-client.ts";
import { LockResolver, type ResolvableLock } from "./lock-resolver.ts";
import { openRelay } from "./node-relay.ts";
import { LogFault, Phone, type PhoneContext } from "./phone.ts";
import { type Transport, TransportFault } from "./transport.ts";
import { Wallet, WalletFault } from "./wallet.ts";

export interface Way {
	readonly dir: string;
	/** One of relay (with ca), local, ble and serialLine. */
	readonly relay?: NamedEndpoint;
	readonly ca?: string;
	readonly local?: Endpoint;
	readonly ble?: Endpoint;
	readonly bleMtu?: number;
	readonly serialLine?: string;
	readonly serial?: string;
}

/** As phones commonly ask for. */
const BLE_MTU = 247;

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
		.option("--ble <host:port>", "over the radio of a simulated board: where its air is", endpoint)
		.option("--ble-mtu <n>", "ATT MTU of this phone (default: 247)", wholeNumber(ATT_MTU_MIN, ATT_MTU_MAX))
		.option("--serial-line <device>", "over the lock's serial line", serialLine);
	if (serial) command.option("--serial <serial>", "which lock, when this phone knows several", serialNumber);
	return command;
}

export function addCommand(parent: Command, name: string, summary: string, work: Work): void {
	withWay(parent.command(name), true)
		.description(summary)
		.action((way: Way) => withPhone(way, work));
}

/**
 * Rejects with TransportFault, or CliFault when the options name no way or several. `locks`: whose advertisements lead to a lock
 * over the radio; none: any lock's do.
 */
export async function openWay(way: Way, locks: readonly ResolvableLock[] = []): Promise<Transport> {
	const { relay, ca, local, ble, serialLine: line } = way;
	const ways = [relay, local, ble, line].filter((each) => each !== undefined);
	if (ways.length !== 1) throw new CliFault("one of --relay, --local, --ble and --serial-line is needed", 2);
	if (way.bleMtu !== undefined && ble === undefined) throw new CliFault("--ble-mtu goes with --ble", 2);
	if ((relay === undefined) !== (ca === undefined)) throw new CliFault("--relay and --ca go together", 2);
	if (local !== undefined) return await openLocal(local);
	if (ble !== undefined) {
		const resolver = locks.length === 0 ? undefined : new LockResolver(new NobleCrypto(), locks);
		const nowMs = (): number => performance.now();
		return await openBle({ at: ble, mtu: way.bleMtu ?? BLE_MTU, resolver, nowMs });
	}
	if (line !== undefined) return openSerial(line);
	return await openRelay({ ...relay!, roots: readFileSync(ca!, "utf8") });
}

/** `label`: of the lock that this phone is to be paired with. */
export async function withContext<Value>(
	way: Way,
	work: (context: PhoneContext, wallet: Wallet) => Promise<Value>,
	label?: Label,
) {
	return await explaining([PhoneFault, LogFault, TransportFault, WalletFault, TimeFault], async () => {
		mkdirSync(way.dir, { recursive: true, mode: 0o700 });
		const wallet = Wallet.open(join(way.dir, "wallet.json"));
		const crypto = new NobleCrypto();
		const locks = label === undefined ? knownLocks(wallet, way.serial) : [labelledLock(crypto, label)];
		const transport = await openWay(way, locks);
		try {
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

/** None when the lock that is meant is one whose key this phone was never told. */
function knownLocks(wallet: Wallet, serial: string | undefined): ResolvableLock[] {
	const wanted = wallet.locks.filter((lock) => serial === undefined || lock.serial === serial);
	const known: ResolvableLock[] = [];
	for (const { serial: each, advertisingKey } of wanted) {
		if (advertisingKey === undefined) return [];
		known.push({ serial: each, kind: "claimed", key: advertisingKey });
	}
	return known;
}

function labelledLock(crypto: NobleCrypto, { serial, setupSecret }: Label): ResolvableLock {
	const secret = crypto.importSecret(setupSecret.slice());
	const key = claimableKey(crypto, secret);
	secret.close();
	return { serial, kind: "claimable", key };
}
