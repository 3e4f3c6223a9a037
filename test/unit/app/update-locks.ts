/** Whole locks for tests of updates: each a life of its own of one sealed lock with an owner, which takes long to make. */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { FreshnessClaim } from "../../../modules/wire/freshness.ts";
import { decodeLogEntry } from "../../../modules/wire/log-entry.ts";
import type { Release } from "../../sim/releases.ts";
import { UpdatingLock } from "../../sim/updating-lock.ts";
import type { SimRelay } from "../link/sim-relay.ts";

export const HOUR = 3600000;
const OTHER_RELEASE_SECONDS = 100000;
const LINK_MS = 60000;

/** Of one suite. */
export class UpdateLocks {
	#first: UpdatingLock | undefined;

	/** Runs release 1, and its relay has accepted it. */
	open(crypto: TestCrypto): UpdatingLock {
		this.#first ??= new UpdatingLock(crypto);
		const lock = UpdatingLock.from(crypto, this.#first, this.#first.snapshot());
		lock.drive(() => lock.relay !== undefined, LINK_MS);
		return lock;
	}
}

/** The claim of a statement after the release's own. */
export function later(release: Release, seconds = OTHER_RELEASE_SECONDS): Partial<FreshnessClaim> {
	return { issuedUnixSeconds: release.manifest.signedUnixSeconds + seconds };
}

/** In pieces of 4 KiB, from there, whatever they are. */
export function sendBytes(relay: SimRelay, digest: Uint8Array, offset: number, bytes: Uint8Array): void {
	for (let at = 0; at < bytes.length; at += LIMITS.objectPieceBytes) {
		const piece = { digest, offset: offset + at, bytes: bytes.slice(at, at + LIMITS.objectPieceBytes) };
		relay.send({ kind: "object-piece", piece });
	}
}

/** An entry of kind update as the owner's phone reads it. */
export interface UpdateEntry {
	/** Of the log. */
	readonly number: number;
	readonly boot: number;
	/** Of the release. */
	readonly sequence: number;
	readonly step: string;
}

/** By the owner's phone, which is connected; oldest first. */
export function updateEntriesOf({ owner }: UpdatingLock): readonly UpdateEntry[] {
	const found: UpdateEntry[] = [];
	for (let from = 1; ; from += LIMITS.logPage) {
		const page = owner.ask("log.read", { 0: from, 1: LIMITS.logPage })?.result;
		const entries = page?.array(0, { min: 0, max: 256 }) ?? [];
		if (entries.length === 0) return found;
		for (const bytes of entries) {
			const entry = decodeLogEntry(bytes as Uint8Array);
			if (entry?.event.kind !== "update") continue;
			const { sequence, step } = entry.event;
			found.push({ number: entry.sequence, boot: entry.boot, sequence, step });
		}
	}
}
