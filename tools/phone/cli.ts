/** `latchkey phone`: a phone at the command line. Its wallet lies in one file; each command opens one session. */
import { type Command, InvalidArgumentError } from "commander";
import { decodeLabel, type Label } from "../../modules/wire/label.ts";
import { asName } from "../../modules/wire/names.ts";
import { wholeNumber } from "../cli/arguments.ts";
import { plainName, plainText } from "../cli/plain-text.ts";
import { registerLocal } from "./local-cli.ts";
import { logText } from "./log-text.ts";
import { Phone } from "./phone.ts";
import { registerPhoneUpdate } from "./update-cli.ts";
import { registerUpkeep } from "./upkeep-cli.ts";
import type { Wallet } from "./wallet.ts";
import { addCommand, type Way, withContext, withPhone, withWay } from "./way.ts";

export function registerPhone(program: Command): void {
	const phone = program.command("phone").description("Pair with a lock and command it");
	addCommand(phone, "status", "Show the lock's bolt, door and firmware", showStatus);
	addCommand(phone, "unlock", "Retract the bolt", async (lock) => say(await lock.unlock(), "unlocked"));
	addCommand(phone, "lock", "Throw the bolt", async (lock) => say(await lock.lock(), "locked"));
	addCommand(phone, "log", "Show what the lock has logged since the last look, verified", showLog);
	addPair(phone);
	addMembers(phone);
	registerUpkeep(phone);
	registerLocal(phone);
	registerPhoneUpdate(phone);
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
		for (const { id, role, name } of await lock.listMembers())
			console.log(`${id}\t${role}\t${plainName(name)}`);
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

async function pair(way: Way & { label: Label; name: string }): Promise<void> {
	const { label, name } = way;
	await withContext(
		way,
		async (context, wallet) => {
			const { serial, noisePublicKey } = label;
			const { phone, enrolled } = await Phone.pair(context, label, name);
			// Paired is paired, whatever becomes of the next question.
			wallet.keep({ serial, noisePublicKey });
			console.log(`paired with ${serial} as ${name}, grant ${enrolled.grantId}`);
			try {
				const advertisingKey = await phone.local.advertisingKey();
				if (advertisingKey !== undefined) wallet.keep({ serial, noisePublicKey, advertisingKey });
			} finally {
				phone.close();
			}
		},
		label,
	);
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
	console.log(`firmware\t${plainText(status.firmware)}`);
	console.log(`uptime\t${(status.uptimeMs / 1000).toFixed(0)} s`);
}

async function showLog(phone: Phone, wallet: Wallet, serial: string): Promise<void> {
	const lock = wallet.lock(serial);
	const log = await phone.readLog(lock.logKnown);
	if (log.gap) console.log("(the lock no longer keeps some entries since the last look)");
	for (const entry of log.entries) console.log(logText(entry));
	wallet.keep({ ...lock, logKnown: log.known });
}
