/**
 * Takes a release, or a newer freshness statement, into a relay's folder. What locks with the newest bundle of that relay would
 * refuse is refused here, so that they are not bothered with it; they judge it again all the same.
 */
import { toHex } from "../../modules/base/bytes.ts";
import type { TrustBundle } from "../../modules/trust/bundle.ts";
import { isFromTheFuture, isOver, verifyFreshness } from "../../modules/update/freshness.ts";
import type { Manifest } from "../../modules/update/manifest.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import { parseBundle } from "../trust/bundle-file.ts";
import { imageFault } from "../update/image-verdict.ts";
import type { Release } from "../update/release.ts";
import { UpdateFault } from "../update/update-fault.ts";
import { requireSigned } from "../update/update-trust.ts";
import { BundleTable } from "./bundle-table.ts";
import { decodeFreshnessMessage } from "./freshness-message.ts";
import { ObjectStore, objectsPath } from "./object-store.ts";
import { registryPath } from "./registry-file.ts";
import { type Renewal, renewFreshness, takeRelease } from "./release-table.ts";
import type { PublishedRelease } from "./rollout.ts";
import { UpdateTable } from "./update-table.ts";

export type PublishOutcome = "published" | "published before";

export class Publication {
	readonly #table: UpdateTable;
	readonly #bundles: BundleTable;
	readonly #objects: ObjectStore;

	private constructor(table: UpdateTable, objects: ObjectStore) {
		this.#table = table;
		this.#bundles = new BundleTable(table.db);
		this.#objects = objects;
	}

	/** Of the relay whose folder this is. Rejects with RegistryFault. */
	static async open(dir: string): Promise<Publication> {
		return new Publication(await UpdateTable.open(registryPath(dir)), new ObjectStore(objectsPath(dir)));
	}

	/** Rejects with UpdateFault for what locks would refuse, with ObjectFault when an object cannot be kept. */
	async release(
		{ file, message, image, deltas, statement }: Release,
		nowUnixMs: number,
	): Promise<PublishOutcome> {
		const { manifest } = file;
		const trust = await this.#newestTrust(nowUnixMs);
		requireSigned(trust, file);
		if (manifest.trustVersion > trust.version)
			throw new UpdateFault(
				`the manifest needs trust version ${manifest.trustVersion}, and the newest bundle here is version ${trust.version}: publish that first`,
			);
		const fault = imageFault(image, manifest);
		if (fault !== undefined) throw new UpdateFault(`the image is no lock's: ${fault}`);
		const digest = toHex(new NobleCrypto().sha256(file.payload));
		if (statement !== undefined) this.#judgeStatement(trust, manifest, digest, statement, nowUnixMs);
		const objects = [
			{ object: manifest.image, bytes: image },
			...deltas.map((bytes, index) => ({ object: manifest.deltas[index]!.object, bytes })),
		];
		for (const { object, bytes } of objects) this.#objects.keep(toHex(object.digest), bytes);
		const taken = await takeRelease(
			this.#table.db,
			{
				digest,
				vendor: manifest.vendor,
				hardware_class: manifest.hardwareClass,
				board: manifest.board,
				sequence: manifest.sequence,
				message: Buffer.from(message).toString("base64"),
			},
			objects.map(({ object }) => ({ digest: toHex(object.digest), bytes: object.bytes })),
			statement && this.#renewal(trust, manifest, statement, nowUnixMs),
		);
		if (taken === "another")
			throw new UpdateFault(
				`another release of sequence ${manifest.sequence} was published for this board: locks may have that one`,
			);
		return taken;
	}

	/** A statement alone, for the release that it names, which is returned. Rejects with UpdateFault. */
	async freshness(statement: Uint8Array, nowUnixMs: number): Promise<PublishedRelease> {
		const trust = await this.#newestTrust(nowUnixMs);
		const claim = decodeFreshnessMessage(statement);
		if (claim === undefined) throw new UpdateFault("it is no freshness statement");
		const digest = toHex(claim.manifestDigest);
		const release = (await this.#table.releases()).find((each) => each.digest === digest);
		if (release === undefined)
			throw new UpdateFault(`it is about a release (sequence ${claim.sequence}) that was not published here`);
		this.#judgeStatement(trust, release.manifest, digest, statement, nowUnixMs);
		const renewal = this.#renewal(trust, release.manifest, statement, nowUnixMs);
		if (!(await renewFreshness(this.#table.db, digest, renewal)))
			throw new UpdateFault("a statement that was issued later is here: locks keep that one");
		return release;
	}

	/** The highest sequence that was published for the same kind of boards, when it is above this one. */
	async newerThan(manifest: Manifest): Promise<number | undefined> {
		const same = (await this.#table.releases()).filter((each) => isSameKind(each.manifest, manifest));
		const highest = Math.max(...same.map((each) => each.manifest.sequence));
		return highest > manifest.sequence ? highest : undefined;
	}

	async close(): Promise<void> {
		await this.#objects.close();
		await this.#table.close();
	}

	/** What an earlier version took from a clock that was ahead, or a key that has left the trust signed, keeps no place. */
	#renewal(trust: TrustBundle, manifest: Manifest, statement: Uint8Array, nowUnixMs: number): Renewal {
		const time = { unixMs: nowUnixMs, kind: "estimate" } as const;
		return {
			statement,
			stands: (former) => {
				const claim = verifyFreshness(new NobleCrypto(), manifest, trust.freshnessKeys, former);
				return claim.ok && !isFromTheFuture(claim.value, time);
			},
		};
	}

	#judgeStatement(
		trust: TrustBundle,
		manifest: Manifest,
		digest: string,
		statement: Uint8Array,
		nowUnixMs: number,
	): void {
		const claim = verifyFreshness(new NobleCrypto(), manifest, trust.freshnessKeys, statement);
		if (!claim.ok) throw new UpdateFault(`the freshness statement does not stand: ${claim.reason}`);
		if (toHex(claim.value.manifestDigest) !== digest || claim.value.sequence !== manifest.sequence)
			throw new UpdateFault("the freshness statement is about another manifest");
		const time = { unixMs: nowUnixMs, kind: "estimate" } as const;
		if (isOver(claim.value, time)) throw new UpdateFault("the freshness statement has expired");
		// No lock would keep it, and here it would stand in the way of every right one.
		if (isFromTheFuture(claim.value, time))
			throw new UpdateFault(
				"the freshness statement was issued in the future: look at the clock that issued it",
			);
	}

	async #newestTrust(nowUnixMs: number): Promise<TrustBundle> {
		const newest = (await this.#bundles.list()).at(-1);
		if (newest === undefined)
			throw new UpdateFault(
				"this relay has no trust bundle, which says whose signatures count: latchkey trust publish brings one",
			);
		const { bundle } = parseBundle(newest.message, "the newest bundle of the relay");
		if (bundle.expiresUnixSeconds * 1_000 <= nowUnixMs)
			throw new UpdateFault("the newest trust bundle has expired: locks take no update under it");
		return bundle;
	}
}

function isSameKind(a: Manifest, b: Manifest): boolean {
	return a.vendor === b.vendor && a.hardwareClass === b.hardwareClass && a.board === b.board;
}
