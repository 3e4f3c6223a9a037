/**
 * The trust that this lock goes by (DESIGN 7, docs/STORAGE.md): the newest bundle it accepted, one record that is replaced
 * whole, so a cut leaves the old bundle or the new one (I5). Its version only rises once the lock is sealed (I3).
 *
 * The rules within a bundle are judged when it is admitted and not again at boot: a rule that became stricter in a later
 * image would take the trust of every lock that updates, and no lock could be told.
 *
 * A bundle's signing time raises the floor of time. The floor is written first: whoever has the new bundle has its floor;
 * a cut in between leaves the old bundle under a floor that a threshold signed. Each boot raises it again.
 */
import { accept, type Result, refuse } from "../base/result.ts";
import type { Crypto } from "../platform/crypto.ts";
import { RECORDS } from "../store/records.ts";
import { type ReadReason, recordCodec, type Store } from "../store/store.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import { BUNDLE_FORMAT, bundleFields, type Role, readStoredBundle, type TrustBundle } from "./bundle.ts";
import { type Admission, type BundleReason, bundleDigest, judgeBundle } from "./bundle-acceptance.ts";

export type TrustReason = BundleReason | "storage"; // flash refused, or holds what this firmware may not overwrite

export interface TrustChange {
	readonly version: number;
	/** False: this bundle was there already, and nothing was written. */
	readonly changed: boolean;
}

export const CODEC = recordCodec<TrustBundle>({
	row: RECORDS.trustBundle,
	format: BUNDLE_FORMAT,
	encode: bundleFields,
	decode: readStoredBundle,
});

export class TrustStore {
	readonly #store: Store;
	readonly #time: TrustedTime;
	readonly #crypto: Crypto;
	/** Why there is no bundle, for the caller to log once; "absent" on a board that is not provisioned. */
	readonly fault: ReadReason | undefined;
	#bundle: TrustBundle | undefined;
	#digest: Uint8Array | undefined;

	constructor(store: Store, time: TrustedTime, crypto: Crypto) {
		this.#store = store;
		this.#time = time;
		this.#crypto = crypto;
		const read = store.read(CODEC);
		if (!read.ok) this.fault = read.reason;
		else {
			this.#hold(read.value);
			time.raiseFloor(read.value.signedUnixSeconds * 1000);
		}
	}

	get current(): TrustBundle | undefined {
		return this.#bundle;
	}

	/** 0 when there is no bundle. */
	get version(): number {
		return this.#bundle?.version ?? 0;
	}

	/** SHA-256 of the bundle; undefined when there is none. */
	get digest(): Uint8Array | undefined {
		return this.#digest;
	}

	/** DER: whose device certificates this lock takes for itself. */
	get deviceRoots(): readonly Uint8Array[] {
		return this.#bundle?.deviceRoots ?? [];
	}

	/** P-256 points. */
	get timeKeys(): readonly Uint8Array[] {
		return this.#bundle?.timeKeys ?? [];
	}

	/** P-256 points: whose statements say which release is the newest (docs/UPDATE.md 4). */
	get freshnessKeys(): readonly Uint8Array[] {
		return this.#bundle?.freshnessKeys ?? [];
	}

	/** Who signs manifests (docs/UPDATE.md 2). */
	get updateRole(): Role | undefined {
		return this.#bundle?.updateRole;
	}

	get expiresUnixSeconds(): number | undefined {
		return this.#bundle?.expiresUnixSeconds;
	}

	/** From the second of its expiry on. It ends new manifests and is reported; nothing else follows from it. */
	isStale(unixMs: number): boolean {
		return this.#bundle === undefined || unixMs >= this.#bundle.expiresUnixSeconds * 1000;
	}

	/** Before the seal: any bundle that its own threshold signed. Refused: the bundle stands. */
	install(message: Uint8Array): Result<TrustChange, TrustReason> {
		return this.#take(message, "any");
	}

	/** The next version, or the present one again. Refused: the bundle stands. */
	advance(message: Uint8Array): Result<TrustChange, TrustReason> {
		return this.#take(message, "next");
	}

	#take(message: Uint8Array, admission: Admission): Result<TrustChange, TrustReason> {
		const verdict = judgeBundle(this.#crypto, this.#bundle, message, admission, this.#digest);
		if (!verdict.ok) return verdict;
		const { bundle, isNew } = verdict.value;
		if (!isNew) return accept({ version: bundle.version, changed: false });
		// What cannot be read now may be newer than what is offered.
		if (this.#bundle === undefined && (this.fault === "io" || this.fault === "newer-format")) {
			return refuse("storage");
		}
		if (!this.#time.raiseFloor(bundle.signedUnixSeconds * 1000).ok) return refuse("storage");
		if (!this.#store.write(CODEC, bundle).ok) return refuse("storage");
		this.#hold(bundle);
		return accept({ version: bundle.version, changed: true });
	}

	#hold(bundle: TrustBundle): void {
		this.#bundle = bundle;
		this.#digest = bundleDigest(this.#crypto, bundle);
	}
}
