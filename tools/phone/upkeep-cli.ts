/** What `latchkey phone` does for the upkeep of a lock: trust bundles, the owner's own relays, health, time. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { existingFile, type NamedEndpoint, namedEndpoint, several, webUrl } from "../cli/arguments.ts";
import { readCertificateFile } from "../cli/certificate-file.ts";
import { CliFault } from "../cli/fault.ts";
import { healthText } from "../cli/health-text.ts";
import { plainText } from "../cli/plain-text.ts";
import { askTimeServer } from "../cli/time-client.ts";
import type { LockTime } from "./phone.ts";
import { addCommand, type Way, withPhone, withWay } from "./way.ts";

export function registerUpkeep(phone: Command): void {
	addTrust(phone);
	addRelays(phone);
	addHealth(phone);
	addTime(phone);
}

function addTrust(parent: Command): void {
	withWay(parent.command("trust"), true)
		.description(
			"Carry trust bundles to the lock, in the order of their versions; without any, show what it trusts",
		)
		.option("--bundle <file...>", "signed bundle; may be repeated", several(existingFile))
		.action((way: Way & { readonly bundle?: readonly string[] }) => {
			const messages = (way.bundle ?? []).map(readBundle);
			return withPhone(way, async (lock) => {
				for (const message of messages) console.log(`version\t${await lock.trust.put(message)}`);
				if (way.bundle !== undefined) return;
				const status = await lock.trust.status();
				const stale =
					status.stale === undefined ? "unknown: the lock has no time" : status.stale ? "yes" : "no";
				console.log(`version\t${status.version}`);
				console.log(`expires\t${new Date(status.expiresUnixSeconds * 1_000).toISOString()}`);
				console.log(`stale\t${stale}`);
				console.log(`floor\t${new Date(status.floorUnixMs).toISOString()}`);
			});
		});
}

/** Before anything is sent of it. What is in it the lock judges. */
function readBundle(path: string): Uint8Array {
	const message = new Uint8Array(readFileSync(path));
	if (message.length === 0 || message.length > LIMITS.bundleBytes)
		throw new CliFault(
			`${path} is no trust bundle: it has ${message.length} bytes, a bundle 1 to ${LIMITS.bundleBytes}`,
		);
	return message;
}

function addRelays(parent: Command): void {
	const relays = parent
		.command("relays")
		.description("Show and set relays of the owner's own, which no bundle touches");
	addCommand(relays, "list", "Show the owner's own relays", async (lock) => {
		const { rootDigests, addresses } = await lock.trust.listRelays();
		for (const { host, port, name } of addresses)
			console.log(`relay\t${plainText(host)}:${port}\t${plainText(name)}`);
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
				await lock.trust.setRelays(way.root.map(readCertificateFile), way.own);
				console.log(`${way.own.length} of the owner's own`);
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
