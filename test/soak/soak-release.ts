/** Releases for a soak: packed, signed by both holders, made fresh, published at the real relay of the house, offered to all. */
import { readFileSync } from "node:fs";
import { toHex } from "../../modules/base/bytes.ts";
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import { manifestAad } from "../../modules/update/manifest.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { publishBundle } from "../../tools/relay/bundle-table.ts";
import { Publication } from "../../tools/relay/publication.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { ROLLOUT_DEFAULTS } from "../../tools/relay/rollout.ts";
import { UpdateTable } from "../../tools/relay/update-table.ts";
import { readBundleFile } from "../../tools/trust/bundle-file.ts";
import { newestBundlePath, TRUST_FILES } from "../../tools/trust/development-trust.ts";
import { issueFreshness } from "../../tools/update/freshness-statement.ts";
import { addManifestSignature } from "../../tools/update/manifest-file.ts";
import { pack } from "../../tools/update/pack.ts";
import { signAs } from "../../tools/update/role-signature.ts";

const DAYS = 30;
const HOLDERS = Object.freeze(["release-1", "release-2"]);

/** The relay judges releases by it. */
export async function publishTrust(dir: string, pki: string): Promise<void> {
	await publishBundle(registryPath(dir), readBundleFile(newestBundlePath(pki)!));
}

/** The running relay sees it when it looks next. `dir`: the house's. */
export async function publishRelease(dir: string, pki: string, imagePath: string): Promise<void> {
	const trust = readBundleFile(newestBundlePath(pki)!).bundle;
	const { release } = pack({
		image: { name: imagePath, bytes: new Uint8Array(readFileSync(imagePath)) },
		from: [],
		hardwareClass: "latchkey-linux",
		trustVersion: trust.version,
		signedUnixMs: Date.now(),
	});
	let message = { payload: release.file.payload, signatures: release.file.signatures };
	const toBeSigned = signStructure(manifestAad(), message.payload);
	for (const holder of HOLDERS) {
		const key = TRUST_FILES.key(pki, holder);
		const signature = await signAs(trust.updateRole.keys, "update manifests", key, toBeSigned);
		message = { ...addManifestSignature(message, signature) } as typeof message;
	}
	const file = { ...release.file, ...message };
	const key = TRUST_FILES.key(pki, "freshness");
	const order = { trust, file, key, nowUnixMs: Date.now(), days: DAYS, former: undefined };
	const statement = await issueFreshness(order);
	const publication = await Publication.open(dir);
	try {
		const whole = { ...release, file, message: encodeSign(file), statement };
		await publication.release(whole, Date.now());
	} finally {
		await publication.close();
	}
	await offerToAll(dir, toHex(new NobleCrypto().sha256(file.payload)));
}

async function offerToAll(dir: string, digest: string): Promise<void> {
	const table = await UpdateTable.open(registryPath(dir));
	try {
		const plan = { ...ROLLOUT_DEFAULTS, percent: 100, cohort: [] };
		if (!(await table.createRollout(digest, plan))) throw new Error("it was offered before");
	} finally {
		await table.close();
	}
}
