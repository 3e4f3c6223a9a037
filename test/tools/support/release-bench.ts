/** What tests of releases need: images that a test makes up, keys with duties, and the trust bundle that names them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SignMessage, signStructure } from "../../../modules/cose/sign.ts";
import { encodeBundle } from "../../../modules/trust/bundle.ts";
import { manifestAad } from "../../../modules/update/manifest.ts";
import { PKI_FILES } from "../../../tools/factory/pki.ts";
import { addSignature, readBundleFile, writeBundleFile } from "../../../tools/trust/bundle-file.ts";
import { makeDraft } from "../../../tools/trust/draft.ts";
import { makeKeyFiles, withKeyFile } from "../../../tools/trust/key-file.ts";
import { issueFreshness } from "../../../tools/update/freshness-statement.ts";
import { addManifestSignature } from "../../../tools/update/manifest-file.ts";
import { pack } from "../../../tools/update/pack.ts";
import { writeRelease, writeStatement } from "../../../tools/update/release.ts";
import { signAs } from "../../../tools/update/role-signature.ts";
import { readTrust } from "../../../tools/update/update-trust.ts";
import { check } from "../../harness/test.ts";
import { type CommandEnd, runCommand } from "./command.ts";
import { sharedPki } from "./identities.ts";
import { temporaryFolder } from "./temporary.ts";

/** Standard output of a command that has to succeed. */
export async function done(...words: readonly string[]): Promise<string> {
	const end = await runCommand(...words);
	check.deepEqual([end.status, end.stderr], [0, ""], words.join(" "));
	return end.stdout;
}

export function checkRefused(end: CommandEnd, what: string, status = 1): void {
	check.equal(end.status, status, `${end.stdout}${end.stderr}`);
	check.ok(/^[^\n]+\n$/.test(end.stderr) && end.stderr.includes(what), end.stderr);
}

export const HARDWARE_CLASS = "latch-1";
const DAY_MS = 86_400_000;

/** A day after a statement of 30 days ends. */
export function in31Days(): string {
	return new Date(Date.now() + 31 * DAY_MS).toISOString();
}

/**
 * A folder with keys (b signs bundles; r1, r2, r3 sign manifests, two of them; f freshness, t time; x nobody's) and 1.bundle.
 * They are made in this process: what the command line does is the tests' own.
 */
export class ReleaseBench {
	readonly dir = temporaryFolder();

	static async open(): Promise<ReleaseBench> {
		const bench = new ReleaseBench();
		for (const name of ["b", "r1", "r2", "r3", "f", "t", "x"])
			makeKeyFiles(bench.key(name), bench.at(`${name}.pub`));
		await bench.createTrust("1.bundle", ["r1", "r2", "r3"], ["f"]);
		return bench;
	}

	/** The same, by the commands of the ceremony (docs/OPERATIONS.md). */
	static async openByCommands(): Promise<ReleaseBench> {
		const bench = new ReleaseBench();
		const pki = await sharedPki();
		for (const name of ["b", "r1", "r2", "r3", "f", "t"])
			await done("trust", "keygen", "--out", bench.at(name));
		const words = ["--out", bench.at("1.bundle"), "--threshold", "1", "--bundle-key", bench.at("b.pub")];
		words.push("--update-threshold", "2");
		for (const name of ["r1", "r2", "r3"]) words.push("--update-key", bench.at(`${name}.pub`));
		words.push("--freshness-key", bench.at("f.pub"), "--time-key", bench.at("t.pub"));
		words.push("--relay-root", PKI_FILES.rootCertificate(pki.dir, "relay"));
		words.push("--relay", "relay.example:7443:relay.example");
		words.push("--device-root", PKI_FILES.rootCertificate(pki.dir, "device"));
		await done("trust", "create", ...words);
		await done("trust", "sign", "--key", bench.key("b"), "--bundle", bench.at("1.bundle"));
		return bench;
	}

	at(name: string): string {
		return join(this.dir, name);
	}

	key(name: string): string {
		return this.at(`${name}.key`);
	}

	/** The version after `previous`, of these names' .pub files, signed by b. */
	async createTrust(
		file: string,
		update: readonly string[],
		freshness: readonly string[],
		previous?: string,
	): Promise<void> {
		const pki = await sharedPki();
		const publicKeys = (names: readonly string[]): readonly string[] =>
			names.map((name) => this.at(`${name}.pub`));
		const signedUnixMs = Date.now();
		const bundle = makeDraft(
			previous === undefined ? undefined : readBundleFile(this.at(previous)).bundle,
			{
				threshold: 1,
				bundleKeys: publicKeys(["b"]),
				updateThreshold: Math.min(2, update.length),
				updateKeys: publicKeys(update),
				freshnessKeys: publicKeys(freshness),
				timeKeys: publicKeys(["t"]),
				relayRoots: [{ path: PKI_FILES.rootCertificate(pki.dir, "relay"), pins: [] }],
				relays: [{ host: "relay.example", port: 7443, name: "relay.example" }],
				deviceRoots: [PKI_FILES.rootCertificate(pki.dir, "device")],
			},
			{ signedUnixMs, expiresUnixMs: signedUnixMs + 365 * DAY_MS },
		);
		const draft = { payload: encodeBundle(bundle), signatures: [] };
		writeBundleFile(
			this.at(file),
			withKeyFile(this.key("b"), (key) => addSignature(draft, key)),
		);
	}

	write(name: string, bytes: Uint8Array): string {
		writeFileSync(this.at(name), bytes);
		return this.at(name);
	}

	async pack(out: string, image: string, ...more: readonly string[]): Promise<string> {
		const words = ["--out", this.at(out), "--hardware-class", HARDWARE_CLASS, "--trust", this.at("1.bundle")];
		return await done("update", "pack", ...words, "--image", image, ...more);
	}

	signWords(release: string, key: string): readonly string[] {
		const words = ["update", "sign", "--manifest", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--key", key, "--yes"];
	}

	freshnessWords(release: string, key: string): readonly string[] {
		const words = ["update", "freshness", "--release", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--key", key];
	}

	verifyWords(release: string, running = 1): readonly string[] {
		const words = ["update", "verify", "--release", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--hardware-class", HARDWARE_CLASS, "--running", String(running)];
	}

	/** Packed, signed by r1 and r2, fresh for 30 days; in this process. */
	async release(name: string, image: Uint8Array, from: readonly Uint8Array[] = []): Promise<void> {
		const trust = readTrust(this.at("1.bundle"));
		const { release } = pack({
			image: { name, bytes: image },
			from: from.map((bytes) => ({ name: "source", bytes })),
			hardwareClass: HARDWARE_CLASS,
			trustVersion: trust.version,
			signedUnixMs: Date.now(),
		});
		let message: SignMessage = release.file;
		for (const key of ["r1", "r2"]) {
			const structure = signStructure(manifestAad(), message.payload);
			const added = await signAs(trust.updateRole.keys, "update manifests", this.key(key), structure);
			message = addManifestSignature(message, added);
		}
		const file = { ...release.file, ...message };
		writeRelease(this.at(name), { ...release, file });
		const order = { trust, file, key: this.key("f"), nowUnixMs: Date.now(), days: 30, former: undefined };
		writeStatement(this.at(name), await issueFreshness(order));
	}
}
