/** Releases for tests of relays: small images, signed with the development trust of a PKI of their own. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../../modules/base/bytes.ts";
import { encodeSign, signStructure } from "../../../modules/cose/sign.ts";
import type { TrustBundle } from "../../../modules/trust/bundle.ts";
import { encodeManifest, type Manifest, manifestAad } from "../../../modules/update/manifest.ts";
import { NobleCrypto } from "../../../tools/crypto/noble.ts";
import { publishBundle } from "../../../tools/relay/bundle-table.ts";
import { Publication } from "../../../tools/relay/publication.ts";
import { registryPath } from "../../../tools/relay/registry-file.ts";
import type { BundleFile } from "../../../tools/trust/bundle-file.ts";
import { ensureTrust, signDevelopmentBundle, TRUST_FILES } from "../../../tools/trust/development-trust.ts";
import { makeKeyFiles, readPublicKeyFile } from "../../../tools/trust/key-file.ts";
import { issueFreshness } from "../../../tools/update/freshness-statement.ts";
import { addManifestSignature, type ManifestFile } from "../../../tools/update/manifest-file.ts";
import type { Release } from "../../../tools/update/release.ts";
import { signAs } from "../../../tools/update/role-signature.ts";
import { objectOf } from "../../../tools/update/update-object.ts";
import { sharedPki } from "./identities.ts";
import { temporaryFolder } from "./temporary.ts";
import { makeImage } from "./test-image.ts";

export const VENDOR = "latchkey.example";
export const HARDWARE_CLASS = "test-class";
export const BOARD = "test-board";

export interface ReleaseParts extends Partial<Omit<Manifest, "image" | "deltas">> {
	/** The default is one that says what the manifest says. */
	readonly image?: Uint8Array;
	/** How long its freshness statement lives; 0: it has none. */
	readonly freshDays?: number;
	readonly issuedUnixMs?: number;
	/** Who signs; the default is everyone that must. */
	readonly signers?: readonly string[];
}

/** The holders of one vendor, with their trust bundles. */
export class TestVendor {
	readonly pkiDir: string;
	readonly bundles: BundleFile[];

	private constructor(pkiDir: string) {
		this.pkiDir = pkiDir;
		this.bundles = [ensureTrust(pkiDir, [{ host: "127.0.0.1", port: 7443, name: "localhost" }]).file];
	}

	static async make(): Promise<TestVendor> {
		const dir = join(temporaryFolder(), "pki");
		spawnSync("cp", ["-r", (await sharedPki()).dir, dir]);
		spawnSync("rm", ["-rf", TRUST_FILES.dir(dir)]);
		return new TestVendor(dir);
	}

	/** The next version of the trust. */
	newTrust(changes: Partial<TrustBundle> = {}): BundleFile {
		const { bundle } = this.bundles.at(-1)!;
		const file = signDevelopmentBundle(this.pkiDir, { ...bundle, ...changes, version: bundle.version + 1 });
		this.bundles.push(file);
		return file;
	}

	/** Trust that knows another freshness key, which makes its statements from now on. */
	newFreshnessKey(): BundleFile {
		const key = TRUST_FILES.key(this.pkiDir, "freshness");
		const publicKey = join(temporaryFolder(), "freshness.pub");
		rmSync(key);
		makeKeyFiles(key, publicKey);
		return this.newTrust({ freshnessKeys: [readPublicKeyFile(publicKey)] });
	}

	async release(sequence: number, parts: ReleaseParts = {}): Promise<Release> {
		const { freshDays = 30, issuedUnixMs, signers, ...fields } = parts;
		const trust = this.bundles.at(-1)!.bundle;
		const says = {
			board: BOARD,
			sequence,
			securityVersion: 0,
			version: `1.0.${sequence}`,
			...fields,
		};
		const image = parts.image ?? makeImage(says, bodyOf(sequence));
		const manifest: Manifest = {
			vendor: VENDOR,
			hardwareClass: HARDWARE_CLASS,
			...says,
			signedUnixSeconds: Math.floor(Date.now() / 1_000),
			trustVersion: fields.trustVersion ?? 1,
			image: objectOf(image),
			deltas: [],
		};
		const payload = encodeManifest(manifest);
		let file: ManifestFile = { manifest, payload, signatures: [] };
		for (const name of signers ?? ["release-1", "release-2"]) {
			const key = TRUST_FILES.key(this.pkiDir, name);
			const added = await signAs(
				trust.updateRole.keys,
				"manifests",
				key,
				signStructure(manifestAad(), payload),
			);
			file = { ...addManifestSignature(file, added), manifest };
		}
		const statement = freshDays === 0 ? undefined : await this.statement(file, freshDays, issuedUnixMs);
		return { file, message: encodeSign(file), image, deltas: [], statement };
	}

	async statement(file: ManifestFile, days: number, nowUnixMs = Date.now()): Promise<Uint8Array> {
		return await issueFreshness({
			trust: this.bundles.at(-1)!.bundle,
			file,
			key: TRUST_FILES.key(this.pkiDir, "freshness"),
			nowUnixMs,
			days,
			former: undefined,
		});
	}

	/** Into a relay's folder, with every bundle so far. */
	async publish(dir: string, ...releases: readonly Release[]): Promise<void> {
		for (const bundle of this.bundles) await publishBundle(registryPath(dir), bundle);
		const publication = await Publication.open(dir);
		try {
			for (const release of releases) await publication.release(release, Date.now());
		} finally {
			await publication.close();
		}
	}
}

/** An image of this sequence, as a release of it says. Its body is another one for each number. */
export function imageOf(sequence: number, body = sequence): Uint8Array {
	return makeImage({ sequence, version: `1.0.${sequence}`, board: BOARD }, bodyOf(body));
}

/** Bytes that differ for each number, a little more than one chunk. */
export function bodyOf(number: number, bytes = 70_000): Uint8Array {
	return Uint8Array.from({ length: bytes }, (_, index) => (index * 7 + (index >> 8) * 13 + number) & 0xff);
}

/** The name of a release in the database. */
export function releaseDigest({ file }: Release): string {
	return toHex(new NobleCrypto().sha256(file.payload));
}
