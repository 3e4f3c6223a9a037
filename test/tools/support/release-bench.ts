/** What tests of releases need: images that a test makes up, keys with duties, and the trust bundle that names them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes } from "../../../modules/base/bytes.ts";
import { PKI_FILES } from "../../../tools/factory/pki.ts";
import { IMAGE_FORMAT, IMAGE_HEADER_BYTES, imageChecksum } from "../../../tools/update/image-header.ts";
import { check } from "../../harness/test.ts";
import { type CommandEnd, runCommand } from "./command.ts";
import { sharedPki } from "./identities.ts";
import { temporaryFolder } from "./temporary.ts";

export interface ImageSays {
	readonly sequence: number;
	readonly securityVersion?: number;
	readonly version?: string;
	readonly board?: string;
}

/** An image whose header and checksum are right around any body: nothing here runs it. */
export function makeImage(says: ImageSays, body: Uint8Array): Uint8Array {
	const image = concatBytes(new Uint8Array(IMAGE_HEADER_BYTES), body);
	const view = new DataView(image.buffer);
	const text = (at: number, value: string): void => image.set(new TextEncoder().encode(value), at);
	text(0, "LKIMAGE\n");
	view.setUint32(8, IMAGE_FORMAT, true);
	view.setUint32(20, image.length, true);
	view.setUint32(32, 1, true);
	view.setUint32(40, says.sequence, true);
	view.setUint32(44, says.securityVersion ?? 0, true);
	text(48, says.version ?? `0.0.${says.sequence}`);
	text(80, says.board ?? "linux");
	view.setUint32(36, imageChecksum(image), true);
	return image;
}

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

/**
 * A folder with keys (b signs bundles; r1, r2, r3 sign manifests, two of them; f freshness, t time; x nobody's) and 1.bundle.
 * The ceremony at the command line is trust.test.ts's.
 */
export class ReleaseBench {
	readonly dir = temporaryFolder();

	static async open(): Promise<ReleaseBench> {
		const bench = new ReleaseBench();
		const names = ["b", "r1", "r2", "r3", "f", "t", "x"];
		await Promise.all(names.map((name) => done("trust", "keygen", "--out", bench.at(name))));
		await bench.createTrust("1.bundle", ["r1", "r2", "r3"], ["f"]);
		return bench;
	}

	at(name: string): string {
		return join(this.dir, name);
	}

	key(name: string): string {
		return this.at(`${name}.key`);
	}

	/** Of these names' .pub files; signed by b. */
	async createTrust(
		file: string,
		update: readonly string[],
		freshness: readonly string[],
		...more: readonly string[]
	): Promise<void> {
		const pki = await sharedPki();
		const words = ["--out", this.at(file), "--threshold", "1", "--bundle-key", this.at("b.pub")];
		words.push("--update-threshold", String(Math.min(2, update.length)));
		for (const name of update) words.push("--update-key", this.at(`${name}.pub`));
		for (const name of freshness) words.push("--freshness-key", this.at(`${name}.pub`));
		words.push("--time-key", this.at("t.pub"));
		words.push("--relay-root", PKI_FILES.rootCertificate(pki.dir, "relay"));
		words.push("--relay", "relay.example:7443:relay.example");
		words.push("--device-root", PKI_FILES.rootCertificate(pki.dir, "device"));
		await done("trust", "create", ...words, ...more);
		await done("trust", "sign", "--any-time", "--key", this.key("b"), "--bundle", this.at(file));
	}

	write(name: string, bytes: Uint8Array): string {
		writeFileSync(this.at(name), bytes);
		return this.at(name);
	}

	async pack(out: string, image: string, ...more: readonly string[]): Promise<string> {
		const words = ["--out", this.at(out), "--class", HARDWARE_CLASS, "--trust", this.at("1.bundle")];
		return await done("update", "pack", ...words, "--image", image, ...more);
	}

	signWords(release: string, key: string): readonly string[] {
		const words = ["update", "sign", "--manifest", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--key", key];
	}

	freshnessWords(release: string, key: string): readonly string[] {
		const words = ["update", "freshness", "--release", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--key", key];
	}

	verifyWords(release: string, running = 1): readonly string[] {
		const words = ["update", "verify", "--release", this.at(release), "--trust", this.at("1.bundle")];
		return [...words, "--class", HARDWARE_CLASS, "--running", String(running)];
	}

	/** Packed, signed by r1 and r2, fresh. */
	async release(name: string, image: string, ...more: readonly string[]): Promise<void> {
		await this.pack(name, image, ...more);
		for (const key of ["r1", "r2"]) await done(...this.signWords(name, this.key(key)));
		await done(...this.freshnessWords(name, this.key("f")));
	}
}
