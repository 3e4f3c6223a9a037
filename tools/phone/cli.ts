/** `latchkey phone`: a phone at the command line. Its wallet lies in one file; each command opens one session. */
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { toHex } from "../../modules/base/bytes.ts";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { asName } from "../../modules/wire/names.ts";
import {
	existingFile,
	folder,
	type NamedEndpoint,
	namedEndpoint,
	serialNumber,
	several,
	webUrl,
	wholeNumber,
} from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { healthText } from "../cli/health-text.ts";
import { askTimeServer, TimeFault } from "../cli/time-client.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { PhoneFault } from "./lock-client.ts";
import { logText } from "./log-text.ts";
import { openRelay } from "./node-relay.ts";
import { type LockTime, LogFault, Phone, type PhoneContext } from "./phone.ts";
import { TransportFault } from "./transport.ts";
import { Wallet, WalletFault } from "./wallet.ts";

interface Way {
	readonly dir: string;
	readonly relay: NamedEndpoint;
	readonly ca: string;
	readonly serial?: string;
}

type Work = (phone: Phone, wallet: Wallet, serial: string) => Promise<void>;

export function registerPhone(program: Command): void {
	const phone = program.command("phone").description("Pair with a lock and command it");
	addCommand(phone, "status", "Show the lock's bolt, door and firmware", showStatus);
	addCommand(phone, "unlock", "Retract the bolt", async (lock) => say(await lock.unlock(), "unlocked"));
	addCommand(phone, "lock", "Throw the bolt", async (lock) => say(await lock.lock(), "locked"));
	addCommand(phone, "log", "Show what the lock has logged since the last look, verified", showLog);
	addPair(phone);
	addMembers(phone);
	addTrust(phone);
	addRelays(phone);
	addHealth(phone);
	addTime(phone);
}

function withWay(command: Command, serial: boolean): Command {
	command
		.requiredOption("--dir <dir>", "folder of this phone's keys and locks", folder)
		.requiredOption("--relay <host:port:name>", "the relay and the name in its certificate", namedEndpoint)
		.requiredOption("--ca <file>", "roots that the relay's certificate must chain to (PEM)", existingFile);
	if (serial) command.option("--serial <serial>", "which lock, when this phone knows several", serialNumber);
	return command;
}

function addCommand(parent: Command, name: string, summary: string, work: Work): void {
	withWay(parent.command(name), true)
		.description(summary)
		.action((way: Way) => withPhone(way, work));
}

function addPair(parent: Command): void {
	withWay(parent.command("pair"), false)
		.description("Claim the lock of a label, while its pairing window is open")
		.requiredOption("--label <text>", "the label's text (LK1:…)", labelText)
		.option("--name <name>", "what the lock calls this phone", nameText, "owner")
		.action((way: Way & { label: Label; name: string }) => pair(way));
}

function addMembers(parent: Command): void {
	const members = parent.command("members").description("Show and remove the lock's members");
	addCommand(members, "list", "Show the members", async (lock) => {
		for (const { id, role, name } of await lock.listMembers()) console.log(`${id}\t${role}\t${name}`);
	});
	withWay(members.command("remove"), true)
		.description("Remove a member; its sessions end")
		.requiredOption("--id <n>", "the member's number", wholeNumber(1, 4_294_967_295))
		.action((way: Way & { id: number }) =>
			withPhone(way, async (lock) => {
				await lock.removeMember(way.id);
				console.log(`removed ${way.id}`);
			}),
		);
}

function addTrust(parent: Command): void {
	withWay(parent.command("trust"), true)
		.description(
			"Carry trust bundles to the lock, in the order of their versions; without any, show what it trusts",
		)
		.option("--bundle <file...>", "signed bundle; may be repeated", several(existingFile))
		.action((way: Way & { readonly bundle?: readonly string[] }) =>
			withPhone(way, async (lock) => {
				for (const path of way.bundle ?? []) {
					console.log(`version\t${await lock.trust.put(new Uint8Array(readFileSync(path)))}`);
				}
				if (way.bundle !== undefined) return;
				const status = await lock.trust.status();
				const stale =
					status.stale === undefined ? "unknown: the lock has no time" : status.stale ? "yes" : "no";
				console.log(`version\t${status.version}`);
				console.log(`expires\t${new Date(status.expiresUnixSeconds * 1_000).toISOString()}`);
				console.log(`stale\t${stale}`);
				console.log(`floor\t${new Date(status.floorUnixMs).toISOString()}`);
			}),
		);
}

function addHealth(parent: Command): void {
	withWay(parent.command("health"), true)
		.description("Show what the lock says of itself: resets, last fault, heap, link failures")
		.option("--json", "as one JSON object")
		.action((way: Way & { json?: true }) =>
			withPhone(way, async (lock) => {
				process.stdout.write(healthText(await lock.health(), way.json === true));
			}),
		);
}

function addRelays(parent: Command): void {
	const relays = parent
		.command("relays")
		.description("Show and set relays of the owner's own, which no bundle touches");
	addCommand(relays, "list", "Show the owner's own relays", async (lock) => {
		const { rootDigests, addresses } = await lock.trust.listRelays();
		for (const { host, port, name } of addresses) console.log(`relay\t${host}:${port}\t${name}`);
		for (const digest of rootDigests) console.log(`root\t${toHex(digest)}`);
	});
	addCommand(relays, "clear", "Take the owner's own relays away", async (lock) => {
		await lock.trust.setRelays([], []);
		console.log("no relay of the owner's own");
	});
	withWay(relays.command("set"), true)
		.description("Replace the owner's own relays")
		.requiredOption("--own <host:port:name>", "where the relay is; may be repeated", several(namedEndpoint))
		.requiredOption("--root <file>", "CA of the relay (PEM); may be repeated", several(existingFile))
		.action((way: Way & { readonly own: readonly NamedEndpoint[]; readonly root: readonly string[] }) =>
			withPhone(way, async (lock) => {
				await lock.trust.setRelays(way.root.map(readDer), way.own);
				console.log(`${way.own.length} of the owner's own`);
			}),
		);
}

/** The first certificate of a PEM file. */
function readDer(path: string): Uint8Array {
	try {
		return new Uint8Array(new X509Certificate(readFileSync(path)).raw);
	} catch {
		throw new CliFault(`${path} is no certificate`);
	}
}

function addTime(parent: Command): void {
	withWay(parent.command("time"), true)
		.description("Show the lock's time, or set it")
		.option("--set", "set it to this computer's time, by the owner's word")
		.option("--server <url>", "bring it the answer of a time role (latchkey trust time)", webUrl)
		.action((way: Way & { set?: true; server?: URL }) => {
			const { server } = way;
			if (way.set === true && server !== undefined)
				throw new CliFault("--set and --server exclude each other", 2);
			return withPhone(way, async (lock) => {
				if (way.set !== true && server === undefined) return showTime(await lock.time());
				const unixMs =
					server === undefined
						? await lock.setTime(Date.now())
						: await lock.bringTime((nonce) => askTimeServer(server, nonce));
				console.log(`the lock's time is ${new Date(unixMs).toISOString()}`);
			});
		});
}

function showTime({ floorUnixMs, unixMs, source }: LockTime): void {
	console.log(`time\t${unixMs === undefined ? "unknown" : new Date(unixMs).toISOString()}`);
	console.log(`from\t${source}`);
	console.log(`floor\t${new Date(floorUnixMs).toISOString()}`);
}

function labelText(text: string): Label {
	const label = decodeLabel(text.trim());
	if (!label.ok) throw new InvalidArgumentError("It must be the text of a lock's label, LK1:….");
	return label.value;
}

function nameText(text: string): string {
	const name = asName(text);
	if (name === undefined)
		throw new InvalidArgumentError("It must be 1 to 32 bytes without control characters.");
	return name;
}

async function withContext<Value>(way: Way, work: (context: PhoneContext, wallet: Wallet) => Promise<Value>) {
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

async function withPhone(way: Way, work: Work): Promise<void> {
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

async function pair(way: Way & { label: Label; name: string }): Promise<void> {
	await withContext(way, async (context, wallet) => {
		const { serial, noisePublicKey } = way.label;
		const { phone, enrolled } = await Phone.pair(context, way.label, way.name);
		phone.close();
		wallet.keep({ serial, noisePublicKey });
		console.log(`paired with ${serial} as ${way.name}, grant ${enrolled.grantId}`);
	});
}

function say(answer: { readonly tookMs: number }, done: string): void {
	console.log(`${done} in ${answer.tookMs.toFixed(0)} ms`);
}

async function showStatus(phone: Phone): Promise<void> {
	const status = await phone.status();
	const door = status.doorClosed === undefined ? "no contact" : status.doorClosed ? "closed" : "open";
	console.log(`bolt\t${status.bolt}`);
	console.log(`door\t${door}`);
	console.log(`inhibit\t${status.inhibited ? "on" : "off"}`);
	console.log(`firmware\t${status.firmware}`);
	console.log(`uptime\t${(status.uptimeMs / 1000).toFixed(0)} s`);
}

async function showLog(phone: Phone, wallet: Wallet, serial: string): Promise<void> {
	const lock = wallet.lock(serial);
	const log = await phone.readLog(lock.logKnown);
	if (log.gap) console.log("(the lock no longer keeps some entries since the last look)");
	for (const entry of log.entries) console.log(logText(entry));
	wallet.keep({ ...lock, logKnown: log.known });
}
