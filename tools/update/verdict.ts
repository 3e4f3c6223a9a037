/**
 * What a lock in a given state would say to a release, by the firmware's own rules (modules/update), and whether its files are what
 * the manifest promises: the image, and each delta made into the image from the source that it names.
 */
import { bytesEqual } from "../../modules/base/bytes.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import type { Floors } from "../../modules/update/floors.ts";
import { isHolding, type LockNames, verifyFreshness } from "../../modules/update/freshness.ts";
import type { UpdateDelta } from "../../modules/update/manifest.ts";
import { judgeManifest, usableDelta } from "../../modules/update/manifest-acceptance.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { applyDelta } from "./delta.ts";
import { imageFault } from "./image-verdict.ts";
import type { NamedImage } from "./pack.ts";
import type { Release } from "./release.ts";
import { objectDifference } from "./update-object.ts";

export interface LockState {
	readonly names: LockNames;
	readonly trust: TrustBundle;
	/** The lock's estimate of the time. */
	readonly unixMs: number;
	readonly running: Floors;
	readonly floors: Floors;
	readonly securityFuse: number;
	readonly slotBytes: number;
	readonly parkedSequence: number | undefined;
}

export interface Verdict {
	/** One line for each file: "image", "delta-1" ...; what was found. */
	readonly files: readonly { readonly name: string; readonly found: string }[];
	/** What holds now, or why not. */
	readonly freshness: string;
	readonly accepted: boolean;
	/** The lock's reason, or what is wrong with a file; undefined when accepted. */
	readonly reason: string | undefined;
}

/** `sources`: images that deltas start from; a delta whose source is not among them is not made. */
export function judgeRelease(release: Release, lock: LockState, sources: readonly NamedImage[]): Verdict {
	const files = [
		checkImage(release),
		...release.file.manifest.deltas.map((promised, index) =>
			checkDelta(release, promised, index, lock, sources),
		),
	];
	const crypto = new NobleCrypto();
	const { trust, names, unixMs } = lock;
	const statement = release.statement;
	const claim = statement && verifyFreshness(crypto, names, trust.freshnessKeys, statement);
	const holding = claim?.ok === true && isHolding(claim.value, { unixMs, kind: "estimate" });
	const fresh = holding ? claim.value : undefined;
	const judged = judgeManifest(
		crypto,
		{
			...names,
			running: lock.running,
			floors: lock.floors,
			securityFuse: lock.securityFuse,
			slotBytes: lock.slotBytes,
			parkedSequence: lock.parkedSequence,
			trustVersion: trust.version,
			updateRole: trust.updateRole,
			estimateUnixMs: unixMs,
			trustExpired: unixMs >= trust.expiresUnixSeconds * 1_000,
		},
		release.message,
		fresh,
	);
	const broken = files.find(({ broken }) => broken);
	const reason = !judged.ok ? judged.reason : broken && `${broken.name}: ${broken.found}`;
	return {
		files: files.map(({ name, found }) => ({ name, found })),
		freshness:
			fresh !== undefined
				? `until ${new Date(fresh.expiresUnixSeconds * 1_000).toISOString()}`
				: claim === undefined
					? "no statement"
					: claim.ok
						? "not at this time"
						: claim.reason,
		accepted: reason === undefined,
		reason,
	};
}

interface FileVerdict {
	readonly name: string;
	readonly found: string;
	readonly broken: boolean;
}

function checkImage({ image, file: { manifest } }: Release): FileVerdict {
	const fault = imageFault(image, manifest);
	const found = fault ?? "as the manifest says, every chunk";
	return { name: "image", found, broken: fault !== undefined };
}

function checkDelta(
	{ image, deltas, file: { manifest } }: Release,
	promised: UpdateDelta,
	index: number,
	{ slotBytes }: LockState,
	sources: readonly NamedImage[],
): FileVerdict {
	const name = `delta-${index + 1}`;
	const { sourceBytes, sourceDigest } = promised;
	const source = sources.find(
		({ bytes }) => bytes.length === sourceBytes && bytesEqual(new NobleCrypto().sha256(bytes), sourceDigest),
	);
	if (source === undefined)
		return { name, found: "as the manifest says; not made, its source is not given", broken: false };
	const made = applyDelta(source.bytes, deltas[index]!, manifest.image.bytes);
	if (!made.ok) return { name, found: `it cannot be decoded: ${made.reason}`, broken: true };
	if (!bytesEqual(made.value, image) || objectDifference(manifest.image, made.value) !== undefined)
		return { name, found: "it makes another image", broken: true };
	const fits = usableDelta(manifest, sourceDigest, sourceBytes, slotBytes) !== undefined;
	const room = fits ? "" : "; a slot of this size has no room for both, the full image is downloaded";
	return { name, found: `makes the image out of ${source.name}${room}`, broken: false };
}
