/**
 * Freshness statements (docs/UPDATE.md 4) at the tools' side: issued with the online key for a manifest that enough holders signed,
 * and read for people. The key says which manifest is the newest; it can make no lock install anything.
 */
import { LIMITS } from "../../modules/base/limits.ts";
import { buildSign1, sigStructure } from "../../modules/cose/sign1.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { type LockNames, verifyFreshness } from "../../modules/update/freshness.ts";
import { encodeFreshnessClaim, type FreshnessClaim, freshnessAad } from "../../modules/wire/freshness.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { signAs } from "./role-signature.ts";
import { UpdateFault } from "./update-fault.ts";
import { requireSigned, requireTrustVersion } from "./update-trust.ts";

const DAY_SECONDS = 86_400;

/** The longest that a statement may live. */
export const FRESHNESS_DAYS_MAX = LIMITS.freshnessLifeSeconds / DAY_SECONDS;

export interface FreshnessOrder {
	readonly trust: TrustBundle;
	readonly file: ManifestFile;
	/** PEM file or pkcs11: URI. */
	readonly key: string;
	readonly nowUnixMs: number;
	/** 1 .. FRESHNESS_DAYS_MAX */
	readonly days: number;
	/** The statement that is there, which the new one replaces. */
	readonly former: Uint8Array | undefined;
}

/** The statement. Rejects with UpdateFault, and as `signAs` does. */
export async function issueFreshness(order: FreshnessOrder): Promise<Uint8Array> {
	const { trust, file, key, former } = order;
	const { manifest } = file;
	requireSigned(trust, file);
	requireTrustVersion(trust, manifest);
	const issuedUnixSeconds = Math.floor(order.nowUnixMs / 1_000);
	if (trust.expiresUnixSeconds <= issuedUnixSeconds)
		throw new UpdateFault("the trust bundle has expired: no lock takes an update under it");
	const replaced = former && readFreshness(trust, manifest, former);
	// A clock that went back would make what every lock ignores.
	if (replaced !== undefined && replaced.issuedUnixSeconds > issuedUnixSeconds)
		throw new UpdateFault(
			"the statement that is there was issued later than this machine's clock says: locks would ignore a new one",
		);
	const claim: FreshnessClaim = {
		vendor: manifest.vendor,
		hardwareClass: manifest.hardwareClass,
		board: manifest.board,
		sequence: manifest.sequence,
		manifestDigest: new NobleCrypto().sha256(file.payload),
		issuedUnixSeconds,
		expiresUnixSeconds: issuedUnixSeconds + order.days * DAY_SECONDS,
	};
	const payload = encodeFreshnessClaim(claim);
	const toBeSigned = sigStructure(freshnessAad(), payload);
	const { keyId, signature } = await signAs(trust.freshnessKeys, "freshness statements", key, toBeSigned);
	return buildSign1("untagged", freshnessAad(), payload, keyId, () => signature);
}

/** What a statement says, when it is about this kind of board and its signature holds under this trust. */
export function readFreshness(
	trust: TrustBundle,
	names: LockNames,
	statement: Uint8Array,
): FreshnessClaim | undefined {
	const claim = verifyFreshness(new NobleCrypto(), names, trust.freshnessKeys, statement);
	return claim.ok ? claim.value : undefined;
}
